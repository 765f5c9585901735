#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/base/status.h"
#include "common/clients/signal_client.h"

namespace breadthflow::testing {

// A signal service that knows the runs it was given. For one reader at a time.
class FakeSignalClient final : public clients::SignalClient {
 public:
  // A run that succeeded on `snapshot` with one series per symbol.
  void AddRun(const std::string& name, const std::string& snapshot, std::vector<quant::Series> signals) {
    clients::SignalRun run;
    run.status = {.name = name, .state = clients::RunState::kSucceeded, .progress = 1, .result = name};
    run.spec.snapshot = snapshot;
    run.spec.strategy.name = "technical_analysis";
    run.strategy_version = "1.0.0";
    for (const quant::Series& series : signals)
      run.results.push_back({.symbol = series.key.symbol, .signal_count = static_cast<int64_t>(series.size())});
    runs_[name] = {std::move(run), std::move(signals)};
  }
  void SetState(const std::string& name, clients::RunState state) { runs_.at(name).run.status.state = state; }

  // Called before each read; an error ends the read with it.
  std::function<absl::Status(const clients::CallScope& scope)> before;

  absl::StatusOr<clients::SignalRun> GetSignalRun(const std::string& name, const clients::CallScope&) override {
    const auto found = runs_.find(name);
    if (found == runs_.end())
      return base::MakeError(absl::StatusCode::kNotFound, "SIGNAL_RUN_NOT_FOUND", "there is no " + name);
    return found->second.run;
  }

  absl::StatusOr<std::vector<quant::Series>> ReadSignals(const std::string& name,
                                                         const std::vector<std::string>& symbols,
                                                         const clients::CallScope& scope) override {
    if (before) BF_RETURN_IF_ERROR(before(scope));
    BF_RETURN_IF_ERROR(GetSignalRun(name, scope).status());
    const std::vector<quant::Series>& all = runs_.at(name).signals;
    if (symbols.empty()) return all;
    std::vector<quant::Series> wanted;
    for (const std::string& symbol : symbols)
      for (const quant::Series& series : all)
        if (series.key.symbol == symbol) wanted.push_back(series);
    return wanted;
  }

  absl::StatusOr<std::string> CreateSignalRun(const clients::SignalSpec&, const std::string&,
                                              const clients::CallScope&) override {
    return absl::UnimplementedError("not part of this fake");
  }
  absl::Status CancelSignalRun(const std::string&, const clients::CallScope&) override {
    return absl::UnimplementedError("not part of this fake");
  }

 private:
  struct Stored {
    clients::SignalRun run;
    std::vector<quant::Series> signals;
  };
  std::map<std::string, Stored> runs_;
};

}  // namespace breadthflow::testing
