// What the threads of a Runner do with jobs: claim, run, finish, renew, rescue.
#include <algorithm>
#include <exception>

#include "absl/time/clock.h"

#include "common/base/status.h"
#include "common/jobs/runner_core.h"
#include "common/telemetry/scope.h"
#include "common/telemetry/trace.h"

namespace breadthflow::jobs {
namespace {

constexpr int kRescueBatch = 100;
constexpr int kSweepBatch = 10'000;
constexpr absl::Duration kSweepInterval = absl::Hours(1);
constexpr absl::Duration kWritePause = absl::Milliseconds(500);

bool IsLeaseLost(const absl::Status& status) {
  return status.code() == absl::StatusCode::kAborted && base::DetailsOf(status).reason == "LEASE_LOST";
}

// The database did not answer or somebody was in the way: the same write may succeed in a moment.
bool MayPass(const absl::Status& status) {
  if (IsLeaseLost(status)) return false;
  return status.code() == absl::StatusCode::kUnavailable || status.code() == absl::StatusCode::kAborted ||
         status.code() == absl::StatusCode::kUnknown;
}

}  // namespace

void Runner::Core::Dispatch() {
  std::vector<std::string> kinds;
  for (const auto& [kind, handler] : handlers_) kinds.push_back(kind);
  do {
    while (true) {
      int free = 0;
      {
        const std::lock_guard lock(mutex_);
        if (stopping_) return;
        free = options_.workers - busy_;
      }
      if (free <= 0) break;
      const absl::StatusOr<std::vector<Job>> jobs = Claim(kinds, free);
      if (!jobs.ok()) Trouble("claim", jobs.status());
      if (!jobs.ok() || jobs->empty()) break;
      {
        const std::lock_guard lock(mutex_);
        for (const Job& job : *jobs) {
          auto context = std::make_shared<Context>(job);
          running_[job.id] = context;
          claimed_.push_back(std::move(context));
          ++busy_;
        }
      }
      changed_.notify_all();
    }
  } while (WaitFor(options_.poll_interval, &wake_dispatcher_));
}

absl::StatusOr<std::vector<Job>> Runner::Core::Claim(const std::vector<std::string>& kinds, int limit) {
  std::vector<Job> jobs;
  postgres::TransactOptions options = UntilStopped();
  options.took_effect = [&](postgres::Transaction& tx) -> absl::StatusOr<bool> {
    BF_ASSIGN_OR_RETURN(jobs, JobStore::HeldBy(tx, worker_id_));
    const std::lock_guard lock(mutex_);
    std::erase_if(jobs, [this](const Job& job) { return running_.contains(job.id); });
    return !jobs.empty();
  };
  const absl::Status claimed = database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        BF_ASSIGN_OR_RETURN(jobs, JobStore::Claim(tx, kinds, limit, worker_id_, options_.lease));
        return absl::OkStatus();
      },
      options);
  if (!claimed.ok()) return claimed;
  return jobs;
}

void Runner::Core::Work() {
  while (true) {
    std::shared_ptr<Context> context;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !claimed_.empty(); });
      if (stopping_) return;
      context = std::move(claimed_.front());
      claimed_.pop_front();
    }
    if (observer_ != nullptr) observer_->Started(context->job());
    RunJob(context);
    {
      const std::lock_guard lock(mutex_);
      running_.erase(context->job().id);
      --busy_;
      wake_dispatcher_ = wake_watcher_ = notify_ = true;  // watchers in other processes want to know too
    }
    changed_.notify_all();
  }
}

absl::StatusOr<Effects> Runner::Core::CallHandler(Context& context) {
  try {
    return handlers_.at(context.job().kind)(context);
  } catch (const std::exception& error) {
    Trouble("handler", absl::InternalError(error.what()));
  } catch (...) {
    Trouble("handler", absl::InternalError("an exception that is no std::exception"));
  }
  return base::MakeError(absl::StatusCode::kInternal, "INTERNAL", "the work failed by an exception; see the log");
}

void Runner::Core::RunJob(const std::shared_ptr<Context>& context) {
  const Job& job = context->job();
  const telemetry::Scope scope({.trace = telemetry::ContinueTrace(job.traceparent), .run_id = job.id});
  const absl::Time start = absl::Now();
  const absl::StatusOr<Effects> effects = CallHandler(*context);
  absl::Status status = effects.status();
  if (status.ok()) status = Succeed(*context, *effects);
  const absl::Duration elapsed = absl::Now() - start;
  if (status.ok()) {
    if (observer_ != nullptr) observer_->Ended(job, State::kSucceeded, status, elapsed);
    return;
  }
  // Drain has given the job back already; whatever the handler says now does not matter.
  if (context->cancel().reason() == base::CancelReason::kShuttingDown) return;
  if (IsLeaseLost(status)) {
    if (observer_ != nullptr) observer_->LeaseLost(job);
    return;
  }
  WriteFailure(*context, status, elapsed);
}

