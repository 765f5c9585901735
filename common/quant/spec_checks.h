#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"

// What the specs of signal runs and backtest runs name. Every fault becomes a violation of its field.
namespace breadthflow::quant {

inline constexpr size_t kMaxRunSymbols = 10'000;

// "collection/id" of at most 140 bytes, its id of letters, digits, '-', '_' and '.'.
void CheckName(std::string_view collection, std::string_view name, std::string_view field,
               base::Violations& violations);

// Field spec.symbols: at most kMaxRunSymbols, each 1 to 32 printable characters without space or comma, none twice.
void CheckRunSymbols(const std::vector<std::string>& symbols, base::Violations& violations);

}  // namespace breadthflow::quant
