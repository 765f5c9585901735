#include "common/quant/bar.h"

#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::quant {

BarColumns BarColumns::First(size_t size) const {
  return {times.first(size), open.first(size),  high.first(size),
          low.first(size),   close.first(size), volume.first(size)};
}

absl::StatusOr<BarColumns> BarColumns::Of(const Series& series) {
  base::Violations violations;
  const auto column = [&](std::string_view name) -> std::span<const double> {
    const Column* found = series.Find(name);
    if (found == nullptr) {
      violations.Add(name, "column is missing");
    } else if (found->type() != ColumnType::kDouble) {
      violations.Add(name, "must be a column of doubles");
    } else {
      for (size_t row = 0; row < series.size(); ++row) {
        if (found->present(row)) continue;
        violations.Add(name, fmt::format("value is missing at row {}", row));
        break;
      }
    }
    return series.Doubles(name);
  };
  const BarColumns bars{series.times, column("open"), column("high"), column("low"), column("close"), column("volume")};
  BF_RETURN_IF_ERROR(violations.ToStatus(
      fmt::format("series {} of {} is not a bar series", series.key.resource, series.key.symbol), "NOT_BARS"));
  return bars;
}

}  // namespace breadthflow::quant
