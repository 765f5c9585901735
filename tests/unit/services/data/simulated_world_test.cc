// The made-up world as a whole: what belongs together fits together, and nothing comes from later.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/hash.h"
#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "common/quant/resample.h"
#include "services/data/domain/asked_rows.h"
#include "services/data/domain/resource.h"
#include "services/data/sources/catalog.h"
#include "services/data/sources/simulated/tables.h"
#include "tests/support/matchers.h"

namespace breadthflow::data {
namespace {

using quant::Series;
using quant::Timeframe;
using testing::IsOk;

constexpr int64_t kDayNs = 86'400'000'000'000;

quant::TimeRange Days(absl::CivilDay from, absl::CivilDay to) {
  return {(from - absl::CivilDay(1970, 1, 1)) * kDayNs, (to - absl::CivilDay(1970, 1, 1)) * kDayNs};
}

quant::TimeRange Years(int from, int to) { return Days(absl::CivilDay(from, 1, 1), absl::CivilDay(to, 1, 1)); }

std::unique_ptr<Source> World(component::RawParams given = {}) {
  const SourceEntry* entry = Sources().Find("simulated").value();
  return entry->make(component::Params::Check(entry->params, given).value(), {}).value();
}

Series Fetch(const Source& source, const std::string& resource, const std::string& symbol, quant::TimeRange range,
             Timeframe timeframe = Timeframe::kTick) {
  const auto request = source.TransformQuery({resource, symbol, timeframe, range}).value();
  Series series = source.TransformData(request, source.Extract(request, {}).value()).value().series;
  series.repeats = FindResource(resource).value()->repeats;
  return series;
}

Series Raw(const std::string& resource, const std::string& symbol, quant::TimeRange range,
           Timeframe timeframe = Timeframe::kTick) {
  return Fetch(*World({{"basis", std::string("raw")}}), resource, symbol, range, timeframe);
}

const std::vector<std::string>& Texts(const Series& series, std::string_view column) {
  return std::get<std::vector<std::string>>(series.Find(column)->values);
}

TEST(SimulatedWorld, HasEveryResourceAndItsRowsFollowTheRules) {
  ASSERT_EQ(SimulatedTables().size(), Resources().size());
  const auto source = World({{"delisting_rate", 0.02}, {"basis", std::string("raw")}});
  const quant::TimeRange quarter = Days(absl::CivilDay(1991, 2, 1), absl::CivilDay(1991, 5, 1));
  for (const Resource& resource : Resources()) {
    const SimulatedTable& table = SimulatedTables()[static_cast<size_t>(&resource - Resources().data())];
    ASSERT_EQ(table.resource, resource.id);
    size_t rows = 0;
    for (const char* symbol :
         {"AAPL", "MSFT", "IBM", "X", "BRK-B", "C3", "C7", "C11", "LONGEST-SYMBOL-OF-THEM-ALL.1234"}) {
      for (const Timeframe timeframe : table.timeframes) {
        const bool large = resource.bars || resource.id == "option_chain" || resource.id == "trade" ||
                           resource.id == "quote" || resource.id == "order_book";
        const Series series = Fetch(*source, resource.id, symbol, large ? quarter : Years(1990, 2031), timeframe);
        EXPECT_THAT(series.Validate(), IsOk()) << resource.id;
        base::Violations violations;
        CheckSeries(
            resource, series, [](size_t row) { return fmt::format("row {}", row); }, violations);
        EXPECT_THAT(violations.ToStatus("invalid"), IsOk()) << resource.id << " of " << symbol;
        EXPECT_EQ(series.key.resource, resource.id);
        EXPECT_EQ(series.key.timeframe, timeframe);
        rows += series.size();
      }
    }
    EXPECT_GT(rows, 0u) << resource.id;
  }
}

TEST(SimulatedWorld, AValueDoesNotDependOnTheRangeAskedFor) {
  for (const SimulatedTable& table : SimulatedTables()) {
    for (const Timeframe timeframe : table.timeframes) {
      const Series whole = Raw(std::string(table.resource), "AAPL",
                               Days(absl::CivilDay(2015, 2, 1), absl::CivilDay(2015, 7, 1)), timeframe);
      // From the middle of a session to the middle of another.
      quant::TimeRange part = Days(absl::CivilDay(2015, 3, 3), absl::CivilDay(2015, 5, 5));
      part.start_ns += kDayNs * 17 / 24;
      part.end_ns += kDayNs * 18 / 24;
      Series expected = whole;
      KeepAsked(**FindResource(table.resource), part, expected);
      EXPECT_EQ(Raw(std::string(table.resource), "AAPL", part, timeframe), expected)
          << table.resource << " " << quant::ToText(timeframe);
    }
  }
}

// Changes only together with the version of the component: stored results name it.
TEST(SimulatedWorld, GivesTheSameBitsEverywhere) {
  base::Sha256 hash;
  for (const SimulatedTable& table : SimulatedTables()) {
    for (const Timeframe timeframe : table.timeframes) {
      const quant::TimeRange range = Days(absl::CivilDay(2014, 1, 20), absl::CivilDay(2014, 3, 20));
      hash.Text(base::ToHex(Raw(std::string(table.resource), "AAPL", range, timeframe).ContentHash()));
    }
  }
  EXPECT_EQ(hash.FinishHex(), "1cacfce878903161548280aa8cd124571f9c26505dc7577d735d6c234bd9e1de");
}

TEST(SimulatedWorld, TradesOfASessionMakeItsBar) {
  const quant::TimeRange range = Years(2016, 2017);
  const Series days = Raw("stock_price", "MSFT", range, Timeframe::kDay);
  const Series trades = Raw("trade", "MSFT", range);
  ASSERT_GT(trades.size(), 100 * days.size());
  const auto made =
      quant::Resample(trades, {.timeframe = Timeframe::kDay, .watermark_ns = range.end_ns}, quant::Xnys());
  ASSERT_THAT(made, IsOk());
  ASSERT_EQ(made->bars.times, days.times);
  EXPECT_EQ(made->outside_rows, 0u);
  for (const char* column : {"open", "high", "low", "close", "volume"}) {
    const auto want = days.Doubles(column);
    const auto got = made->bars.Doubles(column);
    EXPECT_TRUE(std::equal(want.begin(), want.end(), got.begin(), got.end())) << column;
  }
}

TEST(SimulatedWorld, SmallerBarsMakeLargerOnes) {
  const quant::TimeRange range = Years(2016, 2017);
  const Series minutes = Raw("stock_price", "MSFT", range, Timeframe::kMin1);
  for (const Timeframe larger : {Timeframe::kMin5, Timeframe::kHour1, Timeframe::kDay}) {
    const auto made = quant::Resample(minutes, {.timeframe = larger, .watermark_ns = range.end_ns}, quant::Xnys());
    ASSERT_THAT(made, IsOk());
    const Series want = Raw("stock_price", "MSFT", range, larger);
    ASSERT_EQ(made->bars.times, want.times);
    for (const char* column : {"open", "high", "low", "close", "volume", "dividend", "split_ratio"}) {
      const auto a = want.Doubles(column);
      const auto b = made->bars.Doubles(column);
      EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin(), b.end())) << column << " " << quant::ToText(larger);
    }
  }
}

