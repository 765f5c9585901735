#include <cstdint>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include <fmt/format.h>

#include "services/data/domain/quality/check.h"

namespace breadthflow::data {

namespace {

// Walks along a daily series and says which rows are on the day of the row before. An instant at which a day ends and
// the next one begins is that of the bar that ends there, where sessions last as long as days; else it is the next
// day's.
class Days {
 public:
  explicit Days(const quant::Calendar& calendar)
      : calendar_(calendar),
        ends_with_day_(calendar.sessions().back().close_ns == calendar.DayStart(calendar.sessions().back().day + 1)) {}

  // The next row, later than the one before.
  bool SameAsBefore(int64_t time_ns) {
    const int64_t inside_ns = ends_with_day_ ? time_ns - 1 : time_ns;
    if (inside_ns < end_ns_) return true;
    absl::CivilDay day = absl::ToCivilDay(quant::FromNanos(inside_ns), absl::UTCTimeZone()) + 1;
    end_ns_ = calendar_.DayStart(day + 1);
    for (int64_t begin_ns = calendar_.DayStart(day); begin_ns > inside_ns; begin_ns = calendar_.DayStart(day)) {
      end_ns_ = begin_ns;
      --day;
    }
    return false;
  }

 private:
  const quant::Calendar& calendar_;
  const bool ends_with_day_;
  int64_t end_ns_ = INT64_MIN;  // of the day of the last row
};

}  // namespace

// Two rows of one daily series on one day of its calendar: times differ (a series can not hold one time twice), the day
// does not.
QualityCheckEntry Duplicates();

QualityCheckEntry Duplicates() {
  QualityCheckEntry entry;
  entry.info = {"quality_check", "duplicates", "1.0.0", "One row per day of the calendar (daily series)."};
  entry.advice = "check the time zone and calendar of the source";
  entry.gates = true;
  entry.run = [](const CheckInput& input, const component::Params&) {
    Finding finding{.check = "duplicates", .severity = Severity::kError};
    if (input.series.key.timeframe == quant::Timeframe::kDay) {
      Days days(input.calendar);
      for (size_t row = 0; row < input.series.size(); ++row) {
        if (days.SameAsBefore(input.series.times[row])) AddImpossibleRow(finding, input.series, row);
      }
    }
    if (finding.affected_rows == 0) return std::vector<Finding>{};
    finding.message = fmt::format("{} rows are second rows of their day", finding.affected_rows);
    return std::vector<Finding>{std::move(finding)};
  };
  return entry;
}

}  // namespace breadthflow::data
