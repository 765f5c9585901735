#include "services/cli/quality.h"
#include "services/cli/runs.h"
#include "services/cli/snapshots.h"

namespace breadthflow::cli {
namespace {

using Stub = data::v1::DataService::Stub;

absl::Status Quality(Session& session, const Arguments& arguments) {
  std::string snapshot;
  if (arguments.argument().empty()) {
    BF_ASSIGN_OR_RETURN(snapshot, SnapshotFor(session, arguments));
  } else {
    BF_ASSIGN_OR_RETURN(snapshot,
                        NameOrLatest(session, session.data(), "snapshots", arguments.argument(), &Stub::ListSnapshots,
                                     [](const data::v1::ListSnapshotsResponse& page) { return page.snapshots(); }));
  }
  BF_ASSIGN_OR_RETURN(const data::v1::QualityReport report, QualityOf(session, snapshot));
  session.out().Result(report, [&] {
    session.out().Show(QualityTable(report));
    for (const std::string& advice : report.recommendations()) session.out().Say("  " + advice);
  });
  return absl::OkStatus();
}

}  // namespace

Command DataQuality() {
  return {.group = "data",
          .verb = "quality",
          .summary = "completeness, order, duplicates and gaps of a snapshot",
          .argument = "SNAPSHOT",
          .flags = {SymbolsFlag(false), TimeframeFlag(), SnapshotFlag()},
          .run = Quality};
}

}  // namespace breadthflow::cli
