#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"

#include "common/component/params.h"
#include "common/quant/series.h"
#include "services/data/domain/adjustment.h"

// As of when split-adjusted prices were adjusted. Whoever downloads prices in 2019 gets them divided by the splits up
// to then; nobody can take the split of 2020 out of them, for it is not in. Where it is said as of which day rows were
// adjusted, splits lead back to what was traded: row t times the splits after it whose ex-date is that day or before.
//
// It is said of rows, not of a series: rows of January that were downloaded in January stand beside rows of February
// that were downloaded in February. Either every row of a series has such a day or none has.
namespace breadthflow::data {

// The rows from `first_ns` on, up to the next of these.
struct AnchoredRows {
  int64_t first_ns = 0;
  absl::CivilDay as_of;
  friend bool operator==(const AnchoredRows&, const AnchoredRows&) = default;
};
// Ascending; the first begins with the smallest int64, neighbours differ. Empty: nobody has said anything.
using PriceAnchors = std::vector<AnchoredRows>;

// That of rows which are all adjusted as of one day.
PriceAnchors OneDay(absl::CivilDay as_of);

// The day of the rows of an instant, of anchors that are not empty: of the first where it is before them.
absl::CivilDay DayAt(const PriceAnchors& anchors, int64_t time_ns);

// YYYY-MM-DD. INVALID_ARGUMENT that says so.
absl::StatusOr<absl::CivilDay> ParseAnchor(std::string_view text);

// The name of the parameter of a text that says it, and what it says there: nullopt when it is empty, absent or no day.
inline constexpr std::string_view kAdjustedAsOf = "adjusted_as_of";
std::optional<absl::CivilDay> AnchorIn(const component::RawParams& params);

// For people: "2019-12-31", or "2019-12-31 to 2020-06-30".
std::string ToText(const PriceAnchors& anchors);

// What holds of a series after rows came in that were adjusted as of days: `as_of` (not empty) for the rows of
// `arriving`, and `before` (not empty when there are any) for those of `stored` that are not among them and stay. Times
// are ascending.
PriceAnchors AnchorsAfter(const PriceAnchors& before, std::span<const int64_t> stored,
                          std::span<const int64_t> arriving, const PriceAnchors& as_of);

// Whether `rows` can be adjusted as of those days (not empty). FAILED_PRECONDITION NOT_SPLIT_ADJUSTED for other prices:
// those that are raw hold no split, and dividends can not be taken out; AFTER_ANCHOR for rows of a day after theirs.
absl::Status CheckAnchor(const quant::Series& rows, const PriceAnchors& as_of);

// Whether the column split_ratio of `rows` (not empty; the last is the last of the series) has every split that may be
// in prices of `anchors`: those after the last row are in no row, so none of the days begins after it.
bool OwnSplitsReach(const quant::Series& rows, const PriceAnchors& anchors, const quant::Calendar& calendar);

// Split-adjusted prices of `anchors`, which are not empty, as they were traded: times the splits that are in them,
// volume divided by these. That is exact where the splits are powers of two, else a double next to it. adj_close comes
// to the last row as its day. Splits count up to the day of each row; `actions` may have later ones.
//
// Errors as Adjust; NO_ADJUSTMENT_DATA also when no splits are known, or those of the rows alone and these do not reach
// to the day (OwnSplitsReach).
absl::StatusOr<quant::Series> AsTraded(quant::Series series, const PriceAnchors& anchors,
                                       const CorporateActions& actions);

// The same prices divided by the splits that took effect after each row, up to the last row, which is to be the last of
// the series: as Adjust gives kSplit of what was traded. They are multiplied once, by the quotient of the splits that
// are in them and of those that should be: by 1 where that is as they are stored, bit for bit. Where no splits are
// known, or not those up to the day, and all rows are of one day they come as they are stored.
absl::StatusOr<quant::Series> SplitByLastRow(quant::Series series, const PriceAnchors& anchors,
                                             const CorporateActions& actions);

// Without adj_close where rows are of several days and dividends are wanted: the ones are adjusted for dividends that
// the others are not.
quant::Series WithoutMixedCloses(quant::Series series, const PriceAnchors& anchors, Adjustment adjustment);

}  // namespace breadthflow::data
