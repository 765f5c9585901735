#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/rpc/convert.h"
#include "common/rpc/status_bridge.h"
#include "services/cli/live_printer.h"
#include "services/cli/rehearsal.h"
#include "services/cli/session.h"
#include "services/cli/values.h"

namespace breadthflow::cli {
namespace {

using data::v1::StreamSeriesRequest;
using data::v1::StreamSeriesResponse;
using Stub = data::v1::DataService::Stub;

constexpr absl::Duration kFirstPause = absl::Milliseconds(200);
constexpr absl::Duration kLongestPause = absl::Seconds(10);
constexpr absl::Duration kLook = absl::Milliseconds(50);

// "60s", "1m30s"; absent when the flag was not given.
std::optional<absl::Duration> ParseDurationFlag(const Arguments& arguments, const std::string& flag,
                                                base::Violations& violations) {
  if (!arguments.Has(flag)) return std::nullopt;
  absl::Duration duration;
  if (!absl::ParseDuration(arguments.Text(flag), &duration) || duration <= absl::ZeroDuration()) {
    violations.Add("--" + flag, fmt::format("must be a duration like 60s or 2m, was '{}'", arguments.Text(flag)));
    return std::nullopt;
  }
  return duration;
}

// "START..END", each of them optional.
common::v1::TimeRange ParseReplay(const std::string& text, common::v1::Timeframe timeframe,
                                  base::Violations& violations) {
  common::v1::TimeRange range;
  const size_t dots = text.find("..");
  if (dots == std::string::npos) {
    violations.Add("--replay", fmt::format("must be START..END, was '{}'", text));
    return range;
  }
  const auto bound = [&](const std::string& part) {
    return rpc::ToProto(ParseBound(part, "--replay", timeframe, violations));
  };
  if (dots > 0) *range.mutable_start_time() = bound(text.substr(0, dots));
  if (dots + 2 < text.size()) *range.mutable_end_time() = bound(text.substr(dots + 2));
  if (range.has_start_time() && range.has_end_time() && violations.empty() &&
      rpc::FromProto(range.end_time()) <= rpc::FromProto(range.start_time())) {
    violations.Add("--replay", fmt::format("must end later than it starts, was '{}'", text));
  }
  return range;
}

// A flag that means nothing without another.
void Needs(const Arguments& arguments, const std::string& flag, const std::string& other,
           base::Violations& violations) {
  if (arguments.Has(flag) && !arguments.Has(other)) violations.Add("--" + flag, fmt::format("needs --{}", other));
}

StreamSeriesRequest ReadRequest(const Arguments& arguments, base::Violations& violations) {
  StreamSeriesRequest request;
  request.set_resource(arguments.Text("resource"));
  for (std::string& symbol : ParseSymbols(arguments.Text("symbols"), "--symbols", violations)) {
    request.add_symbols(std::move(symbol));
  }
  request.set_timeframe(ParseTimeframeFlag(arguments, request.resource(), violations));
  request.set_source(arguments.Text("source"));
  if (arguments.Has("from")) {
    *request.mutable_start_time() =
        rpc::ToProto(ParseBound(arguments.Text("from"), "--from", request.timeframe(), violations));
  }
  Needs(arguments, "interval", "poll", violations);
  Needs(arguments, "param", "poll", violations);
  Needs(arguments, "speed", "replay", violations);
  Needs(arguments, "as-of", "replay", violations);
  const std::optional<absl::Duration> interval = ParseDurationFlag(arguments, "interval", violations);
  if (arguments.Has("poll")) {
    common::v1::ComponentRef& source = *request.mutable_poll()->mutable_source();
    source.set_name(arguments.Text("poll"));
    ParseParams(arguments, "param", source, violations);
    // The server has another working directory.
    if (const auto path = source.params().find("path");
        path != source.params().end() && !path->second.string_value().empty()) {
      (*source.mutable_params())["path"].set_string_value(AbsolutePath(path->second.string_value()));
    }
    if (interval) *request.mutable_poll()->mutable_interval() = rpc::ToProto(*interval);
  }
  if (arguments.Has("replay")) {
    *request.mutable_replay()->mutable_range() = ParseReplay(arguments.Text("replay"), request.timeframe(), violations);
    if (arguments.Has("speed")) request.mutable_replay()->set_speed(ParseNumber(arguments, "speed", violations));
    if (arguments.Has("as-of")) {
      *request.mutable_replay()->mutable_as_of_time() =
          rpc::ToProto(ParseTime(arguments.Text("as-of"), "--as-of", violations));
    }
  }
  request.set_calendar(arguments.Text("calendar"));
  request.set_conflate(arguments.Switch("conflate"));
  if (const auto silence = ParseDurationFlag(arguments, "silence-after", violations)) {
    *request.mutable_silence_after() = rpc::ToProto(*silence);
  }
  return request;
}

bool MayComeBack(const absl::Status& status) { return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status); }

absl::Status Run(Session& session, const Arguments& arguments) {
  base::Violations violations;
  StreamSeriesRequest request = ReadRequest(arguments, violations);
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong flags", "USAGE"));
  LivePrinter printer(session.out(), request.has_poll() ? request.poll().source().name() + " to have it"
                                                        : std::string("somebody to fetch or import it (data fetch; "
                                                                      "--poll SOURCE asks a source from here)"));
  std::string token;
  bool heard = false;
  absl::Duration pause = kFirstPause;
  while (true) {
    const rpc::Outgoing scope = session.scope();
    request.set_resume_token(token);
    absl::Status ended = session.data().Read(&Stub::StreamSeries, request, scope,
                                             [&](const StreamSeriesResponse& message) -> absl::Status {
                                               if (pause != kFirstPause) session.out().Say("the server is back");
                                               pause = kFirstPause;
                                               heard = true;
                                               printer.Print(message);
                                               token = message.resume_token();
                                               return absl::OkStatus();
                                             });
    if (scope.cancel.cancelled() || ended.ok()) return absl::OkStatus();
    if (!heard || !MayComeBack(ended)) {
      if (!absl::IsInvalidArgument(ended)) return ended;
      MergeByFlag(ended,
                  {{"symbols", "--symbols"},
                   {"source", "--source"},
                   {"poll.source.params", "--param"},
                   {"poll.source.name", "--poll"},
                   {"poll.source", "--poll"},
                   {"timeframe", "--timeframe"},
                   {"resource", "--resource"},
                   {"poll.interval", "--interval"},
                   {"poll", "--poll"},
                   {"start_time", "--from"},
                   {"replay.range", "--replay"},
                   {"replay.speed", "--speed"},
                   {"conflate", "--conflate"},
                   {"silence_after", "--silence-after"},
                   {"calendar", "--calendar"}},
                  violations);
      return violations.empty() ? ended : violations.ToStatus("wrong flags", base::DetailsOf(ended).reason);
    }
    if (pause == kFirstPause)
      session.out().Say("the server went away: going on where it stopped as soon as it is back");
    const absl::Time again = absl::Now() + pause;
    while (absl::Now() < again && !scope.cancel.cancelled()) absl::SleepFor(kLook);
    if (scope.cancel.cancelled()) return absl::OkStatus();
    pause = std::min(pause * 2, kLongestPause);
  }
}

}  // namespace

