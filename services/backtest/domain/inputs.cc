#include "services/backtest/domain/inputs.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <span>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/signal.h"

namespace breadthflow::backtest {
namespace {

absl::Status CheckPrices(const std::string& symbol, std::string_view name, std::span<const double> prices) {
  const auto bad = std::find_if(prices.begin(), prices.end(), [](double price) { return !(price > 0); });
  if (bad == prices.end()) return absl::OkStatus();
  return base::MakeError(
      absl::StatusCode::kInvalidArgument, "PRICE_NOT_POSITIVE",
      fmt::format("{}: {} must be above 0, was {} in row {}", symbol, name, *bad, bad - prices.begin()));
}

}  // namespace

absl::StatusOr<SymbolInput> MakeSymbolInput(const quant::Series& bars, const quant::Series& signals) {
  SymbolInput input{.symbol = bars.key.symbol, .bars = {}, .direction = {}};
  BF_ASSIGN_OR_RETURN(input.bars, quant::BarColumns::Of(bars));
  BF_RETURN_IF_ERROR(CheckPrices(input.symbol, "open", input.bars.open));
  BF_RETURN_IF_ERROR(CheckPrices(input.symbol, "close", input.bars.close));
  BF_ASSIGN_OR_RETURN(const quant::SignalColumns given, quant::SignalColumns::Of(signals));

  input.direction.assign(input.bars.size(), 0);
  size_t bar = 0;
  for (size_t row = 0; row < given.size(); ++row) {
    while (bar < input.bars.size() && input.bars.times[bar] < given.times[row]) ++bar;
    if (bar == input.bars.size() || input.bars.times[bar] != given.times[row]) {
      return base::MakeError(
          absl::StatusCode::kInvalidArgument, "SIGNAL_WITHOUT_BAR",
          fmt::format("{}: the signal of {} has no bar at that time; signals must be made from the "
                      "same snapshot as the bars",
                      input.symbol, absl::FormatTime(quant::FromNanos(given.times[row]), absl::UTCTimeZone())));
    }
    input.direction[bar] = static_cast<int8_t>(given.direction[row]);
  }
  return input;
}

absl::Status CheckInputs(double capital, const std::vector<SymbolInput>& inputs) {
  base::Violations violations;
  if (!(capital > 0) || !std::isfinite(capital))
    violations.Add("capital", fmt::format("must be above 0, was {}", capital));
  if (inputs.empty()) violations.Add("symbols", "at least one is required");
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (i > 0 && inputs[i].symbol == inputs[i - 1].symbol) violations.Add(inputs[i].symbol, "appears twice");
    if (inputs[i].direction.size() != inputs[i].bars.size())
      violations.Add(inputs[i].symbol,
                     fmt::format("has {} bars but {} directions", inputs[i].bars.size(), inputs[i].direction.size()));
    if (inputs[i].bars.size() == 0) violations.Add(inputs[i].symbol, "has no bars");
  }
  return violations.ToStatus("invalid simulation");
}

std::vector<int64_t> UnionOfTimes(const std::vector<SymbolInput>& inputs) {
  std::vector<int64_t> all(inputs[0].bars.times.begin(), inputs[0].bars.times.end());
  std::vector<int64_t> merged;
  for (size_t i = 1; i < inputs.size(); ++i) {
    const std::span<const int64_t> times = inputs[i].bars.times;
    if (std::equal(times.begin(), times.end(), all.begin(), all.end())) continue;
    merged.clear();
    std::set_union(all.begin(), all.end(), times.begin(), times.end(), std::back_inserter(merged));
    all.swap(merged);
  }
  return all;
}

}  // namespace breadthflow::backtest
