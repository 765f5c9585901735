// SeriesStore: where series trade.
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "services/data/store/key_columns.h"
#include "services/data/store/series_store.h"

namespace breadthflow::data {
namespace {

// Whether there is something to state.
constexpr std::string_view kDiffers = R"sql(
  SELECT coalesce((SELECT NOT $7::boolean AND (calendar, time_zone) <> ($5, $6) FROM series_market
                   WHERE resource = $1 AND symbol = $2 AND timeframe = $3 AND source = $4
                   ORDER BY known_at DESC LIMIT 1), true))sql";

constexpr std::string_view kHold = R"sql(
  SELECT 1 FROM series WHERE resource = $1 AND symbol = $2 AND timeframe = $3 AND variant = $4 FOR UPDATE)sql";

// Known together with the rows that this transaction has committed to the series; else from now on, and later versions
// are later. The row is held: Settle, which shares it, knows every statement up to the clock that it reads.
constexpr std::string_view kState = R"sql(
  WITH held AS (
    UPDATE series s
    SET changed_at = CASE
      WHEN EXISTS (SELECT 1 FROM series_version v
                   WHERE v.series_id = s.id AND v.version = s.version AND v.written_by = pg_current_xact_id())
      THEN s.changed_at
      ELSE greatest(clock_timestamp(), s.changed_at + interval '1 microsecond') END
    WHERE resource = $1 AND symbol = $2 AND timeframe = $3 AND variant = $4 RETURNING changed_at)
  INSERT INTO series_market (resource, symbol, timeframe, source, calendar, time_zone, known_at)
  SELECT $1, $2, $3, $4, $5::text, $6::text, coalesce((SELECT changed_at FROM held), clock_timestamp())
  ON CONFLICT ON CONSTRAINT series_market_pkey
  DO UPDATE SET calendar = excluded.calendar, time_zone = excluded.time_zone)sql";

constexpr std::string_view kFind = R"sql(
  SELECT DISTINCT ON (resource, symbol, timeframe, source)
         resource, symbol, timeframe, source, calendar, time_zone, known_at
  FROM series_market
       JOIN unnest($1::text[], $2::text[], $3::smallint[], $4::text[]) AS k (resource, symbol, timeframe, source)
       USING (resource, symbol, timeframe, source)
  WHERE known_at <= $5
  ORDER BY resource, symbol, timeframe, source, known_at DESC)sql";

std::vector<postgres::Param> ParamsOf(const quant::SeriesKey& key) {
  return {key.resource, key.symbol, static_cast<int64_t>(key.timeframe), key.variant};
}

std::vector<postgres::Param> ParamsOf(const quant::SeriesKey& key, const SeriesMarket& market) {
  std::vector<postgres::Param> params = ParamsOf(key);
  params.emplace_back(market.calendar);
  params.emplace_back(market.time_zone);
  return params;
}

absl::StatusOr<bool> Differs(postgres::Transaction& tx, const quant::SeriesKey& key, const SeriesMarket& market,
                             Naming naming) {
  std::vector<postgres::Param> params = ParamsOf(key, market);
  params.emplace_back(naming == Naming::kIfNone);
  BF_ASSIGN_OR_RETURN(const postgres::Rows rows, tx.Query(kDiffers, std::move(params)));
  return rows[0].Bool(0);
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

absl::Status SeriesStore::Hold(postgres::Transaction& tx, const quant::SeriesKey& key) {
  return tx.Query(kHold, ParamsOf(key)).status();
}

absl::Status SeriesStore::SetMarket(postgres::Transaction& tx, const quant::SeriesKey& key, const SeriesMarket& market,
                                    Naming naming) {
  BF_ASSIGN_OR_RETURN(const bool maybe, Differs(tx, key, market, naming));
  if (!maybe) return absl::OkStatus();
  BF_RETURN_IF_ERROR(Hold(tx, key));
  // Another one may have stated it until the series was held.
  BF_ASSIGN_OR_RETURN(const bool differs, Differs(tx, key, market, naming));
  return differs ? tx.Execute(kState, ParamsOf(key, market)).status() : absl::OkStatus();
}

absl::StatusOr<int64_t> SeriesStore::Commit(postgres::Transaction& tx, const columnar::WrittenSeries& written,
                                            const std::optional<SeriesMarket>& market, Naming naming) {
  if (!market) return chunks_.Commit(tx, written);
  BF_ASSIGN_OR_RETURN(const bool differs, Differs(tx, written.key, *market, naming));
  if (differs) BF_RETURN_IF_ERROR(Hold(tx, written.key));
  BF_ASSIGN_OR_RETURN(const int64_t version, chunks_.Commit(tx, written));
  BF_RETURN_IF_ERROR(SetMarket(tx, written.key, *market, naming));
  return version;
}

absl::StatusOr<NamedMarkets> SeriesStore::Markets(const std::vector<quant::SeriesKey>& keys, absl::Time as_of,
                                                  absl::Time deadline) {
  NamedMarkets markets;
  if (keys.empty()) return markets;
  std::vector<postgres::Param> params = KeyColumns(keys);
  params.emplace_back(as_of);
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        markets.clear();
        BF_ASSIGN_OR_RETURN(const postgres::Rows rows, tx.Query(kFind, params));
        for (const postgres::Row row : rows) {
          const quant::SeriesKey key{row.Text(0), row.Text(1), static_cast<quant::Timeframe>(row.Int(2)), row.Text(3)};
          markets[key] = {{row.Text(4), row.Text(5)}, row.Time(6)};
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

absl::StatusOr<NamedCalendars> SeriesStore::Calendars(const std::vector<quant::SeriesKey>& keys, absl::Time as_of,
                                                      absl::Time deadline) {
  BF_ASSIGN_OR_RETURN(const NamedMarkets markets, Markets(keys, as_of, deadline));
  NamedCalendars calendars;
  for (const auto& [key, known] : markets) {
    BF_ASSIGN_OR_RETURN(calendars[key], CalendarOf(known.market));
  }
  return calendars;
}

}  // namespace breadthflow::data
