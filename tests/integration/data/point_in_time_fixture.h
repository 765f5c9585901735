#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"

#include "tests/integration/data/read_fixture.h"

namespace breadthflow::data {

inline constexpr absl::CivilDay kFirst(2019, 1, 2);
inline constexpr size_t kSessions = 260;

class PointInTimeTest : public ReadTest {
 protected:
  int Below(int end) { return static_cast<int>(random_() % static_cast<uint64_t>(end)); }
  absl::CivilDay SomeDay() { return kFirst + Below(400); }

  // Bars of the sessions [begin, begin + count) from kFirst on.
  quant::Series SomeBars(const std::string& symbol, size_t begin, size_t count) {
    quant::Series bars{.key = {"stock_price", symbol, quant::Timeframe::kDay, "test"},
                       .basis = quant::PriceBasis::kRaw};
    std::vector<double> open, high, low, close, volume;
    const auto sessions = quant::Xnys().Between(kFirst, quant::Xnys().last_day());
    for (size_t i = begin; i < begin + count; ++i) {
      bars.times.push_back(sessions[i].close_ns);
      open.push_back(95 + 0.01 * Below(1000));
      close.push_back(95 + 0.01 * Below(1000));
      high.push_back(std::max(open.back(), close.back()) + 1);
      low.push_back(std::min(open.back(), close.back()) - 1);
      volume.push_back(1000 + Below(1000));
    }
    bars.Add("open", std::move(open));
    bars.Add("high", std::move(high));
    bars.Add("low", std::move(low));
    bars.Add("close", std::move(close));
    bars.Add("volume", std::move(volume));
    return bars;
  }
  quant::Series SomeEvents(const std::string& resource, const std::string& symbol) {
    std::map<absl::CivilDay, double> events;
    const int count = 1 + Below(4);
    for (int i = 0; i < count; ++i) {
      events[SomeDay()] = resource == "split" ? std::vector<double>{2, 3, 0.5}[random_() % 3] : 0.01 * (1 + Below(50));
    }
    return Events(resource, symbol, {events.begin(), events.end()});
  }
  // One report of a number of shares, or of earnings, for a day some time before.
  quant::Series SomeReport(const std::string& resource, const std::string& symbol) {
    quant::Series report{.key = {resource, symbol, quant::Timeframe::kTick, "test"}, .repeats = true};
    const absl::CivilDay published = SomeDay();
    report.times = {quant::Xnys().DayStart(published) + Below(86400) * int64_t{1'000'000'000}};
    report.Add("period_end", std::vector<std::string>{std::string(absl::FormatCivilTime(published - 10 - Below(90)))});
    if (resource == "earnings") {
      report.Add("period", std::vector<std::string>{"quarter"});
      report.Add("eps_diluted", std::vector<double>{0.01 * Below(1000)});
    } else {
      report.Add("shares", std::vector<double>{1e6 + Below(1'000'000)});
    }
    return report;
  }

  // A company with everything that reads make something of.
  void Found(const std::string& symbol) {
    Put(SomeBars(symbol, 0, kSessions));
    length_[symbol] = kSessions;
    for (const char* resource : {"split", "dividend"}) Put(SomeEvents(resource, symbol));
    for (const char* resource : {"shares_outstanding", "earnings"}) Put(SomeReport(resource, symbol));
  }

  // Changes something, and says of which series.
  quant::SeriesKey Revise(const std::string& symbol) {
    size_t& length = length_[symbol];
    const auto begin = static_cast<size_t>(Below(static_cast<int>(length) - 12));
    quant::Series rows;
    columnar::WriteOptions options;
    switch (Below(8)) {
      case 0:  // events are others than was thought
        rows = SomeEvents(Below(2) == 0 ? "split" : "dividend", symbol);
        options.replaces = quant::TimeRange{};
        break;
      case 1:
        rows = SomeReport(Below(2) == 0 ? "shares_outstanding" : "earnings", symbol);
        break;
      case 2:  // some days are gone
        rows = SomeBars(symbol, begin, 3);
        options.replaces = quant::TimeRange{rows.times.front(), SomeBars(symbol, begin + 6, 1).times.front()};
        break;
      case 3:
        rows = SomeBars(symbol, length, 2);
        length += 2;
        break;
      default:
        rows = SomeBars(symbol, begin, 1 + static_cast<size_t>(Below(10)));
    }
    Put(rows, options);
    return rows.key;
  }

  std::mt19937_64 random_{20260101};
  std::map<std::string, size_t> length_;  // sessions up to the last bar
};

}  // namespace breadthflow::data
