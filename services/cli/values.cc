#include "services/cli/values.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include <fmt/format.h>

#include "common/base/text.h"
#include "common/component/params.h"
#include "common/rpc/convert.h"

namespace breadthflow::cli {
namespace {

constexpr size_t kDayLength = 10;  // "2024-01-31"

}  // namespace

std::vector<std::string> ParseSymbols(std::string_view text, std::string_view flag, base::Violations& violations) {
  std::vector<std::string> symbols;
  size_t begin = 0;
  while (begin <= text.size() && !text.empty()) {
    size_t end = text.find(',', begin);
    if (end == std::string_view::npos) end = text.size();
    std::string symbol(absl::StripAsciiWhitespace(std::string(text.substr(begin, end - begin))));
    for (char& c : symbol) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (symbol.find(' ') != std::string::npos) {
      violations.Add(flag, fmt::format("a symbol has no space in it, was '{}': separate symbols by commas", symbol));
    }
    if (symbol.empty()) violations.Add(flag, fmt::format("symbol {} is empty in '{}'", symbols.size() + 1, text));
    symbols.push_back(std::move(symbol));
    begin = end + 1;
  }
  return symbols;
}

std::string AbsolutePath(const std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  return error ? path : absolute.lexically_normal().string();
}

absl::Time ParseTime(std::string_view text, std::string_view flag, base::Violations& violations) {
  absl::Time time;
  std::string error;
  const std::string copy(text);
  if (text.size() == kDayLength && absl::ParseTime("%Y-%m-%d", copy, absl::UTCTimeZone(), &time, &error)) return time;
  if (text.size() > kDayLength && absl::ParseTime(absl::RFC3339_full, copy, absl::UTCTimeZone(), &time, &error))
    return time;
  violations.Add(flag,
                 fmt::format("must be a day like 2024-01-31 or an instant like 2024-01-31T21:00:00Z, was '{}'", text));
  return absl::UnixEpoch();
}

absl::Time DayBegin(absl::CivilDay day, common::v1::Timeframe timeframe) {
  return quant::DayBegin(day, TimeframeOf(timeframe));
}

absl::Time ParseBound(std::string_view text, std::string_view flag, common::v1::Timeframe timeframe,
                      base::Violations& violations) {
  const absl::Time time = ParseTime(text, flag, violations);
  return text.size() == kDayLength ? DayBegin(absl::ToCivilDay(time, absl::UTCTimeZone()), timeframe) : time;
}

common::v1::TimeRange ParseBarRange(const Arguments& arguments, base::Violations& violations) {
  return ParseRange(arguments, common::v1::TIMEFRAME_1DAY, violations);
}

common::v1::TimeRange ParseRange(const Arguments& arguments, common::v1::Timeframe timeframe,
                                 base::Violations& violations) {
  const auto bound = [&](const std::string& text, std::string_view flag) {
    return rpc::ToProto(ParseBound(text, flag, timeframe, violations));
  };
  common::v1::TimeRange range;
  if (const std::string& start = arguments.Text("start"); !start.empty()) {
    *range.mutable_start_time() = bound(start, "--start");
  }
  if (const std::string& end = arguments.Text("end"); !end.empty()) *range.mutable_end_time() = bound(end, "--end");
  if (range.has_start_time() && range.has_end_time() && violations.empty() &&
      rpc::FromProto(range.end_time()) <= rpc::FromProto(range.start_time())) {
    violations.Add(
        "--end", fmt::format("must be later than --start {}, was {}", arguments.Text("start"), arguments.Text("end")));
  }
  return range;
}

common::v1::Timeframe ParseTimeframeFlag(const Arguments& arguments, base::Violations& violations) {
  const absl::StatusOr<quant::Timeframe> timeframe = quant::ParseTimeframe(arguments.Text("timeframe"));
  if (!timeframe.ok()) {
    violations.Merge("--timeframe", timeframe.status());
    return common::v1::TIMEFRAME_UNSPECIFIED;
  }
  return rpc::ToProto(*timeframe);
}

common::v1::Timeframe ParseTimeframeFlag(const Arguments& arguments, std::string_view resource,
                                         base::Violations& violations) {
  if (resource != "stock_price" && !arguments.Has("timeframe")) return common::v1::TIMEFRAME_UNSPECIFIED;
  return ParseTimeframeFlag(arguments, violations);
}

common::v1::ParamValue ParseParamValue(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    common::v1::ParamValue value;
    value.set_string_value(std::string(text.substr(1, text.size() - 2)));
    return value;
  }
  return rpc::ToProto(component::ParseParamText(text));
}

