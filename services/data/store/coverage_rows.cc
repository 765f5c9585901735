#include "services/data/store/coverage_rows.h"

#include <optional>
#include <string>

#include "common/base/status.h"
#include "common/jobs/store.h"

namespace breadthflow::data {
namespace {

using postgres::IntArray;
using postgres::TextArray;

constexpr std::string_view kInsert = R"sql(
  INSERT INTO coverage (series_id, start_time_ns, end_time_ns, outcome, row_count, error_code, error_reason,
                        error_message, retryable, run_id, fetch_time, body_sha256, basis, parameters)
  SELECT id, start_ns, end_ns, outcome, nullif(row_count, -1), error_code, error_reason, error_message, retryable, run_id,
         to_timestamp(0) + fetch_us * interval '1 microsecond', body_sha256, basis, parameters
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::smallint[], $5::bigint[], $6::int[], $7::text[], $8::text[],
              $9::boolean[], $10::text[], $11::bigint[], $12::text[], $13::smallint[], $14::text[])
       AS n (id, start_ns, end_ns, outcome, row_count, error_code, error_reason, error_message, retryable, run_id,
             fetch_us, body_sha256, basis, parameters))sql";

// What is known already adds nothing, unless rows of it were dropped since: then it has come back. By the database's
// clock, as drops are, while the series is locked.
constexpr std::string_view kInsertAnswers = R"sql(
  INSERT INTO coverage_answer (series_id, known_at, start_time_ns, end_time_ns)
  SELECT n.id, clock_timestamp(), n.start_ns, n.end_ns
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS n (id, start_ns, end_ns)
  WHERE NOT EXISTS (SELECT 1 FROM coverage_answer e WHERE e.series_id = n.id AND e.start_time_ns <= n.start_ns
                                                     AND e.end_time_ns >= n.end_ns
                      AND NOT EXISTS (SELECT 1 FROM coverage_series k
                                      JOIN series s ON s.resource = k.resource AND s.symbol = k.symbol
                                                   AND s.timeframe = k.timeframe AND s.variant = k.source
                                      JOIN series_drop p ON p.series_id = s.id
                                      JOIN series_version v ON v.series_id = p.series_id AND v.version = p.version
                                      WHERE k.id = n.id AND v.known_at >= e.known_at AND p.before_ns > n.start_ns)))sql";

}  // namespace

Coverage CoverageFromRow(const postgres::Row& row) {
  Coverage one{.key = {row.Text(0), row.Text(1), static_cast<quant::Timeframe>(row.Int(2)), row.Text(3)},
               .range = {row.Int(4), row.Int(5)},
               .outcome = static_cast<Outcome>(row.Int(6)),
               .rows = std::nullopt,
               .error = absl::OkStatus(),
               .retryable = row.Bool(11),
               .run = row.Text(12),
               .fetch_time = row.Time(13),
               .body_sha256 = row.Text(14),
               .basis = static_cast<quant::PriceBasis>(row.Int(15)),
               .parameters = row.Text(16)};
  if (!row.IsNull(7)) one.rows = row.Int(7);
  if (one.outcome == Outcome::kFailed) {
    one.error = base::MakeError(static_cast<absl::StatusCode>(row.Int(8)), row.Text(10),
                                base::ErrorDetails{.reason = row.Text(9)});
  }
  return one;
}

absl::Status InsertCoverage(postgres::Transaction& tx, const std::vector<std::pair<int64_t, Coverage>>& entries) {
  std::vector<int64_t> ids, starts, ends, outcomes, rows, codes, times, bases;
  std::vector<std::string> reasons, messages, retryable, runs, hashes, parameters;
  for (const auto& [id, one] : entries) {
    ids.push_back(id);
    starts.push_back(one.range.start_ns);
    ends.push_back(one.range.end_ns);
    outcomes.push_back(static_cast<int64_t>(one.outcome));
    rows.push_back(one.rows.value_or(-1));
    codes.push_back(static_cast<int64_t>(one.error.code()));
    reasons.push_back(one.error.ok() ? "" : base::DetailsOf(one.error).reason);
    messages.push_back(jobs::Truncated(base::Message(one.error), jobs::kMaxErrorBytes));
    retryable.emplace_back(one.retryable ? "t" : "f");
    runs.push_back(one.run);
    times.push_back(absl::ToUnixMicros(one.fetch_time));
    hashes.push_back(one.body_sha256);
    bases.push_back(static_cast<int64_t>(one.basis));
    parameters.push_back(one.parameters);
  }
  return tx
      .Execute(kInsert, {IntArray(ids), IntArray(starts), IntArray(ends), IntArray(outcomes), IntArray(rows),
                         IntArray(codes), TextArray(reasons), TextArray(messages), TextArray(retryable),
                         TextArray(runs), IntArray(times), TextArray(hashes), IntArray(bases), TextArray(parameters)})
      .status();
}

absl::Status InsertAnswers(postgres::Transaction& tx, const std::map<int64_t, const std::vector<Coverage>*>& added) {
  std::vector<int64_t> ids, starts, ends;
  for (const auto& [id, list] : added) {
    for (const Coverage& one : *list) {
      if (one.outcome == Outcome::kFailed || !RemembersAnswers(one.key.resource)) continue;
      ids.push_back(id);
      starts.push_back(one.range.start_ns);
      ends.push_back(one.range.end_ns);
    }
  }
  if (ids.empty()) return absl::OkStatus();
  return tx.Execute(kInsertAnswers, {IntArray(ids), IntArray(starts), IntArray(ends)}).status();
}

}  // namespace breadthflow::data
