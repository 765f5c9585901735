// Leases: renewing our own, taking back those of workers that are gone.
#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

#include "common/base/status.h"
#include "common/jobs/runner_core.h"

namespace breadthflow::jobs {
namespace {

constexpr int kRescueBatch = 100;
constexpr int kSweepBatch = 10'000;
constexpr absl::Duration kSweepInterval = absl::Hours(1);

}  // namespace

// Looks every poll interval, since cancel wishes and progress travel this way; writes a row only when there is a
// reason.
void Runner::Core::Heartbeat() {
  while (WaitFor(std::min(heartbeat_, options_.poll_interval), &wake_heartbeat_)) RenewLeases();
}

void Runner::Core::RenewLeases() {
  std::map<Attempt, std::shared_ptr<Context>> running;
  {
    const std::lock_guard lock(mutex_);
    running = running_;
  }
  if (running.empty()) return;
  const absl::Time now = absl::Now();
  std::vector<Lease> due;
  std::vector<Lease> others;
  for (const auto& [attempt, context] : running) {
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
  for (const Lease& lease : due) running.at({lease.id, lease.epoch})->Renewed(now, lease);
  for (const LeaseState& state : held) {
    const auto found = running.find({state.id, state.epoch});
    if (found == running.end()) continue;
    if (state.cancel_requested) found->second->cancel().Cancel(base::CancelReason::kCancelled);
    running.erase(found);
  }
  for (const auto& [attempt, context] : running) {
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
