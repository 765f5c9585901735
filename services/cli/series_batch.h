#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "breadthflow/common/v1/series.pb.h"

#include "common/quant/series.h"
#include "services/cli/series_reader.h"

namespace breadthflow::cli {

// INVALID_ARGUMENT INVALID_FILE under file:line.
absl::Status WrongLine(const std::string& file, int64_t line, std::string_view text);

// A value as it stands in a line.
struct CellValue {
  enum class Kind { kMissing, kWhole, kNumber, kText } kind = Kind::kMissing;
  int64_t whole = 0;
  double number = 0;
  std::string text;
};

// Gathers rows of one symbol into the columns of a message. Types of columns as SeriesReader says. Errors are
// WrongLine.
class SeriesBatch {
 public:
  // `types` must outlive it.
  SeriesBatch(std::string file, const ColumnTypes& types) : file_(std::move(file)), types_(types) {}

  // Whether it has no rows.
  bool empty() const { return lines_.empty(); }
  // Whether a row of that symbol belongs into another message.
  bool Ends(const std::string& symbol) const;
  // Begins a row. `time` is an instant by RFC 3339, not before that of the last row of the same symbol.
  absl::Status Begin(const std::string& symbol, const std::string& time, int64_t line);
  // A value of the row. A missing one may be left out.
  absl::Status Put(const std::string& name, CellValue value);
  // Type of a column, when it is known beforehand.
  std::optional<quant::ColumnType> TypeOf(const std::string& name) const;
  // What was gathered, and the line of each row; false when nothing was.
  bool Take(common::v1::SeriesMessage& message, std::vector<int64_t>& lines);

 private:
  common::v1::Column& ColumnOf(const std::string& name);

  const std::string file_;
  const ColumnTypes& types_;
  std::map<std::string, std::optional<quant::ColumnType>> seen_;  // for all rows of the file
  std::string symbol_;
  int64_t last_ = 0;
  bool fresh_ = true;  // no row was begun
  std::vector<int64_t> times_;
  std::vector<int64_t> lines_;
  std::map<std::string, common::v1::Column> columns_;
  std::vector<std::string> order_;  // of the columns
  size_t bytes_ = 0;
};

}  // namespace breadthflow::cli
