#include "common/security/scope.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/status.h"

namespace breadthflow::security {

std::string_view ToText(Scope scope) {
  switch (scope) {
    case Scope::kDataRead:
      return "data:read";
    case Scope::kDataWrite:
      return "data:write";
    case Scope::kSignalRun:
      return "signal:run";
    case Scope::kTrainRun:
      return "train:run";
    case Scope::kBacktestRun:
      return "backtest:run";
    case Scope::kRegistryRead:
      return "registry:read";
    case Scope::kRegistryWrite:
      return "registry:write";
    case Scope::kRegistryPromote:
      return "registry:promote";
    case Scope::kPipelineRun:
      return "pipeline:run";
    case Scope::kAdmin:
      return "admin";
  }
  return "admin";
}

const std::vector<Scope>& AllScopes() {
  static const auto* scopes = new std::vector<Scope>{
      Scope::kDataRead,     Scope::kDataWrite,     Scope::kSignalRun,       Scope::kTrainRun,    Scope::kBacktestRun,
      Scope::kRegistryRead, Scope::kRegistryWrite, Scope::kRegistryPromote, Scope::kPipelineRun, Scope::kAdmin};
  return *scopes;
}

absl::StatusOr<Scope> ParseScope(std::string_view text) {
  std::vector<std::string_view> names;
  for (const Scope scope : AllScopes()) {
    if (ToText(scope) == text) return scope;
    names.push_back(ToText(scope));
  }
  return base::MakeError(absl::StatusCode::kInvalidArgument, "UNKNOWN_SCOPE",
                         fmt::format("unknown scope '{}'; known are {}", text, fmt::join(names, ", ")));
}

std::string Scopes::ToText() const {
  std::string text;
  for (const Scope scope : AllScopes()) {
    if ((bits_ & Bit(scope)) == 0) continue;
    if (!text.empty()) text += ',';
    text += security::ToText(scope);
  }
  return text;
}

}  // namespace breadthflow::security