absl::Status Runner::Core::Succeed(const Context& context, const Effects& effects) {
  const Job& job = context.job();
  postgres::TransactOptions options;
  options.statement_timeout = options_.effects_timeout;
  options.took_effect = [&](postgres::Transaction& tx) -> absl::StatusOr<bool> {
    BF_ASSIGN_OR_RETURN(const Job now, JobStore::Get(tx, job.id));
    return now.state == State::kSucceeded && now.epoch == job.epoch;
  };
  const absl::Time give_up = absl::Now() + options_.lease;
  for (int attempt = 1;; ++attempt) {
    const absl::Status status = database_.Transact(
        [&](postgres::Transaction& tx) -> absl::Status {
          if (attempt > 1) {  // the last COMMIT may have been one nobody could tell about
            BF_ASSIGN_OR_RETURN(const bool done, options.took_effect(tx));
            if (done) return absl::OkStatus();
          }
          BF_RETURN_IF_ERROR(JobStore::Finish(tx, job.id, job.epoch));
          return effects ? effects(tx) : absl::OkStatus();
        },
        options);
    // The result is there and the lease is renewed meanwhile: better to wait for the database than to compute again.
    if (status.ok() || !MayPass(status) || absl::Now() >= give_up) return status;
    Trouble("finish", status);
    if (!WaitFor(kWritePause, nullptr)) return status;
  }
}

void Runner::Core::WriteFailure(Context& context, const absl::Status& error, absl::Duration elapsed) {
  const Job& job = context.job();
  const absl::Duration delay = Backoff(job.attempt, Jittered(absl::Seconds(1), 0, 1) / absl::Seconds(1));
  const absl::Time give_up = absl::Now() + options_.lease;
  while (true) {
    State next = State::kFailed;
    const absl::Status written = database_.Transact([&](postgres::Transaction& tx) -> absl::Status {
      BF_ASSIGN_OR_RETURN(next, JobStore::Fail(tx, job.id, job.epoch, error, IsRetryable(error), delay));
      return absl::OkStatus();
    });
    if (written.ok()) {
      if (observer_ != nullptr) observer_->Ended(job, next, error, elapsed);
      return;
    }
    if (IsLeaseLost(written)) {
      if (observer_ != nullptr) observer_->LeaseLost(job);
      return;
    }
    Trouble("fail", written);
    // Left as it is the lease runs out, and the job is rescued.
    if (!MayPass(written) || absl::Now() >= give_up || !WaitFor(kWritePause, nullptr)) return;
  }
}

// Looks every poll interval, since cancel wishes and progress travel this way; writes a row only when there is a
// reason.
void Runner::Core::Heartbeat() {
  while (WaitFor(std::min(heartbeat_, options_.poll_interval), &wake_heartbeat_)) RenewLeases();
}

void Runner::Core::RenewLeases() {
  std::map<std::string, std::shared_ptr<Context>> running;
  {
    const std::lock_guard lock(mutex_);
    running = running_;
  }
  if (running.empty()) return;
  const absl::Time now = absl::Now();
  std::vector<Lease> due;
  std::vector<Lease> others;
  for (const auto& [id, context] : running) {
    (context->DueForRenewal(now, heartbeat_) ? due : others).push_back(context->lease());
  }
  std::vector<LeaseState> held;
  const absl::Status renewed = database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        held.clear();
        for (const auto& [leases, look] : {std::pair(&due, false), std::pair(&others, true)}) {
          if (leases->empty()) continue;
          BF_ASSIGN_OR_RETURN(const std::vector<LeaseState> states,
                              look ? JobStore::Held(tx, *leases) : JobStore::Heartbeat(tx, *leases, options_.lease));
          held.insert(held.end(), states.begin(), states.end());
        }
        return absl::OkStatus();
      },
      UntilStopped());
  if (!renewed.ok()) return Trouble("heartbeat", renewed);
  for (const Lease& lease : due) running.at(lease.id)->Renewed(now, lease);
  for (const LeaseState& state : held) {
    const auto found = running.find(state.id);
    if (found == running.end()) continue;
    if (state.cancel_requested) found->second->cancel().Cancel(base::CancelReason::kCancelled);
    running.erase(found);
  }
  for (const auto& [id, context] : running) {
    // It may just have ended here; then nobody listens to the token any more.
    context->cancel().Cancel(base::CancelReason::kLeaseLost);
  }
}

void Runner::Core::Rescue() {
  absl::Time swept = absl::InfinitePast();
  while (WaitFor(Jittered(options_.rescue_interval, 0.8, 1.2), nullptr)) {
    RescueOnce();
    if (absl::Now() - swept < kSweepInterval) continue;
    const absl::Status done = database_.Transact(
        [&](postgres::Transaction& tx) {
          return JobStore::SweepRequests(tx, std::max(options_.request_retention, absl::Hours(24 * 7)), kSweepBatch)
              .status();
        },
        UntilStopped());
    if (done.ok())
      swept = absl::Now();
    else
      Trouble("sweep", done);
  }
}

void Runner::Core::RescueOnce() {
  JobStore::Rescued rescued;
  const absl::Status status = database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        BF_ASSIGN_OR_RETURN(rescued, JobStore::Rescue(tx, kRescueBatch));
        return absl::OkStatus();
      },
      UntilStopped());
  if (!status.ok()) return Trouble("rescue", status);
  for (const absl::Status& error : rescued.errors) Trouble("rescue", error);
  if (!rescued.jobs.empty()) WakeUp(true);
  if (observer_ == nullptr) return;
  for (const Job& job : rescued.jobs) observer_->Rescued(job);

  std::vector<QueueDepth> depths;
  const absl::Status measured = database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        BF_ASSIGN_OR_RETURN(depths, JobStore::Depth(tx));
        return absl::OkStatus();
      },
      UntilStopped());
  if (!measured.ok()) return Trouble("depth", measured);
  for (const QueueDepth& depth : depths) observer_->Depth(depth);
}

}  // namespace breadthflow::jobs
