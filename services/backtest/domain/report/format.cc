#include "services/backtest/domain/report/format.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "absl/time/time.h"
#include <fmt/format.h>

#include "common/base/text.h"

namespace breadthflow::backtest::report {

std::string Escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string Decimal(double value, int digits) {
  const std::string text = base::GroupDigits(fmt::format("{:.{}f}", std::abs(value), digits));
  const bool zero = text.find_first_not_of("0.,") == std::string::npos;
  return value < 0 && !zero ? "\u2212" + text : text;
}

std::string Percent(double fraction, int digits) { return Decimal(fraction * 100, digits) + "\u202f%"; }

std::string SignedPercent(double fraction, int digits) {
  const std::string text = Percent(fraction, digits);
  return fraction > 0 && text.find_first_of("123456789") != std::string::npos ? "+" + text : text;
}

std::string Money(double value) { return Decimal(value, std::abs(value) < 100'000 ? 2 : 0); }

std::string Price(double value) {
  const double size = std::abs(value);
  return Decimal(value, size < 1 ? 5 : size < 10 ? 4 : 2);
}

std::string Quantity(double value) {
  if (value == std::round(value)) return Decimal(value, 0);
  std::string text = Decimal(value, 4);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string Day(int64_t time_ns) {
  return absl::FormatTime("%Y-%m-%d", absl::FromUnixNanos(time_ns), absl::UTCTimeZone());
}

std::string Words(std::string_view name) {
  std::string words(name);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

std::string MetricText(const MetricRow& metric) {
  if (metric.unit == "fraction") return Percent(metric.value);
  if (metric.unit == "money") return Money(metric.value);
  if (metric.unit == "count") return Decimal(metric.value, 0);
  if (metric.unit == "days") return Decimal(metric.value, 0) + " days";
  if (metric.unit == "bars") return Decimal(metric.value, 1) + " bars";
  return Decimal(metric.value, 3);
}

std::string MetricTitle(std::string_view name) {
  static const auto* const titles = new std::map<std::string_view, std::string_view>{
      {"cagr", "CAGR"},
      {"value_at_risk_95", "Value at risk 95\u202f%"},
      {"expected_shortfall_95", "Expected shortfall 95\u202f%"},
      {"sharpe", "Sharpe ratio"},
      {"sharpe_autocorrelation_adjusted", "Sharpe ratio, autocorrelation adjusted"},
      {"sortino", "Sortino ratio"},
      {"calmar", "Calmar ratio"},
      {"probabilistic_sharpe", "Probabilistic Sharpe ratio"},
      {"deflated_sharpe", "Deflated Sharpe ratio"},
      {"benchmark_total_return", "Buy-and-hold return"},
      {"benchmark_correlation", "Correlation with buy-and-hold"},
      {"costs_share", "Costs as share of gross profit"},
  };
  if (const auto found = titles->find(name); found != titles->end()) return std::string(found->second);
  std::string title = Words(name);
  if (!title.empty() && title[0] >= 'a' && title[0] <= 'z') title[0] = static_cast<char>(title[0] - 'a' + 'A');
  return title;
}

}  // namespace breadthflow::backtest::report
