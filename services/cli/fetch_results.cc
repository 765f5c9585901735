#include "services/cli/fetch_results.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/status.h"
#include "common/rpc/status_bridge.h"
#include "services/cli/values.h"

namespace breadthflow::cli {

Flag QualityGateFlag(const std::string& default_value) {
  return {.name = "quality-gate",
          .value = "GATE",
          .description =
              "what becomes of a symbol with rows that no market can have made: kept apart (see data "
              "quarantine), or stored",
          .default_value = default_value,
          .choices = {"quarantine", "store"}};
}

data::v1::QualityGate QualityGateOf(const Arguments& arguments) {
  return arguments.Text("quality-gate") == "store" ? data::v1::QUALITY_GATE_STORE : data::v1::QUALITY_GATE_QUARANTINE;
}

void SayNotes(Printer& out, const FetchResults& results) {
  int64_t kept_apart = 0;
  std::vector<std::pair<std::string, std::vector<std::string>>> notes;  // and the symbols of each
  for (const data::v1::FetchResult& result : results) {
    for (const std::string& note : result.notes()) {
      auto known = std::find_if(notes.begin(), notes.end(), [&](const auto& one) { return one.first == note; });
      if (known == notes.end()) known = notes.insert(notes.end(), {note, {}});
      known->second.push_back(result.symbol());
    }
    kept_apart += result.quarantined_row_count();
  }
  constexpr size_t kNamed = 5;
  for (const auto& [note, symbols] : notes) {
    const auto named = symbols.begin() + static_cast<ptrdiff_t>(std::min(symbols.size(), kNamed));
    out.Say(fmt::format("  {}{}: {}", fmt::join(symbols.begin(), named, ", "),
                        symbols.size() > kNamed ? fmt::format(" and {} more", symbols.size() - kNamed) : "", note));
  }
  if (kept_apart == 0) return;
  out.Say(fmt::format("  {} rows are kept apart: breadthflow data quarantine --state held", Grouped(kept_apart)));
}

std::string RowsText(const FetchResults& results) {
  int64_t rows = 0;
  int64_t removed = 0;
  int64_t revised = 0;
  int64_t put = 0;  // new or changed
  bool counted = true;
  for (const data::v1::FetchResult& result : results) {
    rows += result.row_count();
    removed += result.removed_row_count();
    revised += result.revised_row_count();
    put += result.changed_row_count() - result.removed_row_count();
    counted = counted && (result.has_revised_row_count() || result.changed_row_count() == 0);
  }
  const std::string kinds = counted && put > 0
                                ? fmt::format("{} new, {} corrected", Grouped(put - revised), Grouped(revised))
                                : fmt::format("{} new or changed", Grouped(put));
  return fmt::format("{} {}: {}{}", Grouped(rows), rows == 1 ? "row" : "rows", kinds,
                     removed > 0 ? fmt::format(", {} removed", Grouped(removed)) : "");
}

void SayRemoved(Printer& out, const FetchResults& results) {
  for (const data::v1::FetchResult& result : results) {
    if (result.removed_row_count() == 0) continue;
    out.Say(fmt::format("  {}: WARNING: {} rows that were stored are gone: {} does not have them now", result.symbol(),
                        Grouped(result.removed_row_count()), result.source()));
  }
}

absl::Status SayFailures(Session& session, const FetchResults& results, const std::string& verb) {
  std::string failed;
  for (const data::v1::FetchResult& result : results) {
    if (result.outcome() != data::v1::FetchResult::OUTCOME_FAILED) continue;
    const absl::Status error = rpc::FromProto(result.error());
    session.out().Error(base::MakeError(error.code(), fmt::format("{}: {}", result.symbol(), base::Message(error)),
                                        base::DetailsOf(error)));
    failed += (failed.empty() ? "" : ", ") + result.symbol();
  }
  if (failed.empty()) return absl::OkStatus();
  return base::MakeError(absl::StatusCode::kAborted, "SYMBOLS_FAILED", fmt::format("not {}: {}", verb, failed));
}

}  // namespace breadthflow::cli