void ParseParams(const Arguments& arguments, std::string_view flag, common::v1::ComponentRef& component,
                 base::Violations& violations) {
  for (const std::string& text : arguments.All(flag)) {
    const size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos) {
      violations.Add(fmt::format("--{}", flag), fmt::format("must be NAME=VALUE, was '{}'", text));
      continue;
    }
    (*component.mutable_params())[text.substr(0, equals)] = ParseParamValue(std::string_view(text).substr(equals + 1));
  }
}

std::string ToText(const common::v1::ParamValue& value) {
  switch (value.kind_case()) {
    case common::v1::ParamValue::kIntValue:
      return std::to_string(value.int_value());
    case common::v1::ParamValue::kDoubleValue:
      return fmt::format("{}", value.double_value());
    case common::v1::ParamValue::kBoolValue:
      return value.bool_value() ? "true" : "false";
    case common::v1::ParamValue::kStringValue:
      return value.string_value();
    case common::v1::ParamValue::KIND_NOT_SET:
      break;
  }
  return "";
}

int ParseCount(const Arguments& arguments, std::string_view flag, int min, int max, base::Violations& violations) {
  const std::string& text = arguments.Text(flag);
  int value = 0;
  if (absl::SimpleAtoi(text, &value) && value >= min && value <= max) return value;
  violations.Add(fmt::format("--{}", flag),
                 fmt::format("must be a whole number in [{}, {}], was '{}'", min, max, text));
  return min;
}

double ParseNumber(const Arguments& arguments, std::string_view flag, base::Violations& violations) {
  const std::string& text = arguments.Text(flag);
  double value = 0;
  if (absl::SimpleAtod(text, &value) && std::isfinite(value)) return value;
  violations.Add(fmt::format("--{}", flag), fmt::format("must be a number, was '{}'", text));
  return 0;
}

std::string ResourceName(std::string_view collection, std::string_view text) {
  if (text == "latest" || text.find('/') != std::string_view::npos) return std::string(text);
  return fmt::format("{}/{}", collection, text);
}

namespace {

std::string FormatTime(const google::protobuf::Timestamp& time, const char* format) {
  if (time.seconds() == 0 && time.nanos() == 0) return "";
  return absl::FormatTime(format, rpc::FromProto(time), absl::UTCTimeZone());
}

}  // namespace

std::string Day(const google::protobuf::Timestamp& time) { return FormatTime(time, "%Y-%m-%d"); }
std::string DayEnding(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0 && time.nanos() == 0) return "";
  return absl::FormatTime("%Y-%m-%d", rpc::FromProto(time) - absl::Nanoseconds(1), absl::UTCTimeZone());
}
std::string Instant(const google::protobuf::Timestamp& time) { return FormatTime(time, "%Y-%m-%d %H:%M:%S"); }

std::string StateText(const common::v1::JobStatus& job) {
  std::string text = common::v1::JobStatus::State_Name(job.state());
  if (text.rfind("STATE_", 0) == 0) text = text.substr(6);
  if (job.state() == common::v1::JobStatus::STATE_RUNNING) text += fmt::format(" {:.0f} %", job.progress() * 100);
  return text;
}

quant::Timeframe TimeframeOf(common::v1::Timeframe timeframe) {
  const bool said = timeframe != common::v1::TIMEFRAME_UNSPECIFIED && common::v1::Timeframe_IsValid(timeframe);
  return said ? static_cast<quant::Timeframe>(timeframe) : quant::Timeframe::kTick;
}

std::string TimeframeText(common::v1::Timeframe timeframe) {
  if (timeframe == common::v1::TIMEFRAME_UNSPECIFIED || !common::v1::Timeframe_IsValid(timeframe)) return "";
  return std::string(quant::ToText(static_cast<quant::Timeframe>(timeframe)));
}

std::string Grouped(int64_t value) {
  const std::string text = std::to_string(value);
  return value < 0 ? "-" + base::GroupDigits(text.substr(1)) : base::GroupDigits(text);
}

std::string Money(double value) {
  const std::string text = fmt::format("{:.2f}", std::abs(value));
  const bool negative = value < 0 && text != "0.00";
  return (negative ? "-" : "") + base::GroupDigits(text);
}

std::string Percent(double fraction) { return fmt::format("{:.2f} %", fraction * 100); }

std::string Seconds(absl::Duration duration) {
  const int64_t seconds = std::max<int64_t>(0, absl::ToInt64Seconds(duration));
  return seconds < 60 ? fmt::format("{} s", seconds) : fmt::format("{} min {:02} s", seconds / 60, seconds % 60);
}

}  // namespace breadthflow::cli
