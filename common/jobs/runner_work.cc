// What the threads of a Runner do with jobs: claim, run, finish.
#include <algorithm>
#include <exception>

#include "absl/time/clock.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/base/transient.h"
#include "common/jobs/runner_core.h"
#include "common/telemetry/scope.h"
#include "common/telemetry/trace.h"

namespace breadthflow::jobs {
namespace {

constexpr absl::Duration kWritePause = absl::Milliseconds(500);

bool IsLeaseLost(const absl::Status& status) {
  return status.code() == absl::StatusCode::kAborted && base::DetailsOf(status).reason == "LEASE_LOST";
}

}  // namespace

void Runner::Core::Dispatch() {
  do {
    while (true) {
      int free = 0;
      {
        const std::lock_guard lock(mutex_);
        if (stopping_) return;
        free = options_.workers - busy_;
      }
      if (free <= 0) break;
      const absl::StatusOr<std::vector<Job>> jobs = Claim(free);
      if (!jobs.ok()) Trouble("claim", jobs.status());
      if (!jobs.ok() || jobs->empty()) break;
      {
        const std::lock_guard lock(mutex_);
        for (const Job& job : *jobs) {
          auto context = std::make_shared<Context>(job, options_.lease);
          Hold(context);
          claimed_.push_back(std::move(context));
          ++busy_;
        }
      }
      work_.notify_all();
    }
  } while (WaitFor(options_.poll_interval, &wake_dispatcher_));
}

absl::StatusOr<std::vector<Job>> Runner::Core::Claim(int limit) {
  std::vector<Job> jobs;
  postgres::TransactOptions options = UntilStopped();
  options.took_effect = [&](postgres::Transaction& tx) -> absl::StatusOr<bool> {
    BF_ASSIGN_OR_RETURN(jobs, Unknown(tx, worker_id_));
    return !jobs.empty();
  };
  const absl::Status claimed = database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        BF_ASSIGN_OR_RETURN(jobs, JobStore::Claim(tx, kinds_, limit, worker_id_, options_.lease));
        return absl::OkStatus();
      },
      options);
  if (!claimed.ok()) return claimed;
  return jobs;
}

absl::StatusOr<std::vector<Job>> Runner::Core::Unknown(postgres::Transaction& tx, const std::string& worker_id) const {
  BF_ASSIGN_OR_RETURN(std::vector<Job> jobs, JobStore::HeldBy(tx, worker_id));
  const std::lock_guard lock(mutex_);
  std::erase_if(jobs, [this](const Job& job) { return running_.contains({job.id, job.epoch}); });
  return jobs;
}

void Runner::Core::Hold(const std::shared_ptr<Context>& context) {
  const Attempt attempt = context->attempt();
  for (auto it = running_.lower_bound({attempt.first, 0}); it != running_.end() && it->first < attempt; ++it) {
    it->second->cancel().Cancel(base::CancelReason::kLeaseLost);
  }
  running_[attempt] = context;
}

void Runner::Core::Work(int worker) {
  std::shared_ptr<Context> context;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      if (context == nullptr) {
        work_.wait(lock, [this] { return stopping_ || !claimed_.empty(); });
        if (!stopping_) {
          context = std::move(claimed_.front());
          claimed_.pop_front();
        }
      }
      if (stopping_) return;  // what is claimed and not begun is given back by Drain
    }
    if (observer_ != nullptr) observer_->Started(context->job());
    const std::shared_ptr<Context> next = RunJob(*context, worker);
    {
      const std::lock_guard lock(mutex_);
      running_.erase(context->attempt());
      if (next != nullptr) {
        Hold(next);
      } else {
        --busy_;
        wake_dispatcher_ = true;
      }
      wake_watcher_ = notify_ = true;  // watchers in other processes want to know too
    }
    changed_.notify_all();
    context = next;
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

std::shared_ptr<Runner::Core::Context> Runner::Core::RunJob(Context& context, int worker) {
  const Job& job = context.job();
  const telemetry::Scope scope({.trace = telemetry::ContinueTrace(job.traceparent), .run_id = job.id});
  const absl::Time start = absl::Now();
  const absl::StatusOr<Effects> effects = CallHandler(context);
  absl::Status status = effects.status();
  std::vector<Job> next;
  if (status.ok()) status = Succeed(context, *effects, worker, next);
  const absl::Duration elapsed = absl::Now() - start;
  if (status.ok()) {
    if (observer_ != nullptr) observer_->Ended(job, State::kSucceeded, status, elapsed);
    return next.empty() ? nullptr : std::make_shared<Context>(std::move(next.front()), options_.lease);
  }
  // Drain has given the job back already; whatever the handler says now does not matter.
  if (context.cancel().reason() == base::CancelReason::kShuttingDown) return nullptr;
  if (IsLeaseLost(status)) {
    if (observer_ != nullptr) observer_->LeaseLost(job);
  } else {
    WriteFailure(context, status, elapsed);
  }
  return nullptr;
}

absl::Status Runner::Core::Succeed(const Context& context, const Effects& effects, int worker, std::vector<Job>& next) {
  const Job& job = context.job();
  // Claims of this worker have a name of their own, so that after a doubtful COMMIT it knows which ones they were.
  const std::string name = fmt::format("{}/{}", worker_id_, worker);
  postgres::TransactOptions options;
  options.statement_timeout = options_.effects_timeout;
  options.took_effect = [&](postgres::Transaction& tx) -> absl::StatusOr<bool> {
    BF_ASSIGN_OR_RETURN(const Job now, JobStore::Get(tx, job.id));
    if (now.state != State::kSucceeded || now.epoch != job.epoch) return false;
    BF_ASSIGN_OR_RETURN(next, Unknown(tx, name));
    return true;
  };
  const absl::Time give_up = absl::Now() + options_.lease;
  for (int attempt = 1;; ++attempt) {
    const absl::Status status = database_.Transact(
        [&](postgres::Transaction& tx) -> absl::Status {
          next.clear();
          if (attempt > 1) {  // the last COMMIT may have been one nobody could tell about
            BF_ASSIGN_OR_RETURN(const bool done, options.took_effect(tx));
            if (done) return absl::OkStatus();
          }
          BF_RETURN_IF_ERROR(JobStore::Finish(tx, job.id, job.epoch));
          if (effects) BF_RETURN_IF_ERROR(effects(tx));
          if (stop_.cancelled()) return absl::OkStatus();
          BF_ASSIGN_OR_RETURN(next, JobStore::Claim(tx, kinds_, 1, name, options_.lease));
          return absl::OkStatus();
        },
        options);
    // The result is there and the lease is renewed meanwhile: better to wait for the database than to compute again.
    if (status.ok() || !WriteMayPass(status) || absl::Now() >= give_up) return status;
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
      BF_ASSIGN_OR_RETURN(next, JobStore::Fail(tx, job.id, job.epoch, error, base::IsTransient(error), delay));
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
    if (!WriteMayPass(written) || absl::Now() >= give_up || !WaitFor(kWritePause, nullptr)) return;
  }
}

}  // namespace breadthflow::jobs
