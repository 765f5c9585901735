#pragma once

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include <gtest/gtest.h>

#include "tests/integration/data/read_fixture.h"
#include "tests/support/matchers.h"

namespace breadthflow::data {

// Reads of a company with a split and a dividend, of long bars, and of statements.
class ReadSeriesTest : public ReadTest {
 protected:
  using Doubles = std::vector<double>;
  static constexpr absl::CivilDay kThursday{2020, 8, 27};  // then Friday, Monday 31, Tuesday, Wednesday 2 September
  inline static const Doubles kCloses = {500, 504, 128, 132, 130};

  // A 4:1 split on Monday and a dividend of 1 on Tuesday.
  void PutAaa(const std::string& events_source = "test") {
    Put(FlatBars("AAA", kThursday, kCloses));
    Put(Events("split", "AAA", {{absl::CivilDay(2020, 8, 31), 4}}, events_source));
    Put(Events("dividend", "AAA", {{absl::CivilDay(2020, 9, 1), 1}}, events_source));
  }
  std::vector<double> Closes(clients::Adjustment adjustment, quant::TimeRange range = {}) {
    const auto read = ReadOne("AAA", {.range = range, .adjustment = adjustment});
    EXPECT_THAT(read, testing::IsOk());
    if (!read.ok()) return {};
    const auto close = read->Doubles("close");
    return {close.begin(), close.end()};
  }

  // Daily bars of two years, with two splits known apart.
  static quant::Series TwoYears(uint32_t seed) {
    std::mt19937 random(seed);
    Doubles closes;
    double price = 100;
    for (int i = 0; i < 500; ++i) closes.push_back(price *= 0.98 + 0.04 * (random() % 1000) / 1000.0);
    return FlatBars("YYY", absl::CivilDay(2018, 1, 2), closes);
  }

  // A statement as of a day: the value is its own instant, so that a look ahead shows.
  static quant::Series Statements(const std::vector<std::pair<absl::CivilDay, std::string>>& published, double version,
                                  const std::string& source = "test") {
    quant::Series series{.key = {"earnings", "AAA", quant::Timeframe::kTick, source}, .repeats = true};
    Doubles eps, income;
    std::vector<std::string> periods, kinds;
    for (const auto& [day, period] : published) {
      series.times.push_back(quant::Xnys().DayStart(day));
      eps.push_back(static_cast<double>(day - absl::CivilDay(2018, 1, 1)));
      income.push_back(version);
      periods.push_back(period);
      kinds.emplace_back("quarter");
    }
    series.Add("period_end", periods);
    series.Add("period", kinds);
    series.Add("eps_diluted", eps);
    series.Add("net_income", income);
    return series;
  }
};

}  // namespace breadthflow::data
