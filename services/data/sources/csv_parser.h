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

// Reads the text of one file of bars into the rows of `query.range`: csv::Read with the layouts of bars, for callers
// that have a text and no folder. The time of a daily bar is the close of its session on `calendar`.
absl::StatusOr<SourceData> ParseCsv(std::string_view text, const std::string& file, const SourceQuery& query,
                                    const CsvFormat& format, const quant::Calendar& calendar);

}  // namespace breadthflow::data
