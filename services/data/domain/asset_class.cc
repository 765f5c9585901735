#include "services/data/domain/asset_class.h"

#include <array>

#include <fmt/format.h>

#include "services/data/domain/market_hours.h"

namespace breadthflow::data {
namespace {

constexpr std::array<std::string_view, 5> kNames = {"equity", "index", "fx", "crypto", "rate"};

bool IsIndexSymbol(std::string_view symbol) {
  return (symbol.starts_with('^') && symbol.size() > 1) || (symbol.starts_with("I:") && symbol.size() > 2);
}

}  // namespace

std::string_view ToText(AssetClass asset_class) { return kNames[static_cast<size_t>(asset_class)]; }

std::vector<std::string> AssetClassNames() { return {kNames.begin(), kNames.end()}; }

std::optional<AssetClass> AssetClassNamed(std::string_view name) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<AssetClass>(i);
  }
  return std::nullopt;
}

AssetClassChoice AssetClassOf(const quant::SeriesKey& key, const quant::Calendar& calendar,
                              std::optional<AssetClass> said) {
  if (said) return {*said, "as was said"};
  if (key.resource == "interest_rate") return {AssetClass::kRate, "the resource interest_rate"};
  const std::string symbol = fmt::format("the symbol {}", key.symbol);
  if (IsIndexSymbol(key.symbol)) return {AssetClass::kIndex, symbol};
  if (IsCurrencyPair(key.symbol)) return {AssetClass::kFx, symbol};
  if (IsCoin(key.symbol)) return {AssetClass::kCrypto, symbol};
  const std::string by = fmt::format("the calendar {}", calendar.name());
  if (&calendar == &quant::AlwaysOpen()) return {AssetClass::kCrypto, by};
  if (&calendar == &quant::FxWeek()) return {AssetClass::kFx, by};
  if (calendar.says_hours()) return {AssetClass::kEquity, by};
  return {AssetClass::kEquity, "nothing tells another one"};
}

}  // namespace breadthflow::data
