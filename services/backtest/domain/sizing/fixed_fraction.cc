#include <cmath>

#include "services/backtest/domain/sizing/sizing.h"

namespace breadthflow::backtest::sizing {
namespace {

using component::Params;

class FixedFractionSizer final : public Sizer {
 public:
  explicit FixedFractionSizer(const Params& params)
      : fraction_(params.Double("fraction")),
        buffer_(params.Double("cash_buffer")),
        lot_(params.Double("lot_size")),
        shorts_(params.Bool("allow_short")) {}

  double Target(int direction, double equity, double price, size_t symbols) const override {
    if (!Opens(direction) || equity <= 0 || price <= 0) return 0;
    const double fraction = fraction_ > 0 ? fraction_ : (1 - buffer_) / static_cast<double>(symbols);
    const double amount = fraction * equity / price;
    return direction > 0 ? amount : -amount;
  }

  bool Opens(int direction) const override { return direction > 0 || (direction < 0 && shorts_); }

  double RoundDown(double amount) const override {
    if (lot_ == 0) return amount;
    return std::floor(amount / lot_) * lot_;
  }

 private:
  double fraction_;
  double buffer_;
  double lot_;
  bool shorts_;
};

}  // namespace

SizerEntry FixedFraction() {
  using component::BoolParam, component::DoubleParam;
  return {.info = {.kind = "sizer",
                   .name = "fixed_fraction",
                   .description = "Every position takes the same fraction of equity when it is opened and is then left "
                                  "alone until the signal turns; by default equal parts for all symbols of the run."},
          .params = {DoubleParam("fraction", 0, 0, 10, "fraction",
                                 "of equity for one position; 0 divides equity less the cash buffer by the symbols"),
                     DoubleParam("cash_buffer", 0.02, 0, 0.99, "fraction",
                                 "of equity left in cash for costs and price gaps when `fraction` is 0"),
                     DoubleParam("lot_size", 1, 0, 1e6, "shares", "smallest quantity traded; 0 trades fractions"),
                     BoolParam("allow_short", false, "a sell signal opens a short position instead of only closing")},
          .make = [](const Params& params) -> absl::StatusOr<std::unique_ptr<Sizer>> {
            return std::make_unique<FixedFractionSizer>(params);
          }};
}

}  // namespace breadthflow::backtest::sizing
