#pragma once

#include "absl/status/statusor.h"

#include "common/quant/series.h"

namespace breadthflow::data {

// `series` with its prices in the basis `wanted`. Prices that have that basis already are returned as they are.
//
// raw -> split: prices are divided, volumes multiplied by the ratio of all later splits in the series' own
// `split_ratio` column. Splits after the last row are not in it: the newest row is the anchor. raw or split ->
// split+dividend: open, high, low and close are multiplied by adj_close / close of their row (volume as for the
// splits).
//
// FAILED_PRECONDITION ALREADY_ADJUSTED when the stored prices hold an adjustment that is not wanted (it can not be
// taken out, and must not be applied twice); NO_ADJUSTMENT_DATA when the column that is needed is not there for every
// row; NOT_PRICES for series without a basis.
absl::StatusOr<quant::Series> Adjust(quant::Series series, quant::PriceBasis wanted);

}  // namespace breadthflow::data
