#include "common/quant/spec_checks.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace breadthflow::quant {
namespace {

constexpr size_t kMaxNameBytes = 140;

}  // namespace

void CheckName(std::string_view collection, std::string_view name, std::string_view field,
               base::Violations& violations) {
  const bool has_id = name.size() > collection.size() + 1 && name.size() <= kMaxNameBytes &&
                      name.substr(0, collection.size()) == collection && name[collection.size()] == '/';
  const std::string_view id = has_id ? name.substr(collection.size() + 1) : std::string_view();
  const bool plain = std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
  if (!has_id || !plain) violations.Add(field, fmt::format("must be {}/{{id}}, was '{}'", collection, name));
}

void CheckRunSymbols(const std::vector<std::string>& symbols, base::Violations& violations) {
  if (symbols.size() > kMaxRunSymbols)
    violations.Add("spec.symbols", fmt::format("must be at most {}, were {}", kMaxRunSymbols, symbols.size()));
  std::set<std::string_view> seen;
  for (size_t i = 0; i < symbols.size(); ++i) {
    const std::string& symbol = symbols[i];
    const std::string field = fmt::format("spec.symbols[{}]", i);
    const bool printable = std::all_of(symbol.begin(), symbol.end(), [](char c) { return c > ' ' && c < 127; });
    if (symbol.empty() || symbol.size() > 32 || !printable || symbol.find(',') != std::string::npos)
      violations.Add(field,
                     fmt::format("must be 1 to 32 printable characters without space or comma, was '{}'", symbol));
    else if (!seen.insert(symbol).second)
      violations.Add(field, fmt::format("'{}' is given twice", symbol));
  }
}

}  // namespace breadthflow::quant
