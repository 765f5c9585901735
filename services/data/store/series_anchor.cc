#include "services/data/store/series_anchor.h"

#include <string>
#include <string_view>
#include <utility>

#include "absl/time/civil_time.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "services/data/store/key_columns.h"

namespace breadthflow::data {
namespace {

constexpr std::string_view kFind = R"sql(
  WITH newest AS (
    SELECT resource, symbol, timeframe, source, max(number) AS number
    FROM series_anchor
         JOIN unnest($1::text[], $2::text[], $3::smallint[], $4::text[]) AS k (resource, symbol, timeframe, source)
         USING (resource, symbol, timeframe, source)
    WHERE known_at <= $5::timestamptz
    GROUP BY resource, symbol, timeframe, source)
  SELECT resource, symbol, timeframe, source, number, known_at, first_ns, to_char(as_of, 'YYYY-MM-DD')
  FROM series_anchor JOIN newest USING (resource, symbol, timeframe, source, number)
  ORDER BY resource, symbol, timeframe, source, first_ns)sql";

// The clock is read when the row is held, as by who commits a version: whoever holds it in between and reads the clock
// then (SeriesStore::Settle) knows that what comes later is later.
constexpr std::string_view kSay = R"sql(
  WITH held AS MATERIALIZED (
         SELECT changed_at FROM series
         WHERE resource = $1 AND symbol = $2 AND timeframe = $3 AND variant = $4 FOR UPDATE),
       stamp AS MATERIALIZED (
         SELECT CASE WHEN $6::boolean THEN changed_at
                     ELSE greatest(clock_timestamp(), changed_at + interval '1 microsecond') END AS known_at
         FROM held)
  INSERT INTO series_anchor (resource, symbol, timeframe, source, number, known_at, first_ns, as_of)
  SELECT $1, $2, $3, $4, $5::bigint, stamp.known_at, r.first_ns, r.as_of::date
  FROM stamp, unnest($7::bigint[], $8::text[]) AS r (first_ns, as_of)
  ON CONFLICT DO NOTHING)sql";

constexpr std::string_view kLast = R"sql(
  SELECT coalesce(max(number), 0)::bigint FROM series_anchor
  WHERE resource = $1 AND symbol = $2 AND timeframe = $3 AND source = $4)sql";

absl::Status Moved(const quant::SeriesKey& key) {
  return base::MakeError(absl::StatusCode::kAborted, "SERIES_MOVED",
                         fmt::format("{} {} was told to be adjusted as of another day meanwhile", key.symbol,
                                     quant::ToText(key.timeframe)));
}

}  // namespace

absl::StatusOr<std::map<quant::SeriesKey, AnchorStatement>> SeriesAnchors::Find(
    const std::vector<quant::SeriesKey>& keys, absl::Time as_of, absl::Time deadline) {
  std::map<quant::SeriesKey, AnchorStatement> statements;
  if (keys.empty()) return statements;
  std::vector<postgres::Param> params = KeyColumns(keys);
  params.emplace_back(as_of);
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        statements.clear();
        BF_ASSIGN_OR_RETURN(const postgres::Rows rows, tx.Query(kFind, params));
        for (const postgres::Row row : rows) {
          const quant::SeriesKey key{row.Text(0), row.Text(1), static_cast<quant::Timeframe>(row.Int(2)), row.Text(3)};
          AnchorStatement& statement = statements[key];
          statement.number = row.Int(4);
          statement.known_at = row.Time(5);
          BF_ASSIGN_OR_RETURN(const absl::CivilDay day, ParseAnchor(row.Text(7)));
          statement.anchors.push_back({row.Int(6), day});
        }
        return absl::OkStatus();
      },
      {.deadline = deadline, .read_only = true}));
  return statements;
}

absl::Status SeriesAnchors::CheckLast(postgres::Transaction& tx, const quant::SeriesKey& key, int64_t number) {
  BF_ASSIGN_OR_RETURN(const postgres::Rows rows,
                      tx.Query(kLast, {key.resource, key.symbol, static_cast<int64_t>(key.timeframe), key.variant}));
  return rows[0].Int(0) == number ? absl::OkStatus() : Moved(key);
}

absl::Status SeriesAnchors::Say(postgres::Transaction& tx, const quant::SeriesKey& key, int64_t number,
                                const PriceAnchors& anchors, bool moved) {
  std::vector<int64_t> firsts;
  std::vector<std::string> days;
  for (const AnchoredRows& one : anchors) {
    firsts.push_back(one.first_ns);
    days.emplace_back(absl::FormatCivilTime(one.as_of));
  }
  BF_ASSIGN_OR_RETURN(const int64_t said,
                      tx.Execute(kSay, {key.resource, key.symbol, static_cast<int64_t>(key.timeframe), key.variant,
                                        number + 1, moved, postgres::IntArray(firsts), postgres::TextArray(days)}));
  if (said == static_cast<int64_t>(anchors.size())) return absl::OkStatus();
  return Moved(key);
}

}  // namespace breadthflow::data
