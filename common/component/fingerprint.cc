#include "common/component/fingerprint.h"

#include <cstdint>

namespace breadthflow::component {

void Append(const ComponentRef& ref, base::Sha256& hash) {
  hash.Text(ref.name).Int(static_cast<int64_t>(ref.params.size()));
  for (const auto& [name, value] : ref.params)
    hash.Text(name).Int(static_cast<int64_t>(value.index())).Text(ToText(value));
}

}  // namespace breadthflow::component
