#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/strategies/strategy.h"

namespace breadthflow::quant {
namespace {

class MlModelStrategy final : public Strategy {
 public:
  MlModelStrategy(double buy_above, double sell_below) : buy_above_(buy_above), sell_below_(sell_below) {
    needs_.extra = {"probability"};
  }

  const StrategyNeeds& Needs() const override { return needs_; }
  size_t WarmUp() const override { return 0; }

  std::optional<Decision> Decide(const SeriesView& frame) const override {
    const size_t row = frame.size() - 1;
    if (!frame.present(kFrameFirstNeed, row)) return std::nullopt;
    const double probability = frame.Doubles(kFrameFirstNeed)[row];
    if (!(probability >= 0 && probability <= 1)) return std::nullopt;
    return Decision{.direction = int{probability > buy_above_} - int{probability < sell_below_},
                    .score = 2 * probability - 1,
                    .reason = fmt::format("p(up) {:.4f}", probability)};
  }

 private:
  const double buy_above_;
  const double sell_below_;
  StrategyNeeds needs_;
};

}  // namespace

// Trades on a model's probability of an up move, read from the column `probability`: long above `buy_above`, short
// below `sell_below`, no opinion between; score = 2 p - 1. Bars without a prediction (before the model may be asked, or
// in the warm-up of its features) have no row. A value outside [0, 1] is no prediction.
StrategyEntry MlModel() {
  return {.info = {.kind = "strategy",
                   .name = "ml_model",
                   .description = "Acts on a trained model's probability of an up move"},
          .params = {component::DoubleParam("buy_above", 0.55, 0.5, 1, "probability", "Long above this"),
                     component::DoubleParam("sell_below", 0.45, 0, 0.5, "probability", "Short below this")},
          .make = [](const component::Params& params) -> absl::StatusOr<std::unique_ptr<Strategy>> {
            return std::make_unique<MlModelStrategy>(params.Double("buy_above"), params.Double("sell_below"));
          }};
}

}  // namespace breadthflow::quant
