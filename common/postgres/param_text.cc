#include "common/postgres/param_text.h"

#include <charconv>
#include <cmath>
#include <type_traits>

#include "absl/time/civil_time.h"
#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::postgres {
namespace {

constexpr char kHex[] = "0123456789abcdef";

std::string HexBytes(const std::string& data) {
  std::string out = "\\x";
  out.reserve(2 + 2 * data.size());
  for (const char c : data) {
    const auto byte = static_cast<unsigned char>(c);
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

std::string DoubleText(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return fmt::format("{}", value);  // the shortest that reads back as the same double
}

struct ToText {
  std::string operator()(std::nullptr_t) const { return {}; }
  std::string operator()(int64_t value) const { return fmt::format("{}", value); }
  std::string operator()(double value) const { return DoubleText(value); }
  std::string operator()(bool value) const { return value ? "t" : "f"; }
  std::string operator()(const std::string& value) const { return value; }
  std::string operator()(absl::Time value) const { return TimeText(value); }
  std::string operator()(const Bytes& value) const { return HexBytes(value.data); }
};

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool TakeNumber(std::string_view& text, int64_t* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

bool TakeChar(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

ParamTexts::ParamTexts(const std::vector<Param>& params) {
  texts_.reserve(params.size());
  values_.reserve(params.size());
  for (const Param& param : params) {
    texts_.push_back(std::visit(ToText(), param));
    const bool null = std::holds_alternative<std::nullptr_t>(param);
    if (texts_.back().find('\0') != std::string::npos) {
      status_ = base::MakeError(absl::StatusCode::kInvalidArgument, "CONSTRAINT_VIOLATION",
                                fmt::format("text parameter {} holds a NUL byte", texts_.size()));
    }
    values_.push_back(null ? nullptr : texts_.back().c_str());
  }
}

std::string TimeText(absl::Time time) {
  if (time == absl::InfiniteFuture()) return "infinity";
  if (time == absl::InfinitePast()) return "-infinity";
  return absl::FormatTime("%Y-%m-%d %H:%M:%E6S+00", time, absl::UTCTimeZone());
}

bool ParseTimeText(std::string_view text, absl::Time* time) {
  if (text == "infinity") return *time = absl::InfiniteFuture(), true;
  if (text == "-infinity") return *time = absl::InfinitePast(), true;
  int64_t year, month, day, hour, minute, second;
  if (!TakeNumber(text, &year) || !TakeChar(text, '-') || !TakeNumber(text, &month) || !TakeChar(text, '-') ||
      !TakeNumber(text, &day) || !TakeChar(text, ' ') || !TakeNumber(text, &hour) || !TakeChar(text, ':') ||
      !TakeNumber(text, &minute) || !TakeChar(text, ':') || !TakeNumber(text, &second)) {
    return false;
  }
  int64_t micros = 0;
  if (TakeChar(text, '.')) {
    const size_t before = text.size();
    if (!TakeNumber(text, &micros)) return false;
    for (size_t digits = before - text.size(); digits < 6; ++digits) micros *= 10;
  }
  if (text != "+00") return false;
  *time = absl::FromCivil(absl::CivilSecond(year, static_cast<int>(month), static_cast<int>(day),
                                            static_cast<int>(hour), static_cast<int>(minute), static_cast<int>(second)),
                          absl::UTCTimeZone()) +
          absl::Microseconds(micros);
  return true;
}

bool ParseHexBytes(std::string_view text, std::string* bytes) {
  bytes->clear();
  if (text.size() < 2 || text.substr(0, 2) != "\\x" || text.size() % 2 != 0) return false;
  bytes->reserve(text.size() / 2);
  for (size_t i = 2; i < text.size(); i += 2) {
    const int high = HexDigit(text[i]);
    const int low = HexDigit(text[i + 1]);
    if (high < 0 || low < 0) return false;
    *bytes += static_cast<char>(high * 16 + low);
  }
  return true;
}

}  // namespace breadthflow::postgres
