#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "services/cli/line_reader.h"

namespace breadthflow::cli {

// Series as CSV: RFC 4180 with a header that begins with symbol,time.
class CsvReader final : public LineReader {
 public:
  using LineReader::LineReader;

 private:
  struct Cell {
    std::string text;
    bool quoted = false;
  };

  bool ReadRow() override;
  void PutRow() override;

  // The cells of the next record; false at the end. `good_` is false when it could not be told what they are.
  bool ReadRecord();
  bool ReadHeader();
  void Refuse(int64_t line, std::string_view text);

  std::vector<std::string> header_;
  std::vector<size_t> described_;  // cells of kDescription; 0: there is none
  size_t calendar_at_ = 0;         // the cell of kCalendar; 0: there is none
  size_t day_at_ = 0;              // that of kAdjustedAsOf
  std::vector<Cell> cells_;
  bool good_ = true;
};

}  // namespace breadthflow::cli
