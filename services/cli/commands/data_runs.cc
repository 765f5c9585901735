#include <string>

#include <fmt/format.h>

#include "common/base/status.h"
#include "services/cli/bars.h"
#include "services/cli/fetch_runs.h"
#include "services/cli/runs.h"
#include "services/cli/values.h"

namespace breadthflow::cli {
namespace {

using Stub = data::v1::DataService::Stub;

absl::Status ListRuns(Session& session, int limit) {
  data::v1::ListFetchRunsResponse all;
  BF_RETURN_IF_ERROR(ListPages(session, session.data(), &Stub::ListFetchRuns, data::v1::ListFetchRunsRequest(), limit,
                               [&](const auto& page) {
                                 all.mutable_fetch_runs()->MergeFrom(page.fetch_runs());
                                 return page.fetch_runs_size();
                               }));
  session.out().Result(all, [&] {
    Table table{.columns = {"run", "state", "made", "resource", "symbols", "source", "from", "to"}};
    for (const data::v1::FetchRun& run : all.fetch_runs()) {
      const data::v1::FetchSpec& spec = run.spec();
      const int more = spec.symbols_size() - 1;
      table.rows.push_back(
          {run.name(), StateText(run.job()), Instant(run.job().create_time()), spec.resource(),
           spec.symbols_size() == 0 ? "" : spec.symbols(0) + (more > 0 ? fmt::format(" +{}", more) : ""),
           SourceText(spec.source().name()), Day(spec.range().start_time()), Day(spec.range().end_time())});
    }
    session.out().Show(table);
  });
  return absl::OkStatus();
}

absl::Status Runs(Session& session, const Arguments& arguments) {
  base::Violations violations;
  const int limit = ParseCount(arguments, "limit", 1, 100000, violations);
  const bool one = !arguments.argument().empty();
  if (arguments.Switch("cancel") && !one) violations.Add("--cancel", "say which: data runs RUN --cancel");
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong flags", "USAGE"));
  if (!one) return ListRuns(session, limit);
  BF_ASSIGN_OR_RETURN(const std::string name,
                      NameOrLatest(session, session.data(), "fetchRuns", arguments.argument(), &Stub::ListFetchRuns,
                                   [](const data::v1::ListFetchRunsResponse& page) { return page.fetch_runs(); }));
  data::v1::FetchRun run;
  if (arguments.Switch("cancel")) {
    data::v1::CancelFetchRunRequest request;
    request.set_name(name);
    BF_ASSIGN_OR_RETURN(run, session.data().Call(&Stub::CancelFetchRun, request, session.scope()));
  } else {
    data::v1::GetFetchRunRequest request;
    request.set_name(name);
    BF_ASSIGN_OR_RETURN(run, session.data().Call(&Stub::GetFetchRun, request, session.scope()));
  }
  session.out().Result(run, [&] {
    DescribeFetch(session.out(), run);
    if (run.job().error().code() != 0) session.out().Say("  " + run.job().error().message());
  });
  return absl::OkStatus();
}

absl::Status Snapshots(Session& session, const Arguments& arguments) {
  base::Violations violations;
  const int limit = ParseCount(arguments, "limit", 1, 100000, violations);
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong flags", "USAGE"));
  data::v1::ListSnapshotsResponse all;
  BF_RETURN_IF_ERROR(ListPages(session, session.data(), &Stub::ListSnapshots, data::v1::ListSnapshotsRequest(), limit,
                               [&](const auto& page) {
                                 all.mutable_snapshots()->MergeFrom(page.snapshots());
                                 return page.snapshots_size();
                               }));
  session.out().Result(all, [&] {
    Table table{.columns = {"snapshot", "made", "from", "to", "as of", "content"}};
    for (const data::v1::Snapshot& snapshot : all.snapshots()) {
      table.rows.push_back({snapshot.name(), Instant(snapshot.create_time()), Day(snapshot.range().start_time()),
                            Day(snapshot.range().end_time()), Instant(snapshot.as_of_time()),
                            snapshot.content_sha256().substr(0, 16)});
    }
    session.out().Show(table);
  });
  return absl::OkStatus();
}

Flag LimitFlag(const std::string& what) {
  return {.name = "limit", .value = "N", .description = "newest " + what + " to list", .default_value = "20"};
}

}  // namespace

Command DataRuns() {
  return {.group = "data",
          .verb = "runs",
          .summary = "fetches that were asked for, how one ended, or stop one (--cancel)",
          .argument = "RUN",
          .argument_default = "the newest ones",
          .flags = {{.name = "cancel", .description = "ask the run to stop; symbols that were done by then are kept"},
                    LimitFlag("runs")},
          .run = Runs};
}

Command DataSnapshots() {
  return {.group = "data",
          .verb = "snapshots",
          .summary = "snapshots that there are",
          .flags = {LimitFlag("snapshots")},
          .run = Snapshots};
}

}  // namespace breadthflow::cli
