#include "services/cli/snapshots.h"

#include "services/cli/runs.h"
#include "services/cli/values.h"

namespace breadthflow::cli {

using Stub = data::v1::DataService::Stub;

Flag SnapshotFlag() {
  return {.name = "snapshot",
          .value = "SNAPSHOT",
          .description = "bars to use; without it a new snapshot of --symbols (or of all that is stored) is made"};
}

absl::StatusOr<std::string> SnapshotFor(Session& session, const Arguments& arguments) {
  if (const std::string& given = arguments.Text("snapshot"); !given.empty()) {
    return NameOrLatest(session, session.data(), "snapshots", given, &Stub::ListSnapshots,
                        [](const data::v1::ListSnapshotsResponse& page) { return page.snapshots(); });
  }
  base::Violations violations;
  data::v1::CreateSnapshotRequest request;
  request.set_timeframe(ParseTimeframeFlag(arguments, violations));
  for (std::string& symbol : ParseSymbols(arguments.Text("symbols"), "--symbols", violations)) {
    request.add_symbols(std::move(symbol));
  }
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong flags", "USAGE"));
  if (request.symbols().empty()) {
    data::v1::ListSeriesRequest all;
    all.set_resource("stock_price");
    BF_RETURN_IF_ERROR(ListPages(session, session.data(), &Stub::ListSeries, all, 10000, [&](const auto& page) {
      for (const data::v1::SeriesSummary& series : page.series()) {
        if (series.key().timeframe() == request.timeframe()) request.add_symbols(series.key().symbol());
      }
      return page.series_size();
    }));
    if (request.symbols().empty()) {
      return base::MakeError(absl::StatusCode::kNotFound, "NOTHING_STORED",
                             "nothing is stored yet; fetch first: breadthflow data fetch --symbols AAPL,MSFT");
    }
  }
  request.set_request_id(NewRequestId());
  BF_ASSIGN_OR_RETURN(const data::v1::Snapshot snapshot,
                      session.data().Call(&Stub::CreateSnapshot, request, session.scope()));
  session.out().Say(fmt::format("snapshot of {} symbols: {}", snapshot.series_size(), snapshot.name()));
  return snapshot.name();
}

}  // namespace breadthflow::cli
