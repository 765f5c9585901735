#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"

#include "common/rpc/convert.h"
#include "services/cli/bars.h"
#include "services/cli/pipeline_file.h"
#include "services/cli/report.h"
#include "services/cli/runs.h"
#include "services/cli/values.h"

namespace breadthflow::cli {
namespace {

using orchestrator::v1::StepStatus;
using Run = orchestrator::v1::PipelineRun;
using Stub = orchestrator::v1::PipelineService::Stub;

absl::StatusOr<std::string> RunName(Session& session, const std::string& text) {
  return NameOrLatest(session, session.orchestrator(), "pipelineRuns", text, &Stub::ListPipelineRuns,
                      [](const orchestrator::v1::ListPipelineRunsResponse& page) { return page.pipeline_runs(); });
}

std::string SecondsText(absl::Duration duration) { return fmt::format("{:.2f} s", absl::ToDoubleSeconds(duration)); }

// How long a worker had it; empty while it has it or when none ever did.
std::string Took(const common::v1::JobStatus& job) {
  if (!job.has_start_time() || !job.has_end_time()) return "";
  return SecondsText(rpc::FromProto(job.end_time()) - rpc::FromProto(job.start_time()));
}

// How long at least one of its steps ran: waiting, and the time before a retry, do not count.
std::string Took(const Run& run) {
  std::vector<std::pair<absl::Time, absl::Time>> spans;
  for (const StepStatus& step : run.steps()) {
    if (step.job().has_start_time() && step.job().has_end_time())
      spans.emplace_back(rpc::FromProto(step.job().start_time()), rpc::FromProto(step.job().end_time()));
  }
  if (spans.empty() || !run.job().has_end_time()) return "";
  std::sort(spans.begin(), spans.end());
  absl::Duration total;
  absl::Time until = absl::InfinitePast();
  for (const auto& [start, end] : spans) {
    if (end > until) total += end - std::max(start, until);
    until = std::max(until, end);
  }
  return SecondsText(total);
}

std::string StateOf(const StepStatus& step) { return step.skipped() ? "SKIPPED" : StateText(step.job()); }

bool IsOver(const Run& run) { return run.job().state() >= common::v1::JobStatus::STATE_SUCCEEDED; }

void Describe(Printer& out, const Run& run) {
  const std::string took = Took(run);
  Table table{.title = fmt::format("{}  {}  {}{}{}", run.name(), run.pipeline().id(), StateText(run.job()),
                                   took.empty() ? "" : "  took ", took),
              .columns = {"step", "kind", "state", "attempts", "took", "made"}};
  for (const StepStatus& step : run.steps()) {
    table.rows.push_back({step.step(), step.kind(), StateOf(step), std::to_string(step.job().attempt_count()),
                          Took(step.job()), step.resource()});
  }
  out.Show(table);
}

// Says once when a step has ended.
class StepNotes {
 public:
  void operator()(const Run& run, Progress& progress) {
    for (const StepStatus& step : run.steps()) {
      const auto state = step.job().state();
      if (state < common::v1::JobStatus::STATE_SUCCEEDED) continue;
      if (!said_.insert({step.step(), step.generation()}).second) continue;
      progress.Note(fmt::format("  {} {:<12} {:>8}  {}",
                                state == common::v1::JobStatus::STATE_SUCCEEDED ? "done" : "STOP", step.step(),
                                Took(step.job()), step.resource()));
    }
  }

