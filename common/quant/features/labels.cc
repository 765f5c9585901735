#include "common/quant/features/labels.h"

#include <cmath>
#include <string>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/bar.h"

namespace breadthflow::quant {

std::string_view ToText(LabelExit exit) { return exit == LabelExit::kOpen ? "open" : "close"; }

absl::Status CheckLabelSpec(const LabelSpec& spec) {
  base::Violations violations;
  if (spec.horizon < 1 || spec.horizon > 250)
    violations.Add("horizon", fmt::format("must be in [1, 250] bars, was {}", spec.horizon));
  if (spec.exit != LabelExit::kOpen && spec.exit != LabelExit::kClose)
    violations.Add("exit", fmt::format("must be open or close, was {}", static_cast<int>(spec.exit)));
  if (!(spec.threshold > -1.0 && spec.threshold < 1.0))
    violations.Add("threshold", fmt::format("must be a fraction in (-1, 1), was {}", spec.threshold));
  return violations.ToStatus("label", "INVALID_LABEL");
}

absl::StatusOr<std::vector<Label>> ForwardLabels(const Series& bars, const LabelSpec& spec) {
  BF_RETURN_IF_ERROR(CheckLabelSpec(spec));
  BF_ASSIGN_OR_RETURN(const BarColumns columns, BarColumns::Of(bars));
  const std::span<const double> exit_price = spec.exit == LabelExit::kOpen ? columns.open : columns.close;
  const auto look_ahead = static_cast<size_t>(spec.LookAhead());
  std::vector<Label> labels;
  if (columns.size() <= look_ahead) return labels;
  labels.reserve(columns.size() - look_ahead);
  for (size_t row = 0; row + look_ahead < columns.size(); ++row) {
    const size_t entry = row + 1;
    const size_t exit = row + look_ahead;
    if (!(columns.open[entry] > 0) || !(exit_price[exit] > 0))
      return base::MakeError(
          absl::StatusCode::kInvalidArgument, "PRICE_NOT_POSITIVE",
          fmt::format("{}: prices must be positive to make a label, were {} and {} in bars {} and {}", bars.key.symbol,
                      columns.open[entry], exit_price[exit], entry, exit));
    Label label;
    label.row = row;
    label.decision_ns = columns.times[row];
    label.entry_ns = columns.times[entry];
    label.exit_ns = columns.times[exit];
    label.forward_return = exit_price[exit] / columns.open[entry] - 1.0;
    label.target = label.forward_return > spec.threshold ? 1 : 0;
    labels.push_back(label);
  }
  return labels;
}

}  // namespace breadthflow::quant
