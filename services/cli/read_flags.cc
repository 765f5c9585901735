#include "services/cli/read_flags.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/time/time.h"
#include <fmt/format.h>

#include "common/base/text.h"
#include "common/quant/calendar.h"
#include "common/quant/timeframe.h"
#include "common/rpc/convert.h"
#include "services/cli/values.h"

namespace breadthflow::cli {
namespace {

constexpr std::array<std::pair<std::string_view, common::v1::Adjustment>, 6> kAdjustments = {
    {{"raw", common::v1::ADJUSTMENT_RAW},
     {"split", common::v1::ADJUSTMENT_SPLIT},
     {"split_dividend", common::v1::ADJUSTMENT_SPLIT_DIVIDEND},
     {"total_return", common::v1::ADJUSTMENT_TOTAL_RETURN},
     {"forward_split", common::v1::ADJUSTMENT_FORWARD_SPLIT},
     {"forward", common::v1::ADJUSTMENT_FORWARD}}};

constexpr std::array<std::pair<std::string_view, int64_t>, 5> kUnits = {
    {{"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}, {"w", 7 * 86400}}};

void ParseResampling(const Arguments& arguments, data::v1::ReadSeriesRequest& request, base::Violations& violations) {
  if (!arguments.Has("resample")) {
    for (const char* flag : {"calendar", "fill-forward"}) {
      if (arguments.Has(flag)) violations.Add(fmt::format("--{}", flag), "needs --resample");
    }
    return;
  }
  data::v1::Resampling& resampling = *request.mutable_resampling();
  const std::string& text = arguments.Text("resample");
  const size_t colon = text.find(':');
  const std::string rule = text.substr(0, colon);
  double size = 0;
  const bool sized =
      colon != std::string::npos && absl::SimpleAtod(text.substr(colon + 1), &size) && std::isfinite(size) && size > 0;
  const absl::StatusOr<quant::Timeframe> timeframe = quant::ParseTimeframe(text);
  if (timeframe.ok() && *timeframe != quant::Timeframe::kTick) {
    resampling.set_timeframe(rpc::ToProto(*timeframe));
  } else if (sized && rule == "ticks") {
    resampling.set_ticks(size);
  } else if (sized && rule == "volume") {
    resampling.set_volume(size);
  } else if (sized && rule == "dollars") {
    resampling.set_dollars(size);
  } else if (sized && rule == "range") {
    resampling.set_range(size);
  } else {
    violations.Add("--resample",
                   fmt::format("must be a bar size (1min, 5min, 15min, 30min, 1hour, 1day, 1week, 1month) "
                               "or ticks:N, volume:N, dollars:N, range:N with N above 0, was '{}'",
                               text));
  }
  if (arguments.Has("calendar")) resampling.set_calendar(arguments.Text("calendar"));
  resampling.set_fill_forward(arguments.Switch("fill-forward"));
}

// What --join says before the column: "earnings", "interest_rate[US10Y]".
struct Joined {
  std::string resource;
  std::string symbol;
};

// Splits RESOURCE.COLUMN or RESOURCE[SYMBOL].COLUMN; nullopt when it is neither.
std::optional<std::pair<Joined, std::string>> ParseColumn(const std::string& text) {
  Joined of;
  size_t dot = text.find('.');
  const size_t bracket = text.find('[');
  if (bracket < dot) {
    const size_t end = text.find(']', bracket);
    if (end == std::string::npos || end == bracket + 1 || end + 1 >= text.size() || text[end + 1] != '.') return {};
    of.symbol = text.substr(bracket + 1, end - bracket - 1);
    dot = end + 1;
  }
  if (dot == std::string::npos || dot + 1 == text.size()) return {};
  of.resource = text.substr(0, std::min(bracket, dot));
  if (of.resource.empty()) return {};
  return std::pair(of, text.substr(dot + 1));
}

data::v1::AsOfJoin& JoinOf(data::v1::ReadSeriesRequest& request, const Joined& of) {
  for (data::v1::AsOfJoin& join : *request.mutable_joins()) {
    if (join.resource() == of.resource && join.symbol() == of.symbol) return join;
  }
  data::v1::AsOfJoin& join = *request.add_joins();
  join.set_resource(of.resource);
  join.set_symbol(of.symbol);
  return join;
}

// Calls `set` with each value of a flag and each join that it holds for.
template <typename Set>
void ForJoins(const Arguments& arguments, const std::string& flag, data::v1::ReadSeriesRequest& request,
              base::Violations& violations, const Set& set) {
  for (const std::string& text : arguments.All(flag)) {
    const size_t equals = text.find('=');
    const std::string value = equals == std::string::npos ? text : text.substr(equals + 1);
    if (request.joins().empty()) {
      violations.Add("--" + flag, "needs --join");
    } else if (value.empty() || equals == 0) {
      violations.Add("--" + flag, fmt::format("must be VALUE or RESOURCE=VALUE, was '{}'", text));
    } else if (equals == std::string::npos) {
      for (data::v1::AsOfJoin& join : *request.mutable_joins()) set(value, join);
    } else {
      bool found = false;
      for (data::v1::AsOfJoin& join : *request.mutable_joins()) {
        if (join.resource() != text.substr(0, equals)) continue;
        set(value, join);
        found = true;
      }
      if (!found) violations.Add("--" + flag, fmt::format("no --join takes columns of '{}'", text.substr(0, equals)));
    }
  }
}

void ParseTtl(const std::string& text, data::v1::AsOfJoin& join, base::Violations& violations) {
  const size_t unit_at = text.find_first_not_of("0123456789.");
  const std::string unit = unit_at == std::string::npos ? "" : text.substr(unit_at);
  double count = 0;
  for (const auto& [name, seconds] : kUnits) {
    if (unit != name || !absl::SimpleAtod(text.substr(0, unit_at), &count)) continue;
    *join.mutable_ttl() = rpc::ToProto(count * absl::Seconds(seconds));
    return;
  }
  violations.Add("--join-ttl", fmt::format("must be a duration such as 90d, 2w, 36h, 30min or 45s, was '{}'", text));
}

void ParseJoins(const Arguments& arguments, data::v1::ReadSeriesRequest& request, base::Violations& violations) {
  for (const std::string& list : arguments.All("join")) {
    for (const std::string_view part : base::Split(list, ",")) {
      const std::string column(part);
      const auto parsed = ParseColumn(column);
      if (!parsed) {
        violations.Add("--join",
                       fmt::format("must be KIND.COLUMN, such as earnings.eps_diluted, or KIND[SYMBOL].COLUMN, "
                                   "such as interest_rate[US10Y].rate, was '{}'",
                                   column));
        continue;
      }
      JoinOf(request, parsed->first).add_fields(parsed->second);
    }
  }
  ForJoins(arguments, "join-ttl", request, violations,
           [&](const std::string& text, data::v1::AsOfJoin& join) { ParseTtl(text, join, violations); });
  ForJoins(arguments, "join-source", request, violations,
           [](const std::string& source, data::v1::AsOfJoin& join) { join.set_source(source); });
  ForJoins(arguments, "join-replace-by", request, violations,
           [](const std::string& column, data::v1::AsOfJoin& join) { join.set_replace_by(column); });
  ForJoins(arguments, "join-period", request, violations,
           [](const std::string& period, data::v1::AsOfJoin& join) { join.set_period(period); });
  if (!arguments.Switch("join-skip-missing")) return;
  if (request.joins().empty()) violations.Add("--join-skip-missing", "needs --join");
  for (data::v1::AsOfJoin& join : *request.mutable_joins()) join.set_skip_missing(true);
}

}  // namespace

std::vector<Flag> ReadShapeFlags() {
  std::vector<std::string> adjustments, calendars;
  for (const auto& [name, value] : kAdjustments) adjustments.emplace_back(name);
  for (const std::string_view name : quant::CalendarNames()) calendars.emplace_back(name);
  calendars.emplace_back(quant::kNoCalendar);
  return {
      {.name = "fields", .value = "A,B", .description = "columns; default all"},
      {.name = "as-of", .value = "INSTANT", .description = "rows as they were known then"},
      {.name = "adjustment",
       .value = "MODE",
       .description = "show prices so; default as stored. The last three start from the first stored row, whatever "
                      "--start is, and no later event changes an earlier row",
       .choices = std::move(adjustments)},
      {.name = "actions-from",
       .value = "SOURCE",
       .description =
           "whose splits and dividends adjust prices and join days into bars; default the rows' own columns "
           "where every row has them, else the source of the rows, else the one that was stored first. Made-up "
           "ones never count for real prices"},
      {.name = "resample",
       .value = "BARS",
       .description = "make other bars: a bar size such as 1week, or ticks:100, volume:1e6, dollars:1e8, range:2.5. "
                      "Trades are not divided and those of one instant stay together: bars of ticks may have more, and "
                      "what one of volume or dollars has too much the next one has less"},
      {.name = "calendar",
       .value = "NAME",
       .description =
           "sessions to resample by; default the calendar named when the series was stored, else the one that its "
           "rows tell",
       .choices = std::move(calendars)},
      {.name = "fill-forward", .description = "resampled intervals without a trade repeat the last close"},
      {.name = "join",
       .value = "KIND.COLUMN,..",
       .description = "add columns of other data as known at each row's time: earnings.eps_diluted; of another symbol: "
                      "interest_rate[US10Y].rate, where only one is stored interest_rate.rate",
       .repeated = true},
      {.name = "join-ttl",
       .value = "[KIND=]TIME",
       .description = "how long a joined row counts: 90d, 36h, 30min; default for ever",
       .repeated = true},
      {.name = "join-source",
       .value = "[KIND=]SOURCE",
       .description = "source of joined data; default that of the rows, else the only one that is not made up",
       .repeated = true},
      {.name = "join-period",
       .value = "[KIND=]LENGTH",
       .description =
           "joined statements of this length: quarter, half, nine_months, annual, ttm or any; default quarter",
       .repeated = true},
      {.name = "join-replace-by",
       .value = "[KIND=]COLUMN",
       .description = "keep the joined row with the highest value here: with period_end, a restatement of an earlier "
                      "period does not hide the current one",
       .repeated = true},
      {.name = "join-skip-missing", .description = "take a missing joined value from the row before it"}};
}

void ParseReadShape(const Arguments& arguments, data::v1::ReadSeriesRequest& request, base::Violations& violations) {
  if (const std::string& fields = arguments.Text("fields"); !fields.empty()) {
    for (std::string& field : base::SplitList(fields)) request.add_fields(std::move(field));
  }
  if (const std::string& as_of = arguments.Text("as-of"); !as_of.empty()) {
    *request.mutable_as_of_time() = rpc::ToProto(ParseTime(as_of, "--as-of", violations));
  }
  for (const auto& [name, value] : kAdjustments) {
    if (arguments.Text("adjustment") == name) request.set_adjustment(value);
  }
  request.set_actions_from(arguments.Text("actions-from"));
  ParseResampling(arguments, request, violations);
  ParseJoins(arguments, request, violations);
}

const std::vector<FlagOfField>& FlagsOfRead() {
  static const auto* flags = new std::vector<FlagOfField>{{"symbols", "--symbols"},
                                                          {"fields", "--fields"},
                                                          {"range", "--end"},
                                                          {"source", "--source"},
                                                          {"as_of_time", "--as-of"},
                                                          {"resource", "--resource"},
                                                          {"timeframe", "--timeframe"},
                                                          {"snapshot", "--snapshot"},
                                                          {"adjustment", "--adjustment"},
                                                          {"actions_from", "--actions-from"},
                                                          {"resampling.calendar", "--calendar"},
                                                          {"resampling.fill_forward", "--fill-forward"},
                                                          {"resampling", "--resample"},
                                                          {"joins", "--join"}};
  return *flags;
}

}  // namespace breadthflow::cli
