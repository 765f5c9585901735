#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"

#include "common/component/catalog.h"
#include "common/component/params.h"

namespace breadthflow::backtest {

// Turns an opinion into a position. Pure and immutable: one sizer may serve many runs at once.
class Sizer {
 public:
  virtual ~Sizer() = default;

  // The position that `direction` (+1 or -1) wants, before rounding to lots: signed quantity, 0 for out of the market.
  // `equity` and `price` are those at the decision, `symbols` is the number of symbols in the run. 0 when equity is not
  // positive.
  virtual double Target(int direction, double equity, double price, size_t symbols) const = 0;

  // False when Target is 0 for `direction` whatever equity and price are: such a signal only closes.
  virtual bool Opens(int direction) const = 0;

  // The largest amount (>= 0) not above `amount` that can be traded: whole lots.
  virtual double RoundDown(double amount) const = 0;
};

struct SizerEntry {
  component::ComponentInfo info;
  std::vector<component::ParamSpec> params;
  std::function<absl::StatusOr<std::unique_ptr<Sizer>>(const component::Params&)> make;
};

// Every sizer of catalog.inc. Immutable; thread-safe.
const component::Catalog<SizerEntry>& Sizers();

// Finds, checks and makes in one go: NOT_FOUND for an unknown name, INVALID_ARGUMENT with every wrong parameter.
absl::StatusOr<std::unique_ptr<Sizer>> MakeSizer(const component::ComponentRef& ref);

}  // namespace breadthflow::backtest
