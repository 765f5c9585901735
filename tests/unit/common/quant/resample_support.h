#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/quant/resample.h"
#include "tests/support/matchers.h"

// Trades to make bars of.
namespace breadthflow::quant {

inline constexpr int64_t kSecond = 1'000'000'000;
inline constexpr int64_t kMinute = 60 * kSecond;

inline constexpr Timeframe kTimeframes[] = {Timeframe::kMin1,  Timeframe::kMin5, Timeframe::kMin15, Timeframe::kMin30,
                                            Timeframe::kHour1, Timeframe::kDay,  Timeframe::kWeek,  Timeframe::kMonth};

inline std::string NewYork(int64_t ns) {
  return absl::FormatTime("%Y-%m-%d %H:%M", absl::FromUnixNanos(ns + NewYorkOffsetSeconds(ns) * kSecond),
                          absl::UTCTimeZone());
}

inline std::vector<std::string> NewYork(const Series& series) {
  std::vector<std::string> out;
  for (const int64_t time : series.times) out.push_back(NewYork(time));
  return out;
}

inline int64_t At(int year, int month, int day, int hour, int minute, int second = 0) {
  return NewYorkInstant(absl::CivilSecond(year, month, day, hour, minute, second));
}

inline Series Trades(std::vector<int64_t> times, std::vector<double> prices, std::vector<double> sizes) {
  Series series{.key = {"trade", "A", Timeframe::kTick, ""}, .repeats = true, .times = std::move(times)};
  series.Add("price", std::move(prices));
  series.Add("size", std::move(sizes));
  return series;
}

// Trades from `from` to `to`, day and night, some at one instant, some at the very ends of minutes; whole sizes.
inline Series RandomTrades(int64_t from, int64_t to, int64_t mean_gap, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<int64_t> times;
  std::vector<double> prices, sizes;
  double price = 100;
  for (int64_t time = from; time < to;) {
    times.push_back(time);
    price += (static_cast<double>(random() % 21) - 10) / 100;
    prices.push_back(price);
    sizes.push_back(static_cast<double>(1 + random() % 500));
    const uint64_t kind = random() % 8;
    if (kind == 0) continue;
    time += static_cast<int64_t>(random() % static_cast<uint64_t>(2 * mean_gap));
    if (kind == 1) time = (time / kMinute + 1) * kMinute;
  }
  return Trades(std::move(times), std::move(prices), std::move(sizes));
}

// The week of Thanksgiving 2017 with its half day and the first days of the next month.
inline Series HolidayTrades() { return RandomTrades(At(2017, 11, 20, 4, 0), At(2017, 12, 2, 20, 0), 150 * kSecond, 7); }

inline Resampled Bars(const Series& rows, ResampleSpec spec, const Calendar& calendar = Xnys()) {
  auto out = Resample(rows, spec, calendar);
  EXPECT_THAT(out, testing::IsOk());
  EXPECT_THAT(out->bars.Validate(), testing::IsOk());
  return *std::move(out);
}

inline double Sum(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum;
}

inline Series TradesBySecond(std::vector<double> prices, std::vector<double> sizes) {
  std::vector<int64_t> times;
  for (size_t i = 0; i < prices.size(); ++i) times.push_back(At(2017, 9, 1, 10, 0) + static_cast<int64_t>(i) * kSecond);
  return Trades(std::move(times), std::move(prices), std::move(sizes));
}

}  // namespace breadthflow::quant
