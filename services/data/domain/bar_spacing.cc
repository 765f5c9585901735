#include "services/data/domain/bar_spacing.h"

#include <tuple>
#include <utility>

#include "absl/time/time.h"
#include <fmt/format.h>

namespace breadthflow::data {
namespace {

using quant::Timeframe;

constexpr int64_t kMinute = 60'000'000'000;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kDay = 24 * kHour;

struct Range {
  int64_t least;
  int64_t most;
};
// Days between one bar and the next where nothing is missing: holidays move the last session of a week or a month.
constexpr Range kWeekly = {5 * kDay + 12 * kHour, 8 * kDay + 12 * kHour};
constexpr Range kMonthly = {25 * kDay, 36 * kDay};

// "1 minute", "3 hours", "31 days".
std::string Length(int64_t nanos) {
  for (const auto& [unit, name] : {std::pair(kDay, "day"), std::pair(kHour, "hour"), std::pair(kMinute, "minute")}) {
    if (nanos >= unit) return fmt::format("{} {}{}", nanos / unit, name, nanos / unit == 1 ? "" : "s");
  }
  return "less than a minute";
}

// What a bar is at least behind the one before.
int64_t LeastOf(Timeframe timeframe) {
  if (timeframe == Timeframe::kDay) return 20 * kHour;
  if (timeframe == Timeframe::kWeek) return 4 * kDay;
  if (timeframe == Timeframe::kMonth) return 20 * kDay;
  return absl::ToInt64Nanoseconds(quant::IntradayLength(timeframe)) / 2;
}

bool All(std::span<const int64_t> times, Range range) {
  for (size_t row = 1; row < times.size(); ++row) {
    const int64_t gap = times[row] - times[row - 1];
    if (gap < range.least || gap > range.most) return false;
  }
  return times.size() >= 3;
}

}  // namespace

std::optional<SpacingFault> FindSpacingFault(std::span<const int64_t> times, Timeframe timeframe) {
  if (timeframe == Timeframe::kTick || times.empty()) return std::nullopt;
  const bool intraday = quant::IntradayLength(timeframe) > absl::ZeroDuration();
  const std::string_view name = quant::ToText(timeframe);
  const int64_t least = LeastOf(timeframe);
  size_t close = 0;
  std::optional<size_t> first;
  for (size_t row = 1; row < times.size(); ++row) {
    const int64_t gap = times[row] - times[row - 1];
    if (gap <= 0 || gap >= least) continue;
    ++close;
    if (!first) first = row;
  }
  // The last bar of a session may be cut short, and so may each one when few are asked for.
  if (first && (!intraday || close * 2 > times.size())) {
    return SpacingFault{*first, fmt::format("is {} after the row before: these are no bars of {} (--timeframe)",
                                            Length(times[*first] - times[*first - 1]), name)};
  }
  constexpr Range kDaily = {20 * kHour, INT64_MAX};
  for (const auto& [range, larger, of] :
       {std::tuple(kDaily, "days", intraday), std::tuple(kWeekly, "weeks", timeframe == Timeframe::kDay),
        std::tuple(kMonthly, "months", timeframe == Timeframe::kDay || timeframe == Timeframe::kWeek)}) {
    if (of && All(times, range)) {
      return SpacingFault{1, fmt::format("is {} after the row before, and so are all others: bars of {} and not of {} "
                                         "(--timeframe)",
                                         Length(times[1] - times[0]), larger, name)};
    }
  }
  return std::nullopt;
}

}  // namespace breadthflow::data
