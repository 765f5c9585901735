#include "services/data/domain/series_market.h"

#include <variant>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/status.h"
#include "common/quant/calendar.h"

namespace breadthflow::data {

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
  const auto text = [&](const std::string& name) -> std::string {
    const auto found = params.find(name);
    const auto* value = found == params.end() ? nullptr : std::get_if<std::string>(&found->second);
    return value == nullptr ? std::string() : *value;
  };
  SeriesMarket market{text("calendar"), ""};
  if (market.calendar.empty()) return std::nullopt;
  if (market.calendar == quant::kNoCalendar) market.time_zone = text("time_zone");
  return market;
}

}  // namespace breadthflow::data