TEST(SimulatedWorld, ATradeHappensAtTheBidOrAskThatStoodBeforeIt) {
  const quant::TimeRange range = Days(absl::CivilDay(2018, 5, 1), absl::CivilDay(2018, 6, 1));
  const Series trades = Raw("trade", "IBM", range);
  const Series quotes = Raw("quote", "IBM", range);
  ASSERT_EQ(trades.size(), quotes.size());
  for (size_t i = 0; i < trades.size(); ++i) {
    ASSERT_LE(quotes.times[i], trades.times[i]);
    ASSERT_LT(quotes.Doubles("bid_price")[i], quotes.Doubles("ask_price")[i]);
    const bool buy = Texts(trades, "side")[i] == "buy";
    ASSERT_EQ(trades.Doubles("price")[i], quotes.Doubles(buy ? "ask_price" : "bid_price")[i]);
  }
}

TEST(SimulatedWorld, TheBookHasFiveLevelsOfEachSideInOrder) {
  const Series book = Raw("order_book", "IBM", Days(absl::CivilDay(2018, 5, 1), absl::CivilDay(2018, 5, 2)));
  std::map<std::string, std::map<double, double>> sides;
  size_t snapshots = 0;
  for (size_t i = 0; i < book.size(); ++i) {
    const bool snapshot = Texts(book, "kind")[i] == "snapshot";
    if (snapshot && book.Ints("level")[i] == 0 && Texts(book, "side")[i] == "bid") sides.clear(), ++snapshots;
    auto& side = sides[Texts(book, "side")[i]];
    const double price = book.Doubles("price")[i];
    ASSERT_TRUE(snapshot || side.contains(price)) << price;
    side[price] = book.Doubles("size")[i];
    if (snapshot) continue;
    ASSERT_EQ(sides["bid"].size(), 5u);
    ASSERT_EQ(sides["ask"].size(), 5u);
    ASSERT_LT(sides["bid"].rbegin()->first, sides["ask"].begin()->first);
  }
  EXPECT_EQ(snapshots, 13u);
}

