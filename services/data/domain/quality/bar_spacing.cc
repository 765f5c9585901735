#include <algorithm>
#include <map>

#include "absl/time/time.h"
#include <fmt/format.h>

#include "services/data/domain/quality/check.h"

namespace breadthflow::data {

// Bars within a day that are not of the length that the series says: several in one interval, or none that follow each
// other at that distance.
QualityCheckEntry BarSpacing();

QualityCheckEntry BarSpacing() {
  QualityCheckEntry entry;
  entry.info = {"quality_check", "bar_spacing", "1.0.0",
                "Bars within a day are as far apart as their timeframe says, one in each interval."};
  entry.params = {component::DoubleParam("max_shared", 0.01, 0, 1, "fraction",
                                         "Share of rows that are not the first of their interval, above which this is "
                                         "an error.")};
  entry.advice = "store the rows under the timeframe that they have";
  entry.run = [](const CheckInput& input, const component::Params& params) {
    std::vector<Finding> findings;
    if (input.intervals.empty()) return findings;
    const int64_t length = absl::ToInt64Nanoseconds(quant::IntradayLength(input.series.key.timeframe));
    const std::vector<int64_t>& times = input.series.times;
    Finding shared{.check = "bar_spacing", .severity = Severity::kWarning};
    std::map<int64_t, int64_t> distances;  // within an interval or from one to another, and how often
    const auto* const begin = input.intervals.data();
    const auto* const end = begin + input.intervals.size();
    const BarInterval* at = begin;
    const BarInterval* before = nullptr;  // of the row before
    for (size_t row = 0; row < times.size(); ++row) {
      while (at != end && at->end_ns < times[row]) ++at;
      const BarInterval* of = at != end && times[row] > at->begin_ns ? at : nullptr;
      if (of != nullptr && before != nullptr) {
        ++distances[times[row] - times[row - 1]];
        // Bars that go by the hour of the clock may end within the intervals that go by the open, but not so near.
        if (of == before && times[row] - times[row - 1] < length / 2) AddRow(shared, times[row]);
      }
      before = of;
    }
    const auto usual = std::max_element(distances.begin(), distances.end(),
                                        [](const auto& a, const auto& b) { return a.second < b.second; });
    const auto text = [](int64_t ns) { return absl::FormatDuration(absl::Nanoseconds(ns)); };
    if (shared.affected_rows > 0) {
      if (static_cast<double>(shared.affected_rows) > params.Double("max_shared") * static_cast<double>(times.size())) {
        shared.severity = Severity::kError;
      }
      shared.message = fmt::format("{} rows follow another one within the same {}; most are {} apart",
                                   shared.affected_rows, text(length), text(usual->first));
      findings.push_back(std::move(shared));
    } else if (constexpr int64_t kEnough = 5; usual != distances.end() && usual->first > length &&
                                              usual->second >= kEnough && !distances.contains(length)) {
      findings.push_back(
          {.check = "bar_spacing",
           .severity = Severity::kError,
           .affected_rows = static_cast<int64_t>(times.size()),
           .message = fmt::format("no two rows are {} apart; most are {}", text(length), text(usual->first)),
           .examples_ns = {times.front()}});
    }
    return findings;
  };
  return entry;
}

}  // namespace breadthflow::data
