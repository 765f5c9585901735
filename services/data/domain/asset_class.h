#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/quant/calendar.h"
#include "common/quant/series.h"

// What a series is of, as far as it decides which values are odd. Pure.
namespace breadthflow::data {

enum class AssetClass { kEquity, kIndex, kFx, kCrypto, kRate };

// "equity", "index", "fx", "crypto", "rate", in the order of the enum.
std::string_view ToText(AssetClass asset_class);
std::vector<std::string> AssetClassNames();
// nullopt where there is no class of that name.
std::optional<AssetClass> AssetClassNamed(std::string_view name);

struct AssetClassChoice {
  AssetClass asset_class = AssetClass::kEquity;
  std::string reason;  // for people: "the calendar 24/7"
};

// The asset class of a series, by the first of these that says one:
//   `said`    by whoever asks
//   resource  interest_rate is a rate
//   symbol    "^GSPC" and "I:SPX" are indices; pairs of currencies fx and coins crypto (market_hours.h)
//   calendar  that it is judged by: 24/7 is crypto, FX is fx, an exchange equity
// Else equity, whose limits are those of most series; the reason says that nothing tells.
AssetClassChoice AssetClassOf(const quant::SeriesKey& key, const quant::Calendar& calendar,
                              std::optional<AssetClass> said = std::nullopt);

}  // namespace breadthflow::data
