#include <algorithm>
#include <iterator>

#include "services/data/domain/resource_fields.h"

namespace breadthflow::data {

const std::vector<Resource>& Resources() {
  static const auto* resources = [] {
    auto* all = new std::vector<Resource>(MarketResources());
    std::vector<Resource> company = CompanyResources();
    std::move(company.begin(), company.end(), std::back_inserter(*all));
    std::sort(all->begin(), all->end(), [](const Resource& a, const Resource& b) { return a.id < b.id; });
    return all;
  }();
  return *resources;
}

}  // namespace breadthflow::data
