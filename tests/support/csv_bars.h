#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "services/data/domain/source.h"
#include "services/data/sources/csv/read.h"

namespace breadthflow::data {

struct CsvFormat {
  quant::PriceBasis basis = quant::PriceBasis::kSplitAdjusted;
  bool new_york_time = false;     // timestamps without a zone are New York wall-clock time, else UTC
  bool stamped_at_start = false;  // an intraday timestamp is the start of its bar, else its end
};

// The text of one file of bars as csv_file reads it, for tests that have a text and no folder.
inline absl::StatusOr<SourceData> ParseCsv(std::string_view text, const std::string& file, const SourceQuery& query,
                                           const CsvFormat& format, const quant::Calendar& calendar) {
  csv::ReadOptions options{.calendar = &calendar,
                           .stamp = format.stamped_at_start ? csv::Stamp::kStart : csv::Stamp::kEnd,
                           .basis = format.basis};
  BF_ASSIGN_OR_RETURN(options.zone, csv::Zone::Find(format.new_york_time ? "new_york" : "utc"));
  const csv::File one{file, std::string(text)};
  return csv::Read({&one, 1}, query, options);
}

}  // namespace breadthflow::data
