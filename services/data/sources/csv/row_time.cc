#include "services/data/sources/csv/row_time.h"

#include <algorithm>
#include <span>

#include <fmt/format.h>

#include "common/base/status.h"
#include "services/data/domain/market_hours.h"
#include "services/data/domain/publication.h"

namespace breadthflow::data::csv {

const quant::Calendar* SessionsOf(const std::string& symbol, const SourceQuery& query, const ReadOptions& options) {
  const bool dated = query.timeframe == quant::Timeframe::kDay || query.timeframe == quant::Timeframe::kWeek ||
                     query.timeframe == quant::Timeframe::kMonth || query.resource == "option_chain";
  if (options.market || !dated) return options.calendar;
  const quant::Calendar& told = CalendarOf({query.resource, symbol, query.timeframe, ""}, {});
  return told.says_hours() ? &told : nullptr;
}

bool IsNone(std::string_view cell) { return cell.empty() || cell == "None" || cell == "null"; }

RowTime::RowTime(const FileContext& context) : context_(context), rule_(context.layout.time) {
  any_order_ = context.options.any_order || context.layout.any_order;
  has_zone_ = context.options.zone.has_value() || !rule_.zone.empty();
  if (context.options.zone) {
    zone_ = *context.options.zone;
  } else if (!rule_.zone.empty()) {
    zone_ = Zone::Find(rule_.zone).value();  // zones of layouts are computed here and exist
  }
  int64_t length = rule_.length_ns;
  if (context.resource.bars) length = absl::ToInt64Nanoseconds(quant::IntradayLength(context.query.timeframe));
  const bool at_start =
      context.options.stamp == Stamp::kLayout ? rule_.at_start : context.options.stamp == Stamp::kStart;
  shift_ns_ = at_start ? length : 0;
  // What data export writes has the ends.
  const bool said = context.options.stamp != Stamp::kLayout || rule_.at_start || context.layout.name == kExportLayout;
  if (context.resource.bars && length > 0 && !said) context.sink.AssumeEnds();
  weeks_ = context.resource.bars && context.query.timeframe == quant::Timeframe::kWeek;
  months_ = context.resource.bars && context.query.timeframe == quant::Timeframe::kMonth;
  if (rule_.when == When::kFileDay) {
    file_day_ = DayInName(std::string_view(context.file.name).substr(context.file.name.rfind('/') + 1));
    if (!file_day_) {
      context.Complain(
          1, fmt::format("the name of a file of layout {} must hold its day as YYYYMMDD", context.layout.name));
    }
  }
}

std::optional<absl::CivilDay> RowTime::Day(int64_t line, std::string_view cell, std::string_view name) const {
  if (const auto day = ParseDay(cell, context_.options.date_order)) return day;
  ComplainOfDate(line, cell, name, "YYYY-MM-DD");
  return std::nullopt;
}

// What is wrong with what should be a time of that form.
void RowTime::ComplainOfDate(int64_t line, std::string_view cell, std::string_view name, std::string_view form) const {
  const std::string_view shown = cell.substr(0, 40);
  const DateOrder order = context_.options.date_order;
  if (NeedsOrder(cell) && order == DateOrder::kUnknown) {
    context_.Complain(line, fmt::format("which number of '{}' is the month must be said by {}", shown,
                                        HowToSay("date_order=day_first")));
  } else if (IsOutOfYears(cell, order)) {
    context_.Complain(
        line, fmt::format("{} must be in the years {} to {}, was '{}'", name, kEarliestYear, kLatestYear, shown));
  } else {
    context_.Complain(line, fmt::format("{} must be {}, was '{}'", name, form, shown));
  }
}

std::optional<int64_t> RowTime::BarEnd(int64_t line, absl::CivilDay day) {
  return weeks_ || months_ ? LastClose(line, day) : Close(line, day);
}

std::optional<int64_t> RowTime::LastClose(int64_t line, absl::CivilDay day) {
  if (weeks_ && absl::GetWeekday(day) == absl::Weekday::sunday) {
    if (context_.options.stamp == Stamp::kLayout) {
      // They all are, where one is.
      if (context_.faults.First("sunday")) {
        context_.Complain(line, fmt::format("{} is a Sunday: whether it is the last day of its week or the day before "
                                            "the week must be said by {} or stamp=bar_start",
                                            absl::FormatCivilTime(day), HowToSay("stamp=bar_end")));
      }
      return std::nullopt;
    }
    if (context_.options.stamp == Stamp::kStart) ++day;
  }
  const absl::CivilDay next =
      weeks_ ? absl::NextWeekday(day, absl::Weekday::monday) : absl::CivilDay(absl::CivilMonth(day) + 1);
  const absl::CivilDay first = weeks_ ? next - 7 : absl::CivilDay(absl::CivilMonth(day));
  const quant::Calendar* const calendar = context_.sessions;
  if (calendar == nullptr) return zone_.Instant(absl::CivilSecond(next));
  if (!calendar->Covers(day)) return Close(line, day);  // says which days there are
  if (!calendar->Covers(next - 1)) return Close(line, next - 1);
  const std::span<const quant::Session> sessions = calendar->Between(first, next);
  if (!sessions.empty()) return sessions.back().close_ns;
  context_.Complain(line, fmt::format("{} has no session from {} to {}", calendar->name(), absl::FormatCivilTime(first),
                                      absl::FormatCivilTime(next - 1)));
  return std::nullopt;
}

std::optional<int64_t> RowTime::Close(int64_t line, absl::CivilDay day) {
  if (context_.sessions == nullptr) return zone_.Instant(absl::CivilSecond(day + 1));
  const auto close = context_.sessions->SessionClose(day);
  if (close.ok()) return *close;
  context_.Complain(line, fmt::format("{}{}", base::Message(close.status()),
                                      context_.faults.First("calendar")
                                          ? "; other calendars, or none, are said by " + HowToSay("calendar=none")
                                          : ""));
  return std::nullopt;
}

int64_t RowTime::DayStart(absl::CivilDay day) const {
  return context_.options.calendar != nullptr ? context_.options.calendar->DayStart(day)
                                              : zone_.Instant(absl::CivilSecond(day));
}

std::optional<int64_t> RowTime::Instant(int64_t line, std::string_view cell) {
  if (const auto local = ParseLocalTime(cell, context_.options.date_order)) return InZone(line, cell, *local);
  const bool whole_days = weeks_ || months_ || context_.query.timeframe == quant::Timeframe::kDay;
  if (rule_.dates) {
    const auto day = ParseDay(cell, context_.options.date_order);
    if (day && *rule_.dates == When::kDayStart) return DayStart(*day);
    if (day && *rule_.dates == When::kDayEnd) return zone_.Instant(absl::CivilSecond(*day + 1));
    if (day && whole_days) return BarEnd(line, *day);
  }
  const bool dates = rule_.dates && (*rule_.dates != When::kSessionClose || whole_days);
  ComplainOfDate(line, cell, rule_.column,
                 dates ? "YYYY-MM-DDTHH:MM[:SS][Z] or YYYY-MM-DD" : "YYYY-MM-DDTHH:MM[:SS][Z]");
  return std::nullopt;
}

std::optional<int64_t> RowTime::InZone(int64_t line, std::string_view cell, const LocalText& local) {
  const int64_t after = local.fraction_ns + shift_ns_;
  if (local.offset_seconds) return quant::UtcInstant(local.second - *local.offset_seconds) + after;
  if (!has_zone_) {
    // One zone is missing, not one in each row.
    if (context_.faults.First("time_zone")) {
      context_.Complain(line,
                        fmt::format("in which time zone '{}' is must be said by {}, new_york, -05:00, Asia/Tokyo ...",
                                    cell.substr(0, 40), HowToSay("time_zone=utc")));
    }
    return std::nullopt;
  }
  const Zone::Showing showing = zone_.When(local.second);
  if (showing.kind == Zone::Showing::Kind::kOnce) return showing.first + after;
  if (showing.kind == Zone::Showing::Kind::kNever) {
    context_.Complain(
        line, fmt::format("clocks never showed {} in that time zone: they went forward over it", cell.substr(0, 40)));
    return std::nullopt;
  }
  const int64_t first = showing.first + after;
  const absl::CivilDay day(local.second);
  const bool goes_back =
      previous_ && !any_order_ && (first < *previous_ || (first == *previous_ && !context_.resource.repeats));
  if (goes_back) {
    if (repeated_ && repeated_->day == day) repeated_.reset();
    twice_ = day;
    return showing.second + after;
  }
  if (twice_ == day && !any_order_) return first;
  if (repeated_ && repeated_->day == day) return first;
  FinishRepeated();
  repeated_ = {day, line, std::string(cell.substr(0, 40))};
  return first;
}

void RowTime::Finish() {
  const std::string_view length = weeks_ ? "week" : "month";
  // Of three and more, most rows: it is the bar size that is wrong, not each row.
  const bool smaller = in_one_.size() >= 3 && in_one_.size() * 2 > rows_;
  const std::string why =
      !smaller ? ""
               : fmt::format(", as {} of {} rows are: bars of 1day or a smaller size and not of 1{} (--timeframe)",
                             in_one_.size(), rows_, length);
  for (size_t i = 0; i < (smaller ? 1 : in_one_.size()); ++i) {
    const std::string& cell = in_one_cells_[std::min(i, in_one_cells_.size() - 1)];  // only so many are listed
    context_.Complain(in_one_[i], fmt::format("{} is of the {} of the row before{}", cell, length, why));
  }
  FinishRepeated();
}

void RowTime::FinishRepeated() {
  if (!repeated_) return;
  context_.Complain(repeated_->line,
                    fmt::format("clocks showed {} twice in that time zone, and the rows do not tell which is meant: "
                                "write times of that hour with their offset (-04:00) or in UTC",
                                repeated_->cell));
  repeated_.reset();
}

std::optional<int64_t> RowTime::Epoch(int64_t line, std::string_view cell) const {
  const std::optional<int64_t> count = ParseInteger(cell);
  int64_t nanos = 0;
  if (count && !__builtin_mul_overflow(*count, rule_.unit_ns, &nanos) &&
      !__builtin_add_overflow(nanos, shift_ns_, &nanos)) {
    return nanos;
  }
  context_.Complain(line, fmt::format("{} must be a whole number of {} ns since 1970, was '{}'", rule_.column,
                                      rule_.unit_ns, cell.substr(0, 40)));
  return std::nullopt;
}

// A bar of a day, a week or a month is named by a date, whatever midnight is written after it; weeks and months may
// also come with the instant at which they ended, as exports have it.
std::optional<int64_t> RowTime::Bar(int64_t line, std::string_view cell) {
  const bool longer = weeks_ || months_;
  if (context_.query.timeframe != quant::Timeframe::kDay && !longer) return Instant(line, cell);
  const std::optional<DayText> text = ParseDayOfInstant(cell, context_.options.date_order);
  if (!text) {
    ComplainOfDate(line, cell, longer ? rule_.column : "date", "YYYY-MM-DD");
    return std::nullopt;
  }
  const quant::Calendar* calendar = context_.sessions;
  const auto end = [&](absl::CivilDay day) {
    return quant::UtcInstant(absl::CivilSecond(day) - text->offset_seconds.value_or(0));
  };
  if (longer) {
    const int64_t begin = end(text->day);
    const bool date =
        text->midnight && (!text->offset_seconds || (calendar != nullptr && calendar->DayStart(text->day) == begin &&
                                                     calendar->ClosingAt(begin) == nullptr));
    return date ? BarEnd(line, text->day) : Instant(line, cell);
  }
  if (!text->midnight) {
    context_.Complain(
        line, fmt::format("a daily bar has a date without a time of day, was '{}': name the bar size (--timeframe)",
                          cell.substr(0, 40)));
    return std::nullopt;
  }
  if (!text->offset_seconds) return Close(line, text->day);
  if (calendar == nullptr) return end(text->day + 1);
  if (calendar->DayStart(text->day) != end(text->day)) {
    context_.Complain(line, fmt::format("a day of {} does not begin at {}: name its calendar, or none",
                                        calendar->name(), cell.substr(0, 40)));
    return std::nullopt;
  }
  return Close(line, text->day);
}

std::optional<int64_t> RowTime::Of(const Row& row) {
  if (rule_.when == When::kFileDay) return file_day_ ? Close(row.line, *file_day_) : std::nullopt;
  const std::string_view cell = context_.Cell(row, rule_.column);
  const std::string_view second = rule_.second.empty() ? std::string_view() : context_.Cell(row, rule_.second);
  if (rule_.when == When::kBar) return Bar(row.line, cell);
  if (rule_.when == When::kEpoch) return Epoch(row.line, cell);
  if (rule_.when == When::kInstant)
    return Instant(row.line, second.empty() ? std::string(cell) : fmt::format("{} {}", cell, second));
  const std::optional<absl::CivilDay> day = Day(row.line, cell, rule_.column);
  if (!day) return std::nullopt;
  switch (rule_.when) {
    case When::kSessionClose:
      return Close(row.line, *day);
    case When::kDayStart:
      return DayStart(*day);
    case When::kDeclared: {
      if (IsNone(second)) return DayStart(*day);
      const std::optional<absl::CivilDay> declared = Day(row.line, second, rule_.second);
      return declared ? std::optional(DayEndInNewYork(*declared)) : std::nullopt;
    }
    case When::kFiled:
      return FiledBy(*day);
    case When::kAnnounced:
      return AnnouncedBy(*day, second);
    default:
      return zone_.Instant(absl::CivilSecond(*day + 1));
  }
}

bool RowTime::Begin(const Row& row) {
  if (rule_.when == When::kFiling) {
    const auto day = Day(row.line, context_.Cell(row, rule_.column), rule_.column);
    // Where nothing says how long the period is, its report may be as late as that of a year.
    const bool annual = rule_.second.empty() || context_.Cell(row, rule_.second) == "annual";
    if (day) context_.sink.BeginPeriod(*day, annual, context_.file.name, row.line);
    return day.has_value();
  }
  const std::optional<int64_t> time = Of(row);
  if (!time) return false;
  if (previous_ && !any_order_ && (*time < *previous_ || (*time == *previous_ && !context_.resource.repeats))) {
    const std::string_view cell = context_.Cell(row, rule_.column);
    const bool same = *time == *previous_;
    if (same && (weeks_ || months_)) {
      in_one_.push_back(row.line);
      if (in_one_.size() <= kMaxViolations) in_one_cells_.emplace_back(cell.substr(0, 40));
    } else {
      context_.Complain(row.line, same ? fmt::format("{} is there twice", cell)
                                       : fmt::format("{} is earlier than the row before{}", cell,
                                                     context_.faults.First("order")
                                                         ? "; rows of any order are taken by " + HowToSay("order=any")
                                                         : ""));
    }
  }
  previous_ = *time;
  ++rows_;
  context_.sink.Begin(*time, context_.file.name, row.line);
  return true;
}

}  // namespace breadthflow::data::csv
