#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/data/domain/adjustment.h"
#include "tests/support/csv_table.h"
#include "tests/support/matchers.h"
#include "tests/support/shared_file.h"

// Adjusted prices against those that vendors computed from the same events.
namespace breadthflow::data {
namespace {

using absl::CivilDay;
using quant::PriceBasis;
using quant::Series;

CivilDay Day(const std::string& text) {
  CivilDay day;
  EXPECT_TRUE(absl::ParseCivilTime(text, &day)) << text;
  return day;
}

// Rows of the sessions in [from, to], raw.
std::optional<Series> RecordedBars(const std::string& file, const std::string& from, const std::string& to) {
  const auto table = testing::ReadCsvTable(testing::SharedFile("data/bars/" + file));
  if (!table) return std::nullopt;
  Series bars{.key = {"stock_price", "A", quant::Timeframe::kDay, ""}, .basis = PriceBasis::kRaw};
  std::vector<size_t> rows;
  for (size_t row = 0; row < table->keys.size(); ++row) {
    if (table->keys[row] < from || table->keys[row] > to || !quant::Xnys().IsSession(Day(table->keys[row]))) continue;
    rows.push_back(row);
    bars.times.push_back(quant::Xnys().SessionClose(Day(table->keys[row])).value());
  }
  for (const auto& [name, values] : table->columns) {
    std::vector<double> column;
    column.reserve(rows.size());
    for (const size_t row : rows) column.push_back(values[row]);
    bars.Add(name == "ex_dividend" ? "dividend" : name, std::move(column));
  }
  return bars;
}

struct Recorded {
  Series splits{.key = {"split", "A", quant::Timeframe::kDay, ""}, .repeats = true};
  Series dividends{.key = {"dividend", "A", quant::Timeframe::kDay, ""}, .repeats = true};
  std::vector<std::string> split_dates, dividend_dates;
  std::vector<double> ratios, amounts;

