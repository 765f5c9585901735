#include <string>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/timeframe.h"
#include "common/rpc/convert.h"
#include "services/cli/runs.h"
#include "services/cli/values.h"

namespace breadthflow::cli {
namespace {

using Stub = data::v1::DataService::Stub;

absl::StatusOr<data::v1::DropSeriesRangeRequest> ReadRequest(const Arguments& arguments) {
  base::Violations violations;
  data::v1::DropSeriesRangeRequest request;
  request.set_resource(arguments.Text("resource"));
  for (std::string& symbol : ParseSymbols(arguments.Text("symbols"), "--symbols", violations)) {
    request.add_symbols(std::move(symbol));
  }
  request.set_all_symbols(arguments.Switch("all-symbols"));
  if (request.all_symbols() == (request.symbols_size() > 0)) {
    violations.Add("--symbols", "or --all-symbols must be given, and not both");
  }
  request.set_timeframe(ParseTimeframeFlag(arguments, request.resource(), violations));
  request.set_source(arguments.Text("source"));
  *request.mutable_before_time() =
      rpc::ToProto(ParseBound(arguments.Text("before"), "--before", request.timeframe(), violations));
  request.set_validate_only(arguments.Switch("check"));
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong flags", "USAGE"));
  return request;
}

void Describe(Session& session, const data::v1::DropSeriesRangeRequest& request,
              const data::v1::DropSeriesRangeResponse& dropped) {
  Table table{.columns = {"symbol", "resource", "timeframe", "source", "rows", "bytes freed", "bytes kept"}};
  int64_t rows = 0;
  int64_t series = 0;  // that lose some
  int64_t freed = 0;
  int64_t kept = 0;
  int64_t staying = 0;
  int64_t shared = 0;  // rows of series without a chunk that has no later ones
  for (const data::v1::DroppedSeries& one : dropped.series()) {
    rows += one.row_count();
    series += one.row_count() > 0 ? 1 : 0;
    freed += one.freed_bytes();
    kept += one.kept_bytes();
    staying += one.staying_row_count();
    if (one.freed_bytes() + one.kept_bytes() == 0) shared += one.row_count();
    table.rows.push_back({one.key().symbol(), one.key().resource(), TimeframeText(one.key().timeframe()), one.source(),
                          Grouped(one.row_count()), Grouped(one.freed_bytes()), Grouped(one.kept_bytes())});
  }
  session.out().Show(table);
  const std::string before = quant::BoundText(rpc::FromProto(request.before_time()), TimeframeOf(request.timeframe()));
  if (dropped.series().empty()) {
    session.out().Say(fmt::format("  there are no rows before {}", before));
    return;
  }
  const bool check = request.validate_only();
  std::string text = fmt::format("  {} rows of {} series before {} {}", Grouped(rows), series, before,
                                 check ? "would go" : "are gone");
  if (freed > 0) text += fmt::format("; {} bytes {} free a day later", Grouped(freed), check ? "would be" : "are");
  session.out().Say(text);
  if (shared > 0) {
    session.out().Say(fmt::format(
        "  the place of {} rows is free only when the later ones that share it are dropped, too", Grouped(shared)));
  }
  if (staying > 0) {
    session.out().Say(fmt::format("  {} rows from before {} {}: they take effect on a day after it", Grouped(staying),
                                  before, check ? "would stay" : "stay"));
  }
  if (kept > 0) session.out().Say(fmt::format("  {} bytes stay, because snapshots need them", Grouped(kept)));
}

absl::Status Run(Session& session, const Arguments& arguments) {
  BF_ASSIGN_OR_RETURN(data::v1::DropSeriesRangeRequest request, ReadRequest(arguments));
  if (!request.validate_only()) request.set_request_id(NewRequestId());
  const auto dropped = session.data().Call(&Stub::DropSeriesRange, request, session.scope());
  BF_RETURN_IF_ERROR(dropped.status());
  session.out().Result(*dropped, [&] { Describe(session, request, *dropped); });
  return absl::OkStatus();
}

}  // namespace

Command DataDrop() {
  return {.group = "data",
          .verb = "drop",
          .summary = "free the place of old rows; what snapshots name is kept",
          .flags =
              {{.name = "before",
                .value = "TIME",
                .description = "rows of earlier days go, or those before this instant",
                .required = true},
               SymbolsFlag(false),
               {.name = "all-symbols", .description = "of every symbol that is stored"},
               TimeframeFlag(),
               SourceFlag("only series of this source; default those of every source"),
               {.name = "resource", .value = "KIND", .description = "kind of the data", .default_value = "stock_price"},
               {.name = "check", .description = "only say what would go"}},
          .run = Run};
}

}  // namespace breadthflow::cli
