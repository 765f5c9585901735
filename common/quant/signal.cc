#include "common/quant/signal.h"

#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::quant {
namespace {

void CheckColumn(const Series& series, std::string_view name, ColumnType type, base::Violations& violations) {
  const Column* column = series.Find(name);
  if (column == nullptr) return violations.Add(name, "column is missing");
  if (column->type() != type) return violations.Add(name, "column has the wrong type");
  for (size_t row = 0; row < series.size(); ++row) {
    if (!column->present(row)) return violations.Add(name, fmt::format("value is missing at row {}", row));
  }
}

}  // namespace

absl::StatusOr<SignalColumns> SignalColumns::Of(const Series& series) {
  base::Violations violations;
  CheckColumn(series, "direction", ColumnType::kInt64, violations);
  CheckColumn(series, "score", ColumnType::kDouble, violations);
  CheckColumn(series, "reason", ColumnType::kText, violations);
  const std::string what =
      fmt::format("series {} of {} is not a signal series", series.key.resource, series.key.symbol);
  BF_RETURN_IF_ERROR(violations.ToStatus(what, "NOT_SIGNALS"));

  const SignalColumns signals{series.times, series.Ints("direction"), series.Doubles("score"),
                              std::get<std::vector<std::string>>(series.Find("reason")->values)};
  for (size_t row = 0; row < signals.size(); ++row) {
    const int64_t direction = signals.direction[row];
    const double score = signals.score[row];
    if (direction < -1 || direction > 1)
      violations.Add("direction", fmt::format("must be -1, 0 or 1, was {} at row {}", direction, row));
    if (!(score >= -1 && score <= 1))
      violations.Add("score", fmt::format("must be in [-1, 1], was {} at row {}", score, row));
    if (!violations.empty()) break;
  }
  BF_RETURN_IF_ERROR(violations.ToStatus(what, "NOT_SIGNALS"));
  return signals;
}

Series SignalSeries(SeriesKey key, std::vector<int64_t> times, std::vector<int64_t> direction,
                    std::vector<double> score, std::vector<std::string> reason) {
  key.resource = std::string(kSignal);
  Series series{.key = std::move(key), .basis = PriceBasis::kNotPrices, .times = std::move(times), .columns = {}};
  series.Add("direction", std::move(direction));
  series.Add("score", std::move(score));
  series.Add("reason", std::move(reason));
  return series;
}

}  // namespace breadthflow::quant
