#include "common/rpc/convert.h"
#include "common/rpc/status_bridge.h"
#include "services/cli/bars.h"
#include "services/cli/runs.h"
#include "services/cli/values.h"

namespace breadthflow::cli {
namespace {

using Stub = data::v1::DataService::Stub;

constexpr char kStart[] = "2015-01-01";
constexpr char kStartOfFiles[] = "1990-01-01";  // all of a file

std::string OutcomeText(const data::v1::FetchResult& result) {
  switch (result.outcome()) {
    case data::v1::FetchResult::OUTCOME_OK:
      return "OK";
    case data::v1::FetchResult::OUTCOME_EMPTY_CONFIRMED:
      return "EMPTY_CONFIRMED";
    case data::v1::FetchResult::OUTCOME_FAILED:
      return result.retryable() ? "FAILED (try again)" : "FAILED";
    default:
      return "-";
  }
}

void Describe(Session& session, const data::v1::FetchRun& run) {
  Table table{.title = fmt::format("{}  {}  from {}, {} to {}", run.name(), StateText(run.job()),
                                   SourceText(run.spec().source().name()), Day(run.spec().range().start_time()),
                                   Day(run.spec().range().end_time())),
              .columns = {"symbol", "outcome", "rows", "changed"}};
  for (const data::v1::FetchResult& result : run.results()) {
    table.rows.push_back(
        {result.symbol(), OutcomeText(result), Grouped(result.row_count()), Grouped(result.changed_row_count())});
  }
  session.out().Show(table);
}

absl::StatusOr<data::v1::CreateFetchRunRequest> ReadRequest(Session& session, const Arguments& arguments) {
  base::Violations violations;
  data::v1::CreateFetchRunRequest request;
  data::v1::FetchSpec& spec = *request.mutable_spec();
  spec.set_resource(arguments.Text("resource"));
  for (std::string& symbol : ParseSymbols(arguments.Text("symbols"), "--symbols", violations)) {
    spec.add_symbols(std::move(symbol));
  }
  spec.set_timeframe(ParseTimeframeFlag(arguments, spec.resource(), violations));
  const bool files = arguments.Text("source") == "csv_file";
  *spec.mutable_range() = ParseRange(arguments, violations);
  if (!arguments.Has("start"))
    *spec.mutable_range()->mutable_start_time() =
        rpc::ToProto(ParseTime(files ? kStartOfFiles : kStart, "--start", violations));
  if (!spec.range().has_end_time()) {
    // The coming midnight, so that what closed today is inside.
    *spec.mutable_range()->mutable_end_time() = rpc::ToProto(
        absl::Floor(session.clock().Now() - absl::UnixEpoch(), absl::Hours(24)) + absl::Hours(24) + absl::UnixEpoch());
  }
  spec.mutable_source()->set_name(arguments.Text("source"));
  if (const std::string& path = arguments.Text("path"); !path.empty()) {
    (*spec.mutable_source()->mutable_params())["path"].set_string_value(path);
  }
  ParseParams(arguments, "param", *spec.mutable_source(), violations);
  // The server has another working directory.
  if (const auto path = spec.source().params().find("path");
      path != spec.source().params().end() && !path->second.string_value().empty()) {
    (*spec.mutable_source()->mutable_params())["path"].set_string_value(AbsolutePath(path->second.string_value()));
  }
  request.set_request_id(NewRequestId());
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong flags", "USAGE"));
  return request;
}

absl::Status Run(Session& session, const Arguments& arguments) {
  BF_ASSIGN_OR_RETURN(const data::v1::CreateFetchRunRequest request, ReadRequest(session, arguments));
  BF_ASSIGN_OR_RETURN(data::v1::FetchRun run, session.data().Call(&Stub::CreateFetchRun, request, session.scope()));
  absl::Status outcome;
  if (!arguments.Switch("detach")) {
    outcome = FollowRun(session, session.data(), "fetch", &Stub::WatchFetchRun, &Stub::CancelFetchRun, run);
  }
  session.out().Result(run, [&] { Describe(session, run); });
  // Every symbol that did not come is said, also when others did.
  std::string failed;
  for (const data::v1::FetchResult& result : run.results()) {
    if (result.outcome() != data::v1::FetchResult::OUTCOME_FAILED) continue;
    absl::Status error = rpc::FromProto(result.error());
    session.out().Error(base::MakeError(error.code(), fmt::format("{}: {}", result.symbol(), base::Message(error)),
                                        base::DetailsOf(error)));
    failed += (failed.empty() ? "" : ", ") + result.symbol();
  }
  if (outcome.ok() && !failed.empty()) {
    return base::MakeError(absl::StatusCode::kAborted, "SYMBOLS_FAILED", fmt::format("not fetched: {}", failed));
  }
  return outcome;
}

}  // namespace

Command DataFetch() {
  return {.group = "data",
          .verb = "fetch",
          .summary = "fetch series from a source and store them",
          .flags =
              {SymbolsFlag(true),
               TimeframeFlag(),
               StartFlag("", fmt::format("to fetch; default {}, from files {}", kStart, kStartOfFiles)),
               EndFlag("", "fetched; default tomorrow"),
               {.name = "source",
                .value = "SOURCE",
                .description = "where from; simulated bars are made up; see data sources",
                .default_value = "simulated",
                .component = "data_source"},
               {.name = "path", .value = "DIR", .description = "folder of SYMBOL.csv files, for --source csv_file"},
               ParamFlag("source"),
               {.name = "resource", .value = "KIND", .description = "kind of the data", .default_value = "stock_price"},
               {.name = "detach", .description = "do not wait for the end"}},
          .run = Run};
}

}  // namespace breadthflow::cli
