#include "services/cli/snapshots.h"

#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "services/cli/runs.h"
#include "services/cli/values.h"

namespace breadthflow::cli {

using Stub = data::v1::DataService::Stub;

Flag SnapshotFlag() {
  return {.name = "snapshot",
          .value = "SNAPSHOT",
          .description = "bars to use; without it a new snapshot of --symbols (or of all that is stored) is made"};
}

absl::StatusOr<std::string> SnapshotName(Session& session, const std::string& text) {
  return NameOrLatest(session, session.data(), "snapshots", text, &Stub::ListSnapshots,
                      [](const data::v1::ListSnapshotsResponse& page) { return page.snapshots(); });
}

void CheckSnapshotFlags(const Arguments& arguments, base::Violations& violations) {
  if (arguments.Has("snapshot") && arguments.Has("source"))
    violations.Add("--source", "a snapshot has its own: leave --source or --snapshot out");
}

std::vector<Flag> SnapshotFlags() {
  return {SymbolsFlag(false),
          TimeframeFlag(),
          SourceFlag("needed where several have a series"),
          SnapshotFlag(),
          StartFlag("", "of a new snapshot; default all that is stored"),
          EndFlag("", "in a new snapshot")};
}

namespace {

// `ranged`: a new one is of the rows from --start to --end.
absl::StatusOr<std::string> NamedOrNew(Session& session, const Arguments& arguments, bool ranged,
                                       base::Violations& violations) {
  CheckSnapshotFlags(arguments, violations);
  data::v1::CreateSnapshotRequest request;
  request.set_timeframe(ParseTimeframeFlag(arguments, violations));
  if (ranged) *request.mutable_range() = ParseRange(arguments, request.timeframe(), violations);
  request.set_source(arguments.Text("source"));
  for (std::string& symbol : ParseSymbols(arguments.Text("symbols"), "--symbols", violations)) {
    request.add_symbols(std::move(symbol));
  }
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong flags", "USAGE"));
  if (const std::string& given = arguments.Text("snapshot"); !given.empty()) return SnapshotName(session, given);
  if (request.symbols().empty()) {
    data::v1::ListSeriesRequest all;
    all.set_resource("stock_price");
    std::set<std::string> symbols;
    std::set<std::string> twice;  // from several sources
    std::set<std::string> sources;
    const auto waiting = session.Wait("looking at what is stored");
    BF_RETURN_IF_ERROR(ListPages(session, session.data(), &Stub::ListSeries, all, 100000, [&](const auto& page) {
      for (const data::v1::SeriesSummary& series : page.series()) {
        const bool wanted = request.source().empty() || series.source() == request.source();
        if (!wanted || series.key().timeframe() != request.timeframe()) continue;
        if (!symbols.insert(series.key().symbol()).second) twice.insert(series.key().symbol());
        sources.insert(series.source());
      }
      return page.series_size();
    }));
    if (!twice.empty()) {
      return base::MakeError(
          absl::StatusCode::kFailedPrecondition, "SEVERAL_SOURCES",
          fmt::format("{}{} stored from more than one source; all that is stored comes from {}", *twice.begin(),
                      twice.size() == 1 ? " is" : fmt::format(" and {} more are", twice.size() - 1),
                      fmt::join(sources, ", ")));
    }
    if (symbols.empty()) {
      return base::MakeError(
          absl::StatusCode::kNotFound, "NOTHING_STORED",
          fmt::format("nothing is stored yet at {}{}; fetch first: breadthflow data fetch --symbols AAPL,MSFT",
                      TimeframeText(request.timeframe()), request.source().empty() ? "" : " from " + request.source()));
    }
    request.mutable_symbols()->Assign(symbols.begin(), symbols.end());
  }
  request.set_request_id(NewRequestId());
  const auto waiting = session.Wait(fmt::format("freezing {} symbols", Grouped(request.symbols_size())));
  BF_ASSIGN_OR_RETURN(const data::v1::Snapshot snapshot,
                      session.data().Call(&Stub::CreateSnapshot, request, session.scope()));
  waiting->Finish();
  session.out().Say(fmt::format("snapshot of {} symbols: {}", snapshot.series_size(), snapshot.name()));
  return snapshot.name();
}

}  // namespace

absl::StatusOr<std::string> SnapshotFor(Session& session, const Arguments& arguments) {
  base::Violations violations;
  return NamedOrNew(session, arguments, false, violations);
}

absl::StatusOr<std::string> SnapshotOf(Session& session, const Arguments& arguments) {
  base::Violations violations;
  if (!arguments.argument().empty() || arguments.Has("snapshot")) {
    for (const char* flag : {"start", "end"}) {
      if (arguments.Has(flag)) {
        violations.Add(fmt::format("--{}", flag), "a snapshot has its own range: leave it or the snapshot out");
      }
    }
  }
  if (arguments.argument().empty()) return NamedOrNew(session, arguments, true, violations);
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong flags", "USAGE"));
  return SnapshotName(session, arguments.argument());
}

}  // namespace breadthflow::cli
