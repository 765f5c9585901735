#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"

#include "common/base/status.h"
#include "common/rpc/convert.h"
#include "services/cli/bars.h"
#include "services/cli/fetch_results.h"
#include "services/cli/fetch_runs.h"
#include "services/cli/rehearsal.h"
#include "services/cli/runs.h"
#include "services/cli/values.h"

namespace breadthflow::cli {
namespace {

using Stub = data::v1::DataService::Stub;

constexpr char kStart[] = "2015-01-01";
constexpr char kStartOfFiles[] = "1990-01-01";  // all of a file

// --source A,B and the parameters of each: NAME=VALUE is of the first, B.NAME=VALUE of B.
void ParseSources(const Arguments& arguments, data::v1::FetchSpec& spec, base::Violations& violations) {
  const std::string& text = arguments.Text("source");
  std::vector<common::v1::ComponentRef*> sources;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    sources.push_back(sources.empty() ? spec.mutable_source() : spec.add_alternatives());
    sources.back()->set_name(text.substr(begin, end - begin));
    if (begin == end) violations.Add("--source", "must be a name, or names with commas between them");
    begin = end + 1;
  }
  ParseParams(arguments, "param", *spec.mutable_source(), violations);
  for (size_t i = 1; i < sources.size(); ++i) {
    const std::string prefix = sources[i]->name() + ".";
    auto& first = *spec.mutable_source()->mutable_params();
    for (auto param = first.begin(); param != first.end();) {
      if (!param->first.starts_with(prefix)) {
        ++param;
        continue;
      }
      (*sources[i]->mutable_params())[param->first.substr(prefix.size())] = param->second;
      param = first.erase(param);
    }
  }
}

// Now, of sources that may have rows of the future: made-up ones and files. Markets have none: with the coming midnight
// what closed today is inside, and a second fetch on one day asks for the same range.
absl::Time DefaultEnd(const data::v1::FetchSpec& spec, absl::Time now) {
  const auto knows_the_future = [](const common::v1::ComponentRef& source) {
    return source.name() == "simulated" || source.name() == "csv_file";
  };
  if (knows_the_future(spec.source()) ||
      std::any_of(spec.alternatives().begin(), spec.alternatives().end(), knows_the_future)) {
    return now;
  }
  return DayBegin(absl::ToCivilDay(now, absl::UTCTimeZone()) + 1, spec.timeframe());
}

data::v1::SourcePreference PreferenceOf(const std::string& text) {
  if (text == "coverage") return data::v1::SOURCE_PREFERENCE_COVERAGE;
  if (text == "freshness") return data::v1::SOURCE_PREFERENCE_FRESHNESS;
  if (text == "health") return data::v1::SOURCE_PREFERENCE_HEALTH;
  if (text == "cost") return data::v1::SOURCE_PREFERENCE_COST;
  return data::v1::SOURCE_PREFERENCE_ORDER;
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
  ParseSources(arguments, spec, violations);
  spec.set_preference(PreferenceOf(arguments.Text("prefer")));
  spec.set_refetch(arguments.Switch("refetch"));
  const bool files = spec.source().name() == "csv_file";
  *spec.mutable_range() = ParseRange(arguments, spec.timeframe(), violations);
  if (!arguments.Has("start"))
    *spec.mutable_range()->mutable_start_time() =
        rpc::ToProto(ParseBound(files ? kStartOfFiles : kStart, "--start", spec.timeframe(), violations));
  if (!spec.range().has_end_time()) {
    *spec.mutable_range()->mutable_end_time() = rpc::ToProto(DefaultEnd(spec, session.clock().Now()));
  }
  if (const std::string& path = arguments.Text("path"); !path.empty()) {
    (*spec.mutable_source()->mutable_params())["path"].set_string_value(path);
  }
  // The server has another working directory.
  if (const auto path = spec.source().params().find("path");
      path != spec.source().params().end() && !path->second.string_value().empty()) {
    (*spec.mutable_source()->mutable_params())["path"].set_string_value(AbsolutePath(path->second.string_value()));
  }
  spec.set_quality_gate(QualityGateOf(arguments));
  request.set_request_id(NewRequestId());
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong flags", "USAGE"));
  return request;
}

// Which flag each field of the request comes from.
std::vector<FlagOfField> FlagsOfFetch() {
  return {{"spec.source.params.path", "--path"}, {"spec.source.params", "--param"},
          {"spec.source", "--source"},           {"spec.alternatives", "--source"},
          {"spec.resource", "--resource"},       {"spec.symbols", "--symbols"},
          {"spec.timeframe", "--timeframe"},     {"spec.range.start_time", "--start"},
          {"spec.range.end_time", "--end"},      {"spec.range", "--start"},
          {"spec.preference", "--prefer"},       {"spec.quality_gate", "--quality-gate"}};
}

absl::Status Run(Session& session, const Arguments& arguments) {
  BF_ASSIGN_OR_RETURN(const data::v1::CreateFetchRunRequest request, ReadRequest(session, arguments));
  absl::StatusOr<data::v1::FetchRun> created = session.data().Call(&Stub::CreateFetchRun, request, session.scope());
  if (absl::IsInvalidArgument(created.status()) && !base::DetailsOf(created.status()).violations.empty()) {
    base::Violations violations;
    MergeByFlag(created.status(), FlagsOfFetch(), violations);
    return violations.ToStatus("wrong flags", base::DetailsOf(created.status()).reason);
  }
  BF_ASSIGN_OR_RETURN(data::v1::FetchRun run, std::move(created));
  absl::Status outcome;
  if (!arguments.Switch("detach")) {
    outcome = FollowRun(session, session.data(), "fetch", &Stub::WatchFetchRun, &Stub::CancelFetchRun, run);
  }
  session.out().Result(run, [&] {
    DescribeFetch(session.out(), run);
    if (arguments.Switch("detach")) session.out().Say("it goes on by itself: breadthflow data runs " + run.name());
  });
  // Every symbol that did not come is said, also when others did.
  const absl::Status symbols = SayFailures(session.out(), run.results(), "fetched");
  return outcome.ok() ? symbols : outcome;
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
               EndFlag("", "fetched; default now"),
               {.name = "source",
                .value = "SOURCE",
                .description = "where from; simulated bars are made up; see data sources. With A,B what A can not give "
                               "is asked of B",
                .default_value = "simulated",
                .component = "data_source"},
               {.name = "path",
                .value = "DIR",
                .description = "folder of SYMBOL.csv files, or one file for all symbols, for --source csv_file; of a "
                               "second folder, --param name=NAME keeps the rows apart, as csv_file:NAME"},
               ParamFlag("source"),
               {.name = "resource", .value = "KIND", .description = "kind of the data", .default_value = "stock_price"},
               {.name = "prefer",
                .value = "WHAT",
                .description = "of several sources: in their order, or first the one that has most of the range, "
                               "answered last, failed least or may be asked most often",
                .default_value = "order",
                .choices = {"order", "coverage", "freshness", "health", "cost"}},
               {.name = "refetch", .description = "ask for all of the range, also what is covered already"},
               QualityGateFlag("quarantine"),
               {.name = "detach", .description = "do not wait for the end"}},
          .run = Run};
}

}  // namespace breadthflow::cli
