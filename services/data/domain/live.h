#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"

#include "common/quant/calendar.h"
#include "common/quant/series.h"
#include "common/quant/timeframe.h"

// What a stream of rows can say about rows that did not come. Pure: the time is given.
namespace breadthflow::data {

// Rows that a calendar expects and that are not there.
struct MissingRows {
  quant::TimeRange range;  // from the first of them to behind the last
  int64_t rows = 0;
  friend bool operator==(const MissingRows&, const MissingRows&) = default;
};

// The bars that should end between two instants, neither of them included. Nothing when there are none, or when the
// calendar does not know when bars of that size end (tick, week, month; any, where it says no hours).
std::optional<MissingRows> ExpectedBetween(const quant::Calendar& calendar, quant::Timeframe timeframe,
                                           int64_t after_ns, int64_t before_ns);

// The bars that should lie between two neighbouring ones of a series. Nothing when none is missing, and when one of
// the two does not end when the calendar says: then the series keeps other hours.
std::optional<MissingRows> MissingBetween(const quant::Calendar& calendar, quant::Timeframe timeframe,
                                          int64_t earlier_ns, int64_t later_ns);

// Finds the series that have been silent for `after` of the time that their exchange was open. Not thread-safe.
class SilenceWatch {
 public:
  // One calendar for each series; they must outlive the watch. All series count as heard at `start`.
  SilenceWatch(std::vector<const quant::Calendar*> calendars, absl::Duration after, absl::Time start);

  // That series turns out to keep other hours.
  void Keep(size_t series, const quant::Calendar& calendar) { calendars_[series] = &calendar; }

  // A row of that series came.
  void Heard(size_t series, absl::Time now);
  // The series that have become silent, each once until it is heard again. None while the exchange is closed.
  std::vector<size_t> Look(absl::Time now);

 private:
  std::vector<const quant::Calendar*> calendars_;
  const int64_t after_ns_;
  std::vector<int64_t> heard_ns_;
  std::vector<bool> silent_;
};

// When rows of the past are played: the first at `start`, every other one as much later as it came later, `speed` times
// as fast. Speed 0: at once.
class Pace {
 public:
  Pace(double speed, absl::Time start, int64_t first_ns) : speed_(speed), start_(start), first_ns_(first_ns) {}
  absl::Time Due(int64_t time_ns) const;

 private:
  double speed_;
  absl::Time start_;
  int64_t first_ns_;
};

}  // namespace breadthflow::data
