// SeriesStore: where series trade.
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

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

}  // namespace

std::optional<SeriesMarket> MarketIn(const component::RawParams& params) {
  const auto text = [&](const std::string& name) -> std::string {
    const auto found = params.find(name);
    const auto* value = found == params.end() ? nullptr : std::get_if<std::string>(&found->second);
    return value == nullptr ? std::string() : *value;
  };
  SeriesMarket market{text("calendar"), text("time_zone")};
  if (market.calendar.empty() || market.calendar == "none") return std::nullopt;
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

absl::StatusOr<NamedCalendars> SeriesStore::Calendars(const std::vector<quant::SeriesKey>& keys, absl::Time deadline) {
  BF_ASSIGN_OR_RETURN(const auto markets, Markets(keys, deadline));
  NamedCalendars calendars;
  for (const auto& [key, market] : markets) {
    BF_ASSIGN_OR_RETURN(calendars[key], quant::FindCalendar(market.calendar));
  }
  return calendars;
}

}  // namespace breadthflow::data
