#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

// What the text of a cell means. All functions are strict: no spaces, no signs of plus, nothing after the value.
namespace breadthflow::data::csv {

// A finite decimal number, with or without exponent.
std::optional<double> ParseNumber(std::string_view text);
std::optional<int64_t> ParseInteger(std::string_view text);

// Which of two numbers with slashes is the month; by itself such a date says nothing.
enum class DateOrder { kUnknown, kMonthFirst, kDayFirst };

// YYYY-MM-DD, YYYY/MM/DD or YYYYMMDD; with an order also NN/NN/YYYY and NN/NN/YY (19YY from 70, else 20YY), the same
// with dots, and NN-NN-YYYY. A day that exists, in the years kEarliestYear to kLatestYear.
inline constexpr int kEarliestYear = 1700;
inline constexpr int kLatestYear = 2200;
std::optional<absl::CivilDay> ParseDay(std::string_view text, DateOrder order = DateOrder::kUnknown);
// Whether it begins with a day that only its year keeps from being one of those.
bool IsOutOfYears(std::string_view text, DateOrder order = DateOrder::kUnknown);
// Whether it looks like NN/NN/..., NN.NN... or NN-NN-YYYY, so that only its order is missing.
bool NeedsOrder(std::string_view text);

// Local time somewhere. Cheap to copy.
class Zone {
 public:
  Zone() = default;  // UTC
  // "utc", "new_york" (and "America/New_York") and "Europe/Berlin" by the rules of common/quant (before
  // 1990 by the database), an offset "+HH:MM", or any other IANA name by the machine's time-zone database.
  // NOT_FOUND UNKNOWN_ZONE.
  static absl::StatusOr<Zone> Find(const std::string& name);
  // Nanoseconds of a wall-clock time; in skipped and repeated hours the offset before the change holds.
  int64_t Instant(absl::CivilSecond local) const;

  // When clocks show `local`: never in an hour that is skipped when they go forward, twice in one that is repeated when
  // they go back. `first` is Instant(local), `second` the later of two.
  struct Showing {
    enum class Kind { kOnce, kNever, kTwice } kind = Kind::kOnce;
    int64_t first = 0;
    int64_t second = 0;
  };
  Showing When(absl::CivilSecond local) const;

 private:
  int64_t OffsetSeconds(int64_t instant) const;
  bool FromDatabase(int64_t year) const;

  enum class Kind { kOffset, kNewYork, kFrankfurt, kDatabase } kind_ = Kind::kOffset;
  int64_t offset_seconds_ = 0;
  absl::TimeZone database_;
  bool has_history_ = false;  // years before those that common/quant knows are in the database
};

// A date and a time of day, and the offset from UTC when it names one.
struct LocalText {
  absl::CivilSecond second;
  int64_t fraction_ns = 0;  // of a second
  std::optional<int64_t> offset_seconds;
};
std::optional<LocalText> ParseLocalTime(std::string_view text, DateOrder order);

// A date as ParseDay, "T" or a space, HH:MM[:SS[.fraction]] or HHMMSS[mmm], and optionally "Z" or an offset +HH:MM,
// which then goes before `zone`. Fractions are exact to the nanosecond. Nanoseconds since 1970, UTC.
std::optional<int64_t> ParseInstant(std::string_view text, const Zone& zone, DateOrder order = DateOrder::kUnknown);

// The date that a date or an instant begins with, and the offset it ends with, if any.
struct DayText {
  absl::CivilDay day;
  std::optional<int64_t> offset_seconds;
  bool midnight = true;  // false when a time of day other than 00:00 follows
};
std::optional<DayText> ParseDayOfInstant(std::string_view text, DateOrder order);

// The eight digits YYYYMMDD that stand alone in a name: "AAPL_chain_20140603.csv". nullopt when there is no such day or
// more than one.
std::optional<absl::CivilDay> DayInName(std::string_view name);

}  // namespace breadthflow::data::csv
