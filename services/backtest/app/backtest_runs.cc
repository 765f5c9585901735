#include "services/backtest/app/backtest_runs.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/jobs/submit.h"

namespace breadthflow::backtest {

BacktestRuns::BacktestRuns(BacktestStore& store, const Backtester& backtester, jobs::Runner& runner,
                           const base::Clock& clock)
    : store_(store), backtester_(backtester), runner_(runner), clock_(clock) {
  runner_.Handle(std::string(kJobKind), [this](jobs::JobContext& context) { return Work(context); });
}

absl::StatusOr<std::string> BacktestRuns::Create(const BacktestSpec& spec, const std::string& request_id,
                                                 const std::string& principal, const clients::CallScope& scope) {
  const jobs::SubmitKey key{.principal = principal,
                            .method = "backtest.v1.BacktestService/CreateBacktestRun",
                            .request_id = request_id,
                            .payload_hash = Fingerprint(spec)};
  const postgres::TransactOptions options{.deadline = scope.deadline, .cancel = scope.cancel};
  BF_ASSIGN_OR_RETURN(std::optional<std::string> known, jobs::FindSubmitted(store_.database(), key, options));
  if (known) return *std::move(known);
  BF_RETURN_IF_ERROR(backtester_.CheckInputs(spec, scope));
  BacktestRun run;
  run.id = base::NewUuid(clock_.Now());
  run.spec = spec;
  run.code_version = BREADTHFLOW_VERSION;
  const jobs::NewJob job{
      .id = run.id, .kind = std::string(kJobKind), .principal = principal, .traceparent = scope.traceparent};
  const auto insert = [&](postgres::Transaction& tx) { return BacktestStore::Insert(tx, run); };
  BF_ASSIGN_OR_RETURN(std::string id, jobs::SubmitJob(store_.database(), key, job, insert, options));
  runner_.WakeUp();
  return id;
}

absl::StatusOr<BacktestRun> BacktestRuns::GetSucceeded(const std::string& id, absl::Time deadline) {
  BF_ASSIGN_OR_RETURN(BacktestRun run, store_.Get(id, deadline));
  if (run.job.state == jobs::State::kSucceeded) return run;
  return base::MakeError(
      absl::StatusCode::kFailedPrecondition, "RUN_NOT_SUCCEEDED",
      fmt::format("{}/{} must have succeeded, is {}", kCollection, id, jobs::StateName(run.job.state)));
}

absl::Status BacktestRuns::Cancel(const std::string& id, absl::Time deadline) {
  BF_RETURN_IF_ERROR(store_.Get(id, deadline).status());
  BF_RETURN_IF_ERROR(jobs::RequestCancel(store_.database(), id, deadline));
  runner_.WakeUp();
  return absl::OkStatus();
}

absl::StatusOr<jobs::Effects> BacktestRuns::Work(jobs::JobContext& context) {
  const jobs::Job& job = context.job();
  BF_ASSIGN_OR_RETURN(const BacktestRun run, store_.Get(job.id, absl::InfiniteFuture()));
  const clients::CallScope scope{absl::InfiniteFuture(), job.traceparent, context.cancel()};
  BF_ASSIGN_OR_RETURN(
      Outcome outcome,
      backtester_.Run(
          run.spec, [&](double fraction, std::string_view stage) { context.Progress(fraction, stage); }, scope));
  BF_ASSIGN_OR_RETURN(columnar::WrittenSeries curve, store_.WriteCurve(CurveSeries(outcome, run.id)));
  struct Kept {
    Outcome outcome;
    columnar::WrittenSeries curve;
  };
  auto kept = std::make_shared<const Kept>(Kept{std::move(outcome), std::move(curve)});
  return jobs::Effects([this, kept, id = run.id](postgres::Transaction& tx) {
    return store_.Complete(tx, id, kept->outcome, kept->curve);
  });
}

}  // namespace breadthflow::backtest
