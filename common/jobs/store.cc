#include "common/jobs/store.h"

#include "absl/strings/cord.h"
#include <fmt/format.h>
#include <fmt/ranges.h>

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

// Rows that somebody has locked are being finished or cancelled: they are held still, and not waited for.
constexpr char kHeartbeat[] = R"(
WITH mine AS MATERIALIZED (
  SELECT * FROM unnest($1::text[], $2::bigint[], $3::double precision[], $4::text[]) AS m (id, epoch, progress, stage)),
free AS MATERIALIZED (
  SELECT j.id FROM job j JOIN mine m ON j.id = m.id AND j.epoch = m.epoch WHERE j.state = 2 FOR UPDATE OF j SKIP LOCKED),
renewed AS (
  UPDATE job j SET lease_until = clock_timestamp() + $5 * interval '1 ms', progress = greatest(j.progress, m.progress),
                   stage = m.stage
  FROM mine m, free f WHERE j.id = f.id AND m.id = f.id)
SELECT j.id, j.cancel_requested FROM job j JOIN mine m ON j.id = m.id AND j.epoch = m.epoch WHERE j.state = 2)";

constexpr char kHeld[] = R"(
SELECT j.id, j.cancel_requested FROM job j
JOIN unnest($1::text[], $2::bigint[]) AS m (id, epoch) ON j.id = m.id AND j.epoch = m.epoch WHERE j.state = 2)";

constexpr char kFinish[] = R"(
UPDATE job SET state = 3, progress = 1, lease_until = NULL, end_time = clock_timestamp(), error_code = 0,
               error_message = '', error_payload = ''
WHERE id = $1 AND epoch = $2 AND state = 2 AND NOT cancel_requested)";

constexpr char kFinishAll[] = R"(
UPDATE job j SET state = 3, progress = 1, lease_until = NULL, end_time = clock_timestamp(), error_code = 0,
                 error_message = '', error_payload = ''
FROM unnest($1::text[], $2::bigint[]) AS m (id, epoch)
WHERE j.id = m.id AND j.epoch = m.epoch AND j.state = 2 AND NOT j.cancel_requested RETURNING j.id)";

constexpr char kRelease[] = R"(
UPDATE job j SET state = CASE WHEN j.cancel_requested THEN 5 ELSE 1 END,
                 end_time = CASE WHEN j.cancel_requested THEN clock_timestamp() END,
                 attempt = j.attempt - 1, lease_until = NULL, worker_id = '', run_at = clock_timestamp()
FROM unnest($1::text[], $2::bigint[]) AS m (id, epoch)
WHERE j.id = m.id AND j.epoch = m.epoch AND j.state = 2)";

// Leaves RUNNING: $2 state, $3 code, $4 message, $5 payload, $6 milliseconds until it may run again.
constexpr char kLeaveRunning[] = R"(
UPDATE job SET state = $2::smallint, lease_until = NULL, worker_id = '', error_code = $3, error_message = $4,
               error_payload = $5, run_at = clock_timestamp() + $6 * interval '1 ms',
               end_time = CASE WHEN $2::smallint >= 3 THEN clock_timestamp() END
WHERE id = $1)";

constexpr char kDepth[] = R"(
SELECT kind, 1, count(*),
       coalesce(extract(epoch FROM clock_timestamp() - min(run_at) FILTER (WHERE run_at <= clock_timestamp())), 0)::float8
FROM job WHERE state = 1 GROUP BY kind
UNION ALL SELECT kind, 2, count(*), 0 FROM job WHERE state = 2 GROUP BY kind)";

constexpr char kSweepRequests[] = R"(
DELETE FROM request WHERE ctid = ANY(ARRAY(
  SELECT ctid FROM request WHERE create_time < clock_timestamp() - $1 * interval '1 ms' LIMIT $2)))";

int64_t Millis(absl::Duration duration) { return absl::ToInt64Milliseconds(duration); }

std::string DoubleArray(const std::vector<double>& values) { return fmt::format("{{{}}}", fmt::join(values, ",")); }

struct LeaseArrays {
  explicit LeaseArrays(const std::vector<Lease>& leases) {
    for (const Lease& lease : leases) {
      ids.push_back(lease.id);
      epochs.push_back(lease.epoch);
      progress.push_back(lease.progress);
      stages.push_back(Truncated(lease.stage, kMaxStageBytes));
    }
  }
  std::vector<std::string> ids;
  std::vector<int64_t> epochs;
  std::vector<double> progress;
  std::vector<std::string> stages;
};

// The payload of a status with the URL it stands under: what restores its details.
std::string PayloadOf(const absl::Status& status) {
  std::string out;
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) {
    if (out.empty()) out = std::string(url) + "\n" + std::string(payload);
  });
  return out;
}

absl::Status ErrorFrom(int64_t code, const std::string& message, const std::string& payload) {
  absl::Status status(static_cast<absl::StatusCode>(code), message);
  const size_t line = payload.find('\n');
  if (line != std::string::npos) status.SetPayload(payload.substr(0, line), absl::Cord(payload.substr(line + 1)));
  return status;
}

// An error that fits its row: a long list of violations is left out, the message names the first ones anyway.
absl::Status Bounded(const absl::Status& error) {
  if (PayloadOf(error).size() <= kMaxErrorBytes) return error;
  const base::ErrorDetails details = base::DetailsOf(error);
  return base::MakeError(error.code(), base::Message(error),
                         {.reason = details.reason, .retry_after = details.retry_after});
}

