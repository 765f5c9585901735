#include <array>

#include <fmt/format.h>

#include "services/data/domain/quality/check.h"

namespace breadthflow::data {

// Runs of rows that repeat every price and the volume: a feed that stands still, not a market. Rows without volume are
// left to zero_volume.
QualityCheckEntry StaleRepeats();

QualityCheckEntry StaleRepeats() {
  QualityCheckEntry entry;
  entry.info = {"quality_check", "stale_repeats", "1.0.0",
                "No run of rows repeats all prices and the volume of the row before."};
  entry.params = {component::IntParam("min_rows", 3, 1, 10000, "rows", "Repeats in a row from which they count.")};
  entry.neighbours = true;
  entry.advice = "fetch the rows again, or from another source: the feed stood still";
  entry.run = [](const CheckInput& input, const component::Params& params) {
    std::array<std::span<const double>, 5> columns;
    size_t used = 0;
    for (const char* name : {"open", "high", "low", "close", "volume"}) {
      const std::span<const double> values = input.series.Doubles(name);
      if (values.size() == input.series.size()) columns[used++] = values;
    }
    if (used < columns.size()) return std::vector<Finding>{};
    const auto repeats = [&](size_t row) {
      if (columns.back()[row] == 0) return false;
      for (const std::span<const double>& values : columns) {
        if (values[row] != values[row - 1]) return false;
      }
      return true;
    };
    Finding finding{.check = "stale_repeats", .severity = Severity::kWarning};
    for (size_t row = 1; row < input.series.size();) {
      size_t end = row;
      while (end < input.series.size() && repeats(end)) ++end;
      if (end - row >= static_cast<size_t>(params.Int("min_rows"))) {
        for (size_t i = row; i < end; ++i) {
          if (input.Judges(i)) AddRow(finding, input.series.times[i]);
        }
      }
      row = end + 1;
    }
    if (finding.affected_rows == 0) return std::vector<Finding>{};
    finding.message = fmt::format("{} rows repeat the row before", finding.affected_rows);
    return std::vector<Finding>{std::move(finding)};
  };
  return entry;
}

}  // namespace breadthflow::data
