// SeriesStore: where series trade.
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "services/data/store/series_store.h"

namespace breadthflow::data {
namespace {

constexpr std::string_view kSet = R"sql(
  INSERT INTO series_market (resource, symbol, timeframe, source, calendar, time_zone)
  SELECT DISTINCT resource, symbol, timeframe, source, $5, $6
  FROM unnest($1::text[], $2::text[], $3::smallint[], $4::text[]) AS k (resource, symbol, timeframe, source)
  ORDER BY 1, 2, 3, 4
  ON CONFLICT (resource, symbol, timeframe, source)
  DO UPDATE SET calendar = excluded.calendar, time_zone = excluded.time_zone)sql";

constexpr std::string_view kFind = R"sql(
  SELECT resource, symbol, timeframe, source, calendar, time_zone
  FROM series_market
       JOIN unnest($1::text[], $2::text[], $3::smallint[], $4::text[]) AS k (resource, symbol, timeframe, source)
       USING (resource, symbol, timeframe, source))sql";

std::vector<postgres::Param> Columns(const std::vector<quant::SeriesKey>& keys) {
  std::vector<std::string> resources, symbols, sources;
  std::vector<int64_t> timeframes;
  for (const quant::SeriesKey& key : keys) {
    resources.push_back(key.resource);
    symbols.push_back(key.symbol);
    timeframes.push_back(static_cast<int64_t>(key.timeframe));
    sources.push_back(key.variant);
  }
  return {postgres::TextArray(resources), postgres::TextArray(symbols), postgres::IntArray(timeframes),
          postgres::TextArray(sources)};
}

// The instants of local times, by the names that texts may give to zones: the laws of common/quant, an offset +HH:MM or
// the machine's time-zone database.
absl::StatusOr<std::function<int64_t(absl::CivilSecond)>> ZoneOf(const std::string& name) {
  if (name == "new_york" || name == "America/New_York") return quant::NewYorkInstant;
  if (name == "Europe/Berlin") return quant::FrankfurtInstant;
  int64_t offset_seconds = 0;
  absl::TimeZone zone;
  absl::CivilSecond clock;
  const bool has_sign = name.starts_with('+') || name.starts_with('-');
  if (has_sign && absl::ParseCivilTime("1970-01-01T" + name.substr(1) + ":00", &clock)) {
    offset_seconds = (clock - absl::CivilSecond(1970, 1, 1)) * (name.starts_with('-') ? -1 : 1);
    return [offset_seconds](absl::CivilSecond local) { return quant::UtcInstant(local - offset_seconds); };
  }
  if (!absl::LoadTimeZone(name, &zone)) {
    return base::MakeError(
        absl::StatusCode::kFailedPrecondition, "UNKNOWN_ZONE",
        fmt::format("the time zone '{}' of the series is not in the database of this machine", name));
  }
  return [zone](absl::CivilSecond local) { return quant::ToNanos(zone.At(local).pre); };
}

}  // namespace

std::optional<SeriesMarket> MarketIn(const component::RawParams& params) {
  const auto text = [&](const std::string& name) -> std::string {
    const auto found = params.find(name);
    const auto* value = found == params.end() ? nullptr : std::get_if<std::string>(&found->second);
    return value == nullptr ? std::string() : *value;
  };
  SeriesMarket market{text("calendar"), text("time_zone")};
  if (market.calendar.empty()) return std::nullopt;
  return market;
}

absl::Status SeriesStore::SetMarket(postgres::Transaction& tx, const std::vector<quant::SeriesKey>& keys,
                                    const SeriesMarket& market) {
  if (keys.empty()) return absl::OkStatus();
  std::vector<postgres::Param> params = Columns(keys);
  params.emplace_back(market.calendar);
  params.emplace_back(market.time_zone);
  return tx.Execute(kSet, params).status();
}

absl::StatusOr<std::map<quant::SeriesKey, SeriesMarket>> SeriesStore::Markets(const std::vector<quant::SeriesKey>& keys,
                                                                              absl::Time deadline) {
  std::map<quant::SeriesKey, SeriesMarket> markets;
  if (keys.empty()) return markets;
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        markets.clear();
        BF_ASSIGN_OR_RETURN(const postgres::Rows rows, tx.Query(kFind, Columns(keys)));
        for (const postgres::Row row : rows) {
          const quant::SeriesKey key{row.Text(0), row.Text(1), static_cast<quant::Timeframe>(row.Int(2)), row.Text(3)};
          markets[key] = {row.Text(4), row.Text(5)};
        }
        return absl::OkStatus();
      },
      {.deadline = deadline, .read_only = true}));
  return markets;
}

absl::StatusOr<const quant::Calendar*> SeriesStore::CalendarOf(const SeriesMarket& market) {
  if (market.calendar != quant::kNoCalendar) return quant::FindCalendar(market.calendar);
  const std::string& name = market.time_zone;
  if (name.empty() || name == "utc" || name == "UTC") return &quant::UtcDays();
  const std::lock_guard lock(days_mutex_);
  if (const auto known = days_.find(name); known != days_.end()) return &known->second;
  BF_ASSIGN_OR_RETURN(const auto instant, ZoneOf(name));
  return &days_.emplace(name, quant::DaysOf(instant)).first->second;
}

absl::StatusOr<NamedCalendars> SeriesStore::Calendars(const std::vector<quant::SeriesKey>& keys, absl::Time deadline) {
  BF_ASSIGN_OR_RETURN(const auto markets, Markets(keys, deadline));
  NamedCalendars calendars;
  for (const auto& [key, market] : markets) {
    BF_ASSIGN_OR_RETURN(calendars[key], CalendarOf(market));
  }
  return calendars;
}

}  // namespace breadthflow::data
