#include "services/cli/fetch_results.h"

#include <cstdint>

#include <fmt/format.h>

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
  for (const data::v1::FetchResult& result : results) {
    for (const std::string& note : result.notes()) out.Say(fmt::format("  {}: {}", result.symbol(), note));
    kept_apart += result.quarantined_row_count();
  }
  if (kept_apart == 0) return;
  out.Say(fmt::format("  {} rows are kept apart: breadthflow data quarantine --state held", Grouped(kept_apart)));
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
