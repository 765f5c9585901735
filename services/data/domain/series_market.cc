#include "services/data/domain/series_market.h"

#include <string>
#include <variant>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/status.h"
#include "common/quant/calendar.h"

namespace breadthflow::data {
namespace {

std::string TextOf(const component::RawParams& params, const std::string& name) {
  const auto found = params.find(name);
  const auto* value = found == params.end() ? nullptr : std::get_if<std::string>(&found->second);
  return value == nullptr ? std::string() : *value;
}

}  // namespace

std::string ToText(const SeriesMarket& market) {
  if (market.calendar != quant::kNoCalendar || market.time_zone.empty()) return market.calendar;
  return fmt::format("{}@{}", market.calendar, market.time_zone);
}

absl::StatusOr<SeriesMarket> ParseMarket(std::string_view text) {
  const size_t at = text.find('@');
  SeriesMarket market{std::string(text.substr(0, at)), ""};
  if (at != std::string_view::npos) market.time_zone = text.substr(at + 1);
  const bool none = market.calendar == quant::kNoCalendar;
  const bool zone_fits = at == std::string_view::npos || (none && !market.time_zone.empty());
  if (zone_fits && (none || quant::FindCalendar(market.calendar).ok())) return market;
  return base::MakeError(
      absl::StatusCode::kInvalidArgument, "UNKNOWN_CALENDAR",
      fmt::format("a calendar is {}, {} or {}@ZONE, was '{}'", fmt::join(quant::CalendarNames(), ", "),
                  quant::kNoCalendar, quant::kNoCalendar, text.substr(0, 64)));
}

std::optional<SeriesMarket> MarketIn(const component::RawParams& params) {
  SeriesMarket market{TextOf(params, "calendar"), ""};
  if (market.calendar.empty()) return std::nullopt;
  if (market.calendar == quant::kNoCalendar) market.time_zone = TextOf(params, "time_zone");
  return market;
}

std::optional<SeriesMarket> ZoneIn(const component::RawParams& params) {
  SeriesMarket market{std::string(quant::kNoCalendar), TextOf(params, "time_zone")};
  const bool utc = market.time_zone.empty() || market.time_zone == "utc" || market.time_zone == "UTC";
  if (utc || !TextOf(params, "calendar").empty()) return std::nullopt;
  return market;
}

}  // namespace breadthflow::data
