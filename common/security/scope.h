#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace breadthflow::security {

// What a caller may do. The names in files and documents are ToText's: "data:read" ... "admin". ADMIN holds all others.
enum class Scope : uint8_t {
  kDataRead,
  kDataWrite,
  kSignalRun,
  kTrainRun,
  kBacktestRun,
  kRegistryRead,
  kRegistryWrite,
  kRegistryPromote,
  kPipelineRun,
  kAdmin
};

std::string_view ToText(Scope scope);
absl::StatusOr<Scope> ParseScope(std::string_view text);  // INVALID_ARGUMENT with the known names
const std::vector<Scope>& AllScopes();

// A set of scopes: a small value.
class Scopes {
 public:
  Scopes() = default;
  Scopes(std::initializer_list<Scope> scopes) {
    for (Scope scope : scopes) Add(scope);
  }
  static Scopes All() { return Scopes{Scope::kAdmin}; }
  void Add(Scope scope) { bits_ |= Bit(scope); }
  bool Has(Scope scope) const { return (bits_ & (Bit(scope) | Bit(Scope::kAdmin))) != 0; }
  std::string ToText() const;  // "data:read,signal:run"

 private:
  static uint32_t Bit(Scope scope) { return 1U << static_cast<uint8_t>(scope); }
  uint32_t bits_ = 0;
};

}  // namespace breadthflow::security
