#include <fmt/format.h>

#include "services/orchestrator/app/steps/step.h"
#include "services/orchestrator/domain/step_values.h"

namespace breadthflow::orchestrator {
namespace {

// A snapshot is there when the call that makes it returns: there is no run to wait for or to cancel.
class SnapshotRunner final : public StepRunner {
 public:
  explicit SnapshotRunner(clients::DataClient& data) : data_(data) {}

  absl::StatusOr<std::string> Submit(const StepCall& call) override {
    const component::Params& params = call.params.own;
    clients::SnapshotSpec spec;
    if (const auto fetch_run = call.inputs.find("fetch_run"); fetch_run != call.inputs.end()) {
      BF_ASSIGN_OR_RETURN(const clients::FetchRun run, data_.GetFetchRun(fetch_run->second, call.scope));
      spec.resource = run.spec.resource;
      spec.symbols = run.spec.symbols;
      spec.timeframe = run.spec.timeframe;
      spec.range = run.spec.range;
      spec.source = SourceOf(run);
    } else {
      spec.resource = params.String("resource");
      spec.timeframe = TimeframeOf(params);
      spec.source = params.String("source");
    }
    if (std::vector<std::string> symbols = SymbolsOf(params); !symbols.empty()) spec.symbols = std::move(symbols);
    if (const auto range = RangeOf(params, spec.timeframe)) {
      if (!params.String("start").empty()) spec.range.start_ns = range->start_ns;
      if (!params.String("end").empty()) spec.range.end_ns = range->end_ns;
    }
    BF_ASSIGN_OR_RETURN(clients::SnapshotInfo snapshot, data_.CreateSnapshot(spec, call.request_id, call.scope));
    return snapshot.name;
  }

  absl::StatusOr<clients::RunStatus> Poll(const std::string& resource, const clients::CallScope&) override {
    clients::RunStatus status;
    status.name = resource;
    status.state = clients::RunState::kSucceeded;
    status.progress = 1;
    status.result = resource;
    return status;
  }

  absl::Status Cancel(const std::string&, const clients::CallScope&) override { return absl::OkStatus(); }

  absl::StatusOr<Outputs> Collect(const StepCall& call, const std::string& resource) override {
    BF_ASSIGN_OR_RETURN(const clients::SnapshotInfo snapshot, data_.GetSnapshot(resource, call.scope));
    BF_ASSIGN_OR_RETURN(const clients::QualityReport report, data_.GetQualityReport(resource, call.scope));
    if (call.params.own.Bool("require_quality")) BF_RETURN_IF_ERROR(Trusted(report));
    return Outputs{{"snapshot", resource}, {"quality_report", report.name}, {"content_hash", snapshot.content_hash}};
  }

 private:
  // The source whose series hold the rows: it may be one market of several that the source of the fetch has. Empty when
  // several have given symbols.
  static std::string SourceOf(const clients::FetchRun& run) {
    std::string source;
    for (const clients::FetchItem& item : run.items) {
      if (item.source.empty() || item.source == source) continue;
      if (!source.empty()) return "";
      source = item.source;
    }
    return source.empty() ? run.spec.source.name : source;
  }

  static absl::Status Trusted(const clients::QualityReport& report) {
    base::ErrorDetails details{.reason = "QUALITY_ERRORS", .metadata = {}, .violations = {}, .retry_after = {}};
    details.metadata["quality_report"] = report.name;
    std::string message = fmt::format("the data can not be trusted ({})", report.name);
    for (const clients::SeriesQuality& series : report.series) {
      for (const clients::QualityFinding& finding : series.findings) {
        if (finding.severity != clients::Severity::kError) continue;
        const std::string what = fmt::format("{}: {}", finding.check, finding.message);
        message += fmt::format("{}{}: {}", details.violations.empty() ? ": " : "; ", series.key.symbol, what);
        details.violations.push_back({series.key.symbol, what});
      }
    }
    if (details.violations.empty()) return absl::OkStatus();
    return base::MakeError(absl::StatusCode::kFailedPrecondition, message, details);
  }

  clients::DataClient& data_;
};

}  // namespace

// Fixes what is known of some series under a name, and checks it.
StepEntry Snapshot() {
  using namespace component;  // NOLINT: the vocabulary of parameters
  StepEntry entry;
  entry.info = {.kind = "pipeline_step",
                .name = "snapshot",
                .description = "Fixes the stored series as they are known now, and checks their quality."};
  entry.params = {SymbolsParam("Symbols, separated by commas; default those of the fetch."),
                  StartParam(),
                  EndParam(),
                  TimeframeParam(),
                  StringParam("resource", "stock_price", "Kind of data; with a fetch, that of the fetch."),
                  StringParam("source", "", "Source whose series are meant, when several have them."),
                  BoolParam("require_quality", true, "Fail when a check finds an error.")};
  entry.cancellable = false;
  entry.optional_inputs = {"fetch_run"};
  entry.outputs = {"snapshot", "quality_report", "content_hash"};
  entry.check = [](const Params& params, const std::set<std::string>& inputs, base::Violations& violations) {
    CheckValues(params, violations);
    if (inputs.contains("fetch_run")) return;
    for (const char* name : {"symbols", "start", "end"}) {
      if (params.String(name).empty()) violations.Add(name, "is required without the input fetch_run");
    }
  };
  entry.make = [](const Services& services) -> std::unique_ptr<StepRunner> {
    return std::make_unique<SnapshotRunner>(services.data);
  };
  return entry;
}

}  // namespace breadthflow::orchestrator
