// Import: the calendars that are named for its series.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "common/base/status.h"
#include "services/data/app/importer.h"
#include "services/data/app/market_of_zone.h"

namespace breadthflow::data {

void Import::TakeMarket(const std::string& symbol, const std::string& name, const SeriesMarket& market) {
  const auto [known, is_new] = markets_.try_emplace(symbol, market);
  if (market_ && *market_ != market) {
    faults_.Add(name + ".calendar", fmt::format("the rows keep the calendar {}, but the parameter calendar says {}",
                                                ToText(market), ToText(*market_)));
  } else if (known->second != market) {
    faults_.Add(name + ".calendar", fmt::format("the rows keep the calendar {}, and those of {} before them {}",
                                                ToText(market), symbol, ToText(known->second)));
  } else if (is_new) {
    const auto calendar = importer_.series_.CalendarOf(market);
    if (!calendar.ok()) faults_.Add(name + ".calendar", base::Message(calendar.status()));
  }
}

void Import::TakeMarket(const std::string& symbol, const std::string& name, std::string_view calendar) {
  if (calendar.empty()) return;
  hash_.Int(5).Text(calendar);
  const absl::StatusOr<SeriesMarket> market = ParseMarket(calendar);
  if (!market.ok()) return faults_.Add(name + ".calendar", base::Message(market.status()));
  TakeMarket(symbol, name, *market);
}

std::optional<SeriesMarket> Import::MarketOf(const std::string& symbol) const {
  if (market_) return market_;
  if (const auto said = markets_.find(symbol); said != markets_.end()) return said->second;
  const auto dates = zones_.find(symbol);
  return dates == zones_.end() ? std::nullopt : std::optional(dates->second);
}

absl::StatusOr<NamedCalendars> Import::CalendarsOf(const std::vector<quant::Series>& all) {
  zones_.clear();
  std::vector<quant::SeriesKey> keys;
  for (const quant::Series& series : all) {
    if (!series.empty()) keys.push_back(series.key);
  }
  BF_ASSIGN_OR_RETURN(named_before_, importer_.series_.Markets(keys, absl::InfiniteFuture(), submission_.deadline));
  NamedCalendars calendars;
  for (const auto& [key, known] : named_before_) {
    BF_ASSIGN_OR_RETURN(calendars[key], importer_.series_.CalendarOf(known.market));
  }
  for (const quant::Series& series : all) {
    if (series.empty()) continue;
    std::optional<SeriesMarket> market = MarketOf(series.key.symbol);
    if (!market && !calendars.contains(series.key)) {
      BF_ASSIGN_OR_RETURN(market,
                          MarketOfZone(importer_.series_, *resource_, series, spec_.csv_params, submission_.deadline));
      if (market) zones_.emplace(series.key.symbol, *market);
    }
    if (!market) continue;
    BF_ASSIGN_OR_RETURN(calendars[series.key], importer_.series_.CalendarOf(*market));
  }
  return calendars;
}

}  // namespace breadthflow::data
