#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/quant/calendar.h"

// Daily charts as Yahoo would send them, for tests without data of others.
namespace breadthflow::testing {

// The symbol and the range that the path of a chart request names.
struct ChartQuestion {
  std::string symbol;
  int64_t start = 0;  // Unix seconds
  int64_t end = 0;
};

inline ChartQuestion ReadChartPath(const std::string& path) {
  const auto number = [&](std::string_view name) {
    const size_t at = path.find(name);
    int64_t value = 0;
    if (at != std::string::npos) {
      const char* begin = path.data() + at + name.size();
      std::from_chars(begin, path.data() + path.size(), value);
    }
    return value;
  };
  const std::string rest = path.substr(path.rfind('/') + 1);
  return {rest.substr(0, rest.find('?')), number("period1="), number("period2=")};
}

// The sessions of XNYS that open in the range of the question and are over at `now`: close 10 + day of the month / 10,
// for a split later divided by `ratio`, and that many shares.
inline std::string YahooChart(const ChartQuestion& question, absl::Time now, double ratio = 1, double shares = 1000) {
  constexpr int64_t kSecond = 1'000'000'000;
  std::vector<int64_t> stamps;
  std::vector<double> open, high, low, close, volume;
  int64_t last = 0;
  for (const quant::Session& session : quant::Xnys().sessions()) {
    if (session.close_ns > absl::ToUnixNanos(now)) break;
    last = session.close_ns / kSecond;
    if (session.open_ns < question.start * kSecond || session.open_ns >= question.end * kSecond) continue;
    stamps.push_back(session.open_ns / kSecond);
    close.push_back((10 + static_cast<double>(session.day.day()) / 10) / ratio);
    open.push_back(close.back());
    high.push_back(close.back() + 1);
    low.push_back(close.back() - 1);
    volume.push_back(shares);
  }
  return fmt::format(
      R"({{"chart":{{"result":[{{"meta":{{"currency":"USD","symbol":"{}","exchangeName":"NYQ","gmtoffset":-18000,)"
      R"("regularMarketTime":{},"dataGranularity":"1d"}},"timestamp":[{}],"indicators":{{"quote":[{{"open":[{}],)"
      R"("high":[{}],"low":[{}],"close":[{}],"volume":[{}]}}]}}}}],"error":null}}}})",
      question.symbol, last, fmt::join(stamps, ","), fmt::join(open, ","), fmt::join(high, ","), fmt::join(low, ","),
      fmt::join(close, ","), fmt::join(volume, ","));
}

// The provider's own words for a symbol that it does not have; sent with HTTP 200.
inline std::string YahooNotFound() {
  return R"({"chart":{"result":null,"error":{"code":"Not Found","description":"No data found"}}})";
}

}  // namespace breadthflow::testing
