#pragma once

#include "absl/status/status.h"
#include "breadthflow/common/v1/series.pb.h"
#include <nlohmann/json.hpp>

#include "services/cli/printer.h"

namespace breadthflow::cli {

// The rows of a stream of series as a table, or as a JSON array of objects with `symbol`, `time` and one entry per
// column; a missing value is null.
class RowCollector {
 public:
  explicit RowCollector(int limit) : limit_(static_cast<size_t>(limit)) {}

  // For Peer::Read. CANCELLED once `limit` rows are there: that ends the stream.
  absl::Status Take(const common::v1::SeriesMessage& message);

  // Prints what came; `read` is how the stream ended.
  absl::Status Print(Printer& out, const absl::Status& read) const;

 private:
  const size_t limit_;
  bool full_ = false;
  nlohmann::ordered_json rows_ = nlohmann::ordered_json::array();
};

}  // namespace breadthflow::cli
