#pragma once

#include <span>
#include <vector>

#include "common/quant/series.h"
#include "services/data/domain/coverage.h"

// Providers give prices adjusted as of the day they are asked. Rows that were fetched before a split or a dividend and
// rows that were fetched after it do not fit together, although both were right.
namespace breadthflow::data {

// Ranges that begin or end where answers are known reach a week into them, so that there are rows to compare; except
// where they hold known rows anyway. Ascending, without overlap.
std::vector<quant::TimeRange> WithNeighbours(std::vector<quant::TimeRange> ranges, std::span<const Coverage> known);

// From the first to the last instant of the ranges and of what answers cover.
quant::TimeRange Hull(std::span<const quant::TimeRange> ranges, std::span<const Coverage> known);

// Whether the first row that both have shows other prices, by more than rounding: adj_close, and of adjusted series all
// of them. A correction of a later row is none of the past.
bool PricesDiffer(const quant::Series& stored, const quant::Series& fetched);

}  // namespace breadthflow::data