absl::Status LeaveRunning(Transaction& tx, std::string_view id, State state, const absl::Status& error,
                          absl::Duration delay) {
  const absl::Status kept = state == State::kCancelled ? Cancelled() : Bounded(error);
  return tx
      .Execute(kLeaveRunning,
               {std::string(id), static_cast<int64_t>(state), static_cast<int64_t>(kept.code()),
                Truncated(base::Message(kept), kMaxErrorBytes), postgres::Bytes{PayloadOf(kept)}, Millis(delay)})
      .status();
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

absl::StatusOr<std::vector<LeaseState>> JobStore::Heartbeat(Transaction& tx, const std::vector<Lease>& leases,
                                                            absl::Duration lease) {
  const LeaseArrays arrays(leases);
  BF_ASSIGN_OR_RETURN(
      const Rows rows,
      tx.Query(kHeartbeat, {postgres::TextArray(arrays.ids), postgres::IntArray(arrays.epochs),
                            DoubleArray(arrays.progress), postgres::TextArray(arrays.stages), Millis(lease)}));
  std::vector<LeaseState> held;
  for (const Row row : rows) held.push_back({row.Text(0), row.Bool(1)});
  return held;
}

absl::StatusOr<std::vector<LeaseState>> JobStore::Held(Transaction& tx, const std::vector<Lease>& leases) {
  const LeaseArrays arrays(leases);
  BF_ASSIGN_OR_RETURN(const Rows rows,
                      tx.Query(kHeld, {postgres::TextArray(arrays.ids), postgres::IntArray(arrays.epochs)}));
  std::vector<LeaseState> held;
  for (const Row row : rows) held.push_back({row.Text(0), row.Bool(1)});
  return held;
}

absl::StatusOr<std::vector<Job>> JobStore::HeldBy(Transaction& tx, std::string_view worker_id) {
  BF_ASSIGN_OR_RETURN(const Rows rows,
                      tx.Query(fmt::format("SELECT {} FROM job j WHERE j.state = 2 AND j.worker_id = $1", Columns("j")),
                               {std::string(worker_id)}));
  std::vector<Job> jobs;
  for (const Row row : rows) jobs.push_back(FromRow(row, 0));
  return jobs;
}

absl::Status JobStore::Finish(Transaction& tx, std::string_view id, int64_t epoch) {
  BF_ASSIGN_OR_RETURN(const int64_t finished, tx.Execute(kFinish, {std::string(id), epoch}));
  if (finished == 1) return absl::OkStatus();
  BF_ASSIGN_OR_RETURN(const Job job, Get(tx, id));
  if (job.state == State::kRunning && job.epoch == epoch) return Cancelled();
  return LeaseLost(id, epoch);
}

absl::StatusOr<std::vector<std::string>> JobStore::FinishAll(Transaction& tx, const std::vector<Lease>& leases) {
  const LeaseArrays arrays(leases);
  BF_ASSIGN_OR_RETURN(const Rows rows,
                      tx.Query(kFinishAll, {postgres::TextArray(arrays.ids), postgres::IntArray(arrays.epochs)}));
  std::vector<std::string> ids;
  for (const Row row : rows) ids.push_back(row.Text(0));
  return ids;
}

absl::StatusOr<State> JobStore::Fail(Transaction& tx, std::string_view id, int64_t epoch, const absl::Status& error,
                                     bool retryable, absl::Duration delay) {
  BF_ASSIGN_OR_RETURN(
      const Rows rows,
      tx.Query(fmt::format("SELECT {} FROM job j WHERE j.id = $1 FOR UPDATE", Columns("j")), {std::string(id)}));
  if (rows.empty()) return NotFound(id);
  const Job job = FromRow(rows[0], 0);
  if (job.state != State::kRunning || job.epoch != epoch) return LeaseLost(id, epoch);
  const State next = AfterFailure(job, retryable);
  BF_RETURN_IF_ERROR(LeaveRunning(tx, id, next, error, delay));
  return next;
}

absl::StatusOr<int64_t> JobStore::Release(Transaction& tx, const std::vector<Lease>& leases) {
  const LeaseArrays arrays(leases);
  return tx.Execute(kRelease, {postgres::TextArray(arrays.ids), postgres::IntArray(arrays.epochs)});
}

absl::StatusOr<JobStore::Rescued> JobStore::Rescue(Transaction& tx, int limit) {
  BF_ASSIGN_OR_RETURN(
      const Rows rows,
      tx.Query(fmt::format("SELECT {} FROM job j WHERE j.state = 2 AND j.lease_until < clock_timestamp() "
                           "ORDER BY j.lease_until LIMIT $1 FOR UPDATE SKIP LOCKED",
                           Columns("j")),
               {int64_t{limit}}));
  Rescued rescued;
  for (const Row row : rows) {
    Job job = FromRow(row, 0);
    const absl::Status error = WorkerCrashed(job.attempt);
    const State next = AfterLeaseExpired(job);
    // A first crash is most often the machine's fault and is made good at once; more of them are not.
    const absl::Duration delay = job.attempt <= 1 ? absl::ZeroDuration() : Backoff(job.attempt - 1, 0.5);
    const absl::Status done =
        tx.Nested([&](Transaction& nested) { return LeaveRunning(nested, job.id, next, error, delay); });
    if (!done.ok()) {
      rescued.errors.push_back(done);
      continue;
    }
    job.state = next;
    job.error = error;
    rescued.jobs.push_back(std::move(job));
  }
  return rescued;
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
