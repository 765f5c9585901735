#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "common/quant/series.h"

namespace breadthflow::data {

// What a snapshot is to freeze.
struct SnapshotSpec {
  std::string resource = "stock_price";
  std::vector<std::string> symbols;
  quant::Timeframe timeframe = quant::Timeframe::kDay;
  quant::TimeRange range;
  absl::Time as_of = absl::InfiniteFuture();
  std::string source;  // empty: the only one there is
};

// One series of a snapshot: a version of a stored series, cut to the snapshot's range.
struct SnapshotSeries {
  quant::SeriesKey key;  // the variant names the source
  quant::PriceBasis basis = quant::PriceBasis::kNotPrices;
  int64_t version = 0;
  int64_t rows = 0;
  std::string content_sha256;
};

// An immutable set of series as they were known at one instant. On which calendar one of them is read is what had been
// named for it by then: no part of the content or its hash, but as immutable, for statements are never known earlier
// than they were made (SeriesStore::SetMarket).
struct Snapshot {
  std::string id;
  quant::TimeRange range;
  absl::Time as_of;
  std::vector<SnapshotSeries> series;  // ordered by symbol
  std::string content_sha256;
  absl::Time create_time;
};

// Two requests with one fingerprint ask for the same thing: of the spec as its sender wrote it.
std::string Fingerprint(const SnapshotSpec& spec);

// SHA-256 over the content hashes of the series, in the order of their symbols: equal content, equal hash, whatever the
// ids, knowledge times or chunks.
std::string ContentHash(std::vector<SnapshotSeries> series);

}  // namespace breadthflow::data
