#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "common/component/params.h"
#include "services/data/domain/asset_class.h"

namespace breadthflow::data {

// Adds a limit that each asset class has its own of, as the parameters NAME_equity, NAME_index ...: `defaults` are in
// the order of AssetClass.
void AddByClass(std::vector<component::ParamSpec>& params, const std::string& name, std::array<double, 5> defaults,
                double min, double max, const std::string& unit, const std::string& description);

// That of one class.
double OfClass(const component::Params& params, std::string_view name, AssetClass asset_class);

}  // namespace breadthflow::data
