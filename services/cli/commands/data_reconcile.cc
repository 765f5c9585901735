#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "services/cli/runs.h"
#include "services/cli/values.h"

namespace breadthflow::cli {
namespace {

using Stub = data::v1::DataService::Stub;

absl::StatusOr<data::v1::ReconcileSourcesRequest> ReadRequest(const Arguments& arguments) {
  base::Violations violations;
  data::v1::ReconcileSourcesRequest request;
  request.set_resource(arguments.Text("resource"));
  for (std::string& symbol : ParseSymbols(arguments.Text("symbols"), "--symbols", violations)) {
    request.add_symbols(std::move(symbol));
  }
  request.set_timeframe(ParseTimeframeFlag(arguments, request.resource(), violations));
  *request.mutable_range() = ParseRange(arguments, request.timeframe(), violations);
  request.set_source(arguments.Text("source"));
  request.set_other_source(arguments.Text("other"));
  if (arguments.Has("tolerance")) request.set_tolerance(ParseNumber(arguments, "tolerance", violations));
  const std::string& fields = arguments.Text("fields");
  for (size_t begin = 0; begin < fields.size();) {
    const size_t comma = std::min(fields.find(',', begin), fields.size());
    request.add_fields(fields.substr(begin, comma - begin));
    begin = comma + 1;
  }
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong flags", "USAGE"));
  return request;
}

void Describe(Session& session, const data::v1::ReconcileSourcesRequest& request,
              const data::v1::Reconciliation& result) {
  Table table{.title = fmt::format("{} and {}: {}", request.source(), request.other_source(),
                                   result.agrees() ? "they agree where both have rows" : "they DIFFER"),
              .columns = {"symbol", "common", "only " + request.source(), "only " + request.other_source(), "field",
                          "compared", "differ", "greatest", "where"}};
  for (const data::v1::SeriesReconciliation& series : result.series()) {
    const std::vector<std::string> rows = {series.symbol(), Grouped(series.common_row_count()),
                                           Grouped(series.only_row_count()), Grouped(series.only_other_row_count())};
    bool first = true;
    for (const data::v1::FieldReconciliation& field : series.fields()) {
      std::vector<std::string> cells = first ? rows : std::vector<std::string>(rows.size());
      first = false;
      std::string where;
      if (field.examples_size() > 0) {
        const data::v1::Disagreement& example = field.examples(0);
        where = fmt::format("{}: {:g} and {:g}", Instant(example.time()), example.value(), example.other_value());
      }
      for (std::string& cell : std::vector<std::string>{
               field.field(), Grouped(field.compared_row_count()), Grouped(field.differing_row_count()),
               fmt::format("{:.3g}", field.max_difference()), std::move(where)}) {
        cells.push_back(std::move(cell));
      }
      table.rows.push_back(std::move(cells));
    }
    if (!first) continue;
    std::vector<std::string> cells = rows;
    cells.resize(table.columns.size() - 1);
    cells.emplace_back("nothing both have can be compared");
    table.rows.push_back(std::move(cells));
  }
  session.out().Show(table);
}

absl::Status Run(Session& session, const Arguments& arguments) {
  BF_ASSIGN_OR_RETURN(const data::v1::ReconcileSourcesRequest request, ReadRequest(arguments));
  const auto waiting = session.Wait("comparing");
  BF_ASSIGN_OR_RETURN(const data::v1::Reconciliation result,
                      session.data().Call(&Stub::ReconcileSources, request, session.scope()));
  waiting->Finish();
  session.out().Result(result, [&] { Describe(session, request, result); });
  if (!arguments.Switch("check") || result.agrees()) return absl::OkStatus();
  return base::MakeError(absl::StatusCode::kFailedPrecondition, "SOURCES_DIFFER",
                         fmt::format("{} and {} differ", request.source(), request.other_source()));
}

}  // namespace

Command DataReconcile() {
  Flag source = SourceFlag("the one");
  source.required = true;
  Flag other = SourceFlag("the other");
  other.name = "other";
  other.required = true;
  return {.group = "data",
          .verb = "reconcile",
          .summary = "what two sources say of the same series: rows that only one has, values that differ",
          .flags =
              {SymbolsFlag(true),
               std::move(source),
               std::move(other),
               TimeframeFlag(),
               StartFlag("", "to compare; default all"),
               EndFlag("", "compared; default all"),
               {.name = "resource", .value = "KIND", .description = "kind of the data", .default_value = "stock_price"},
               {.name = "fields", .value = "A,B", .description = "columns of numbers; default all that both have"},
               {.name = "tolerance",
                .value = "SHARE",
                .description = "relative difference that is still agreement",
                .default_value = "1e-6"},
               {.name = "check", .description = "exit status 1 when they differ"}},
          .run = Run};
}

}  // namespace breadthflow::cli
