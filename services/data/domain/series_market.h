#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "common/component/params.h"

namespace breadthflow::data {

// Where a series trades, as whoever stored it said. As a text, which is what exports have in their column calendar, it
// is the name of a calendar; of quant::kNoCalendar with a zone it is "none@Europe/Berlin".
struct SeriesMarket {
  std::string calendar;  // of quant::CalendarNames, or quant::kNoCalendar: dates in the time zone are all that is known
  std::string time_zone;  // as it was given; empty: not at all. Of kNoCalendar alone it means something
  friend bool operator==(const SeriesMarket&, const SeriesMarket&) = default;
};

// Whether a market counts in place of one that was named before, or only where none was: what was merely concluded
// takes nothing away that somebody said.
enum class Naming { kInstead, kIfNone };

std::string ToText(const SeriesMarket& market);

// INVALID_ARGUMENT UNKNOWN_CALENDAR for what names no calendar, or a zone beside one that has its own. Whether there is
// such a zone is for SeriesStore::CalendarOf to say.
absl::StatusOr<SeriesMarket> ParseMarket(std::string_view text);

// What the parameters of a text or of a source name (calendar, time_zone); nullopt: no calendar. Parameters that were
// filled up with their defaults tell the same as those that were given: the default of a calendar is empty.
std::optional<SeriesMarket> MarketIn(const component::RawParams& params);

// The dates in the time zone that such parameters name beside no calendar; nullopt: none, or that of UTC, whose dates
// count anyway. The zone says how times are written: it takes no calendar away from a series that has one (see
// app/market_of_zone.h).
std::optional<SeriesMarket> ZoneIn(const component::RawParams& params);

}  // namespace breadthflow::data