TEST(SimulatedWorld, EventsAreKnownTheEveningBeforeAndStandInTheBars) {
  const Series days = Raw("stock_price", "AAPL", Years(1990, 2031), Timeframe::kDay);
  for (const auto& [resource, value, column, none] :
       {std::tuple("split", "ratio", "split_ratio", 1.0), std::tuple("dividend", "amount", "dividend", 0.0)}) {
    std::map<std::string, double> in_bars;
    for (size_t i = 0; i < days.size(); ++i) {
      if (days.Doubles(column)[i] == none) continue;
      in_bars[absl::FormatCivilTime(quant::Xnys().ClosingAt(days.times[i])->day)] = days.Doubles(column)[i];
    }
    const Series events = Raw(resource, "AAPL", Years(1990, 2031));
    ASSERT_EQ(events.size(), in_bars.size());
    for (size_t i = 0; i < events.size(); ++i) {
      const std::string& day = Texts(events, "ex_date")[i];
      EXPECT_EQ(events.Doubles(value)[i], in_bars.at(day));
      absl::CivilDay ex;
      ASSERT_TRUE(absl::ParseCivilTime(day, &ex));
      EXPECT_EQ(quant::Xnys().FirstClosingAfter(events.times[i])->day, ex);
    }
  }
}

TEST(SimulatedWorld, StatementsAddUpAndComeAfterTheirPeriod) {
  const Series revenue = Raw("revenue", "AAPL", Years(2000, 2020));
  const Series earnings = Raw("earnings", "AAPL", Years(2000, 2020));
  const Series sheet = Raw("balance_sheet", "AAPL", Years(2000, 2020));
  const Series cash = Raw("cash_flow", "AAPL", Years(2000, 2020));
  ASSERT_EQ(revenue.times, earnings.times);
  ASSERT_EQ(revenue.times, cash.times);
  std::map<std::string, double> quarters;  // as first published
  size_t years = 0, restated = 0;
  for (size_t i = 0; i < revenue.size(); ++i) {
    EXPECT_EQ(revenue.Doubles("gross_profit")[i],
              revenue.Doubles("revenue")[i] - revenue.Doubles("cost_of_revenue")[i]);
    EXPECT_EQ(cash.Doubles("free_cash_flow")[i],
              cash.Doubles("operating_cash_flow")[i] - cash.Doubles("capital_expenditure")[i]);
    EXPECT_EQ(cash.Doubles("net_income")[i], earnings.Doubles("net_income")[i]);
    absl::CivilDay end;
    ASSERT_TRUE(absl::ParseCivilTime(Texts(revenue, "period_end")[i], &end));
    EXPECT_GT(revenue.times[i], (end - absl::CivilDay(1970, 1, 1) + 17) * kDayNs);
    const std::string year = fmt::format("{}", revenue.Ints("fiscal_year")[i]);
    if (Texts(revenue, "period")[i] == "quarter") {
      if (!quarters.emplace(year + Texts(revenue, "fiscal_period")[i], revenue.Doubles("revenue")[i]).second)
        ++restated;
    } else if (quarters.contains(year + "Q1")) {
      ++years;
      EXPECT_EQ(revenue.Doubles("revenue")[i], quarters.at(year + "Q1") + quarters.at(year + "Q2") +
                                                   quarters.at(year + "Q3") + quarters.at(year + "Q4"));
    }
  }
  EXPECT_GE(years, 18u);
  EXPECT_GT(restated, 0u);
  for (size_t i = 0; i < sheet.size(); ++i) {
    EXPECT_EQ(sheet.Doubles("total_assets")[i],
              sheet.Doubles("total_liabilities")[i] + sheet.Doubles("shareholder_equity")[i]);
    EXPECT_EQ(sheet.Doubles("current_liabilities")[i],
              sheet.Doubles("accounts_payable")[i] + sheet.Doubles("short_term_debt")[i]);
  }
}

