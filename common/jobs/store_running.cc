// What happens to a job while a worker holds it: renewed, finished, failed, given back, rescued.
#include "absl/strings/cord.h"
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/status.h"
#include "common/jobs/store.h"

namespace breadthflow::jobs {
namespace {

using postgres::Row;
using postgres::Rows;
using postgres::Transaction;

// Rows that somebody has locked are being finished or cancelled: they are held still, and not waited for.
constexpr char kHeartbeat[] = R"(
WITH mine AS MATERIALIZED (
  SELECT * FROM unnest($1::text[], $2::bigint[], $3::double precision[], $4::text[]) AS m (id, epoch, progress, stage)),
free AS MATERIALIZED (
  SELECT j.id, j.epoch FROM job j JOIN mine m ON j.id = m.id AND j.epoch = m.epoch
  WHERE j.state = 2 FOR UPDATE OF j SKIP LOCKED),
renewed AS (
  UPDATE job j SET lease_until = clock_timestamp() + $5 * interval '1 ms', progress = greatest(j.progress, m.progress),
                   stage = m.stage
  FROM mine m, free f WHERE j.id = f.id AND m.id = f.id AND m.epoch = f.epoch)
SELECT j.id, j.epoch, j.cancel_requested FROM job j JOIN mine m ON j.id = m.id AND j.epoch = m.epoch WHERE j.state = 2)";

constexpr char kHeld[] = R"(
SELECT j.id, j.epoch, j.cancel_requested FROM job j
JOIN unnest($1::text[], $2::bigint[]) AS m (id, epoch) ON j.id = m.id AND j.epoch = m.epoch WHERE j.state = 2)";

constexpr char kFinish[] = R"(
UPDATE job SET state = 3, progress = 1, lease_until = NULL, end_time = clock_timestamp(), error_code = 0,
               error_message = '', error_payload = ''
WHERE id = $1 AND epoch = $2 AND state = 2 AND NOT cancel_requested)";

constexpr char kHold[] = R"(
UPDATE job SET lease_until = greatest(lease_until, clock_timestamp() + $3 * interval '1 ms')
WHERE id = $1 AND epoch = $2 AND state = 2 AND NOT cancel_requested)";

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

// Why a job that should run under `epoch` can not be written.
absl::Status NotHeld(Transaction& tx, std::string_view id, int64_t epoch) {
  BF_ASSIGN_OR_RETURN(const Job job, JobStore::Get(tx, id));
  if (job.state == State::kRunning && job.epoch == epoch) return Cancelled();
  return LeaseLost(id, epoch);
}

std::vector<LeaseState> StatesOf(const Rows& rows) {
  std::vector<LeaseState> states;
  for (const Row row : rows) states.push_back({row.Text(0), row.Int(1), row.Bool(2)});
  return states;
}

}  // namespace

absl::StatusOr<std::vector<LeaseState>> JobStore::Heartbeat(Transaction& tx, const std::vector<Lease>& leases,
                                                            absl::Duration lease) {
  const LeaseArrays arrays(leases);
  BF_ASSIGN_OR_RETURN(
      const Rows rows,
      tx.Query(kHeartbeat, {postgres::TextArray(arrays.ids), postgres::IntArray(arrays.epochs),
                            DoubleArray(arrays.progress), postgres::TextArray(arrays.stages), Millis(lease)}));
  return StatesOf(rows);
}

absl::StatusOr<std::vector<LeaseState>> JobStore::Held(Transaction& tx, const std::vector<Lease>& leases) {
  const LeaseArrays arrays(leases);
  BF_ASSIGN_OR_RETURN(const Rows rows,
                      tx.Query(kHeld, {postgres::TextArray(arrays.ids), postgres::IntArray(arrays.epochs)}));
  return StatesOf(rows);
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
  return finished == 1 ? absl::OkStatus() : NotHeld(tx, id, epoch);
}

absl::Status JobStore::Hold(Transaction& tx, std::string_view id, int64_t epoch, absl::Duration lease) {
  BF_ASSIGN_OR_RETURN(const int64_t held, tx.Execute(kHold, {std::string(id), epoch, Millis(lease)}));
  return held == 1 ? absl::OkStatus() : NotHeld(tx, id, epoch);
}

absl::StatusOr<State> JobStore::Fail(Transaction& tx, std::string_view id, int64_t epoch, const absl::Status& error,
                                     bool retryable, absl::Duration delay) {
  BF_ASSIGN_OR_RETURN(
      const Rows rows,
      tx.Query(fmt::format("SELECT {} FROM job j WHERE j.id = $1 FOR UPDATE", Columns("j")), {std::string(id)}));
  if (rows.empty()) return LeaseLost(id, epoch);
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

}  // namespace breadthflow::jobs
