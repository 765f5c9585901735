#include <fmt/format.h>

#include "services/orchestrator/app/steps/step.h"
#include "services/orchestrator/domain/step_values.h"

namespace breadthflow::orchestrator {
namespace {

class FetchRunner final : public StepRunner {
 public:
  explicit FetchRunner(clients::DataClient& data) : data_(data) {}

  absl::StatusOr<std::string> Submit(const StepCall& call) override {
    const component::Params& params = call.params.own;
    return data_.CreateFetchRun({.source = call.params.Ref("source"),
                                 .resource = params.String("resource"),
                                 .symbols = SymbolsOf(params),
                                 .timeframe = TimeframeOf(params),
                                 .range = *RangeOf(params, TimeframeOf(params))},
                                call.request_id, call.scope);
  }

  absl::StatusOr<clients::RunStatus> Poll(const std::string& resource, const clients::CallScope& scope) override {
    BF_ASSIGN_OR_RETURN(clients::FetchRun run, data_.GetFetchRun(resource, scope));
    return run.status;
  }

  absl::Status Cancel(const std::string& resource, const clients::CallScope& scope) override {
    return data_.CancelFetchRun(resource, scope);
  }

  absl::StatusOr<Outputs> Collect(const StepCall& call, const std::string& resource) override {
    BF_ASSIGN_OR_RETURN(const clients::FetchRun run, data_.GetFetchRun(resource, call.scope));
    if (!call.params.own.Bool("allow_partial")) BF_RETURN_IF_ERROR(AllFetched(run));
    return Outputs{{"fetch_run", resource}};
  }

 private:
  static absl::Status AllFetched(const clients::FetchRun& run) {
    base::ErrorDetails details{.reason = "SYMBOLS_FAILED", .metadata = {}, .violations = {}, .retry_after = {}};
    std::string message = "symbols could not be fetched";
    for (const clients::FetchItem& item : run.items) {
      if (item.outcome != clients::FetchOutcome::kFailed) continue;
      message +=
          fmt::format("{}{}: {}", details.violations.empty() ? ": " : "; ", item.symbol, base::Message(item.error));
      details.violations.push_back({item.symbol, base::Message(item.error)});
    }
    if (details.violations.empty()) return absl::OkStatus();
    return base::MakeError(absl::StatusCode::kFailedPrecondition, message, details);
  }

  clients::DataClient& data_;
};

}  // namespace

// Fetches market data into the store.
StepEntry Fetch() {
  using namespace component;  // NOLINT: the vocabulary of parameters
  StepEntry entry;
  entry.info = {
      .kind = "pipeline_step", .name = "fetch", .description = "Fetches series from a source and stores them."};
  entry.params = {StringParam("source", "simulated", "Data source; its parameters are given as source.NAME."),
                  StringParam("resource", "stock_price", "Kind of data."),
                  Required(SymbolsParam("Symbols, separated by commas.")),
                  TimeframeParam(),
                  Required(StartParam()),
                  Required(EndParam()),
                  BoolParam("allow_partial", false, "Succeed even when some symbols could not be fetched.")};
  entry.slots = {{.param = "source", .component_kind = "data_source"}};
  entry.outputs = {"fetch_run"};
  entry.check = [](const Params& params, const std::set<std::string>&, base::Violations& violations) {
    CheckValues(params, violations);
    for (const char* name : {"symbols", "start", "end"}) {
      if (params.String(name).empty()) violations.Add(name, "must not be empty");
    }
  };
  entry.make = [](const Services& services) -> std::unique_ptr<StepRunner> {
    return std::make_unique<FetchRunner>(services.data);
  };
  return entry;
}

}  // namespace breadthflow::orchestrator
