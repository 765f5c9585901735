#pragma once

#include <array>
#include <cstdint>
#include <istream>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "breadthflow/common/v1/series.pb.h"

#include "common/base/status.h"
#include "services/cli/gzip_stream.h"
#include "services/cli/series_batch.h"
#include "services/cli/series_file.h"
#include "services/cli/series_reader.h"

namespace breadthflow::cli {

// What the readers of texts have in common: rows are gathered into messages, must all be of one kind, and mistakes are
// named up to a number, as SeriesReader says. A form of text says how a row is read and put. Not thread-safe.
class LineReader : public SeriesReader {
 public:
  LineReader(const std::string& file, const ColumnTypes& types, const std::string& place)
      : file_(file), types_(types), bytes_(place), in_(&bytes_), batch_(file, types_) {}

  bool opened() const { return bytes_.opened(); }
  int64_t position() const override { return bytes_.position(); }

  absl::StatusOr<bool> Next(common::v1::SeriesMessage& message) override;

  // Reads as far as the first row: what it says of all, as first_of and basis.
  const common::v1::SeriesMessage& First();

 protected:
  using Description = std::array<std::string, kDescription.size()>;

  // Reads the next row that has a symbol, a time and what is told apart by them; false at the end.
  virtual bool ReadRow() = 0;
  // Puts it into the batch.
  virtual void PutRow() = 0;

  void Complain(int64_t line, std::string_view text);
  // Whether a column is what the rows say of themselves, and not a field of theirs.
  bool IsSaid(std::string_view column) const { return !types_.contains(std::string(column)); }
  // False when it is not OK.
  bool Check(const absl::Status& status);

  const std::string file_;
  const ColumnTypes types_;
  GzipInput bytes_;
  std::istream in_;
  SeriesBatch batch_;
  std::string symbol_;
  Description description_;  // as the row at hand has it
  std::string calendar_;     // the same; empty where the resource has a field of that name
  std::string day_;          // kAdjustedAsOf, the same
  int64_t line_ = 0;         // last line that was read
  int64_t begin_ = 0;        // on which the row at hand began

 private:
  absl::StatusOr<bool> End();
  // All rows of a file are of one kind, and those of a symbol on one calendar. False, with a complaint, when the row at
  // hand is not.
  bool CheckDescription();
  void TakeDescription();
  void Describe(common::v1::SeriesMessage& message) const;

  base::Violations violations_;
  size_t faults_ = 0;
  bool pending_ = false;
  std::string batch_day_;  // of all rows in batch_
  bool first_ = true;
  Description all_;                               // as every row has it
  std::map<std::string, std::string> calendars_;  // by symbol, as every row of it has it
  common::v1::SeriesMessage said_;                // the same
};

}  // namespace breadthflow::cli
