#include "services/cli/read_request.h"

#include <string>
#include <utility>

#include "absl/strings/str_split.h"

#include "common/base/status.h"
#include "common/rpc/convert.h"
#include "services/cli/rehearsal.h"
#include "services/cli/snapshots.h"
#include "services/cli/values.h"

namespace breadthflow::cli {

std::vector<Flag> ReadFlags() {
  return {SymbolsFlag(false),
          TimeframeFlag(),
          StartFlag("", "to read"),
          EndFlag("", "read"),
          {.name = "snapshot", .value = "SNAPSHOT", .description = "read what it froze"},
          {.name = "as-of", .value = "INSTANT", .description = "rows as they were known then"},
          {.name = "fields", .value = "A,B", .description = "columns; default all"},
          {.name = "resource", .value = "KIND", .description = "kind of the data", .default_value = "stock_price"},
          SourceFlag("needed where several have the series")};
}

absl::StatusOr<data::v1::ReadSeriesRequest> ReadRequestOf(Session& session, const Arguments& arguments,
                                                          base::Violations& violations) {
  data::v1::ReadSeriesRequest request;
  request.set_resource(arguments.Text("resource"));
  request.set_timeframe(ParseTimeframeFlag(arguments, request.resource(), violations));
  *request.mutable_range() = ParseRange(arguments, violations);
  for (std::string& symbol : ParseSymbols(arguments.Text("symbols"), "--symbols", violations))
    request.add_symbols(std::move(symbol));
  if (const std::string& fields = arguments.Text("fields"); !fields.empty()) {
    for (const auto& field : absl::StrSplit(fields, ',')) request.add_fields(std::string(field));
  }
  if (const std::string& as_of = arguments.Text("as-of"); !as_of.empty()) {
    *request.mutable_as_of_time() = rpc::ToProto(ParseTime(as_of, "--as-of", violations));
  }
  request.set_source(arguments.Text("source"));
  CheckSnapshotFlags(arguments, violations);
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong flags", "USAGE"));
  if (arguments.Has("snapshot")) {
    BF_ASSIGN_OR_RETURN(*request.mutable_snapshot(), SnapshotName(session, arguments.Text("snapshot")));
  }
  return request;
}

absl::Status ByReadFlag(const absl::Status& read) {
  if (!absl::IsInvalidArgument(read)) return read;
  base::Violations violations;
  MergeByFlag(read, {{"symbols", "--symbols"}, {"fields", "--fields"}, {"range", "--end"}, {"source", "--source"}},
              violations);
  return violations.ToStatus("wrong flags", base::DetailsOf(read).reason);
}

}  // namespace breadthflow::cli
