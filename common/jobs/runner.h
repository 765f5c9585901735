#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/cancel.h"
#include "common/jobs/job.h"
#include "common/jobs/observer.h"
#include "common/postgres/database.h"

namespace breadthflow::jobs {

// What a handler sees of the job that it runs. Thread-safe.
class JobContext {
 public:
  virtual ~JobContext() = default;
  virtual const Job& job() const = 0;
  // Set when cancel was asked, the lease was lost or the process drains. Check() it at least every 100 ms.
  virtual base::CancelToken cancel() const = 0;
  // `fraction` in [0, 1]; smaller ones than before are ignored. Cheap: written at most once per poll interval.
  virtual void Progress(double fraction, std::string_view stage) = 0;
  // For what is written before the job ends: called in its transaction, best as the last thing, so that it is written
  // only while this attempt holds the job, and before anybody else gets it. Renews the lease. ABORTED LEASE_LOST, or
  // CANCELLED when cancel was asked. The job's row stays locked until the transaction ends.
  virtual absl::Status Hold(postgres::Transaction& tx) = 0;
};

// Writes the results of a job, in the SAME transaction as SUCCEEDED and only while the lease holds. May run again when
// the transaction conflicts or the database is away; writes nothing outside the transaction. Any other error (that of
// Series which moved meanwhile, say) ends the attempt, as one of the handler does.
using Effects = std::function<absl::Status(postgres::Transaction&)>;

// Does the work, outside any transaction, and returns what to write (nullptr: nothing). A failed status ends the
// attempt, and base::IsTransient ones are tried again. An exception is INTERNAL.
using Handler = std::function<absl::StatusOr<Effects>(JobContext&)>;

struct RunnerOptions {
  int workers = 2;
  absl::Duration lease = absl::Seconds(30);
  absl::Duration heartbeat;                            // zero: lease / 3
  absl::Duration rescue_interval = absl::Seconds(5);   // x U(0.8, 1.2)
  absl::Duration poll_interval = absl::Seconds(1);     // the truth; notifications only make it faster
  absl::Duration effects_timeout = absl::Seconds(60);  // statement timeout of the finishing transaction
  absl::Duration request_retention = absl::Hours(24 * 7);
  bool listen = true;  // LISTEN for hints from other processes
};

// Runs the jobs of one schema: worker threads, leases, heartbeats, rescue, retry, cancel. Any number of runners, in any
// number of processes, may share a schema; each job is run by one worker at a time and its effects are written once:
// completion is fenced by the epoch in the effects' own transaction.
// A Runner with no handler (replicas that only serve) still rescues, watches and wakes others. Thread-safe.
class Runner {
 public:
  // `database` and `observer` (may be null) must outlive the runner.
  Runner(postgres::Database& database, RunnerOptions options, Observer* observer = nullptr);
  ~Runner();  // Drain(0), then waits for the handlers, however long: they use what is destroyed next
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  // Before Start.
  void Handle(std::string kind, Handler handler);
  // Starts the threads; the database need not be reachable. FAILED_PRECONDITION when called twice.
  absl::Status Start();

  // Stops claiming, tells running handlers SHUTTING_DOWN and gives their leases back at once, so that other replicas go
  // on; then waits for the handlers, at most `grace`. What has not stopped by then can not write any more. Idempotent.
  void Drain(absl::Duration grace);

  // Something changed (a job was enqueued or cancel was asked, and committed): looks at once, and tells other processes
  // by one coalesced NOTIFY outside any other transaction. Cheap; forgetting it costs one poll interval.
  void WakeUp();

  // Calls `changed` with the job as it is now and after every change seen (state, progress, stage, cancel wish), until
  // it is terminal (that call is the last one) or the Subscription dies. States in between may be skipped; the terminal
  // one never is. NOT_FOUND is reported as a null job. On a thread of the runner: must not block.
  // A call may end its own Subscription.
  class Subscription {
   public:
    virtual ~Subscription() = default;  // no call runs (but one that does this) or starts afterwards
  };
  std::unique_ptr<Subscription> Watch(std::string id, std::function<void(const Job*)> changed);
  // For what is made of many jobs: calls `changed` whenever any job of the schema may have changed, soon after hints
  // and at least every poll interval. The same rules.
  std::unique_ptr<Subscription> WatchAll(std::function<void()> changed);

  // host:pid:boot-uuid, made fresh for each Runner.
  const std::string& worker_id() const;
  int running() const;  // jobs in this process

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace breadthflow::jobs
