#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/ranges.h>

#include "common/quant/series.h"
#include "services/cli/bars.h"
#include "services/cli/read_request.h"
#include "services/cli/rehearsal.h"
#include "services/cli/rows.h"
#include "services/cli/runs.h"
#include "services/cli/snapshots.h"
#include "services/cli/values.h"

namespace breadthflow::cli {
namespace {

using Stub = data::v1::DataService::Stub;

std::string BasisText(common::v1::PriceBasis basis) {
  if (!common::v1::PriceBasis_IsValid(basis)) return "";
  return std::string(quant::ToText(static_cast<quant::PriceBasis>(basis)));
}

// What is derived has rows only when it is read.
std::string RowsText(const data::v1::SeriesSummary& series) {
  if (series.row_count() == 0 && series.source().starts_with("derived:")) return "on read";
  return Grouped(series.row_count());
}

absl::Status Summary(Session& session, const Arguments& arguments) {
  base::Violations violations;
  const std::vector<std::string> named = ParseSymbols(arguments.Text("symbols"), "--symbols", violations);
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong flags", "USAGE"));
  const std::set<std::string> symbols(named.begin(), named.end());
  data::v1::ListSeriesRequest request;
  request.set_resource(arguments.Text("resource"));
  data::v1::ListSeriesResponse all;
  std::set<std::string> absent = symbols;
  BF_RETURN_IF_ERROR(ListPages(session, session.data(), &Stub::ListSeries, request, 100000, [&](const auto& page) {
    for (const data::v1::SeriesSummary& series : page.series()) {
      if (!symbols.empty() && symbols.count(series.key().symbol()) == 0) continue;
      if (arguments.Has("source") && series.source() != arguments.Text("source")) continue;
      absent.erase(series.key().symbol());
      *all.add_series() = series;
    }
    return page.series_size();
  }));
  if (!absent.empty()) {
    return base::MakeError(
        absl::StatusCode::kNotFound, "UNKNOWN_SERIES",
        fmt::format("not stored{}: {}", arguments.Has("source") ? " from " + arguments.Text("source") : "",
                    fmt::join(absent, ", ")));
  }
  if (all.series().empty() && arguments.Has("source")) {
    return base::MakeError(absl::StatusCode::kNotFound, "NOTHING_STORED",
                           fmt::format("nothing is stored from {}", arguments.Text("source")));
  }
  session.out().Result(all, [&] {
    Table table{
        .columns = {"symbol", "resource", "timeframe", "rows", "first", "last", "basis", "source", "bytes/row"}};
    int64_t rows = 0;
    int64_t bytes = 0;
    for (const data::v1::SeriesSummary& series : all.series()) {
      rows += series.row_count();
      bytes += series.stored_bytes();
      const double per_row = series.row_count() > 0
                                 ? static_cast<double>(series.stored_bytes()) / static_cast<double>(series.row_count())
                                 : 0;
      table.rows.push_back({series.key().symbol(), series.key().resource(), TimeframeText(series.key().timeframe()),
                            RowsText(series), Day(series.first_time()), Day(series.last_time()),
                            BasisText(series.basis()), series.source(), fmt::format("{:.1f}", per_row)});
    }
    session.out().Show(table);
    session.out().Say(
        fmt::format("{} series, {} rows, {} bytes at rest", all.series_size(), Grouped(rows), Grouped(bytes)));
  });
  return absl::OkStatus();
}

absl::Status Read(Session& session, const Arguments& arguments) {
  base::Violations violations;
  const std::optional<int> limit = ParseRowLimit(arguments, violations);
  BF_ASSIGN_OR_RETURN(const data::v1::ReadSeriesRequest request, ReadRequestOf(session, arguments, violations));
  RowCollector rows(session.out(), limit, request.symbols_size());
  return ByReadFlag(
      rows.Finish(session.data().Read(&Stub::ReadSeries, request, session.scope(),
                                      [&](common::v1::SeriesMessage& message) { return rows.Take(message); })));
}

absl::Status Snapshot(Session& session, const Arguments& arguments) {
  data::v1::Snapshot snapshot;
  data::v1::GetSnapshotRequest request;
  BF_ASSIGN_OR_RETURN(*request.mutable_name(), SnapshotOf(session, arguments));
  BF_ASSIGN_OR_RETURN(snapshot, session.data().Call(&Stub::GetSnapshot, request, session.scope()));
  BF_ASSIGN_OR_RETURN(const Bars bars, BarsOf(session, snapshot));
  session.out().Result(snapshot, [&] {
    Table table{.title = fmt::format("{}  {}", snapshot.name(), Instant(snapshot.create_time())),
                .columns = {"symbol", "timeframe", "rows", "basis", "source", "content"}};
    for (const data::v1::SnapshotSeries& series : snapshot.series()) {
      table.rows.push_back({series.key().symbol(), TimeframeText(series.key().timeframe()), Grouped(series.row_count()),
                            BasisText(series.basis()), series.source(), series.content_sha256().substr(0, 16)});
    }
    session.out().Show(table);
    session.out().Say("content " + snapshot.content_sha256());
    if (!bars.range.empty()) session.out().Say("range " + bars.range);
    WarnOfMixedSources(session.out(), bars);
  });
  return absl::OkStatus();
}

}  // namespace

Command DataSummary() {
  return {.group = "data",
          .verb = "summary",
          .summary = "what is stored",
          .flags = {SymbolsFlag(false),
                    SourceFlag("only of this source"),
                    {.name = "resource", .value = "KIND", .description = "only this kind of data"}},
          .run = Summary};
}

Command DataRead() {
  std::vector<Flag> flags = ReadFlags();
  flags.push_back(RowsFlag());
  return {.group = "data", .verb = "read", .summary = "rows of stored series", .flags = std::move(flags), .run = Read};
}

Command DataSnapshot() {
  return {.group = "data",
          .verb = "snapshot",
          .summary = "freeze series as they are known now, or show a snapshot",
          .argument = "SNAPSHOT",
          .argument_default = "a new one, of --symbols or of all that is stored",
          .flags = SnapshotFlags(),
          .run = Snapshot};
}

}  // namespace breadthflow::cli
