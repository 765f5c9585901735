#include "absl/strings/str_split.h"

#include "common/rpc/convert.h"
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

absl::Status Summary(Session& session, const Arguments& arguments) {
  data::v1::ListSeriesRequest request;
  request.set_resource(arguments.Text("resource"));
  data::v1::ListSeriesResponse all;
  BF_RETURN_IF_ERROR(ListPages(session, session.data(), &Stub::ListSeries, request, 100000, [&](const auto& page) {
    all.mutable_series()->MergeFrom(page.series());
    return page.series_size();
  }));
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
                            Grouped(series.row_count()), Day(series.first_time()), Day(series.last_time()),
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
  data::v1::ReadSeriesRequest request;
  request.set_resource(arguments.Text("resource"));
  request.set_timeframe(ParseTimeframeFlag(arguments, violations));
  *request.mutable_range() = ParseRange(arguments, violations);
  for (std::string& symbol : ParseSymbols(arguments.Text("symbols"), "--symbols", violations))
    request.add_symbols(std::move(symbol));
  if (const std::string& fields = arguments.Text("fields"); !fields.empty()) {
    for (const auto& field : absl::StrSplit(fields, ',')) request.add_fields(std::string(field));
  }
  if (const std::string& as_of = arguments.Text("as-of"); !as_of.empty()) {
    *request.mutable_as_of_time() = rpc::ToProto(ParseTime(as_of, "--as-of", violations));
  }
  const int limit = ParseCount(arguments, "limit", 1, 100000000, violations);
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong flags", "USAGE"));
  if (arguments.Has("snapshot")) {
    BF_ASSIGN_OR_RETURN(*request.mutable_snapshot(), SnapshotFor(session, arguments));
  }

  RowCollector rows(limit);
  const absl::Status read = session.data().Read(&Stub::ReadSeries, request, session.scope(),
                                                [&](common::v1::SeriesMessage& message) { return rows.Take(message); });
  return rows.Print(session.out(), read);
}

absl::Status Snapshot(Session& session, const Arguments& arguments) {
  data::v1::Snapshot snapshot;
  data::v1::GetSnapshotRequest request;
  if (arguments.argument().empty()) {
    BF_ASSIGN_OR_RETURN(*request.mutable_name(), SnapshotFor(session, arguments));
  } else {
    BF_ASSIGN_OR_RETURN(*request.mutable_name(),
                        NameOrLatest(session, session.data(), "snapshots", arguments.argument(), &Stub::ListSnapshots,
                                     [](const data::v1::ListSnapshotsResponse& page) { return page.snapshots(); }));
  }
  BF_ASSIGN_OR_RETURN(snapshot, session.data().Call(&Stub::GetSnapshot, request, session.scope()));
  session.out().Result(snapshot, [&] {
    Table table{.title = fmt::format("{}  {}", snapshot.name(), Instant(snapshot.create_time())),
                .columns = {"symbol", "timeframe", "rows", "basis", "source", "content"}};
    for (const data::v1::SnapshotSeries& series : snapshot.series()) {
      table.rows.push_back({series.key().symbol(), TimeframeText(series.key().timeframe()), Grouped(series.row_count()),
                            BasisText(series.basis()), series.source(), series.content_sha256().substr(0, 16)});
    }
    session.out().Show(table);
    session.out().Say("content " + snapshot.content_sha256());
  });
  return absl::OkStatus();
}

}  // namespace

Command DataSummary() {
  return {.group = "data",
          .verb = "summary",
          .summary = "what is stored",
          .flags = {{.name = "resource", .value = "KIND", .description = "only this kind of data"}},
          .run = Summary};
}

Command DataRead() {
  return {.group = "data",
          .verb = "read",
          .summary = "rows of stored series",
          .flags =
              {SymbolsFlag(false),
               TimeframeFlag(),
               StartFlag("", "to read"),
               EndFlag("", "read"),
               {.name = "snapshot", .value = "SNAPSHOT", .description = "read what it froze"},
               {.name = "as-of", .value = "INSTANT", .description = "rows as they were known then"},
               {.name = "fields", .value = "A,B", .description = "columns; default all"},
               {.name = "resource", .value = "KIND", .description = "kind of the data", .default_value = "stock_price"},
               {.name = "limit", .value = "N", .description = "at most this many rows", .default_value = "20"}},
          .run = Read};
}

Command DataSnapshot() {
  return {.group = "data",
          .verb = "snapshot",
          .summary = "freeze series as they are known now, or show a snapshot",
          .argument = "SNAPSHOT",
          .flags = {SymbolsFlag(false), TimeframeFlag(), SnapshotFlag()},
          .run = Snapshot};
}

}  // namespace breadthflow::cli
