#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/clock.h"
#include "common/clients/call.h"
#include "common/jobs/runner.h"
#include "services/backtest/app/backtester.h"
#include "services/backtest/domain/backtest_run.h"
#include "services/backtest/store/backtest_store.h"

namespace breadthflow::backtest {

// Backtest runs: asking for one, doing it, looking at it. Thread-safe. What is lent to it must outlive it.
class BacktestRuns {
 public:
  static constexpr std::string_view kJobKind = "backtest_run";

  // Registers itself as the handler of its jobs: construct before runner.Start().
  BacktestRuns(BacktestStore& store, const Backtester& backtester, jobs::Runner& runner, const base::Clock& clock);

  // `spec` is one that CheckSpec accepted. Asks the other services whether it can be run, then writes the run and its
  // job in one transaction and returns the id.
  // The same request_id of the same principal gives the same run; INVALID_ARGUMENT REQUEST_ID_REUSED for another spec.
  absl::StatusOr<std::string> Create(const BacktestSpec& spec, const std::string& request_id,
                                     const std::string& principal, const clients::CallScope& scope);

  absl::StatusOr<BacktestRun> Get(const std::string& id, absl::Time deadline) { return store_.Get(id, deadline); }
  // The same, but FAILED_PRECONDITION RUN_NOT_SUCCEEDED unless it has succeeded.
  absl::StatusOr<BacktestRun> GetSucceeded(const std::string& id, absl::Time deadline);
  // Newest first, after the run `before` unless that is empty.
  absl::StatusOr<std::vector<BacktestRun>> List(const std::string& before, int limit, absl::Time deadline) {
    return store_.List(before, limit, deadline);
  }

  // Calls `changed` when the run may have changed: see jobs::Runner::Watch.
  std::unique_ptr<jobs::Runner::Subscription> Watch(const std::string& id, std::function<void()> changed) {
    return runner_.Watch(id, [changed = std::move(changed)](const jobs::Job*) { changed(); });
  }

  // Asks the run to stop; nothing happens when it has ended.
  absl::Status Cancel(const std::string& id, absl::Time deadline);

 private:
  absl::StatusOr<jobs::Effects> Work(jobs::JobContext& context);

  BacktestStore& store_;
  const Backtester& backtester_;
  jobs::Runner& runner_;
  const base::Clock& clock_;
};

}  // namespace breadthflow::backtest
