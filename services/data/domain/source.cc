#include "services/data/domain/source.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/status.h"

namespace breadthflow::data {

std::string Describe(std::span<const Capability> capabilities) {
  std::string text;
  for (const Capability& one : capabilities) {
    if (!text.empty()) text += ", ";
    text += one.resource;
    std::string bars;
    for (const quant::Timeframe timeframe : one.timeframes) {
      if (timeframe != quant::Timeframe::kTick) bars += fmt::format("{}{}", bars.empty() ? "" : " ", ToText(timeframe));
    }
    if (!bars.empty()) text += fmt::format(" ({})", bars);
  }
  return text;
}

absl::Status CheckOffered(std::string_view source, std::span<const Capability> capabilities, const SourceQuery& query) {
  const auto offered = std::find_if(capabilities.begin(), capabilities.end(),
                                    [&](const Capability& one) { return one.resource == query.resource; });
  if (offered == capabilities.end()) {
    return base::MakeError(absl::StatusCode::kInvalidArgument, "NOT_OFFERED",
                           fmt::format("{} has no {}; it has {}", source, query.resource, Describe(capabilities)));
  }
  const std::vector<quant::Timeframe>& timeframes = offered->timeframes;
  if (std::find(timeframes.begin(), timeframes.end(), query.timeframe) != timeframes.end()) return absl::OkStatus();
  std::vector<std::string_view> names;
  for (const quant::Timeframe timeframe : timeframes) names.push_back(quant::ToText(timeframe));
  return base::MakeError(absl::StatusCode::kInvalidArgument, "NOT_OFFERED",
                         fmt::format("{} has {} in {}, not in {}", source, query.resource, fmt::join(names, ", "),
                                     quant::ToText(query.timeframe)));
}

std::vector<Capability> Ticks(std::initializer_list<std::string_view> resources) {
  std::vector<Capability> capabilities;
  for (const std::string_view resource : resources) {
    capabilities.push_back({.resource = std::string(resource), .timeframes = {quant::Timeframe::kTick}});
  }
  return capabilities;
}

}  // namespace breadthflow::data