TEST(SimulatedWorld, MarketCapCountsTheSharesThatWerePublicThen) {
  const quant::TimeRange range = Years(2000, 2020);
  const Series caps = Raw("market_cap", "AAPL", range);
  const Series days = Raw("stock_price", "AAPL", Years(1990, 2031), Timeframe::kDay);
  const Series reports = Raw("shares_outstanding", "AAPL", Years(1990, 2031));
  ASSERT_GT(caps.size(), 5000u);
  for (size_t i = 0; i < caps.size(); ++i) {
    double shares = 0;
    std::string end;
    for (size_t r = 0; r < reports.size() && reports.times[r] <= caps.times[i]; ++r) {
      if (Texts(reports, "period_end")[r] < end) continue;  // a restatement of an earlier quarter
      shares = reports.Doubles("shares")[r];
      end = Texts(reports, "period_end")[r];
    }
    const auto day = std::lower_bound(days.times.begin(), days.times.end(), caps.times[i]) - days.times.begin();
    double splits = 1;
    for (auto d = day; d >= 0; --d) {
      const auto at = static_cast<size_t>(d);
      if (absl::FormatCivilTime(quant::Xnys().ClosingAt(days.times[at])->day) <= end) break;
      splits *= days.Doubles("split_ratio")[at];
    }
    ASSERT_NEAR(caps.Doubles("market_cap")[i], shares * splits * days.Doubles("close")[static_cast<size_t>(day)],
                1e-9 * caps.Doubles("market_cap")[i]);
  }
}

TEST(SimulatedWorld, CallAndPutOfOneStrikeAgree) {
  const Series chain = Raw("option_chain", "MSFT", Days(absl::CivilDay(2019, 2, 1), absl::CivilDay(2019, 3, 1)));
  ASSERT_EQ(chain.size() % 88, 0u);
  size_t pairs = 0;
  for (size_t i = 0; i + 1 < chain.size(); i += 2) {
    ASSERT_EQ(Texts(chain, "right")[i], "call");
    ASSERT_EQ(Texts(chain, "right")[i + 1], "put");
    ASSERT_EQ(chain.Doubles("strike")[i], chain.Doubles("strike")[i + 1]);
    absl::CivilDay end;
    ASSERT_TRUE(absl::ParseCivilTime(Texts(chain, "expiration")[i], &end));
    const double years = static_cast<double>(quant::Xnys().Find(end)->close_ns - chain.times[i]) / (365.0 * kDayNs);
    const double parity = chain.Doubles("underlying_price")[i] - chain.Doubles("strike")[i] * std::exp(-0.03 * years);
    // Buying one way and selling the other loses the spreads.
    EXPECT_LE(chain.Doubles("bid")[i] - chain.Doubles("ask")[i + 1], parity + 0.02);
    EXPECT_GE(chain.Doubles("ask")[i] - chain.Doubles("bid")[i + 1], parity - 0.02);
    EXPECT_NEAR(chain.Doubles("delta")[i] - chain.Doubles("delta")[i + 1], 1, 1e-5);
    EXPECT_LT(chain.Doubles("bid")[i], chain.Doubles("ask")[i]);
    ++pairs;
  }
  EXPECT_GT(pairs, 500u);
}

TEST(SimulatedWorld, NewsSpeakOfTheDayThatIsOverAndOfNoLaterOne) {
  const quant::TimeRange range = Years(2000, 2020);
  const Series days = Raw("stock_price", "AAPL", range, Timeframe::kDay);
  const Series news = Raw("news_sentiment", "AAPL", range);
  double now = 0, next = 0, moves = 0, after = 0, scores = 0;
  for (size_t i = 0; i < news.size(); ++i) {
    const auto upper = std::upper_bound(days.times.begin(), days.times.end(), news.times[i]) - days.times.begin();
    const auto day = static_cast<size_t>(upper);
    if (day < 2 || day >= days.size()) continue;
    const auto closes = days.Doubles("close");
    if (days.Doubles("split_ratio")[day - 1] != 1 || days.Doubles("split_ratio")[day] != 1) continue;
    const double move = closes[day - 1] / closes[day - 2] - 1;
    const double later = closes[day] / closes[day - 1] - 1;
    const double score = news.Doubles("score")[i];
    now += score * move, next += score * later, moves += move * move, after += later * later, scores += score * score;
  }
  EXPECT_GT(now / std::sqrt(moves * scores), 0.4);
  EXPECT_LT(std::fabs(next / std::sqrt(after * scores)), 0.1);
}

