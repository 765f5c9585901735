#include "services/cli/fetch_runs.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "services/cli/bars.h"
#include "services/cli/fetch_results.h"
#include "services/cli/values.h"

namespace breadthflow::cli {
namespace {

std::string OutcomeText(const data::v1::FetchResult& result) {
  switch (result.outcome()) {
    case data::v1::FetchResult::OUTCOME_OK:
      return "OK";
    case data::v1::FetchResult::OUTCOME_EMPTY_CONFIRMED:
      return "EMPTY_CONFIRMED";
    case data::v1::FetchResult::OUTCOME_FAILED:
      return result.retryable() ? "FAILED (try again)" : "FAILED";
    default:
      return "not done";
  }
}

// What was asked for: nothing, all of it, or the parts that were missing.
std::string AskedText(const data::v1::FetchRun& run, const data::v1::FetchResult& result) {
  if (result.outcome() == data::v1::FetchResult::OUTCOME_UNSPECIFIED) return "";
  if (result.fetched_ranges().empty()) return result.error().code() == 0 ? "covered already" : "nothing";
  std::vector<std::string> parts;
  for (const common::v1::TimeRange& range : result.fetched_ranges()) {
    if (range.start_time().seconds() == run.spec().range().start_time().seconds() &&
        range.end_time().seconds() == run.spec().range().end_time().seconds()) {
      return "all";
    }
    parts.push_back(fmt::format("{} to {}", Day(range.start_time()), Day(range.end_time())));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace

void DescribeFetch(Printer& out, const data::v1::FetchRun& run) {
  std::vector<std::string> sources = {SourceText(run.spec().source().name())};
  for (const common::v1::ComponentRef& source : run.spec().alternatives()) sources.push_back(SourceText(source.name()));
  Table table{
      .title = fmt::format("{}  {}  from {}, {} to {}", run.name(), StateText(run.job()), fmt::join(sources, " or "),
                           Day(run.spec().range().start_time()), Day(run.spec().range().end_time())),
      .columns = {"symbol", "outcome", "rows", "changed", "removed", "source", "asked for"}};
  for (const data::v1::FetchResult& result : run.results()) {
    table.rows.push_back({result.symbol(), OutcomeText(result), Grouped(result.row_count()),
                          Grouped(result.changed_row_count() - result.removed_row_count()),
                          Grouped(result.removed_row_count()), result.source(), AskedText(run, result)});
  }
  out.Show(table);
  for (const data::v1::FetchResult& result : run.results()) {
    if (sources.size() == 1) break;
    for (const data::v1::SourceAttempt& attempt : result.attempts()) {
      out.Say(fmt::format("  {}: {}, {}{}{}", result.symbol(), attempt.source(), attempt.reason(),
                          attempt.error().code() == 0 ? "" : ": ", attempt.error().message()));
    }
  }
  if (!run.results().empty()) out.Say("  " + RowsText(run.results()));
  SayNotes(out, run.results());
  SayRemoved(out, run.results());
}

}  // namespace breadthflow::cli
