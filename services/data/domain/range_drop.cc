#include "services/data/domain/range_drop.h"

#include "common/base/hash.h"

namespace breadthflow::data {

std::string Fingerprint(const DropSpec& spec) {
  base::Sha256 hash;
  hash.Text(spec.resource).Int(static_cast<int64_t>(spec.symbols.size()));
  for (const std::string& symbol : spec.symbols) hash.Text(symbol);
  return hash.Int(static_cast<int64_t>(spec.timeframe)).Text(spec.source).Int(spec.before_ns).FinishHex();
}

}  // namespace breadthflow::data
