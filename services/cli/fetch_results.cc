#include "services/cli/fetch_results.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/status.h"
#include "common/rpc/status_bridge.h"
#include "services/cli/values.h"

namespace breadthflow::cli {
namespace {

// "A, B and 3 more".
std::string SomeSymbols(const std::vector<std::string>& symbols) {
  constexpr size_t kNamed = 5;
  const auto named = symbols.begin() + static_cast<ptrdiff_t>(std::min(symbols.size(), kNamed));
  return fmt::format("{}{}", fmt::join(symbols.begin(), named, ", "),
                     symbols.size() > kNamed ? fmt::format(" and {} more", symbols.size() - kNamed) : "");
}

}  // namespace

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
  for (const auto& [note, symbols] : notes) out.Say(fmt::format("  {}: {}", SomeSymbols(symbols), note));
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
  std::string kinds = fmt::format("{} new or changed", Grouped(put));
  if (counted && put > 0) kinds = fmt::format("{} new", Grouped(put - revised));
  if (counted && revised > 0) kinds += fmt::format(", {} corrected", Grouped(revised));
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

absl::Status SayFailures(Printer& out, const FetchResults& results, const std::string& verb) {
  struct Failure {
    absl::Status error;
    std::vector<std::string> symbols;
  };
  std::vector<Failure> failures;                 // in the order of their first symbols
  std::unordered_map<std::string, size_t> said;  // where among them an error is
  std::string failed;
  for (const data::v1::FetchResult& result : results) {
    if (result.outcome() != data::v1::FetchResult::OUTCOME_FAILED) continue;
    const auto [at, fresh] = said.try_emplace(result.error().SerializeAsString(), failures.size());
    if (fresh) failures.push_back({rpc::FromProto(result.error()), {}});
    failures[at->second].symbols.push_back(result.symbol());
    failed += (failed.empty() ? "" : ", ") + result.symbol();
  }
  for (const Failure& one : failures) {
    out.Error(base::MakeError(one.error.code(),
                              fmt::format("{}: {}", SomeSymbols(one.symbols), base::Message(one.error)),
                              base::DetailsOf(one.error)));
  }
  if (failed.empty()) return absl::OkStatus();
  return base::MakeError(absl::StatusCode::kAborted, "SYMBOLS_FAILED", fmt::format("not {}: {}", verb, failed));
}

}  // namespace breadthflow::cli
