#include "services/data/domain/snapshot.h"

#include <algorithm>

#include "common/base/hash.h"

namespace breadthflow::data {

std::string ContentHash(std::vector<SnapshotSeries> series) {
  std::sort(series.begin(), series.end(),
            [](const SnapshotSeries& a, const SnapshotSeries& b) { return a.key < b.key; });
  base::Sha256 hash;
  hash.Int(static_cast<int64_t>(series.size()));
  for (const SnapshotSeries& one : series) hash.Text(one.key.symbol).Text(one.content_sha256);
  return hash.FinishHex();
}

}  // namespace breadthflow::data
