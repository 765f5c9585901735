#include "absl/time/time.h"
#include <fmt/format.h>

#include "services/data/domain/quality/check.h"

namespace breadthflow::data {

// Sessions of a range that was asked for which lie before the first row or after the last one. It costs nothing: the
// rows there are, are good, and the instrument may not have been traded then. Where somebody knows that it was,
// completeness says so and counts them.
QualityCheckEntry AskedRange();

QualityCheckEntry AskedRange() {
  QualityCheckEntry entry;
  entry.info = {"quality_check", "asked_range", "1.0.0",
                "The rows begin and end with the range that was asked for, as far as it has passed."};
  entry.params = {component::IntParam("min_sessions", 1, 1, 10000, "sessions", "So many may not have a row.")};
  entry.weight = 0;
  entry.advice =
      "fetch the sessions at the ends of the range, ask for a shorter one, or say that every one is expected";
  entry.run = [](const CheckInput& input, const component::Params& params) {
    std::vector<Finding> findings;
    const auto day = [](int64_t time_ns) {
      return absl::FormatTime("%Y-%m-%d", quant::FromNanos(time_ns - 1), absl::UTCTimeZone());
    };
    for (const RangeEnd& end : input.ends) {
      if (end.severity == Severity::kError || end.sessions < params.Int("min_sessions")) continue;
      const int64_t row_ns = end.leading ? input.series.times.front() : input.series.times.back();
      findings.push_back(
          {.check = "asked_range",
           .severity = end.severity,
           .affected_rows = end.rows,
           .message = fmt::format("the {} {} sessions of the range have no rows: {}it may have {} on {}",
                                  end.leading ? "first" : "last", end.sessions, end.why.empty() ? "" : end.why + ", ",
                                  end.leading ? "been listed" : "ended", day(row_ns)),
           .examples_ns = {end.first_close_ns, end.last_close_ns}});
    }
    return findings;
  };
  return entry;
}

}  // namespace breadthflow::data
