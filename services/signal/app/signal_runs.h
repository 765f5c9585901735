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
#include "services/signal/app/generator.h"
#include "services/signal/domain/signal_run.h"
#include "services/signal/store/signal_store.h"

namespace breadthflow::signal {

// Signal runs: asking for one, doing it, looking at it, reading what it made. Thread-safe. What is lent to it must
// outlive it.
class SignalRuns {
 public:
  static constexpr std::string_view kJobKind = "signal_run";

  // Registers itself as the handler of its jobs: construct before runner.Start().
  SignalRuns(SignalStore& store, const Generator& generator, jobs::Runner& runner, const base::Clock& clock);

  // `spec` is one that CheckSpec accepted. Asks the other services whether it can be run, then writes the run and its
  // job in one transaction and returns the id.
  // The same request_id of the same principal gives the same run; INVALID_ARGUMENT REQUEST_ID_REUSED for another spec.
  absl::StatusOr<std::string> Create(const SignalSpec& spec, const std::string& request_id,
                                     const std::string& principal, const clients::CallScope& scope);

  absl::StatusOr<SignalRun> Get(const std::string& id, absl::Time deadline) { return store_.Get(id, deadline); }
  // Newest first, after the run `before` unless that is empty.
  absl::StatusOr<std::vector<SignalRun>> List(const std::string& before, int limit, absl::Time deadline) {
    return store_.List(before, limit, deadline);
  }

  // Calls `changed` when the run may have changed: see jobs::Runner::Watch.
  std::unique_ptr<jobs::Runner::Subscription> Watch(const std::string& id, std::function<void()> changed) {
    return runner_.Watch(id, [changed = std::move(changed)](const jobs::Job*) { changed(); });
  }

  // Asks the run to stop; nothing happens when it has ended.
  absl::Status Cancel(const std::string& id, absl::Time deadline);

  // The results of a run that succeeded, of the symbols asked for in that order (all, by symbol, when none is given).
  // FAILED_PRECONDITION RUN_NOT_SUCCEEDED, NOT_FOUND UNKNOWN_SYMBOL with every unknown one.
  absl::StatusOr<std::vector<SymbolResult>> Readable(const std::string& id, const std::vector<std::string>& symbols,
                                                     absl::Time deadline);

  // The stored chunks of one symbol; nullopt when it has no signal.
  absl::StatusOr<std::optional<columnar::ChunkCursor>> Open(const std::string& id, const SymbolResult& result,
                                                            absl::Time deadline) {
    return store_.Open(SignalStore::KeyOf(id, result), deadline);
  }

 private:
  absl::StatusOr<jobs::Effects> Work(jobs::JobContext& context);

  SignalStore& store_;
  const Generator& generator_;
  jobs::Runner& runner_;
  const base::Clock& clock_;
};

}  // namespace breadthflow::signal
