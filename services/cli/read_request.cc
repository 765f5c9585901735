#include "services/cli/read_request.h"

#include <string>
#include <utility>

#include "common/base/status.h"
#include "services/cli/read_flags.h"
#include "services/cli/rehearsal.h"
#include "services/cli/snapshots.h"
#include "services/cli/values.h"

namespace breadthflow::cli {

std::vector<Flag> ReadFlags() {
  std::vector<Flag> flags = {
      SymbolsFlag(false),
      TimeframeFlag(),
      StartFlag("", "to read"),
      EndFlag("", "read"),
      {.name = "snapshot", .value = "SNAPSHOT", .description = "read what it froze"},
      {.name = "resource", .value = "KIND", .description = "kind of the data", .default_value = "stock_price"},
      SourceFlag("needed where several have the series")};
  for (Flag& flag : ReadShapeFlags()) flags.push_back(std::move(flag));
  return flags;
}

absl::StatusOr<data::v1::ReadSeriesRequest> ReadRequestOf(Session& session, const Arguments& arguments,
                                                          base::Violations& violations) {
  data::v1::ReadSeriesRequest request;
  // A snapshot knows what it is of.
  const bool frozen = arguments.Has("snapshot");
  if (!frozen || arguments.Has("resource")) request.set_resource(arguments.Text("resource"));
  if (!frozen || arguments.Has("timeframe")) {
    request.set_timeframe(ParseTimeframeFlag(arguments, arguments.Text("resource"), violations));
  }
  *request.mutable_range() = ParseRange(arguments, request.timeframe(), violations);
  for (std::string& symbol : ParseSymbols(arguments.Text("symbols"), "--symbols", violations))
    request.add_symbols(std::move(symbol));
  request.set_source(arguments.Text("source"));
  ParseReadShape(arguments, request, violations);
  CheckSnapshotFlags(arguments, violations);
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong flags", "USAGE"));
  if (frozen) {
    BF_ASSIGN_OR_RETURN(*request.mutable_snapshot(), SnapshotName(session, arguments.Text("snapshot")));
  }
  return request;
}

absl::Status ByReadFlag(const absl::Status& read) {
  if (!absl::IsInvalidArgument(read) || base::DetailsOf(read).violations.empty()) return read;
  base::Violations violations;
  MergeByFlag(read, FlagsOfRead(), violations);
  return violations.ToStatus("wrong flags", base::DetailsOf(read).reason);
}

}  // namespace breadthflow::cli
