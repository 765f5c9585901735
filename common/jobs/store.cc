#include "common/jobs/store.h"

#include "absl/strings/cord.h"
#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::jobs {

// Generated from migrations/ under this name.
namespace migrations {
const std::vector<postgres::Migration>& Migrations();
}

namespace {

using postgres::Param;
using postgres::Row;
using postgres::Rows;
using postgres::Transaction;

constexpr std::string_view kColumns[] = {
    "id",     "kind",       "state",         "attempt",       "max_attempts", "epoch",           "progress",
    "stage",  "error_code", "error_message", "error_payload", "create_time",  "start_time",      "end_time",
    "run_at", "principal",  "traceparent",   "worker_id",     "priority",     "cancel_requested"};
static_assert(std::size(kColumns) == JobStore::kColumnCount);

constexpr char kEnqueue[] = R"(
INSERT INTO job (id, kind, principal, traceparent, max_attempts, priority, run_at)
VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp() + $7 * interval '1 ms'))";

constexpr char kRequestCancel[] = R"(
UPDATE job SET cancel_requested = true,
               state = CASE state WHEN 1 THEN 5 ELSE state END,
               end_time = CASE state WHEN 1 THEN clock_timestamp() END
WHERE id = $1 AND state < 3 RETURNING state)";

constexpr char kClaim[] = R"(
WITH ready AS MATERIALIZED (
  SELECT id FROM job
  WHERE state = 1 AND run_at <= clock_timestamp() AND kind = ANY($1::text[])
  ORDER BY priority DESC, run_at, id LIMIT $2 FOR UPDATE SKIP LOCKED)
UPDATE job j SET state = 2, attempt = j.attempt + 1, epoch = j.epoch + 1, worker_id = $3,
                 lease_until = clock_timestamp() + $4 * interval '1 ms', progress = 0, stage = '',
                 start_time = coalesce(j.start_time, clock_timestamp())
FROM ready WHERE j.id = ready.id RETURNING {})";

constexpr char kDepth[] = R"(
SELECT kind, 1, count(*),
       coalesce(extract(epoch FROM clock_timestamp() - min(run_at) FILTER (WHERE run_at <= clock_timestamp())), 0)::float8
FROM job WHERE state = 1 GROUP BY kind
UNION ALL SELECT kind, 2, count(*), 0 FROM job WHERE state = 2 GROUP BY kind)";

constexpr char kSweepRequests[] = R"(
DELETE FROM request WHERE ctid = ANY(ARRAY(
  SELECT ctid FROM request WHERE create_time < clock_timestamp() - $1 * interval '1 ms' LIMIT $2)))";

int64_t Millis(absl::Duration duration) { return absl::ToInt64Milliseconds(duration); }

absl::Status ErrorFrom(int64_t code, const std::string& message, const std::string& payload) {
  absl::Status status(static_cast<absl::StatusCode>(code), message);
  const size_t line = payload.find('\n');
  if (line != std::string::npos) status.SetPayload(payload.substr(0, line), absl::Cord(payload.substr(line + 1)));
  return status;
}

absl::Status NotFound(std::string_view id) {
  return base::MakeError(absl::StatusCode::kNotFound, "JOB_NOT_FOUND", fmt::format("there is no job {}", id));
}

}  // namespace

const std::vector<postgres::Migration>& JobStore::Migrations() { return migrations::Migrations(); }

std::string JobStore::Columns(std::string_view alias) {
  std::string out;
  for (const std::string_view column : kColumns) out += fmt::format("{}{}.{}", out.empty() ? "" : ", ", alias, column);
  return out;
}