 private:
  std::set<std::pair<std::string, int>> said_;
};

absl::Status Follow(Session& session, Run& run) {
  StepNotes notes;
  return FollowRun<orchestrator::v1::PipelineService, Run>(
      session, session.orchestrator(), run.pipeline().id().empty() ? "pipeline" : run.pipeline().id(),
      &Stub::WatchPipelineRun, &Stub::CancelPipelineRun, run,
      [&](const Run& state, Progress& progress) { notes(state, progress); });
}

absl::StatusOr<std::map<std::string, std::string>> Variables(const Arguments& arguments) {
  std::map<std::string, std::string> variables;
  base::Violations violations;
  for (const std::string& text : arguments.All("set")) {
    const size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos) {
      violations.Add("--set", fmt::format("must be NAME=VALUE, was '{}'", text));
    } else {
      variables[text.substr(0, equals)] = text.substr(equals + 1);
    }
  }
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong flags", "USAGE"));
  return variables;
}

// The report of every backtest that the run made; the page is that of the last one.
absl::Status Reports(Session& session, const Run& run, const std::string& html_file) {
  for (const StepStatus& step : run.steps()) {
    if (step.resource().rfind("backtestRuns/", 0) != 0) continue;
    BF_ASSIGN_OR_RETURN(const backtest::v1::Report report, GetReport(session, step.resource(), html_file));
    BF_RETURN_IF_ERROR(ShowReport(session, report));
    session.out().Say("report written to " + html_file);
  }
  return absl::OkStatus();
}

// The source of the bars that the run fetched or used.
absl::Status SayBarsOfRun(Session& session, const Run& run) {
  for (const StepStatus& step : run.steps()) {
    if (const auto snapshot = step.outputs().find("snapshot"); snapshot != step.outputs().end())
      return SayBarsOf(session, snapshot->second);
  }
  return absl::OkStatus();
}

absl::StatusOr<orchestrator::v1::RunPipelineRequest> ReadRequest(Session& session, const Arguments& arguments) {
  BF_ASSIGN_OR_RETURN(const auto variables, Variables(arguments));
  orchestrator::v1::RunPipelineRequest request;
  BF_ASSIGN_OR_RETURN(const PipelineFile file, LoadPipeline(arguments.argument(), variables));
  *request.mutable_pipeline() = file.pipeline;
  request.set_request_id(arguments.Has("request-id") ? arguments.Text("request-id") : NewRequestId());
  base::Violations violations = file.violations;
  if (file.pipeline.steps_size() > 0) {  // else there is nothing to ask about
    request.set_validate_only(true);
    const absl::Status checked = session.orchestrator().Call(&Stub::RunPipeline, request, session.scope()).status();
    if (absl::IsInvalidArgument(checked)) {
      MergeByPlace(checked, file, violations);
    } else if (violations.empty()) {
      BF_RETURN_IF_ERROR(checked);
    }
  }
  BF_RETURN_IF_ERROR(violations.ToStatus(fmt::format("{} can not run", arguments.argument()), "BAD_PIPELINE_FILE"));
  request.set_validate_only(false);
  return request;
}

absl::Status RunFile(Session& session, const Arguments& arguments) {
  BF_ASSIGN_OR_RETURN(const orchestrator::v1::RunPipelineRequest request, ReadRequest(session, arguments));
  BF_ASSIGN_OR_RETURN(Run run, session.orchestrator().Call(&Stub::RunPipeline, request, session.scope()));
  absl::Status outcome;
  if (!arguments.Switch("detach")) outcome = Follow(session, run);
  session.out().Result(run, [&] { Describe(session.out(), run); });
  if (IsOver(run)) BF_RETURN_IF_ERROR(outcome.ok() ? SayBarsOfRun(session, run) : outcome);
  if (outcome.ok() && arguments.Has("report") && !arguments.Switch("detach")) {
    return Reports(session, run, arguments.Text("report"));
  }
  return outcome;
}

absl::StatusOr<Run> Get(Session& session, const std::string& text) {
  orchestrator::v1::GetPipelineRunRequest request;
  BF_ASSIGN_OR_RETURN(*request.mutable_name(), RunName(session, text));
  return session.orchestrator().Call(&Stub::GetPipelineRun, request, session.scope());
}

absl::Status Show(Session& session, const Arguments& arguments) {
  BF_ASSIGN_OR_RETURN(const Run run, Get(session, arguments.argument()));
  session.out().Result(run, [&] { Describe(session.out(), run); });
  return absl::OkStatus();
}

absl::Status Watch(Session& session, const Arguments& arguments) {
  BF_ASSIGN_OR_RETURN(Run run, Get(session, arguments.argument()));
  const absl::Status outcome = Follow(session, run);
  session.out().Result(run, [&] { Describe(session.out(), run); });
  return outcome;
}

absl::Status List(Session& session, const Arguments& arguments) {
  base::Violations violations;
  const int limit = ParseCount(arguments, "limit", 1, 100000, violations);
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong flags", "USAGE"));
  orchestrator::v1::ListPipelineRunsResponse all;
  BF_RETURN_IF_ERROR(ListPages(session, session.orchestrator(), &Stub::ListPipelineRuns,
                               orchestrator::v1::ListPipelineRunsRequest(), limit, [&](const auto& page) {
                                 all.mutable_pipeline_runs()->MergeFrom(page.pipeline_runs());
                                 return page.pipeline_runs_size();
                               }));
  session.out().Result(all, [&] {
    Table table{.columns = {"run", "pipeline", "state", "steps", "took", "created"}};
    for (const Run& run : all.pipeline_runs()) {
      table.rows.push_back({run.name(), run.pipeline().id(), StateText(run.job()),
                            std::to_string(run.pipeline().steps_size()), Took(run), Instant(run.job().create_time())});
    }
    session.out().Show(table);
  });
  return absl::OkStatus();
}

absl::Status Cancel(Session& session, const Arguments& arguments) {
  BF_ASSIGN_OR_RETURN(const Run before, Get(session, arguments.argument()));
  orchestrator::v1::CancelPipelineRunRequest request;
  request.set_name(before.name());
  BF_ASSIGN_OR_RETURN(const Run run, session.orchestrator().Call(&Stub::CancelPipelineRun, request, session.scope()));
  session.out().Result(run, [&] {
    session.out().Say(IsOver(before) ? fmt::format("{} was over already: {}", run.name(), StateText(before.job()))
                                     : fmt::format("{} was asked to stop", run.name()));
    Describe(session.out(), run);
  });
  return absl::OkStatus();
}

absl::Status Retry(Session& session, const Arguments& arguments) {
  orchestrator::v1::RetryPipelineRunRequest request;
  BF_ASSIGN_OR_RETURN(*request.mutable_name(), RunName(session, arguments.argument()));
  request.set_from_step(arguments.Text("from"));
  request.set_request_id(NewRequestId());
  BF_ASSIGN_OR_RETURN(Run run, session.orchestrator().Call(&Stub::RetryPipelineRun, request, session.scope()));
  absl::Status outcome;
  if (!arguments.Switch("detach")) outcome = Follow(session, run);
  session.out().Result(run, [&] { Describe(session.out(), run); });
  return outcome;
}

const Flag kDetach{.name = "detach", .description = "do not wait for the end"};

}  // namespace

