#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "services/cli/bars.h"
#include "services/cli/quality.h"
#include "services/cli/runs.h"
#include "services/cli/snapshots.h"

namespace breadthflow::cli {
namespace {

// Rows can lack the ends of a range only where somebody said it.
absl::Status NeedsRange(std::string_view why) {
  base::Violations violations;
  violations.Add("--expect-whole-range", fmt::format("needs --start and --end{}", why));
  return violations.ToStatus("wrong flags", "USAGE");
}

absl::Status Quality(Session& session, const Arguments& arguments) {
  const bool whole = arguments.Switch("expect-whole-range");
  const bool made = arguments.argument().empty() && !arguments.Has("snapshot");
  if (whole && made && (arguments.Text("start").empty() || arguments.Text("end").empty())) {
    return NeedsRange(": the range of which every session should have rows");
  }
  BF_ASSIGN_OR_RETURN(const std::string snapshot, SnapshotOf(session, arguments));
  if (whole && !made) {
    data::v1::GetSnapshotRequest get;
    get.set_name(snapshot);
    BF_ASSIGN_OR_RETURN(const data::v1::Snapshot frozen,
                        session.data().Call(&data::v1::DataService::Stub::GetSnapshot, get, session.scope()));
    if (!frozen.range().has_start_time() && !frozen.range().has_end_time()) {
      return NeedsRange(fmt::format(", and {} was made without a range: make another with them", snapshot));
    }
  }
  BF_RETURN_IF_ERROR(SayBarsOf(session, snapshot));
  const QualityOptions options{.calendar = arguments.Text("calendar"),
                               .asset_class = arguments.Text("asset-class"),
                               .expect_whole_range = whole};
  BF_ASSIGN_OR_RETURN(const data::v1::QualityReport report, QualityOf(session, snapshot, options));
  session.out().Result(report, [&] {
    session.out().Show(QualityTable(report));
    for (const std::string& advice : report.recommendations()) session.out().Say("  " + advice);
  });
  if (!arguments.Switch("check") || report.passed()) return absl::OkStatus();
  return base::MakeError(absl::StatusCode::kFailedPrecondition, "QUALITY_NOT_PASSED",
                         fmt::format("{} did not pass, score {:.4f}", report.name(), report.score()));
}

}  // namespace

Command DataQuality() {
  std::vector<std::string> calendars;
  for (const std::string_view name : quant::CalendarNames()) calendars.emplace_back(name);
  calendars.emplace_back(quant::kNoCalendar);
  std::vector<Flag> flags = SnapshotFlags();
  flags.insert(
      flags.end(),
      {{.name = "check", .description = "exit status 1 when it did not pass"},
       {.name = "calendar",
        .value = "NAME",
        .description = "measure every series by these sessions; default the calendar named when it was stored, "
                       "else the one that its rows tell",
        .choices = std::move(calendars)},
       {.name = "asset-class",
        .value = "NAME",
        .description = "judge every series by the limits of this class; default what its symbol or its calendar tells",
        .choices = {"equity", "index", "fx", "crypto", "rate"}},
       {.name = "expect-whole-range",
        .description = "sessions of the range (--start to --end) before the first row or after the last one are "
                       "errors; default a warning, unless it is known whether there are rows"}});
  return {.group = "data",
          .verb = "quality",
          .summary = "completeness, order, duplicates and gaps of a snapshot",
          .argument = "SNAPSHOT",
          .argument_default = "a new one, of --symbols or of all that is stored",
          .flags = std::move(flags),
          .run = Quality};
}

}  // namespace breadthflow::cli
