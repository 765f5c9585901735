#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/quant/calendar.h"
#include "tests/support/matchers.h"
#include "tests/support/shared_file.h"
#include "tests/unit/services/data/provider_cases.h"

// Bodies that real providers sent, where the collection of them stands beside the repository.
namespace breadthflow::data {
namespace {

using breadthflow::testing::SharedFile;
using quant::Timeframe;
using testing::At;
using testing::ClassOf;
using testing::MakeProvider;
using testing::Parse;

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Recorded {
  std::string body;
  int status = 200;
  std::string url;
};

class RecordedBodies : public ::testing::Test {
 protected:
  // Skips the test when the collection is absent.
  bool Load(const std::string& provider) {
    folder_ = SharedFile("data/providers/" + provider);
    if (folder_.empty()) return false;
    for (const nlohmann::json& one : nlohmann::json::parse(ReadFile(folder_ / "index.json"))) {
      const std::string file = one["file"];
      bodies_[file] = {ReadFile(folder_ / file), one["status"], one.value("url", "")};
    }
    return true;
  }

  absl::StatusOr<SourceData> Ask(const std::string& provider, const std::string& file, const std::string& resource,
                                 Timeframe timeframe, const std::string& symbol,
                                 const component::RawParams& params = {}) {
    const auto source = MakeProvider(provider, params);
    const Recorded& recorded = bodies_.at(file);
    const SourceQuery query{resource, symbol, timeframe, testing::Between("1960-01-01", "2030-01-01")};
    const absl::StatusOr<SourceData> data =
        Parse(*source, query,
              {.bytes = recorded.body, .http_status = recorded.status, .received = At("2026-05-18T12:00:00Z")});
    if (data.ok()) {
      EXPECT_THAT(data->series.Validate(), breadthflow::testing::IsOk());
    }
    return data;
  }

