#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "common/quant/calendar.h"
#include "services/data/domain/source.h"

namespace breadthflow::data {

struct CsvFormat {
  quant::PriceBasis basis = quant::PriceBasis::kSplitAdjusted;
  bool new_york_time = false;     // timestamps without a zone are New York wall-clock time, else UTC
  bool stamped_at_start = false;  // an intraday timestamp is the start of its bar, else its end
};

inline constexpr size_t kMaxCsvViolations = 100;  // listed; the rest is counted

// Reads the text of one file of bars into the rows of `query.range`. The whole file is checked, not only the range.
//
//   date,open,high,low,close,volume[,adj_close]        YYYY-MM-DD; the row's time is the close of that session
//   timestamp,open,high,low,close,volume[,adj_close]   YYYY-MM-DD[T ]HH:MM[:SS][Z|+HH:MM]; the instant the bar was
//                                                       complete
// A daily query needs `date`, an intraday one `timestamp`. Numbers are plain decimals. Lines may end in CR LF; empty
// lines at the end are ignored.
//
// INVALID_ARGUMENT INVALID_CSV with all violations, each under `file`:line: wrong header, missing or additional cells,
// unparsable numbers or dates, days that are no session, unsorted or duplicate times, prices that are not positive,
// negative volume, high below low, an empty file.
absl::StatusOr<SourceData> ParseCsv(std::string_view text, const std::string& file, const SourceQuery& query,
                                    const CsvFormat& format, const quant::Calendar& calendar);

}  // namespace breadthflow::data
