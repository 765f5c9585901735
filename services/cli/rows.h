#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "breadthflow/common/v1/series.pb.h"
#include <nlohmann/json.hpp>

#include "common/base/status.h"
#include "services/cli/command.h"
#include "services/cli/origins.h"
#include "services/cli/printer.h"

namespace breadthflow::cli {

// The rows of a stream of series as a table, or as a JSON array of objects with `symbol`, `time` and one entry per
// column; a missing value is null. JSON is written while it comes, so that any number of rows takes little memory.
class RowCollector {
 public:
  // At most `limit` rows of each series; without one a table has 20 in all and says how many more there are, and JSON
  // has all. `series`: how many come; 0 when that is not known.
  RowCollector(Printer& out, std::optional<int> limit, int series = 1) : out_(out), limit_(limit), series_(series) {}

  // For Peer::Read. CANCELLED, which ends the stream, once JSON has `limit` rows of the last series.
  absl::Status Take(const common::v1::SeriesMessage& message);

  // Prints what is not printed yet; `read` is how the stream ended. A failure is returned; JSON that was begun is then
  // left without its end, so that nobody takes it for whole. Whose splits and dividends are in the rows, and what is
  // made up of them, is said to people in either case.
  absl::Status Finish(const absl::Status& read);

 private:
  Printer& out_;
  const std::optional<int> limit_;
  const int series_;
  int begun_ = 0;          // series
  int64_t kept_here_ = 0;  // of the one that comes now
  bool full_ = false;
  int64_t kept_ = 0;  // printed, or in rows_
  Origins origins_;
  int64_t more_ = 0;
  nlohmann::ordered_json rows_ = nlohmann::ordered_json::array();  // of a table
};

// One row of a batch as an object with `symbol`, `time` and one entry per column; a missing value is null.
nlohmann::ordered_json RowOf(const common::v1::ColumnarBatch& batch, int row);
// A value of such an object for people.
std::string CellText(const nlohmann::ordered_json& cell);

// The value of --limit (see RowsFlag); nullopt when it was not given.
std::optional<int> ParseRowLimit(const Arguments& arguments, base::Violations& violations);

}  // namespace breadthflow::cli
