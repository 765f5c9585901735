#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "breadthflow/common/v1/series.pb.h"

#include "common/rpc/source.h"
#include "services/data/app/reader.h"
#include "services/data/store/series_store.h"

namespace breadthflow::data {

// Where a read goes on: in this series of its plan, with the rows after this instant when some were sent.
struct ReadPosition {
  size_t series = 0;
  bool begun = false;
  int64_t sent_until_ns = 0;
};

// What a ReadSeries stream sends: series after series, a piece of rows per message, in one of the two encodings.
struct SeriesStreamOptions {
  bool stored = false;  // else packed columns
  ReadPosition from;
  std::function<std::string(const ReadPosition&)> token;  // resume_token of a message that ends there
  absl::Time deadline = absl::InfiniteFuture();
};

// Messages of at most kMaxMessageBytes. A series whose rows are not as they are stored is read whole; every other
// passes through chunk by chunk. `reader` and `store` must outlive the source.
std::unique_ptr<rpc::Source<common::v1::SeriesMessage>> MakeSeriesSource(Reader& reader, SeriesStore& store,
                                                                         ReadPlan plan, SeriesStreamOptions options);

}  // namespace breadthflow::data
