#include "services/data/domain/quality/by_class.h"

#include <fmt/format.h>

namespace breadthflow::data {

void AddByClass(std::vector<component::ParamSpec>& params, const std::string& name, std::array<double, 5> defaults,
                double min, double max, const std::string& unit, const std::string& description) {
  const std::vector<std::string> names = AssetClassNames();
  for (size_t i = 0; i < defaults.size(); ++i) {
    params.push_back(component::DoubleParam(fmt::format("{}_{}", name, names[i]), defaults[i], min, max, unit,
                                            fmt::format("{} Of {}.", description, names[i])));
  }
}

double OfClass(const component::Params& params, std::string_view name, AssetClass asset_class) {
  return params.Double(fmt::format("{}_{}", name, ToText(asset_class)));
}

}  // namespace breadthflow::data
