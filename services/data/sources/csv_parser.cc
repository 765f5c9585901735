#include "services/data/sources/csv_parser.h"

#include "common/base/status.h"
#include "services/data/sources/csv/read.h"

namespace breadthflow::data {

absl::StatusOr<SourceData> ParseCsv(std::string_view text, const std::string& file, const SourceQuery& query,
                                    const CsvFormat& format, const quant::Calendar& calendar) {
  csv::ReadOptions options{.calendar = &calendar,
                           .stamp = format.stamped_at_start ? csv::Stamp::kStart : csv::Stamp::kEnd,
                           .basis = format.basis};
  BF_ASSIGN_OR_RETURN(options.zone, csv::Zone::Find(format.new_york_time ? "new_york" : "utc"));
  const csv::File one{file, std::string(text)};
  return csv::Read({&one, 1}, query, options);
}

}  // namespace breadthflow::data
