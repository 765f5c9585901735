#include <fmt/format.h>

#include "services/data/domain/quality/check.h"

namespace breadthflow::data {

// Rows without volume: halted or illiquid. Never an error. Indices, currencies and rates have none to begin with.
QualityCheckEntry ZeroVolume();

QualityCheckEntry ZeroVolume() {
  QualityCheckEntry entry;
  entry.info = {"quality_check", "zero_volume", "1.0.0", "Rows have a volume above zero (equity, crypto)."};
  entry.weight = 0.2;
  entry.advice = "do not trade on bars without volume; an index has none";
  entry.run = [](const CheckInput& input, const component::Params&) {
    const std::span<const double> volume = input.series.Doubles("volume");
    Finding finding{.check = "zero_volume", .severity = Severity::kWarning};
    const bool has_volume = input.asset_class == AssetClass::kEquity || input.asset_class == AssetClass::kCrypto;
    for (size_t row = 0; row < volume.size() && has_volume; ++row) {
      if (volume[row] == 0) AddRow(finding, input.series.times[row]);
    }
    if (finding.affected_rows == 0) return std::vector<Finding>{};
    finding.message = fmt::format("{} of {} rows have no volume", finding.affected_rows, volume.size());
    return std::vector<Finding>{std::move(finding)};
  };
  return entry;
}

}  // namespace breadthflow::data
