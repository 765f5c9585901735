#include "services/signal/app/signal_runs.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/jobs/submit.h"
#include "common/quant/strategies/catalog.h"

namespace breadthflow::signal {

SignalRuns::SignalRuns(SignalStore& store, const Generator& generator, jobs::Runner& runner, const base::Clock& clock)
    : store_(store), generator_(generator), runner_(runner), clock_(clock) {
  runner_.Handle(std::string(kJobKind), [this](jobs::JobContext& context) { return Work(context); });
}

absl::StatusOr<std::string> SignalRuns::Create(const SignalSpec& spec, const std::string& request_id,
                                               const std::string& principal, const clients::CallScope& scope) {
  const jobs::SubmitKey key{.principal = principal,
                            .method = "signal.v1.SignalService/CreateSignalRun",
                            .request_id = request_id,
                            .payload_hash = Fingerprint(spec)};
  const postgres::TransactOptions options{.deadline = scope.deadline, .cancel = scope.cancel};
  BF_ASSIGN_OR_RETURN(std::optional<std::string> known, jobs::FindSubmitted(store_.database(), key, options));
  if (known) return *std::move(known);
  BF_RETURN_IF_ERROR(generator_.CheckInputs(spec, scope));
  BF_ASSIGN_OR_RETURN(const quant::StrategyEntry* strategy, quant::Strategies().Find(spec.strategy.name));
  SignalRun run;
  run.id = base::NewUuid(clock_.Now());
  run.spec = spec;
  run.strategy_version = strategy->info.version;
  const jobs::NewJob job{
      .id = run.id, .kind = std::string(kJobKind), .principal = principal, .traceparent = scope.traceparent};
  const auto insert = [&](postgres::Transaction& tx) { return SignalStore::Insert(tx, run); };
  BF_ASSIGN_OR_RETURN(std::string id, jobs::SubmitJob(store_.database(), key, job, insert, options));
  runner_.WakeUp();
  return id;
}

absl::Status SignalRuns::Cancel(const std::string& id, absl::Time deadline) {
  BF_RETURN_IF_ERROR(store_.Get(id, deadline).status());
  BF_RETURN_IF_ERROR(jobs::RequestCancel(store_.database(), id, deadline));
  runner_.WakeUp();
  return absl::OkStatus();
}

absl::StatusOr<std::vector<SymbolResult>> SignalRuns::Readable(const std::string& id,
                                                               const std::vector<std::string>& symbols,
                                                               absl::Time deadline) {
  BF_ASSIGN_OR_RETURN(SignalRun run, store_.Get(id, deadline));
  if (run.job.state != jobs::State::kSucceeded) {
    return base::MakeError(absl::StatusCode::kFailedPrecondition, "RUN_NOT_SUCCEEDED",
                           fmt::format("signalRuns/{} must have succeeded, is {}", id, jobs::StateName(run.job.state)));
  }
  if (symbols.empty()) return std::move(run.results);
  std::map<std::string, const SymbolResult*> by_symbol;
  for (const SymbolResult& result : run.results) by_symbol[result.symbol] = &result;
  std::vector<SymbolResult> wanted;
  base::ErrorDetails unknown{.reason = "UNKNOWN_SYMBOL", .metadata = {}, .violations = {}, .retry_after = {}};
  for (size_t i = 0; i < symbols.size(); ++i) {
    const auto found = by_symbol.find(symbols[i]);
    if (found != by_symbol.end())
      wanted.push_back(*found->second);
    else
      unknown.violations.push_back({fmt::format("symbols[{}]", i), fmt::format("'{}' is not in the run", symbols[i])});
  }
  if (!unknown.violations.empty()) {
    return base::MakeError(
        absl::StatusCode::kNotFound,
        fmt::format("{} of the symbols asked for are not in signalRuns/{}", unknown.violations.size(), id), unknown);
  }
  return wanted;
}

absl::StatusOr<jobs::Effects> SignalRuns::Work(jobs::JobContext& context) {
  const jobs::Job& job = context.job();
  BF_ASSIGN_OR_RETURN(const SignalRun run, store_.Get(job.id, absl::InfiniteFuture()));
  const clients::CallScope scope{absl::InfiniteFuture(), job.traceparent, context.cancel()};
  BF_ASSIGN_OR_RETURN(Generated generated,
                      generator_.Run(
                          run.spec, run.id,
                          [&](double fraction, std::string_view stage) { context.Progress(fraction, stage); }, scope));
  if (const absl::Status failure = FailureOf(generated.results); !failure.ok()) {
    // The results say what became of each symbol; the signals of the others are not kept.
    for (SymbolResult& result : generated.results) {
      if (result.error.ok()) {
        result = {.symbol = result.symbol,
                  .timeframe = result.timeframe,
                  .error = base::MakeError(absl::StatusCode::kAborted, "RUN_FAILED",
                                           "not kept: another symbol of the run failed")};
      }
    }
    BF_RETURN_IF_ERROR(store_.RecordFailure(job.id, job.epoch, generated.results));
    return failure;
  }
  auto kept = std::make_shared<const Generated>(std::move(generated));
  return jobs::Effects([this, kept, id = job.id](postgres::Transaction& tx) {
    return store_.Complete(tx, id, kept->valid_from, kept->results, kept->signals);
  });
}

}  // namespace breadthflow::signal