Job JobStore::FromRow(const Row& row, int first) {
  const auto time = [&](int column) {
    return row.IsNull(first + column) ? absl::InfinitePast() : row.Time(first + column);
  };
  Job job;
  job.id = row.Text(first);
  job.kind = row.Text(first + 1);
  job.state = static_cast<State>(row.Int(first + 2));
  job.attempt = static_cast<int>(row.Int(first + 3));
  job.max_attempts = static_cast<int>(row.Int(first + 4));
  job.epoch = row.Int(first + 5);
  job.progress = row.Double(first + 6);
  job.stage = row.Text(first + 7);
  job.error = ErrorFrom(row.Int(first + 8), row.Text(first + 9), row.Bytes(first + 10));
  job.create_time = time(11);
  job.start_time = time(12);
  job.end_time = time(13);
  job.run_at = time(14);
  job.principal = row.Text(first + 15);
  job.traceparent = row.Text(first + 16);
  job.worker_id = row.Text(first + 17);
  job.priority = static_cast<int>(row.Int(first + 18));
  job.cancel_requested = row.Bool(first + 19);
  return job;
}

absl::Status JobStore::Enqueue(Transaction& tx, const NewJob& job) {
  if (job.id.empty() || job.kind.empty()) {
    return base::MakeError(absl::StatusCode::kInvalidArgument, "BAD_JOB", "a job needs an id and a kind");
  }
  return tx
      .Execute(kEnqueue, {job.id, job.kind, job.principal, job.traceparent, int64_t{job.max_attempts},
                          int64_t{job.priority}, Millis(job.delay)})
      .status();
}

absl::StatusOr<Job> JobStore::Get(Transaction& tx, std::string_view id) {
  BF_ASSIGN_OR_RETURN(const Rows rows,
                      tx.Query(fmt::format("SELECT {} FROM job j WHERE j.id = $1", Columns("j")), {std::string(id)}));
  if (rows.empty()) return NotFound(id);
  return FromRow(rows[0], 0);
}

absl::StatusOr<std::vector<Job>> JobStore::GetAll(Transaction& tx, const std::vector<std::string>& ids) {
  BF_ASSIGN_OR_RETURN(const Rows rows,
                      tx.Query(fmt::format("SELECT {} FROM job j WHERE j.id = ANY($1::text[])", Columns("j")),
                               {postgres::TextArray(ids)}));
  std::vector<Job> jobs;
  for (const Row row : rows) jobs.push_back(FromRow(row, 0));
  return jobs;
}

absl::StatusOr<State> JobStore::RequestCancel(Transaction& tx, std::string_view id) {
  BF_ASSIGN_OR_RETURN(const Rows changed, tx.Query(kRequestCancel, {std::string(id)}));
  if (!changed.empty()) return static_cast<State>(changed[0].Int(0));
  BF_ASSIGN_OR_RETURN(const Job job, Get(tx, id));
  return job.state;
}

absl::StatusOr<std::vector<Job>> JobStore::Claim(Transaction& tx, const std::vector<std::string>& kinds, int limit,
                                                 std::string_view worker_id, absl::Duration lease) {
  BF_ASSIGN_OR_RETURN(const Rows rows,
                      tx.Query(fmt::format(kClaim, Columns("j")),
                               {postgres::TextArray(kinds), int64_t{limit}, std::string(worker_id), Millis(lease)}));
  std::vector<Job> jobs;
  for (const Row row : rows) jobs.push_back(FromRow(row, 0));
  return jobs;
}

absl::StatusOr<std::vector<QueueDepth>> JobStore::Depth(Transaction& tx) {
  BF_ASSIGN_OR_RETURN(const Rows rows, tx.Query(kDepth));
  std::vector<QueueDepth> depths;
  for (const Row row : rows) {
    depths.push_back({row.Text(0), static_cast<State>(row.Int(1)), row.Int(2), absl::Seconds(row.Double(3))});
  }
  return depths;
}

absl::StatusOr<int64_t> JobStore::SweepRequests(Transaction& tx, absl::Duration keep, int limit) {
  return tx.Execute(kSweepRequests, {Millis(keep), int64_t{limit}});
}

}  // namespace breadthflow::jobs
