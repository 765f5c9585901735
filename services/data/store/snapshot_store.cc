#include "services/data/store/snapshot_store.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/base/status.h"

namespace breadthflow::data {
namespace {

constexpr std::string_view kInsertSnapshot = R"sql(
  INSERT INTO snapshot (id, start_time_ns, end_time_ns, as_of, content_sha256, create_time)
  VALUES ($1, $2, $3, $4, $5, clock_timestamp()))sql";

constexpr std::string_view kInsertSeries = R"sql(
  INSERT INTO snapshot_series (snapshot_id, position, resource, symbol, timeframe, variant, basis, version, row_count,
                               content_sha256)
  SELECT $1, * FROM unnest($2::int[], $3::text[], $4::text[], $5::int[], $6::text[], $7::int[], $8::bigint[],
                           $9::bigint[], $10::text[]))sql";

constexpr std::string_view kColumns = "id, start_time_ns, end_time_ns, as_of, content_sha256, create_time";

constexpr std::string_view kSeries = R"sql(
  SELECT resource, symbol, timeframe, variant, basis, version, row_count, content_sha256
  FROM snapshot_series WHERE snapshot_id = $1 ORDER BY position)sql";

constexpr std::string_view kReport = "SELECT create_time FROM quality_report WHERE snapshot_id = $1";

constexpr std::string_view kQuality = R"sql(
  SELECT q.position, q.expected_row_count, q.row_count, q.score, s.resource, s.symbol, s.timeframe, s.variant,
         q.calendar, q.asset_class, q.asset_class_reason, q.compared_with::text
  FROM quality_series q JOIN snapshot_series s ON s.snapshot_id = q.snapshot_id AND s.position = q.position
  WHERE q.snapshot_id = $1 ORDER BY q.position)sql";

constexpr std::string_view kFindings = R"sql(
  SELECT position, check_name, severity, affected_row_count, message, examples_ns::text
  FROM quality_finding WHERE snapshot_id = $1 ORDER BY position, ordinal)sql";

constexpr std::string_view kInsertReport =
    "INSERT INTO quality_report (snapshot_id) VALUES ($1) ON CONFLICT ON CONSTRAINT quality_report_pkey DO NOTHING";

constexpr std::string_view kInsertQuality = R"sql(
  INSERT INTO quality_series (snapshot_id, position, expected_row_count, row_count, score, calendar, asset_class,
                              asset_class_reason, compared_with)
  SELECT $1, * FROM unnest($2::int[], $3::bigint[], $4::bigint[], $5::double precision[], $6::text[], $7::text[],
                           $8::text[], $9::jsonb[]))sql";

constexpr std::string_view kInsertFindings = R"sql(
  INSERT INTO quality_finding (snapshot_id, position, ordinal, check_name, severity, affected_row_count, message,
                               examples_ns)
  SELECT $1, * FROM unnest($2::int[], $3::int[], $4::text[], $5::int[], $6::bigint[], $7::text[], $8::jsonb[]))sql";

constexpr std::string_view kListReports = R"sql(
  SELECT create_time, snapshot_id FROM quality_report WHERE (create_time, snapshot_id) < ($1, $2)
  ORDER BY create_time DESC, snapshot_id DESC LIMIT $3)sql";

constexpr std::string_view kVersionsNeeded = R"sql(
  SELECT version FROM snapshot_series WHERE resource = $1 AND symbol = $2 AND timeframe = $3 AND variant = $4
  UNION
  SELECT v.version
  FROM (SELECT DISTINCT n.as_of FROM snapshot_series e JOIN snapshot n ON n.id = e.snapshot_id
        WHERE e.symbol = $2 AND $1 IN ('split', 'dividend')) known
  JOIN series s ON s.resource = $1 AND s.symbol = $2 AND s.timeframe = $3 AND s.variant = $4
  CROSS JOIN LATERAL (SELECT version FROM series_version WHERE series_id = s.id AND known_at <= known.as_of
                      ORDER BY version DESC LIMIT 1) v)sql";

using postgres::IntArray;
using postgres::Row;
using postgres::Rows;
using postgres::TextArray;
using postgres::Transaction;

Snapshot FromRow(const Row& row) {
  return {.id = row.Text(0),
          .range = {row.Int(1), row.Int(2)},
          .as_of = row.Time(3),
          .series = {},
          .content_sha256 = row.Text(4),
          .create_time = row.Time(5)};
}

}  // namespace

