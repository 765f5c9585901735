#include "services/data/domain/snapshot.h"

#include <algorithm>

#include "common/base/hash.h"

namespace breadthflow::data {

std::string Fingerprint(const SnapshotSpec& spec) {
  base::Sha256 hash;
  hash.Text(spec.resource).Int(static_cast<int64_t>(spec.symbols.size()));
  for (const std::string& symbol : spec.symbols) hash.Text(symbol);
  hash.Int(static_cast<int64_t>(spec.timeframe)).Int(spec.range.start_ns).Int(spec.range.end_ns);
  return hash.Int(absl::ToUnixNanos(spec.as_of)).Text(spec.source).FinishHex();
}

std::string ContentHash(std::vector<SnapshotSeries> series) {
  std::sort(series.begin(), series.end(),
            [](const SnapshotSeries& a, const SnapshotSeries& b) { return a.key < b.key; });
  base::Sha256 hash;
  hash.Int(static_cast<int64_t>(series.size()));
  for (const SnapshotSeries& one : series) hash.Text(one.key.symbol).Text(one.content_sha256);
  return hash.FinishHex();
}

}  // namespace breadthflow::data