  void AddSplit(CivilDay ex_date, double ratio) {
    split_dates.push_back(absl::FormatCivilTime(ex_date));
    ratios.push_back(ratio);
  }
  void AddDividend(CivilDay ex_date, double amount) {
    dividend_dates.push_back(absl::FormatCivilTime(ex_date));
    amounts.push_back(amount);
  }
  CorporateActions Actions() {
    splits.times.assign(ratios.size(), 0);
    dividends.times.assign(amounts.size(), 0);
    splits.Add("ex_date", split_dates);
    splits.Add("ratio", ratios);
    dividends.Add("ex_date", dividend_dates);
    dividends.Add("amount", amounts);
    return {.splits = &splits, .dividends = &dividends};
  }
};

// A factor file: each line has the last day on which its factors hold, and the raw close of that day.
double FactorOf(const testing::CsvTable& factors, const std::string& name, const std::string& day) {
  const auto row = std::lower_bound(factors.keys.begin(), factors.keys.end(), day);
  return factors.columns.at(name)[static_cast<size_t>(row - factors.keys.begin())];
}

void ExpectFactorFile(const std::string& symbol, const std::string& from, CorporateActions actions) {
  const auto factors =
      testing::ReadCsvTable(testing::SharedFile("data/bars/corporate_actions/factor_files/" + symbol + ".csv"));
  const auto bars = RecordedBars("daily_unadjusted/" + symbol + ".csv", from, "2021-03-31");
  ASSERT_TRUE(factors && bars);
  ASSERT_GT(bars->size(), 2500u);
  const Series split = Adjust(*bars, Adjustment::kSplit, actions).value();
  const Series full = Adjust(*bars, Adjustment::kSplitDividend, actions).value();
  double worst_split = 0, worst_full = 0;
  std::string worst_day;
  size_t row = 0;
  for (const int64_t time : bars->times) {
    const std::string day = absl::FormatCivilTime(quant::Xnys().ClosingAt(time)->day);
    const double raw = bars->Doubles("close")[row];
    const double split_factor = FactorOf(*factors, "split_factor", day);
    const double factor = split_factor * FactorOf(*factors, "price_factor", day);
    const double fault = std::abs(full.Doubles("close")[row] / (raw * factor) - 1);
    if (fault > worst_full) worst_day = day;
    worst_full = std::max(worst_full, fault);
    worst_split = std::max(worst_split, std::abs(split.Doubles("close")[row] / (raw * split_factor) - 1));
    ++row;
  }
  EXPECT_LT(worst_split, 2e-5) << symbol;
  EXPECT_LT(worst_full, 1e-3) << symbol << ", worst on " << worst_day;
}

// The file's own steps as events: ratios of the split factors, and what the price factor takes off the raw close.
std::optional<Recorded> EventsOfFactorFile(const std::string& symbol) {
  const auto factors =
      testing::ReadCsvTable(testing::SharedFile("data/bars/corporate_actions/factor_files/" + symbol + ".csv"));
  if (!factors) return std::nullopt;
  Recorded events;
  for (size_t row = 0; row + 1 < factors->keys.size(); ++row) {
    const quant::Session* next = quant::Xnys().FirstClosingAfter(quant::Xnys().DayStart(Day(factors->keys[row]) + 1));
    const double ratio = factors->columns.at("split_factor")[row + 1] / factors->columns.at("split_factor")[row];
    const double price = factors->columns.at("price_factor")[row] / factors->columns.at("price_factor")[row + 1];
    if (std::abs(ratio - 1) > 1e-6) events.AddSplit(next->day, ratio);
    const double close = factors->columns.at("reference_price")[row] / ratio;
    if (price != 1) events.AddDividend(next->day, close * (1 - price));
  }
  return events;
}

TEST(RecordedAdjustment, FollowsTheFactorFilesOfTwentyThreeYears) {
  // BAC's reference prices before its merger are another company's; QQQ's bars have a hole from 2004 to 2011.
  for (const auto& [symbol, from] :
       {std::pair("AAPL", "1998-01-05"), std::pair("AIG", "1998-01-05"), std::pair("BAC", "1998-09-02"),
        std::pair("IBM", "1998-01-05"), std::pair("QQQ", "2011-04-01")}) {
    auto events = EventsOfFactorFile(symbol);
    if (!events) GTEST_SKIP() << "recorded factor files are not here";
    ExpectFactorFile(symbol, from, events->Actions());
  }
}

TEST(RecordedAdjustment, FollowsAFactorFileFromDividendsThatAnotherVendorRecorded) {
  const auto recorded = testing::ReadCsvTable(testing::SharedFile("data/fundamentals/IBM_dividends.csv"));
  if (!recorded) GTEST_SKIP() << "recorded dividends are not here";
  Recorded events;
  events.AddSplit(CivilDay(1999, 5, 27), 2);
  for (size_t row = 0; row < recorded->keys.size(); ++row) {
    if (recorded->keys[row] <= "2021-03-31")
      events.AddDividend(Day(recorded->keys[row]), recorded->columns.at("amount")[row]);
  }
  ASSERT_GT(events.amounts.size(), 80u);
  ExpectFactorFile("IBM", "1999-02-08", events.Actions());
}

// The vendor's adjusted close reinvests dividends at the close of their ex-date: it is our total return to the last
// digits; taking them off the close before differs by their squares.
TEST(RecordedAdjustment, GivesTheAdjustedCloseThatTheVendorGives) {
  for (const char* symbol : {"AAPL", "COKE", "GOOGL"}) {
    auto bars = RecordedBars(std::string("daily_with_actions/") + symbol + ".csv", "2015-01-02", "2017-12-29");
    if (!bars) GTEST_SKIP() << "recorded bars with actions are not here";
    const std::vector<double> vendor(bars->Doubles("adj_close").begin(), bars->Doubles("adj_close").end());
    std::erase_if(bars->columns, [](const quant::Column& column) { return column.name == "adj_close"; });
    const Series total = Adjust(*bars, Adjustment::kTotalReturn).value();
    const Series forward = Adjust(*bars, Adjustment::kForward).value();
    const Series back = Adjust(*bars, Adjustment::kSplitDividend).value();
    ASSERT_GT(back.size(), 700u);
    for (size_t row = 0; row < back.size(); ++row) {
      const double growth = vendor[row] / vendor[0];
      const auto grown = [&](const Series& series) {
        return series.Doubles("close")[row] / series.Doubles("close")[0];
      };
      ASSERT_NEAR(grown(total) / growth, 1, 1e-12) << row;
      ASSERT_NEAR(grown(forward) / growth, 1, 2e-4) << row;
      ASSERT_NEAR(grown(back) / growth, 1, 2e-4) << row;
    }
  }
}

// The days on both sides of the split of seven for one, to the minute and with extended hours.
TEST(RecordedAdjustment, PutsMinutesAroundASplitOnOneScale) {
  const auto table =
      testing::ReadCsvTable(testing::SharedFile("data/bars/intraday/AAPL_1m_20140605-20140609_unadjusted.csv"));
  if (!table) GTEST_SKIP() << "recorded minutes are not here";
  Series bars{.key = {"stock_price", "AAPL", quant::Timeframe::kMin1, ""}, .basis = PriceBasis::kRaw};
  for (const std::string& key : table->keys) {
    absl::CivilSecond start;
    ASSERT_TRUE(absl::ParseCivilTime(key, &start)) << key;
    bars.times.push_back(quant::NewYorkInstant(start + 60));
  }
  bars.Add("close", table->columns.at("close"));
  Recorded events;
  events.AddSplit(CivilDay(2014, 6, 9), 7);
  const Series adjusted = Adjust(bars, Adjustment::kSplit, events.Actions()).value();
  const std::span<const double> close = adjusted.Doubles("close");
  const auto [low, high] = std::minmax_element(close.begin(), close.end());
  EXPECT_GT(*low, 90);
  EXPECT_LT(*high, 95);
}

}  // namespace
}  // namespace breadthflow::data
