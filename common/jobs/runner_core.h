#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/clock.h"

#include "common/jobs/runner.h"
#include "common/jobs/store.h"
#include "common/postgres/listener.h"

namespace breadthflow::jobs {

// The shared state and the threads of a Runner. Subscriptions hold it, so that they may outlive the Runner.
//
//   dispatcher   claims as many jobs as there are free workers; woken by hints, else every poll interval
//   workers      run handlers and write how they ended; a success claims the next job in the same transaction
//   heartbeat    renews leases, writes progress, passes on cancel wishes and lost leases
//   rescuer      takes back jobs whose lease ran out, measures the queue, forgets old requests
//   watcher      tells subscribers what changed and sends the NOTIFY that WakeUp asked for
//
// All but the workers stop within moments; a worker stops when its handler does.
class Runner::Core : public std::enable_shared_from_this<Runner::Core> {
 public:
  Core(postgres::Database& database, RunnerOptions options, Observer* observer);

  void Handle(std::string kind, Handler handler);
  absl::Status Start();
  void Drain(absl::Duration grace);
  void Join();  // after Drain: waits for handlers, however long
  void WakeUp(bool tell_others);
  std::unique_ptr<Subscription> Watch(std::string id, std::function<void(const Job*)> changed);
  std::unique_ptr<Subscription> WatchAll(std::function<void()> changed);
  const std::string& worker_id() const { return worker_id_; }
  int running() const;

 private:
  class Context;
  class Subscriber;
  // One attempt at a job: its id and epoch. A lost job may come back to this runner while its old handler still runs.
  using Attempt = std::pair<std::string, int64_t>;

  void Dispatch();
  void Work(int worker);
  void Heartbeat();
  void Rescue();
  void WatchChanges();

  // Runs one job to its end; the job that was claimed with its success, if any.
  std::shared_ptr<Context> RunJob(Context& context, int worker);
  absl::StatusOr<Effects> CallHandler(Context& context);
  absl::StatusOr<std::vector<Job>> Claim(int limit);
  // Jobs that are held under `worker_id` by the table but not known here: those of a claim whose COMMIT was in doubt.
  absl::StatusOr<std::vector<Job>> Unknown(postgres::Transaction& tx, const std::string& worker_id) const;
  // Writes the effects and SUCCEEDED; an error of the effects is the attempt's. `next` gets what was claimed with it.
  absl::Status Succeed(const Context& context, const Effects& effects, int worker, std::vector<Job>& next);
  // Notes what was claimed, and tells an older attempt at the same job, if there is one here, that it has lost it.
  void Hold(const std::shared_ptr<Context>& context);  // the caller has mutex_
  void WriteFailure(Context& context, const absl::Status& error, absl::Duration elapsed);
  void RenewLeases();
  // Gives back what runs here and is not in `released` yet, and tells its handlers.
  void ReleaseAll(std::set<Attempt>& released, absl::Time deadline);
  void RescueOnce();
  std::unique_ptr<Subscription> Subscribe(std::shared_ptr<Subscriber> subscriber);
  void TellSubscribers();
  void Trouble(std::string_view what, const absl::Status& status);
  absl::Duration Jittered(absl::Duration duration, double low, double high);

  postgres::TransactOptions UntilStopped() const;

  // Waits at most `timeout`; false when the runner stops. `woken` is reset when it was set.
  bool WaitFor(absl::Duration timeout, bool* woken);

  postgres::Database& database_;
  const RunnerOptions options_;
  const absl::Duration heartbeat_;
  Observer* const observer_;
  const std::string worker_id_;
  const std::string channel_;
  const base::CancelToken stop_;  // ends the statements of everything but the workers
  std::map<std::string, Handler> handlers_;
  std::vector<std::string> kinds_;  // of handlers_
  std::unique_ptr<postgres::Listener> listener_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;  // something for the keepers, or a worker ended
  std::condition_variable work_;     // something in claimed_, or the end
  bool started_ = false;
  bool stopping_ = false;
  bool wake_dispatcher_ = false;
  bool wake_heartbeat_ = false;
  bool wake_watcher_ = false;
  bool notify_ = false;
  int busy_ = 0;  // workers with a job, claimed ones included
  std::deque<std::shared_ptr<Context>> claimed_;
  std::map<Attempt, std::shared_ptr<Context>> running_;
  std::map<uint64_t, std::shared_ptr<Subscriber>> subscribers_;
  uint64_t next_subscriber_ = 0;
  std::mt19937_64 random_;
  std::vector<std::thread> keepers_;  // all threads but the workers
  std::vector<std::thread> workers_;
  int live_workers_ = 0;
};

// One job in the hands of this process.
class Runner::Core::Context final : public JobContext {
 public:
  Context(Job job, absl::Duration duration) : job_(std::move(job)), duration_(duration) {}
  const Job& job() const override { return job_; }
  base::CancelToken cancel() const override { return cancel_; }
  void Progress(double fraction, std::string_view stage) override;
  absl::Status Hold(postgres::Transaction& tx) override;
  Attempt attempt() const { return {job_.id, job_.epoch}; }
  Lease lease() const;
  // True when the row should be written: there is progress to show, or the last time is `interval` ago.
  bool DueForRenewal(absl::Time now, absl::Duration interval) const;
  void Renewed(absl::Time now, const Lease& written);

 private:
  const Job job_;
  const absl::Duration duration_;  // of its lease
  const base::CancelToken cancel_;
  mutable std::mutex mutex_;
  double progress_ = 0;
  std::string stage_;
  double written_progress_ = 0;
  std::string written_stage_;
  absl::Time renewed_ = absl::Now();
};

}  // namespace breadthflow::jobs
