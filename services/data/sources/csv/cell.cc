#include "services/data/sources/csv/cell.h"

#include <charconv>
#include <cmath>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/calendar_zones.h"

namespace breadthflow::data::csv {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

// Exactly `digits` digits at `at`, or -1.
int Digits(std::string_view text, size_t at, size_t digits) {
  if (text.size() < at + digits) return -1;
  int value = 0;
  for (size_t i = at; i < at + digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

std::optional<absl::CivilDay> Day(int year, int month, int day) {
  if (year < kEarliestYear || year > kLatestYear || month < 1 || day < 1) return std::nullopt;
  const absl::CivilDay civil(year, month, day);
  // Normalised: the 31st of a short month is not a day.
  if (civil.month() != month || civil.day() != day) return std::nullopt;
  return civil;
}

bool IsDigit(std::string_view text, size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; }

// The date at the start of `text`, which is then cut off.
std::optional<absl::CivilDay> TakeDay(std::string_view& text, DateOrder order) {
  size_t used = 0;
  std::optional<absl::CivilDay> day;
  if (text.size() >= 10 && (text[4] == '-' || text[4] == '/') && text[7] == text[4]) {
    used = 10;
    day = Day(Digits(text, 0, 4), Digits(text, 5, 2), Digits(text, 8, 2));
  } else if (NeedsOrder(text)) {
    const bool long_year = Digits(text, 6, 4) >= 0;
    used = long_year ? 10 : 8;
    const int short_year = Digits(text, 6, 2);
    const int year = long_year ? Digits(text, 6, 4) : short_year + (short_year >= 70 ? 1900 : 2000);
    if (order == DateOrder::kMonthFirst) day = Day(year, Digits(text, 0, 2), Digits(text, 3, 2));
    if (order == DateOrder::kDayFirst) day = Day(year, Digits(text, 3, 2), Digits(text, 0, 2));
  } else if (Digits(text, 0, 8) >= 0 && !IsDigit(text, 8)) {
    used = 8;
    day = Day(Digits(text, 0, 4), Digits(text, 4, 2), Digits(text, 6, 2));
  }
  if (day) text.remove_prefix(used);
  return day;
}

// Nanoseconds of the day of the time at the start of `text`, which is then cut off.
std::optional<int64_t> TakeClock(std::string_view& text) {
  const bool colons = text.size() > 2 && text[2] == ':';
  const int hour = Digits(text, 0, 2);
  const int minute = Digits(text, colons ? 3 : 2, 2);
  int second = 0;
  size_t at = colons ? 5 : 4;
  int64_t fraction = 0;
  int64_t unit = kSecond;
  if (!colons || (at < text.size() && text[at] == ':')) {
    at += colons ? 1 : 0;
    second = Digits(text, at, 2);
    at += 2;
    const bool point = at < text.size() && text[at] == '.';
    if (point && !IsDigit(text, at + 1)) return std::nullopt;
    if (point || (!colons && second >= 0)) {
      for (at += point ? 1 : 0; IsDigit(text, at); ++at) {
        if (unit == 1) return std::nullopt;
        unit /= 10;
        fraction += (text[at] - '0') * unit;
      }
    }
  }
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return std::nullopt;
  text.remove_prefix(at);
  return (int64_t{hour} * 3600 + minute * 60 + second) * kSecond + fraction;
}

// The offset that all of `text` is: "Z" or +HH:MM. nullopt when it is none.
std::optional<int64_t> ParseOffset(std::string_view text) {
  if (text == "Z") return 0;
  const int hours = Digits(text, 1, 2);
  const int minutes = Digits(text, 4, 2);
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':' || hours < 0 || hours > 14 ||
      minutes < 0 || minutes > 59) {
    return std::nullopt;
  }
  return (text[0] == '-' ? -1 : 1) * int64_t{hours * 3600 + minutes * 60};
}

struct Local {
  absl::CivilDay day;
  std::optional<int64_t> clock;  // nanoseconds; nullopt when only a date is there
  std::optional<int64_t> offset;
};

std::optional<Local> ParseLocal(std::string_view text, DateOrder order) {
  const std::optional<absl::CivilDay> day = TakeDay(text, order);
  if (!day) return std::nullopt;
  Local local{*day, std::nullopt, std::nullopt};
  if (text.empty()) return local;
  if (text[0] != 'T' && text[0] != ' ') return std::nullopt;
  text.remove_prefix(1);
  local.clock = TakeClock(text);
  if (!local.clock) return std::nullopt;
  if (!text.empty() && !(local.offset = ParseOffset(text))) return std::nullopt;
  return local;
}

}  // namespace

std::optional<double> ParseNumber(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<int64_t> ParseInteger(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool NeedsOrder(std::string_view text) {
  if (Digits(text, 0, 2) < 0 || Digits(text, 3, 2) < 0 || Digits(text, 6, 2) < 0 || text[2] != text[5]) return false;
  // NN-NN-NN may as well begin with its year.
  return text[2] == '/' || text[2] == '.' || (text[2] == '-' && Digits(text, 6, 4) >= 0);
}

std::optional<absl::CivilDay> ParseDay(std::string_view text, DateOrder order) {
  const std::optional<absl::CivilDay> day = TakeDay(text, order);
  return text.empty() ? day : std::nullopt;
}

bool IsOutOfYears(std::string_view text, DateOrder order) {
  // The same day of a year in the middle, which has a 29th of February.
  std::string moved(text);
  const size_t at = NeedsOrder(text) ? 6 : 0;
  const int year = Digits(text, at, 4);
  if (year < 0 || (year >= kEarliestYear && year <= kLatestYear)) return false;
  moved.replace(at, 4, "2000");
  std::string_view rest = moved;
  return TakeDay(rest, order).has_value();
}

absl::StatusOr<Zone> Zone::Find(const std::string& name) {
  Zone zone;
  if (name == "utc" || name == "UTC") return zone;
  if (name == "new_york" || name == "America/New_York") {
    zone.kind_ = Kind::kNewYork;
    zone.has_history_ = absl::LoadTimeZone("America/New_York", &zone.database_);
  } else if (name == "Europe/Berlin") {
    zone.kind_ = Kind::kFrankfurt;
    zone.has_history_ = absl::LoadTimeZone("Europe/Berlin", &zone.database_);
  } else if (const auto offset = ParseOffset(name)) {
    zone.offset_seconds_ = *offset;
  } else if (absl::LoadTimeZone(name, &zone.database_)) {
    zone.kind_ = Kind::kDatabase;
  } else {
    return base::MakeError(absl::StatusCode::kNotFound, "UNKNOWN_ZONE",
                           fmt::format("must be utc, new_york, an offset such as -05:00 or an IANA name such as "
                                       "Asia/Tokyo, was '{}'",
                                       name.substr(0, 64)));
  }
  return zone;
}

bool Zone::FromDatabase(int64_t year) const {
  constexpr int kFirstYear = 1990;  // whose laws common/quant knows
  return kind_ == Kind::kDatabase || (has_history_ && year < kFirstYear);
}

int64_t Zone::OffsetSeconds(int64_t instant) const {
  return kind_ == Kind::kNewYork ? quant::NewYorkOffsetSeconds(instant) : quant::FrankfurtOffsetSeconds(instant);
}

Zone::Showing Zone::When(absl::CivilSecond local) const {
  using Kinds = Showing::Kind;
  if (FromDatabase(local.year())) {
    using Lookup = absl::TimeZone::TimeInfo;
    const Lookup found = database_.At(local);
    return {found.kind == Lookup::SKIPPED    ? Kinds::kNever
            : found.kind == Lookup::REPEATED ? Kinds::kTwice
                                             : Kinds::kOnce,
            absl::ToUnixSeconds(found.pre) * kSecond, absl::ToUnixSeconds(found.post) * kSecond};
  }
  const int64_t first = Instant(local);
  if (kind_ == Kind::kOffset) return {Kinds::kOnce, first, first};
  const auto shows = [&](int64_t instant) {
    return quant::UtcInstant(local) - OffsetSeconds(instant) * kSecond == instant;
  };
  const int64_t second = first + 3600 * kSecond;
  if (!shows(first)) return {Kinds::kNever, first, first};
  return shows(second) ? Showing{Kinds::kTwice, first, second} : Showing{Kinds::kOnce, first, first};
}

int64_t Zone::Instant(absl::CivilSecond local) const {
  if (FromDatabase(local.year())) return absl::ToUnixSeconds(database_.At(local).pre) * kSecond;
  switch (kind_) {
    case Kind::kNewYork:
      return quant::NewYorkInstant(local);
    case Kind::kFrankfurt:
      return quant::FrankfurtInstant(local);
    case Kind::kDatabase:
    case Kind::kOffset:
      break;
  }
  return quant::UtcInstant(local - offset_seconds_);
}

std::optional<int64_t> ParseInstant(std::string_view text, const Zone& zone, DateOrder order) {
  const std::optional<LocalText> local = ParseLocalTime(text, order);
  if (!local) return std::nullopt;
  const int64_t whole =
      local->offset_seconds ? quant::UtcInstant(local->second - *local->offset_seconds) : zone.Instant(local->second);
  return whole + local->fraction_ns;
}

std::optional<LocalText> ParseLocalTime(std::string_view text, DateOrder order) {
  const std::optional<Local> local = ParseLocal(text, order);
  if (!local || !local->clock) return std::nullopt;
  return LocalText{absl::CivilSecond(local->day) + *local->clock / kSecond, *local->clock % kSecond, local->offset};
}

std::optional<DayText> ParseDayOfInstant(std::string_view text, DateOrder order) {
  const std::optional<Local> local = ParseLocal(text, order);
  if (!local) return std::nullopt;
  return DayText{local->day, local->offset, local->clock.value_or(0) == 0};
}

std::optional<absl::CivilDay> DayInName(std::string_view name) {
  std::optional<absl::CivilDay> found;
  for (size_t at = 0; at < name.size(); ++at) {
    if (!IsDigit(name, at) || (at > 0 && IsDigit(name, at - 1))) continue;
    if (Digits(name, at, 8) < 0 || IsDigit(name, at + 8)) continue;
    const std::optional<absl::CivilDay> day = ParseDay(name.substr(at, 8));
    if (!day) continue;
    if (found && *found != *day) return std::nullopt;
    found = day;
  }
  return found;
}

}  // namespace breadthflow::data::csv
