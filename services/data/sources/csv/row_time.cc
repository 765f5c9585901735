#include "services/data/sources/csv/row_time.h"

#include <fmt/format.h>

#include "common/base/status.h"
#include "services/data/domain/market_hours.h"
#include "services/data/domain/publication.h"

namespace breadthflow::data::csv {

const quant::Calendar* SessionsOf(const std::string& symbol, const SourceQuery& query, const ReadOptions& options) {
  const bool dated = query.timeframe == quant::Timeframe::kDay || query.resource == "option_chain";
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
  const bool order = NeedsOrder(cell) && context_.options.date_order == DateOrder::kUnknown;
  context_.Complain(line, order ? fmt::format("which number of '{}' is the month must be said by {}",
                                              cell.substr(0, 40), HowToSay("date_order=day_first"))
                                : fmt::format("{} must be YYYY-MM-DD, was '{}'", name, cell.substr(0, 40)));
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
  if (rule_.dates) {
    const auto day = ParseDay(cell, context_.options.date_order);
    if (day && *rule_.dates == When::kDayStart) return DayStart(*day);
    if (day && *rule_.dates == When::kDayEnd) return zone_.Instant(absl::CivilSecond(*day + 1));
    if (day && context_.query.timeframe == quant::Timeframe::kDay) return Close(line, *day);
  }
  const bool order = NeedsOrder(cell) && context_.options.date_order == DateOrder::kUnknown;
  const bool dates =
      rule_.dates && (*rule_.dates != When::kSessionClose || context_.query.timeframe == quant::Timeframe::kDay);
  context_.Complain(line, order ? fmt::format("which number of '{}' is the month must be said by {}",
                                              cell.substr(0, 40), HowToSay("date_order=day_first"))
                                : fmt::format("{} must be YYYY-MM-DDTHH:MM[:SS][Z]{}, was '{}'", rule_.column,
                                              dates ? " or YYYY-MM-DD" : "", cell.substr(0, 40)));
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
  Finish();
  repeated_ = {day, line, std::string(cell.substr(0, 40))};
  return first;
}

void RowTime::Finish() {
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

// A daily bar is named by its day, whatever midnight is written after it.
std::optional<int64_t> RowTime::Bar(int64_t line, std::string_view cell) {
  if (context_.query.timeframe != quant::Timeframe::kDay) return Instant(line, cell);
  const std::optional<DayText> text = ParseDayOfInstant(cell, context_.options.date_order);
  if (!text) {
    Day(line, cell, "date");
    return std::nullopt;
  }
  if (!text->midnight) {
    context_.Complain(
        line, fmt::format("a daily bar has a date without a time of day, was '{}': name the bar size (--timeframe)",
                          cell.substr(0, 40)));
    return std::nullopt;
  }
  const quant::Calendar* calendar = context_.sessions;
  if (!text->offset_seconds) return Close(line, text->day);
  const auto end = [&](absl::CivilDay day) {
    return quant::UtcInstant(absl::CivilSecond(day) - *text->offset_seconds);
  };
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
    context_.Complain(row.line, *time == *previous_ ? fmt::format("{} is there twice", cell)
                                                    : fmt::format("{} is earlier than the row before", cell));
  }
  previous_ = *time;
  context_.sink.Begin(*time, context_.file.name, row.line);
  return true;
}

}  // namespace breadthflow::data::csv