absl::Status SnapshotStore::Insert(Transaction& tx, const Snapshot& snapshot) {
  BF_RETURN_IF_ERROR(tx.Execute(kInsertSnapshot, {snapshot.id, snapshot.range.start_ns, snapshot.range.end_ns,
                                                  snapshot.as_of, snapshot.content_sha256})
                         .status());
  std::vector<int64_t> positions, timeframes, bases, versions, rows;
  std::vector<std::string> resources, symbols, variants, hashes;
  for (const SnapshotSeries& one : snapshot.series) {
    positions.push_back(static_cast<int64_t>(positions.size()));
    resources.push_back(one.key.resource);
    symbols.push_back(one.key.symbol);
    timeframes.push_back(static_cast<int64_t>(one.key.timeframe));
    variants.push_back(one.key.variant);
    bases.push_back(static_cast<int64_t>(one.basis));
    versions.push_back(one.version);
    rows.push_back(one.rows);
    hashes.push_back(one.content_sha256);
  }
  return tx
      .Execute(kInsertSeries,
               {snapshot.id, IntArray(positions), TextArray(resources), TextArray(symbols), IntArray(timeframes),
                TextArray(variants), IntArray(bases), IntArray(versions), IntArray(rows), TextArray(hashes)})
      .status();
}

absl::StatusOr<Snapshot> SnapshotStore::Get(const std::string& id, absl::Time deadline) {
  Snapshot snapshot;
  const std::string sql = fmt::format("SELECT {} FROM snapshot WHERE id = $1", kColumns);
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](Transaction& tx) -> absl::Status {
        BF_ASSIGN_OR_RETURN(const Rows rows, tx.Query(sql, {id}));
        if (rows.empty()) {
          return base::MakeError(absl::StatusCode::kNotFound, "SNAPSHOT_NOT_FOUND",
                                 fmt::format("snapshots/{} does not exist", id));
        }
        snapshot = FromRow(rows[0]);
        BF_ASSIGN_OR_RETURN(const Rows series, tx.Query(kSeries, {id}));
        for (const Row row : series) {
          snapshot.series.push_back(
              {.key = {row.Text(0), row.Text(1), static_cast<quant::Timeframe>(row.Int(2)), row.Text(3)},
               .basis = static_cast<quant::PriceBasis>(row.Int(4)),
               .version = row.Int(5),
               .rows = row.Int(6),
               .content_sha256 = row.Text(7)});
        }
        return absl::OkStatus();
      },
      {.deadline = deadline, .read_only = true}));
  return snapshot;
}

absl::StatusOr<std::vector<Snapshot>> SnapshotStore::List(const std::optional<ListPosition>& after, int limit,
                                                          absl::Time deadline) {
  std::vector<Snapshot> snapshots;
  const std::string sql = fmt::format(
      "SELECT {} FROM snapshot WHERE (create_time, id) < ($1, $2) ORDER BY create_time DESC, id DESC LIMIT $3",
      kColumns);
  const ListPosition from = after.value_or(ListPosition{absl::InfiniteFuture(), ""});
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](Transaction& tx) -> absl::Status {
        snapshots.clear();
        BF_ASSIGN_OR_RETURN(const Rows rows, tx.Query(sql, {from.create_time, from.id, int64_t{limit}}));
        for (const Row row : rows) snapshots.push_back(FromRow(row));
        return absl::OkStatus();
      },
      {.deadline = deadline, .read_only = true}));
  return snapshots;
}

absl::StatusOr<std::vector<int64_t>> SnapshotStore::VersionsNeeded(Transaction& tx, const quant::SeriesKey& key) {
  BF_ASSIGN_OR_RETURN(const Rows rows, tx.Query(kVersionsNeeded, {key.resource, key.symbol,
                                                                  static_cast<int64_t>(key.timeframe), key.variant}));
  std::vector<int64_t> versions;
  for (const Row row : rows) versions.push_back(row.Int(0));
  return versions;
}