TEST(SimulatedWorld, AUniverseAlwaysHasFortyMembersAndNobodyComesBack) {
  const Series changes = Raw("universe", "LARGE", Years(1990, 2031));
  std::set<std::string> members, ever;
  for (size_t i = 0; i < changes.size(); ++i) {
    const std::string& member = Texts(changes, "member")[i];
    if (Texts(changes, "action")[i] == "add") {
      EXPECT_TRUE(ever.insert(member).second) << member;
      members.insert(member);
    } else {
      EXPECT_EQ(members.erase(member), 1u);
    }
    const bool settled = i + 1 == changes.size() || changes.times[i + 1] != changes.times[i];
    EXPECT_TRUE(!settled || members.size() == 40u);
  }
  EXPECT_GT(ever.size(), 300u);
}

TEST(SimulatedWorld, RatesStayNearThreePerCentAndNameTheirTenor) {
  const Series rates = Raw("interest_rate", "USD3M", Years(1990, 2031));
  EXPECT_EQ(Texts(rates, "tenor")[0], "3M");
  EXPECT_EQ(Raw("interest_rate", "SOFR", Years(2020, 2021)).Find("tenor"), nullptr);
  for (const double rate : rates.Doubles("rate")) ASSERT_TRUE(rate >= -0.01 && rate < 0.12) << rate;
}

TEST(SimulatedWorld, AStockThatEndsHasNoRowsAfterItsEnd) {
  const auto source = World({{"delisting_rate", 0.2}, {"basis", std::string("raw")}});
  size_t ended = 0;
  for (int i = 0; i < 10; ++i) {
    const std::string symbol = fmt::format("S{}", i);
    const Series end = Fetch(*source, "delisting", symbol, Years(1990, 2031));
    if (end.empty()) continue;
    ++ended;
    ASSERT_EQ(end.size(), 1u);
    const Series days = Fetch(*source, "stock_price", symbol, Years(1990, 2031), Timeframe::kDay);
    EXPECT_EQ(days.times.back(), end.times[0]);
    // Until then it is the stock that it would be if none ended.
    EXPECT_EQ(days, Raw("stock_price", symbol, {Years(1990, 2031).start_ns, end.times[0] + 1}, Timeframe::kDay));
    const Series earnings = Fetch(*source, "earnings", symbol, Years(1990, 2031));
    EXPECT_TRUE(earnings.empty() || earnings.times.back() <= end.times[0]);
  }
  EXPECT_GE(ended, 8u);
  EXPECT_TRUE(Raw("delisting", "S0", Years(1990, 2031)).empty());
}

TEST(SimulatedWorld, AFormerSymbolHasTheHistoryUpToTheChange) {
  size_t changed = 0;
  for (int i = 0; i < 40; ++i) {
    const std::string symbol = fmt::format("C{}", i);
    const Series change = Raw("symbol_change", symbol, Years(1990, 2031));
    if (change.empty()) continue;
    ++changed;
    const std::string& former = Texts(change, "old_symbol")[0];
    EXPECT_EQ(Texts(change, "new_symbol")[0], symbol);
    Series before = Raw("stock_price", former, Years(1990, 2031), Timeframe::kDay);
    EXPECT_EQ(before.times.back(), change.times[0]);
    before.key.symbol = symbol;
    EXPECT_EQ(before, Raw("stock_price", symbol, {Years(1990, 2031).start_ns, change.times[0] + 1}, Timeframe::kDay));
    EXPECT_EQ(Texts(Raw("symbol_change", former, Years(1990, 2031)), "new_symbol")[0], symbol);
  }
  EXPECT_GE(changed, 3u);
}

MATCHER_P(Refuses, text, "is refused with that text") {
  *result_listener << arg.status();
  return absl::IsInvalidArgument(arg.status()) && base::Message(arg.status()).find(text) != std::string::npos;
}

TEST(SimulatedWorld, SaysWhatItDoesNotHave) {
  const auto source = World();
  const quant::TimeRange range = Years(2020, 2021);
  EXPECT_THAT(source->TransformQuery({"stock_price", "A", Timeframe::kTick, range}), Refuses("1min, 5min"));
  EXPECT_THAT(source->TransformQuery({"trade", "A", Timeframe::kDay, range}), Refuses("in tick, not in 1day"));
  EXPECT_THAT(source->TransformQuery({"weather", "A", Timeframe::kTick, range}), Refuses("no weather"));
}

}  // namespace
}  // namespace breadthflow::data