Command PipelineRun() {
  return {
      .group = "pipeline",
      .verb = "run",
      .summary = "run the pipeline of a YAML file",
      .argument = "FILE",
      .argument_required = true,
      .flags = {{.name = "set", .value = "NAME=VALUE", .description = "value of ${NAME} in the file", .repeated = true},
                {.name = "report",
                 .value = "FILE",
                 .description = "at the end print the report of its backtest and write it as a page"},
                {.name = "request-id", .value = "UUID", .description = "the same id gives the same run"},
                kDetach},
      .run = RunFile};
}

Command PipelineList() {
  return {.group = "pipeline", .verb = "list", .summary = "runs of pipelines", .flags = {PageFlag()}, .run = List};
}

Command PipelineShow() {
  return {.group = "pipeline",
          .verb = "show",
          .summary = "one run, step by step",
          .argument = "RUN",
          .argument_default = "the newest",
          .run = Show};
}

Command PipelineWatch() {
  return {.group = "pipeline",
          .verb = "watch",
          .summary = "follow a run to its end",
          .argument = "RUN",
          .argument_default = "the newest",
          .run = Watch};
}

Command PipelineCancel() {
  return {.group = "pipeline",
          .verb = "cancel",
          .summary = "ask a run to stop",
          .argument = "RUN",
          .argument_required = true,
          .run = Cancel};
}

Command PipelineRetry() {
  return {.group = "pipeline",
          .verb = "retry",
          .summary = "repeat a finished run from a step on",
          .argument = "RUN",
          .argument_default = "the newest",
          .flags = {{.name = "from",
                     .value = "STEP",
                     .description = "first step to repeat; default all that did not succeed"},
                    kDetach},
          .run = Retry};
}

}  // namespace breadthflow::cli