absl::StatusOr<std::optional<QualityReport>> SnapshotStore::FindReport(const std::string& snapshot_id,
                                                                       absl::Time deadline) {
  std::optional<QualityReport> report;
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](Transaction& tx) -> absl::Status {
        report.reset();
        BF_ASSIGN_OR_RETURN(const Rows head, tx.Query(kReport, {snapshot_id}));
        if (head.empty()) return absl::OkStatus();
        BF_ASSIGN_OR_RETURN(const Rows findings, tx.Query(kFindings, {snapshot_id}));
        BF_ASSIGN_OR_RETURN(const Rows rows, tx.Query(kQuality, {snapshot_id}));
        std::vector<SeriesQuality> series;
        size_t next = 0;
        for (const Row row : rows) {
          SeriesQuality one{.key = {row.Text(4), row.Text(5), static_cast<quant::Timeframe>(row.Int(6)), row.Text(7)},
                            .calendar = row.Text(8),
                            .asset_class = row.Text(9),
                            .asset_class_reason = row.Text(10),
                            .compared_with = {},
                            .expected_rows = row.Int(1),
                            .rows = row.Int(2),
                            .score = row.Double(3)};
          for (const nlohmann::json& source : nlohmann::json::parse(row.Text(11), nullptr, false)) {
            one.compared_with.push_back(source.get<std::string>());
          }
          for (; next < findings.size() && findings[next].Int(0) == row.Int(0); ++next) {
            const Row found = findings[next];
            Finding finding{.check = found.Text(1),
                            .severity = static_cast<Severity>(found.Int(2)),
                            .affected_rows = found.Int(3),
                            .message = found.Text(4)};
            for (const nlohmann::json& time : nlohmann::json::parse(found.Text(5), nullptr, false)) {
              finding.examples_ns.push_back(time.get<int64_t>());
            }
            one.findings.push_back(std::move(finding));
          }
          series.push_back(std::move(one));
        }
        report = MakeReport(snapshot_id, std::move(series));
        report->create_time = head[0].Time(0);
        return absl::OkStatus();
      },
      {.deadline = deadline, .read_only = true}));
  return report;
}

absl::Status SnapshotStore::SaveReport(const QualityReport& report, absl::Time deadline) {
  std::vector<int64_t> positions, expected, rows, at, ordinals, severities, affected;
  std::vector<std::string> scores, calendars, classes, reasons, compared, checks, messages, examples;
  for (const SeriesQuality& one : report.series) {
    const auto position = static_cast<int64_t>(positions.size());
    positions.push_back(position);
    expected.push_back(one.expected_rows);
    rows.push_back(one.rows);
    scores.push_back(fmt::format("{}", one.score));
    calendars.push_back(one.calendar);
    classes.push_back(one.asset_class);
    reasons.push_back(one.asset_class_reason);
    compared.push_back(nlohmann::json(one.compared_with).dump());
    for (size_t i = 0; i < one.findings.size(); ++i) {
      at.push_back(position);
      ordinals.push_back(static_cast<int64_t>(i));
      checks.push_back(one.findings[i].check);
      severities.push_back(static_cast<int64_t>(one.findings[i].severity));
      affected.push_back(one.findings[i].affected_rows);
      messages.push_back(one.findings[i].message);
      examples.push_back(nlohmann::json(one.findings[i].examples_ns).dump());
    }
  }
  return database_.Transact(
      [&](Transaction& tx) -> absl::Status {
        BF_ASSIGN_OR_RETURN(const int64_t inserted, tx.Execute(kInsertReport, {report.snapshot_id}));
        if (inserted == 0) return absl::OkStatus();
        BF_RETURN_IF_ERROR(tx.Execute(kInsertQuality, {report.snapshot_id, IntArray(positions), IntArray(expected),
                                                       IntArray(rows), TextArray(scores), TextArray(calendars),
                                                       TextArray(classes), TextArray(reasons), TextArray(compared)})
                               .status());
        if (at.empty()) return absl::OkStatus();
        return tx
            .Execute(kInsertFindings,
                     {report.snapshot_id, IntArray(at), IntArray(ordinals), TextArray(checks), IntArray(severities),
                      IntArray(affected), TextArray(messages), TextArray(examples)})
            .status();
      },
      {.deadline = deadline});
}

absl::StatusOr<std::vector<ListPosition>> SnapshotStore::ListReports(const std::optional<ListPosition>& after,
                                                                     int limit, absl::Time deadline) {
  std::vector<ListPosition> positions;
  const ListPosition from = after.value_or(ListPosition{absl::InfiniteFuture(), ""});
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](Transaction& tx) -> absl::Status {
        positions.clear();
        BF_ASSIGN_OR_RETURN(const Rows rows, tx.Query(kListReports, {from.create_time, from.id, int64_t{limit}}));
        for (const Row row : rows) positions.push_back({row.Time(0), row.Text(1)});
        return absl::OkStatus();
      },
      {.deadline = deadline, .read_only = true}));
  return positions;
}

}  // namespace breadthflow::data
