#include "common/quant/timeframe.h"

#include <array>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::quant {
namespace {

constexpr std::array<std::pair<Timeframe, std::string_view>, 9> kNames = {{{Timeframe::kTick, "tick"},
                                                                           {Timeframe::kMin1, "1min"},
                                                                           {Timeframe::kMin5, "5min"},
                                                                           {Timeframe::kMin15, "15min"},
                                                                           {Timeframe::kMin30, "30min"},
                                                                           {Timeframe::kHour1, "1hour"},
                                                                           {Timeframe::kDay, "1day"},
                                                                           {Timeframe::kWeek, "1week"},
                                                                           {Timeframe::kMonth, "1month"}}};

// By how much the rows of a day lie behind its midnights.
absl::Duration Behind(Timeframe timeframe) {
  return timeframe == Timeframe::kTick ? absl::ZeroDuration() : absl::Nanoseconds(1);
}

}  // namespace

std::string_view ToText(Timeframe timeframe) {
  for (const auto& [value, name] : kNames) {
    if (value == timeframe) return name;
  }
  return "unspecified";
}

absl::StatusOr<Timeframe> ParseTimeframe(std::string_view text) {
  std::string known;
  for (const auto& [value, name] : kNames) {
    if (name == text) return value;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", name);
  }
  return base::MakeError(absl::StatusCode::kInvalidArgument, "UNKNOWN_TIMEFRAME",
                         fmt::format("timeframe must be one of {}, was '{}'", known, text));
}

absl::Duration IntradayLength(Timeframe timeframe) {
  switch (timeframe) {
    case Timeframe::kMin1:
      return absl::Minutes(1);
    case Timeframe::kMin5:
      return absl::Minutes(5);
    case Timeframe::kMin15:
      return absl::Minutes(15);
    case Timeframe::kMin30:
      return absl::Minutes(30);
    case Timeframe::kHour1:
      return absl::Hours(1);
    default:
      return absl::ZeroDuration();
  }
}

absl::Time DayBegin(absl::CivilDay day, Timeframe timeframe) {
  return absl::FromCivil(day, absl::UTCTimeZone()) + Behind(timeframe);
}

absl::CivilDay DayOf(absl::Time time, Timeframe timeframe) {
  return absl::ToCivilDay(time - Behind(timeframe), absl::UTCTimeZone());
}

std::string BoundText(absl::Time bound, Timeframe timeframe) {
  const bool day = DayBegin(DayOf(bound, timeframe), timeframe) == bound;
  return absl::FormatTime(day ? "%Y-%m-%d" : "%Y-%m-%dT%H:%M:%E*SZ", bound, absl::UTCTimeZone());
}

}  // namespace breadthflow::quant
