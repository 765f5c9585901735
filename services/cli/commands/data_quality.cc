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

absl::Status Quality(Session& session, const Arguments& arguments) {
  std::string snapshot;
  if (arguments.argument().empty()) {
    BF_ASSIGN_OR_RETURN(snapshot, SnapshotFor(session, arguments));
  } else {
    BF_ASSIGN_OR_RETURN(snapshot, SnapshotName(session, arguments.argument()));
  }
  BF_RETURN_IF_ERROR(SayBarsOf(session, snapshot));
  const QualityOptions options{.calendar = arguments.Text("calendar"),
                               .asset_class = arguments.Text("asset-class"),
                               .expect_whole_range = arguments.Switch("expect-whole-range")};
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
  return {
      .group = "data",
      .verb = "quality",
      .summary = "completeness, order, duplicates and gaps of a snapshot",
      .argument = "SNAPSHOT",
      .argument_default = "a new one, of --symbols or of all that is stored",
      .flags = {SymbolsFlag(false),
                TimeframeFlag(),
                SourceFlag("needed where several have a series"),
                SnapshotFlag(),
                {.name = "check", .description = "exit status 1 when it did not pass"},
                {.name = "calendar",
                 .value = "NAME",
                 .description =
                     "measure every series by these sessions; default the calendar named when it was stored, "
                     "else the one that its rows tell",
                 .choices = std::move(calendars)},
                {.name = "asset-class",
                 .value = "NAME",
                 .description =
                     "judge every series by the limits of this class; default what its symbol or its calendar tells",
                 .choices = {"equity", "index", "fx", "crypto", "rate"}},
                {.name = "expect-whole-range",
                 .description = "sessions of the snapshot's range before the first row or after the last one are "
                                "errors; default a warning, unless it is known whether there are rows"}},
      .run = Quality};
}

}  // namespace breadthflow::cli
