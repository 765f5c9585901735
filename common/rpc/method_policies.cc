#include "common/rpc/method_policies.h"

namespace breadthflow::rpc {
namespace {

using security::Scope;

constexpr bool kRetrySafe = true;
constexpr absl::Duration kUnary = absl::Seconds(30);
constexpr absl::Duration kList = absl::Seconds(10);
constexpr absl::Duration kLong = absl::Seconds(120);  // reads that compute: a whole prediction, a quality report
constexpr absl::Duration kStream = absl::InfiniteDuration();

}  // namespace

const MethodPolicies& SuitePolicies() {
  // Everything is retry-safe today: what creates carries a request_id, and cancelling or announcing twice changes
  // nothing. A method that is not says `false` here.
  static const auto* policies = new MethodPolicies{
      {"breadthflow.data.v1.DataService/ListResources", Scope::kDataRead, kRetrySafe, kList},
      {"breadthflow.data.v1.DataService/GetResource", Scope::kDataRead, kRetrySafe, kUnary},
      {"breadthflow.data.v1.DataService/CreateResource", Scope::kDataWrite, kRetrySafe, kUnary},
      {"breadthflow.data.v1.DataService/ListSources", Scope::kDataRead, kRetrySafe, kList},
      {"breadthflow.data.v1.DataService/CreateFetchRun", Scope::kDataWrite, kRetrySafe, kUnary},
      {"breadthflow.data.v1.DataService/GetFetchRun", Scope::kDataRead, kRetrySafe, kUnary},
      {"breadthflow.data.v1.DataService/ListFetchRuns", Scope::kDataRead, kRetrySafe, kList},
      {"breadthflow.data.v1.DataService/CancelFetchRun", Scope::kDataWrite, kRetrySafe, kUnary},
      {"breadthflow.data.v1.DataService/WatchFetchRun", Scope::kDataRead, kRetrySafe, kStream},
      {"breadthflow.data.v1.DataService/ListCoverage", Scope::kDataRead, kRetrySafe, kList},
      {"breadthflow.data.v1.DataService/ReadRawBody", Scope::kDataRead, kRetrySafe, kStream},
      {"breadthflow.data.v1.DataService/ImportSeries", Scope::kDataWrite, kRetrySafe, kStream},
      {"breadthflow.data.v1.DataService/ListSeries", Scope::kDataRead, kRetrySafe, kList},
      {"breadthflow.data.v1.DataService/DropSeriesRange", Scope::kAdmin, kRetrySafe, kLong},
      {"breadthflow.data.v1.DataService/ReadSeries", Scope::kDataRead, kRetrySafe, kStream},
      {"breadthflow.data.v1.DataService/StreamSeries", Scope::kDataRead, kRetrySafe, kStream},
      {"breadthflow.data.v1.DataService/ReconcileSources", Scope::kDataRead, kRetrySafe, kLong},
      {"breadthflow.data.v1.DataService/CreateSnapshot", Scope::kDataWrite, kRetrySafe, kLong},
      {"breadthflow.data.v1.DataService/GetSnapshot", Scope::kDataRead, kRetrySafe, kUnary},
      {"breadthflow.data.v1.DataService/ListSnapshots", Scope::kDataRead, kRetrySafe, kList},
      {"breadthflow.data.v1.DataService/GetQualityReport", Scope::kDataRead, kRetrySafe, kLong},
      {"breadthflow.data.v1.DataService/ListQualityReports", Scope::kDataRead, kRetrySafe, kList},
      {"breadthflow.data.v1.DataService/ListQuarantines", Scope::kDataRead, kRetrySafe, kList},
      {"breadthflow.data.v1.DataService/GetQuarantine", Scope::kDataRead, kRetrySafe, kUnary},
      {"breadthflow.data.v1.DataService/ReleaseQuarantine", Scope::kDataWrite, kRetrySafe, kUnary},
      {"breadthflow.data.v1.DataService/DiscardQuarantine", Scope::kDataWrite, kRetrySafe, kUnary},

      {"breadthflow.signal.v1.SignalService/ListIndicators", Scope::kSignalRun, kRetrySafe, kList},
      {"breadthflow.signal.v1.SignalService/ListStrategies", Scope::kSignalRun, kRetrySafe, kList},
      {"breadthflow.signal.v1.SignalService/CreateSignalRun", Scope::kSignalRun, kRetrySafe, kUnary},
      {"breadthflow.signal.v1.SignalService/GetSignalRun", Scope::kSignalRun, kRetrySafe, kUnary},
      {"breadthflow.signal.v1.SignalService/ListSignalRuns", Scope::kSignalRun, kRetrySafe, kList},
      {"breadthflow.signal.v1.SignalService/CancelSignalRun", Scope::kSignalRun, kRetrySafe, kUnary},
      {"breadthflow.signal.v1.SignalService/WatchSignalRun", Scope::kSignalRun, kRetrySafe, kStream},
      {"breadthflow.signal.v1.SignalService/ReadSignals", Scope::kSignalRun, kRetrySafe, kStream},

      {"breadthflow.backtest.v1.BacktestService/ListExecutionEngines", Scope::kBacktestRun, kRetrySafe, kList},
      {"breadthflow.backtest.v1.BacktestService/ListRiskManagers", Scope::kBacktestRun, kRetrySafe, kList},
      {"breadthflow.backtest.v1.BacktestService/ListSizers", Scope::kBacktestRun, kRetrySafe, kList},
      {"breadthflow.backtest.v1.BacktestService/CreateBacktestRun", Scope::kBacktestRun, kRetrySafe, kUnary},
      {"breadthflow.backtest.v1.BacktestService/GetBacktestRun", Scope::kBacktestRun, kRetrySafe, kUnary},
      {"breadthflow.backtest.v1.BacktestService/ListBacktestRuns", Scope::kBacktestRun, kRetrySafe, kList},
      {"breadthflow.backtest.v1.BacktestService/CancelBacktestRun", Scope::kBacktestRun, kRetrySafe, kUnary},
      {"breadthflow.backtest.v1.BacktestService/WatchBacktestRun", Scope::kBacktestRun, kRetrySafe, kStream},
      {"breadthflow.backtest.v1.BacktestService/ListTrades", Scope::kBacktestRun, kRetrySafe, kList},
      {"breadthflow.backtest.v1.BacktestService/ReadEquityCurve", Scope::kBacktestRun, kRetrySafe, kStream},
      {"breadthflow.backtest.v1.BacktestService/GetReport", Scope::kBacktestRun, kRetrySafe, kUnary},

      {"breadthflow.training.v1.TrainingService/ListModelTypes", Scope::kTrainRun, kRetrySafe, kList},
      {"breadthflow.training.v1.TrainingService/CreateTrainingRun", Scope::kTrainRun, kRetrySafe, kUnary},
      {"breadthflow.training.v1.TrainingService/GetTrainingRun", Scope::kTrainRun, kRetrySafe, kUnary},
      {"breadthflow.training.v1.TrainingService/ListTrainingRuns", Scope::kTrainRun, kRetrySafe, kList},
      {"breadthflow.training.v1.TrainingService/CancelTrainingRun", Scope::kTrainRun, kRetrySafe, kUnary},
      {"breadthflow.training.v1.TrainingService/WatchTrainingRun", Scope::kTrainRun, kRetrySafe, kStream},
      {"breadthflow.training.v1.TrainingService/ListModels", Scope::kTrainRun, kRetrySafe, kList},
      {"breadthflow.training.v1.TrainingService/GetModel", Scope::kTrainRun, kRetrySafe, kUnary},
      {"breadthflow.training.v1.TrainingService/Predict", Scope::kTrainRun, kRetrySafe, kLong},

      {"breadthflow.registry.v1.ComponentService/AnnounceComponents", Scope::kRegistryWrite, kRetrySafe, kUnary},
      {"breadthflow.registry.v1.ComponentService/ListComponents", Scope::kRegistryRead, kRetrySafe, kList},
      {"breadthflow.registry.v1.ComponentService/GetComponent", Scope::kRegistryRead, kRetrySafe, kUnary},

      {"breadthflow.orchestrator.v1.PipelineService/ListStepKinds", Scope::kPipelineRun, kRetrySafe, kList},
      {"breadthflow.orchestrator.v1.PipelineService/RunPipeline", Scope::kPipelineRun, kRetrySafe, kUnary},
      {"breadthflow.orchestrator.v1.PipelineService/GetPipelineRun", Scope::kPipelineRun, kRetrySafe, kUnary},
      {"breadthflow.orchestrator.v1.PipelineService/ListPipelineRuns", Scope::kPipelineRun, kRetrySafe, kList},
      {"breadthflow.orchestrator.v1.PipelineService/CancelPipelineRun", Scope::kPipelineRun, kRetrySafe, kUnary},
      {"breadthflow.orchestrator.v1.PipelineService/WatchPipelineRun", Scope::kPipelineRun, kRetrySafe, kStream},
      {"breadthflow.orchestrator.v1.PipelineService/RetryPipelineRun", Scope::kPipelineRun, kRetrySafe, kUnary},
  };
  return *policies;
}

}  // namespace breadthflow::rpc
