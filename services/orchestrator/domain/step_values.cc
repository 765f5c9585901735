#include "services/orchestrator/domain/step_values.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

namespace breadthflow::orchestrator {
namespace {

absl::Status Invalid(std::string_view message) {
  return base::MakeError(absl::StatusCode::kInvalidArgument, "INVALID_VALUE", message);
}

// The text of a parameter, empty when the kind does not have it.
std::string TextOf(const component::Params& params, const std::string& name) {
  return params.values().contains(name) ? params.String(name) : std::string();
}

int64_t BoundOf(const std::string& day, quant::Timeframe timeframe) {
  return quant::ToNanos(quant::DayBegin(*ParseDay(day), timeframe));
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ParseSymbols(std::string_view text) {
  std::vector<std::string> symbols;
  std::set<std::string> seen;
  if (text.find_first_not_of(" \t") == std::string_view::npos) return symbols;
  for (size_t at = 0; at <= text.size();) {
    const size_t comma = std::min(text.find(',', at), text.size());
    const std::string_view item = text.substr(at, comma - at);
    at = comma + 1;
    const size_t first = item.find_first_not_of(" \t");
    if (first == std::string_view::npos) return Invalid("has an empty item between commas");
    std::string symbol(item.substr(first, item.find_last_not_of(" \t") - first + 1));
    if (!seen.insert(symbol).second) return Invalid(fmt::format("names '{}' twice", symbol));
    symbols.push_back(std::move(symbol));
  }
  return symbols;
}

absl::StatusOr<absl::CivilDay> ParseDay(std::string_view text) {
  const auto number = [&](size_t at, size_t size) {
    int value = -1;
    const char* const begin = text.data() + at;
    const auto [end, error] = std::from_chars(begin, begin + size, value);
    return error == std::errc() && end == begin + size ? value : -1;
  };
  if (text.size() == 10 && text[4] == '-' && text[7] == '-') {
    const int year = number(0, 4), month = number(5, 2), day = number(8, 2);
    const absl::CivilDay civil(year, month, day);
    const bool exists = year >= 1 && civil.year() == year && civil.month() == month && civil.day() == day;
    if (exists) return civil;
  }
  return Invalid(fmt::format("must be a day written YYYY-MM-DD, was '{}'", text));
}

component::ParamSpec SymbolsParam(std::string description) {
  return component::StringParam("symbols", "", std::move(description));
}

component::ParamSpec StartParam() {
  return component::StringParam("start", "",
                                "First day, YYYY-MM-DD, in UTC; a bar that ends at midnight is one of the day before.");
}

component::ParamSpec EndParam() { return component::StringParam("end", "", "First day that is left out, YYYY-MM-DD."); }

component::ParamSpec TimeframeParam() {
  return component::ChoiceParam(
      "timeframe", "1day", {"tick", "1min", "5min", "15min", "30min", "1hour", "1day", "1week", "1month"}, "Bar size.");
}

void CheckValues(const component::Params& params, base::Violations& violations) {
  violations.Merge("symbols", ParseSymbols(TextOf(params, "symbols")).status());
  const std::string start = TextOf(params, "start"), end = TextOf(params, "end");
  if (!start.empty()) violations.Merge("start", ParseDay(start).status());
  if (!end.empty()) violations.Merge("end", ParseDay(end).status());
  if (!violations.empty() || start.empty() || end.empty()) return;
  if (*ParseDay(end) <= *ParseDay(start)) {
    violations.Add("end", fmt::format("must be later than start {}, was {}", start, end));
  }
}

std::vector<std::string> SymbolsOf(const component::Params& params) { return *ParseSymbols(params.String("symbols")); }

std::optional<quant::TimeRange> RangeOf(const component::Params& params, quant::Timeframe timeframe) {
  const std::string& start = params.String("start");
  const std::string& end = params.String("end");
  if (start.empty() && end.empty()) return std::nullopt;
  quant::TimeRange range;
  if (!start.empty()) range.start_ns = BoundOf(start, timeframe);
  if (!end.empty()) range.end_ns = BoundOf(end, timeframe);
  return range;
}

quant::Timeframe TimeframeOf(const component::Params& params) {
  return *quant::ParseTimeframe(params.String("timeframe"));
}

}  // namespace breadthflow::orchestrator