  std::filesystem::path folder_;
  std::map<std::string, Recorded> bodies_;
};

#define LOAD_OR_SKIP(provider) \
  if (!Load(provider)) GTEST_SKIP() << "no recorded bodies of " << (provider) << " beside the repository"

double Value(const SourceData& data, const std::string& column, size_t row) {
  const quant::Column* found = data.series.Find(column);
  EXPECT_NE(found, nullptr) << column;
  if (found == nullptr || !found->present(row)) return -1;
  return std::get<std::vector<double>>(found->values)[row];
}

std::string Word(const SourceData& data, const std::string& column, size_t row) {
  const quant::Column* found = data.series.Find(column);
  EXPECT_NE(found, nullptr) << column;
  if (found == nullptr || !found->present(row)) return "";
  return std::get<std::vector<std::string>>(found->values)[row];
}

std::string Time(const SourceData& data, size_t row) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", quant::FromNanos(data.series.times[row]), absl::UTCTimeZone());
}

TEST_F(RecordedBodies, EveryYahooChartIsReadOrClassified) {
  LOAD_OR_SKIP("yahoo");
  const std::map<std::string, std::string> other = {
      {"chart-notimestamp-quotes-length.fake.json", "UNEXPECTED_BODY"},
      {"chart-notimestamp-weird-quote.fake.json", "UNEXPECTED_BODY"},
      {"chart-TSLA-2025-01-01-to-2025-01-02-interval-1h.fake.json", "EMPTY"},
      {"chart-AAPL-2025-02-01-to-2025-02-02-includePrePost-false-interval-1m.json", "EMPTY"},
      {"errors/429_too_many_requests.txt", "RATE_LIMITED"},
      {"errors/429_edge_too_many_requests.txt", "RATE_LIMITED"},
      {"errors/404_chart_symbol_not_found.json", "UNKNOWN_SYMBOL"}};
  size_t charts = 0;
  for (const auto& [file, recorded] : bodies_) {
    const size_t chart = recorded.url.find("/finance/chart/");
    if (chart == std::string::npos) continue;
    std::string symbol = recorded.url.substr(chart + 15);
    symbol = symbol.substr(0, symbol.find('?'));
    const Timeframe timeframe =
        recorded.url.find("interval=1m&") != std::string::npos || file.find("interval-1m") != std::string::npos
            ? Timeframe::kMin1
        : recorded.url.find("interval=1h") != std::string::npos ? Timeframe::kHour1
                                                                : Timeframe::kDay;
    const auto data = Ask("yahoo", file, "stock_price", timeframe, symbol, {{"currency", std::string("any")}});
    const auto expected = other.find(file);
    if (expected != other.end()) {
      EXPECT_EQ(ClassOf(data), expected->second) << file << ' ' << data.status();
    } else {
      EXPECT_TRUE(ClassOf(data).starts_with("OK ")) << file << ' ' << ClassOf(data) << ' ' << data.status();
    }
    ++charts;
  }
  EXPECT_GE(charts, 30u);
}

TEST_F(RecordedBodies, YahooBarsEndWithTheirSessionsAndKeepTheirDigits) {
  LOAD_OR_SKIP("yahoo");
  BF_ASSERT_OK_AND_ASSIGN(const SourceData apple, Ask("yahoo", "chart-AAPL-2020-08-31-to-2020-11-07.json",
                                                      "stock_price", Timeframe::kDay, "AAPL"));
  EXPECT_EQ(apple.series.size(), 49u);
  EXPECT_EQ(Time(apple, 0), "2020-08-31T20:00:00Z");
  EXPECT_EQ(Time(apple, 48), "2020-11-06T21:00:00Z");  // daylight saving time ended between
  EXPECT_EQ(Value(apple, "close", 0), 129.0399932861328);
  EXPECT_EQ(Value(apple, "split_ratio", 0), 4);
  EXPECT_EQ(Value(apple, "split_ratio", 1), 1);
  EXPECT_EQ(Value(apple, "dividend", 48), 0.205);
  EXPECT_EQ(apple.series.basis, quant::PriceBasis::kSplitAdjusted);

  BF_ASSERT_OK_AND_ASSIGN(const SourceData bitcoin, Ask("yahoo", "chart-BTC-USD-2020-01-01-to-2020-01-03.json",
                                                        "stock_price", Timeframe::kDay, "BTC-USD"));
  EXPECT_EQ(Time(bitcoin, 0), "2020-01-02T00:00:00Z");
  BF_ASSERT_OK_AND_ASSIGN(const SourceData xetra,
                          Ask("yahoo", "chart-WSU.DE-2023-08-04-to-2023-08-09.json", "stock_price", Timeframe::kDay,
                              "WSU.DE", {{"currency", std::string("EUR")}}));
  EXPECT_EQ(Time(xetra, 0), "2023-08-04T15:30:00Z");
  BF_ASSERT_OK_AND_ASSIGN(const SourceData london,
                          Ask("yahoo", "chart-OCDO.L-2020-01-01-to-2020-01-03.json", "stock_price", Timeframe::kDay,
                              "OCDO.L", {{"currency", std::string("GBp")}}));
  EXPECT_EQ(Time(london, 0), "2020-01-02T16:30:00Z");
  BF_ASSERT_OK_AND_ASSIGN(const SourceData euro, Ask("yahoo", "chart-EURUSD_X-2020-01-01-to-2020-01-03.json",
                                                     "stock_price", Timeframe::kDay, "EURUSD=X"));
  EXPECT_EQ(Time(euro, 1), "2020-01-03T00:00:00Z");
  EXPECT_EQ(
      ClassOf(Ask("yahoo", "chart-OCDO.L-2020-01-01-to-2020-01-03.json", "stock_price", Timeframe::kDay, "OCDO.L")),
      "WRONG_CURRENCY");
}

TEST_F(RecordedBodies, YahooActionsArePerShareOfTheirDay) {
  LOAD_OR_SKIP("yahoo");
  BF_ASSERT_OK_AND_ASSIGN(const SourceData dividends,
                          Ask("yahoo", "historical-via-chart-MSFT-dividends-2021-02-01-to-2022-01-31.json", "dividend",
                              Timeframe::kTick, "MSFT"));
  ASSERT_EQ(dividends.series.size(), 4u);
  EXPECT_EQ(Word(dividends, "ex_date", 0), "2021-02-17");
  EXPECT_EQ(Value(dividends, "amount", 0), 0.56);
  EXPECT_EQ(Time(dividends, 0), "2021-02-17T05:00:00Z");
  BF_ASSERT_OK_AND_ASSIGN(
      const SourceData split,
      Ask("yahoo", "historical-via-chart-NVDA-split-2021-02-01-to-2022-01-31.json", "split", Timeframe::kTick, "NVDA"));
  ASSERT_EQ(split.series.size(), 1u);
  EXPECT_EQ(Value(split, "ratio", 0), 4);
  EXPECT_EQ(Word(split, "ex_date", 0), "2021-07-20");
  EXPECT_EQ(ClassOf(Ask("yahoo", "historical-via-chart-dividends-TSLA-no-dividends.json", "dividend", Timeframe::kTick,
                        "TSLA")),
            "EMPTY");
}

TEST_F(RecordedBodies, YahooStatementsAreKnownByTheFilingDeadline) {
  LOAD_OR_SKIP("yahoo");
  BF_ASSERT_OK_AND_ASSIGN(
      const SourceData revenue,
      Ask("yahoo", "fundamentalsTimeSeries-AAPL-financials-quarterly.json", "revenue", Timeframe::kTick, "AAPL"));
  ASSERT_EQ(revenue.series.size(), 4u);
  EXPECT_EQ(Word(revenue, "period_end", 3), "2024-12-31");
  EXPECT_EQ(Value(revenue, "cost_of_revenue", 3), 66025000000);
  EXPECT_EQ(Time(revenue, 3), "2025-04-01T02:00:00Z");
  const std::map<std::string, std::string> others = {{"balance-sheet-annual", "balance_sheet"},
                                                     {"balance-sheet-quarterly", "balance_sheet"},
                                                     {"cash-flow-annual", "cash_flow"},
                                                     {"financials-annual", "earnings"}};
  for (const auto& [file, resource] : others) {
    const auto data = Ask("yahoo", "fundamentalsTimeSeries-AAPL-" + file + ".json", resource, Timeframe::kTick, "AAPL");
    EXPECT_TRUE(ClassOf(data).starts_with("OK ")) << file << ' ' << data.status();
  }
  EXPECT_EQ(ClassOf(Ask("yahoo", "fundamentalsTimeSeries-AAPL-balance-sheet-quarterly.json", "shares_outstanding",
                        Timeframe::kTick, "AAPL")),
            "OK 4");
  for (const char* symbol : {"ADH", "BTC-USD"}) {
    EXPECT_EQ(ClassOf(Ask("yahoo", std::string("fundamentalsTimeSeries-") + symbol + "-financials-quarterly.json",
                          "earnings", Timeframe::kTick, symbol)),
              "EMPTY");
  }
}

TEST_F(RecordedBodies, EveryOtherYahooBodyIsNoChart) {
  LOAD_OR_SKIP("yahoo");
  size_t count = 0;
  for (const auto& [file, recorded] : bodies_) {
    if (recorded.url.find("/finance/chart/") != std::string::npos) continue;
    const auto data = Ask("yahoo", file, "stock_price", Timeframe::kDay, "AAPL");
    EXPECT_FALSE(data.ok()) << file << ' ' << ClassOf(data);
    ++count;
  }
  EXPECT_GE(count, 90u);
}

TEST_F(RecordedBodies, AlphaVantageBarsAreReadFromJsonAndCsv) {
  LOAD_OR_SKIP("alpha_vantage");
  BF_ASSERT_OK_AND_ASSIGN(const SourceData json,
                          Ask("alpha_vantage", "recorded/TIME_SERIES_DAILY_IBM_compact_20231110.json", "stock_price",
                              Timeframe::kDay, "IBM"));
  EXPECT_EQ(json.series.size(), 100u);
  EXPECT_EQ(Time(json, 99), "2023-11-10T21:00:00Z");
  EXPECT_EQ(Value(json, "close", 99), 149.02);
  EXPECT_EQ(json.series.basis, quant::PriceBasis::kRaw);
  BF_ASSERT_OK_AND_ASSIGN(
      const SourceData adjusted,
      Ask("alpha_vantage", "examples/TIME_SERIES_DAILY_ADJUSTED_572d0539.csv", "stock_price", Timeframe::kDay, "IBM"));
  EXPECT_EQ(adjusted.series.size(), 100u);
  EXPECT_EQ(Value(adjusted, "adj_close", 99), 219.3);
  BF_ASSERT_OK_AND_ASSIGN(const SourceData minutes, Ask("alpha_vantage", "client_mocks/mock_time_series.json",
                                                        "stock_price", Timeframe::kMin1, "MSFT"));
  EXPECT_EQ(minutes.series.size(), 100u);
  EXPECT_EQ(Time(minutes, 99), "2017-12-18T19:57:00Z");  // began at 14:56 New York
  BF_ASSERT_OK_AND_ASSIGN(const SourceData late, Ask("alpha_vantage", "examples/TIME_SERIES_INTRADAY_3dbdcdc7.csv",
                                                     "stock_price", Timeframe::kMin5, "IBM"));
  EXPECT_EQ(Time(late, late.series.size() - 1), "2026-05-15T20:00:00Z");
  EXPECT_THAT(late.notes, ::testing::ElementsAre(::testing::HasSubstr("outside the sessions")));
  EXPECT_EQ(ClassOf(Ask("alpha_vantage", "recorded/TIME_SERIES_DAILY_IBM_compact_20231110.json", "stock_price",
                        Timeframe::kDay, "IBM", {{"output", std::string("compact")}})),
            "INCOMPLETE_BODY");
}

TEST_F(RecordedBodies, AlphaVantageCompanyDataAreRead) {
  LOAD_OR_SKIP("alpha_vantage");
  const auto ask = [&](const std::string& file, const std::string& resource, const std::string& symbol = "IBM") {
    return Ask("alpha_vantage", "examples/" + file, resource, Timeframe::kTick, symbol);
  };
  BF_ASSERT_OK_AND_ASSIGN(const SourceData earnings, ask("EARNINGS_d56c999e.json", "earnings"));
  EXPECT_EQ(earnings.series.size(), 121u);
  EXPECT_EQ(Time(earnings, 120), "2026-04-23T00:00:00Z");  // after the close of 22 April
  EXPECT_EQ(Time(earnings, 0), "1996-04-17T13:30:00Z");    // before the open
  EXPECT_EQ(Value(earnings, "eps_reported", 120), 1.91);
  BF_ASSERT_OK_AND_ASSIGN(const SourceData revenue, ask("INCOME_STATEMENT_947bd231.json", "revenue"));
  EXPECT_GE(revenue.series.size(), 90u);
  BF_ASSERT_OK_AND_ASSIGN(const SourceData dividends, ask("DIVIDENDS_5b9f5d9f.csv", "dividend"));
  const size_t last = dividends.series.size() - 1;
  EXPECT_EQ(Word(dividends, "ex_date", last), "2026-05-08");
  EXPECT_EQ(Time(dividends, last), "2026-04-23T04:00:00Z");  // declared on 22 April
  EXPECT_EQ(Word(dividends, "declaration_date", 0), "");
  EXPECT_EQ(ClassOf(ask("SPLITS_358e2618.csv", "split")), "OK 2");
  BF_ASSERT_OK_AND_ASSIGN(const SourceData news, ask("NEWS_SENTIMENT_37784e1e.json", "news_sentiment", "AAPL"));
  EXPECT_EQ(news.series.size(), 50u);
  EXPECT_TRUE(ClassOf(ask("BALANCE_SHEET_54fef0fd.json", "balance_sheet")).starts_with("OK "));
  EXPECT_TRUE(ClassOf(ask("CASH_FLOW_d685b915.json", "cash_flow")).starts_with("OK "));
  EXPECT_TRUE(ClassOf(ask("SHARES_OUTSTANDING_696752e2.csv", "shares_outstanding", "MSFT")).starts_with("OK "));
  EXPECT_EQ(ClassOf(ask("OVERVIEW_b1e86153.json", "shares_outstanding")), "OK 1");
  BF_ASSERT_OK_AND_ASSIGN(const SourceData chain, ask("HISTORICAL_OPTIONS_6c0b1a36.csv", "option_chain"));
  EXPECT_EQ(chain.series.times.front(), chain.series.times.back());
  EXPECT_TRUE(chain.series.repeats);
  EXPECT_EQ(Value(chain, "last", 1), -1);  // never traded
  EXPECT_EQ(Value(chain, "implied_volatility", 0), 6.33667);
  EXPECT_FALSE(ask("REALTIME_OPTIONS_e1db0de5.json", "option_chain").ok());
}

TEST_F(RecordedBodies, AlphaVantageErrorsAndOtherAnswersGiveNoBars) {
  LOAD_OR_SKIP("alpha_vantage");
  for (const auto& [file, recorded] : bodies_) {
    if (file.find("TIME_SERIES") != std::string::npos || file.find("mock_time_series") != std::string::npos) continue;
    const auto data = Ask("alpha_vantage", file, "stock_price", Timeframe::kDay, "IBM");
    EXPECT_FALSE(data.ok()) << file << ' ' << ClassOf(data);
    if (file.find("note_") != std::string::npos || file.find("information_") != std::string::npos) {
      EXPECT_EQ(ClassOf(data), "RATE_LIMITED") << file;
    }
  }
}

TEST_F(RecordedBodies, PolygonAnswersAreRead) {
  LOAD_OR_SKIP("polygon");
  const component::RawParams split = {{"basis", std::string("split")}};
  BF_ASSERT_OK_AND_ASSIGN(const SourceData up, Ask("polygon", "recorded/aggs_AAPL_1day_asc_2023-01.json", "stock_price",
                                                   Timeframe::kDay, "AAPL", split));
  BF_ASSERT_OK_AND_ASSIGN(const SourceData down, Ask("polygon", "recorded/aggs_AAPL_1day_desc_2023-01.json",
                                                     "stock_price", Timeframe::kDay, "AAPL", split));
  EXPECT_EQ(up.series, down.series);
  EXPECT_EQ(Time(up, 0), "2023-01-03T21:00:00Z");
  EXPECT_EQ(Value(up, "volume", 0), 112117471);
  BF_ASSERT_OK_AND_ASSIGN(const SourceData bitcoin,
                          Ask("polygon", "recorded/aggs_X-BTCUSD_1day_asc_2023-01.json", "stock_price", Timeframe::kDay,
                              "BTCUSD", {{"basis", std::string("split")}, {"market", std::string("crypto")}}));
  EXPECT_EQ(Time(bitcoin, 0), "2023-01-02T00:00:00Z");
  EXPECT_EQ(ClassOf(Ask("polygon", "recorded/aggs_AAPL_1day_asc_2023-01.json", "stock_price", Timeframe::kDay, "AAPL")),
            "UNEXPECTED_BODY");

  const auto ask = [&](const std::string& file, const std::string& resource, const std::string& symbol) {
    return Ask("polygon", "client_mocks/" + file, resource, Timeframe::kTick, symbol);
  };
  BF_ASSERT_OK_AND_ASSIGN(const SourceData trades, ask("v3_trades_AAPL_limit_2.json", "trade", "AAPL"));
  EXPECT_THAT(trades.series.times, ::testing::ElementsAre(1651181822461979400, 1651181822461979400));
  EXPECT_EQ(Word(trades, "conditions", 0), "12,37");
  EXPECT_EQ(ClassOf(ask("v3_quotes_AAPL.json", "quote", "AAPL")), "OK 10");
  EXPECT_TRUE(ClassOf(ask("v3_reference_dividends.json", "dividend", "CSSEN")).starts_with("OK "));
  // Announced in 2020 for five years.
  const auto polygon = MakeProvider("polygon");
  BF_ASSERT_OK_AND_ASSIGN(
      const SourceData later,
      Parse(*polygon, {"dividend", "CSSEN", Timeframe::kTick, testing::Between("2024-01-01", "2025-01-01")},
            {.bytes = bodies_.at("client_mocks/v3_reference_dividends.json").body,
             .received = At("2026-05-18T12:00:00Z")}));
  EXPECT_EQ(Time(later, 0), "2020-09-10T04:00:00Z");
  EXPECT_EQ(later.series.size(), 8u) << "four of 2024, and those that were announced with them";
  BF_ASSERT_OK_AND_ASSIGN(
      const SourceData shares,
      Parse(*polygon, {"shares_outstanding", "AAPL", Timeframe::kTick, testing::Between("2020-09-30", "2020-10-02")},
            {.bytes = bodies_.at("client_mocks/v3_reference_tickers_AAPL_date_2020-10-01.json").body,
             .received = At("2026-05-18T12:00:00Z")}));
  EXPECT_EQ(Value(shares, "shares", 0), 16319440000);
  EXPECT_EQ(Time(shares, 0), "2020-10-01T04:00:00Z") << "when the month was over";
  BF_ASSERT_OK_AND_ASSIGN(const SourceData google, ask("v3_reference_splits.json", "split", "GOOGL"));
  EXPECT_EQ(Value(google, "ratio", 0), 20);
  EXPECT_EQ(ClassOf(ask("v2_reference_news_ticker_NFLX.json", "news_sentiment", "NFLX")), "OK 1");
  BF_ASSERT_OK_AND_ASSIGN(const SourceData revenue, ask("vX_reference_financials.json", "revenue", "NXPI"));
  EXPECT_EQ(Time(revenue, 0), "2022-05-04T02:00:00Z");  // filed on 3 May
  EXPECT_EQ(Value(revenue, "revenue", 0), 3136000000);
  const std::map<std::string, std::string> errors = {{"401_unknown_api_key", "UNAUTHENTICATED"},
                                                     {"401_api_key_not_provided", "UNAUTHENTICATED"},
                                                     {"403_not_authorized_timeframe", "NOT_ENTITLED"},
                                                     {"403_not_authorized_entitlement", "NOT_ENTITLED"},
                                                     {"403_not_authorized_before_end_of_day", "NOT_ENTITLED"},
                                                     {"429_rate_limited", "RATE_LIMITED"},
                                                     {"400_limit_too_large", "REJECTED"}};
  for (const auto& [file, expected] : errors) {
    EXPECT_EQ(ClassOf(Ask("polygon", "errors/" + file + ".json", "stock_price", Timeframe::kDay, "AAPL")), expected)
        << file;
  }
}

TEST_F(RecordedBodies, CompanyFactsOfAForeignFilerAreReadAsFiled) {
  const std::filesystem::path path = SharedFile("data/fundamentals/LPA_sec_companyfacts.json");
  if (path.empty()) GTEST_SKIP() << "no recorded company facts beside the repository";
  bodies_["LPA"] = {ReadFile(path), 200, ""};
  for (const char* resource : {"revenue", "earnings", "balance_sheet", "cash_flow", "shares_outstanding"}) {
    const auto data = Ask("sec_edgar", "LPA", resource, Timeframe::kTick, "LPA");
    EXPECT_TRUE(ClassOf(data).starts_with("OK ")) << resource << ' ' << ClassOf(data) << ' ' << data.status();
  }
  BF_ASSERT_OK_AND_ASSIGN(const SourceData shares,
                          Ask("sec_edgar", "LPA", "shares_outstanding", Timeframe::kTick, "LPA"));
  EXPECT_EQ(Time(shares, 0), "2024-04-27T02:00:00Z");  // 22:00 New York of the day it was filed
  EXPECT_EQ(Value(shares, "shares", 0), 31709747);
  // The years 2021 to 2023 of the first filing: it has the cash from operations alone, and the equity at the beginning
  // only with minorities.
  BF_ASSERT_OK_AND_ASSIGN(const SourceData cash, Ask("sec_edgar", "LPA", "cash_flow", Timeframe::kTick, "LPA"));
  EXPECT_EQ(Value(cash, "operating_cash_flow", 0), 9852251);
  EXPECT_EQ(Value(cash, "operating_cash_flow", 2), 17199470);
  BF_ASSERT_OK_AND_ASSIGN(const SourceData balance, Ask("sec_edgar", "LPA", "balance_sheet", Timeframe::kTick, "LPA"));
  const quant::Column* equity = balance.series.Find("shareholder_equity");
  ASSERT_NE(equity, nullptr);
  EXPECT_EQ(std::count(equity->valid.begin(), equity->valid.end(), true), 3) << "2022, 2023, 2024";
}

}  // namespace
}  // namespace breadthflow::data
