#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "breadthflow/common/v1/series.pb.h"

#include "common/rpc/source.h"
#include "services/data/app/reader.h"
#include "services/data/store/series_store.h"

namespace breadthflow::data {

// What a ReadSeries stream sends: series after series, a chunk of rows per message, in one of the two encodings.
struct SeriesStreamOptions {
  bool stored = false;                     // else packed columns
  std::optional<quant::PriceBasis> basis;  // adjust to it
  std::vector<std::string> fields;         // packed only; empty: all
  absl::Time deadline = absl::InfiniteFuture();
};

// Messages of at most kRowsPerChunk rows. A series whose prices are adjusted is read whole; every other passes through
// chunk by chunk. `reader` and `store` must outlive the source.
std::unique_ptr<rpc::Source<common::v1::SeriesMessage>> MakeSeriesSource(Reader& reader, SeriesStore& store,
                                                                         std::vector<PlannedSeries> planned,
                                                                         SeriesStreamOptions options);

}  // namespace breadthflow::data