Command DataStream() {
  return {
      .group = "data",
      .verb = "stream",
      .summary = "rows as they are stored, or a stored range played again; Ctrl-C ends it",
      .flags =
          {SymbolsFlag(true),
           TimeframeFlag(),
           {.name = "resource", .value = "KIND", .description = "kind of the data", .default_value = "stock_price"},
           SourceFlag("needed where several have a series"),
           {.name = "from",
            .value = "TIME",
            .description = "begin with the stored rows of this day, or from this instant on"},
           {.name = "poll",
            .value = "SOURCE",
            .description = "ask this source again and again",
            .component = "data_source"},
           ParamFlag("polled source"),
           {.name = "interval", .value = "60s", .description = "between two polls; default the bar size"},
           {.name = "replay", .value = "START..END", .description = "play this stored range, of days or instants"},
           {.name = "speed", .value = "N", .description = "how much faster than it came; default as fast as possible"},
           {.name = "as-of", .value = "INSTANT", .description = "play rows as they were known then"},
           {.name = "calendar",
            .value = "NAME",
            .description = "whose hours say what is missing and silent: XNYS, 24/7, FX, XETR; default what rows keep"},
           {.name = "conflate", .description = "when this cannot keep up: only the newest row of each series"},
           {.name = "silence-after",
            .value = "2m",
            .description = "tell of series without a row for so long while their exchange is open"}},
      .run = Run};
}

}  // namespace breadthflow::cli
