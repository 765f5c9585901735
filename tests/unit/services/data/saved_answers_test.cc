// Saved answers of providers, read without asking anybody.
#include "services/data/sources/saved_answers.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "tests/support/matchers.h"
#include "tests/unit/services/data/provider_cases.h"

namespace breadthflow::data {
namespace {

using breadthflow::testing::IsOk;
using breadthflow::testing::StatusIs;
using quant::Timeframe;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Three sessions from Thursday 2020-01-02 with a dividend on the second; the last is complete by the last trade.
const char kChart[] =
    R"({"chart":{"result":[{"meta":{"currency":"USD","symbol":"ACME","exchangeName":"NYQ","gmtoffset":-18000,)"
    R"("regularMarketTime":1578344400,"dataGranularity":"1d"},"timestamp":[1577975400,1578061800,1578321000],)"
    R"("events":{"dividends":{"1578061800":{"amount":0.25,"date":1578061800}}},)"
    R"("indicators":{"quote":[{"open":[10,10.5,11],"high":[11,11.5,12],"low":[9,9.5,10],"close":[10.5,11,11.5],)"
    R"("volume":[1000,2000,3000]}],"adjclose":[{"adjclose":[10.25,11,11.5]}]}}],"error":null}})";

const char kFacts[] =
    R"({"cik":1,"facts":{"us-gaap":{"Revenues":{"units":{"USD":[{"start":"2019-01-01","end":"2019-03-31","val":100,)"
    R"("accn":"0001-19-01","fy":2019,"fp":"Q1","form":"10-Q","filed":"2019-05-01"}]}},)"
    R"("Assets":{"units":{"USD":[{"end":"2019-03-31","val":1000,)"
    R"("accn":"0001-19-01","fy":2019,"fp":"Q1","form":"10-Q","filed":"2019-05-01"}]}}}}})";

const char kCoins[] =
    R"({"ticker":"X:BTCUSD","queryCount":1,"resultsCount":1,"adjusted":true,"results":[)"
    R"({"v":1.5,"vw":10.2,"o":10,"c":10.5,"h":11,"l":9,"t":1577923200000,"n":10}],"status":"OK","count":1})";

const char kMinutes[] =
    R"j({"Meta Data":{"2. Symbol":"ACME","4. Interval":"5min","6. Time Zone":"US/Eastern"},"Time Series (5min)":{)j"
    R"j("2020-01-02 09:30:00":{"1. open":"10.0","2. high":"11.0","3. low":"9.0","4. close":"10.5","5. volume":"10"}}})j";

const char kWeeks[] =
    "timestamp,open,high,low,close,volume\n2020-01-24,10.5,11.5,9.5,11.0,2000\n2020-01-17,10.0,11.0,9.0,10.5,1000\n"
    "2020-01-10,10.0,11.0,9.0,10.5,1000\n2020-01-03,10.0,11.0,9.0,10.5,1000\n";

const char kDividends[] =
    R"({"results":[{"cash_amount":0.5,"declaration_date":"2020-01-02","ex_dividend_date":"2020-01-10","ticker":"ACME"}],)"
    R"("status":"OK"})";

SourceQuery Kind(const std::string& resource, Timeframe timeframe = Timeframe::kTick) {
  return {.resource = resource,
          .symbol = {},
          .timeframe = timeframe,
          .definition = FindResource(resource.empty() ? "stock_price" : resource).value()};
}

SourceQuery Days() { return Kind("stock_price", Timeframe::kDay); }

absl::StatusOr<SourceData> Read(const component::ComponentRef& source, const SourceQuery& kind, const std::string& file,
                                const std::string& bytes, const std::string& symbol = "") {
  auto reader = MakeSavedAnswerReader(source, kind);
  if (!reader.ok()) return reader.status();
  auto all = (*reader)->Read(file, bytes, symbol);
  if (!all.ok()) return all.status();
  EXPECT_EQ(all->size(), 1u);
  return std::move(all->front());
}

// What is wrong, as "field: description".
std::vector<std::string> Said(const absl::Status& status) {
  std::vector<std::string> said;
  for (const base::FieldViolation& one : base::DetailsOf(status).violations) {
    said.push_back(one.field + ": " + one.description);
  }
  return said;
}

TEST(SavedAnswers, HaveTheRowsThatTheProvidersParserGives) {
  BF_ASSERT_OK_AND_ASSIGN(const SourceData read, Read({"yahoo", {}}, Days(), "some.json", kChart));
  BF_ASSERT_OK_AND_ASSIGN(const SourceData parsed, testing::Parse(*testing::MakeProvider("yahoo"),
                                                                  {"stock_price", "ACME", Timeframe::kDay,
                                                                   testing::Between("2015-01-01", "2030-01-01")},
                                                                  {.bytes = kChart}));
  EXPECT_EQ(read.series, parsed.series) << "of whatever time";
  EXPECT_EQ(read.series.size(), 3u);
  EXPECT_EQ(read.series.basis, quant::PriceBasis::kSplitAdjusted);
  EXPECT_THAT(read.labels, ElementsAre("some.json:2020-01-02", "some.json:2020-01-03", "some.json:2020-01-06"));
}

TEST(SavedAnswers, OfWhichTheRangeIsEverythingAreReadByEveryProvider) {
  EXPECT_EQ(Read({"sec_edgar", {}}, Kind("revenue"), "ACME.json", kFacts)->series.size(), 1u) << "without a contact";
  EXPECT_EQ(Read({"polygon", {}}, Kind("dividend"), "x.json", kDividends)->series.size(), 1u) << "without a key";
  SourceQuery minutes = Kind("stock_price", Timeframe::kMin5);
  EXPECT_EQ(Read({"alpha_vantage", {}}, minutes, "x.json", kMinutes)->series.size(), 1u);
}

TEST(SavedAnswers, TheSymbolIsSaidOrInTheAnswerOrTheNameOfTheFile) {
  EXPECT_EQ(Read({"yahoo", {}}, Days(), "OTHER.json", kChart)->series.key.symbol, "ACME");
  EXPECT_EQ(Read({"polygon", {}}, Kind("dividend"), "OTHER.json", kDividends)->series.key.symbol, "ACME");
  SourceQuery minutes = Kind("stock_price", Timeframe::kMin5);
  EXPECT_EQ(Read({"alpha_vantage", {}}, minutes, "OTHER.json", kMinutes)->series.key.symbol, "ACME");
  EXPECT_EQ(Read({"sec_edgar", {}}, Kind("revenue"), "facts/lpa.json.gz", kFacts)->series.key.symbol, "LPA");
  EXPECT_EQ(Read({"sec_edgar", {}}, Kind("revenue"), "LPA.json", kFacts, "LPAX")->series.key.symbol, "LPAX");
  EXPECT_THAT(Said(Read({"yahoo", {}}, Days(), "a.json", kChart, "OTHER").status()),
              ElementsAre(AllOf(HasSubstr("a.json: "), HasSubstr("of another symbol than OTHER (UNEXPECTED_BODY)"))));
  EXPECT_THAT(Said(Read({"sec_edgar", {}}, Kind("revenue"), "lpa_facts.json", kFacts).status()),
              ElementsAre(AllOf(HasSubstr("lpa_facts.json: neither the answer nor the name"), HasSubstr("--symbol"))));
}

TEST(SavedAnswers, WhatTheAnswerSaysOfItselfNeedNotBeSaid) {
  BF_ASSERT_OK_AND_ASSIGN(const SourceData coins, Read({"polygon", {}}, Days(), "x.json", kCoins));
  EXPECT_EQ(coins.series.key.symbol, "BTCUSD");
  EXPECT_EQ(coins.series.basis, quant::PriceBasis::kSplitAdjusted);
  EXPECT_EQ(absl::FormatTime(absl::RFC3339_sec, quant::FromNanos(coins.series.times[0]), absl::UTCTimeZone()),
            "2020-01-03T00:00:00+00:00")
      << "the end of a day of 24 hours";
  const component::ComponentRef raw{"polygon", {{"basis", std::string("raw")}}};
  EXPECT_THAT(Said(Read(raw, Days(), "x.json", kCoins, "BTCUSD").status()), ElementsAre(HasSubstr("(UNEXPECTED_BODY)")))
      << "what is said must be so";
}

TEST(SavedAnswers, AnAnswerOfSomethingElseIsRefusedWithWhatItHasRowsOf) {
  EXPECT_THAT(Said(Read({"yahoo", {}}, Kind("revenue"), "a.json", kChart).status()),
              ElementsAre(AllOf(HasSubstr("no time series (UNEXPECTED_BODY)"),
                                HasSubstr("it has rows of dividend, stock_price (--resource)"))));
  EXPECT_THAT(Said(Read({"polygon", {}}, Days(), "a.json", kDividends).status()),
              ElementsAre(HasSubstr("it has rows of dividend (--resource)")));
  const std::string of_several =
      R"({"results":[{"cash_amount":0.5,"declaration_date":"2020-01-02","ex_dividend_date":"2020-01-10",)"
      R"("ticker":"ACME"},{"cash_amount":0.2,"declaration_date":"2020-01-03","ex_dividend_date":"2020-01-13",)"
      R"("ticker":"LPA"}],"status":"OK"})";
  EXPECT_THAT(Said(Read({"polygon", {}}, Days(), "v3_dividends.json", of_several).status()),
              ElementsAre(HasSubstr("it has rows of dividend (--resource)")))
      << "whatever the file is called";
  // Nobody named a resource, and the provider has no prices.
  SourceQuery unsaid = Kind("", Timeframe::kDay);
  EXPECT_THAT(Said(Read({"sec_edgar", {}}, unsaid, "LPA.json", kFacts).status()),
              ElementsAre("LPA.json: has rows of balance_sheet, revenue: say which to take (--resource)"));
  EXPECT_EQ(Read({"yahoo", {}}, unsaid, "a.json", kChart)->series.key.resource, "stock_price");
  EXPECT_THAT(Said(Read({"sec_edgar", {}}, unsaid, "LPA.json", R"({"facts":{}})").status()),
              ElementsAre(HasSubstr("has no rows; say what they are to be of (--resource), sec_edgar has balance_sh")));
}

TEST(SavedAnswers, AReportOrTickOfAnotherKindIsRefusedWithItsOwn) {
  const auto reports = [](const std::string& items) {
    return R"({"symbol":"ACME","annualReports":[],"quarterlyReports":[{"fiscalDateEnding":"2019-06-30",)"
           R"("reportedCurrency":"USD",)" +
           items + "}]}";
  };
  const std::vector<std::pair<std::string, std::string>> kinds = {
      {"balance_sheet", reports(R"("totalAssets":"10","inventory":"None")")},
      {"revenue", reports(R"("totalRevenue":"10","netIncome":"3","ebitda":"None")")},
      {"cash_flow", reports(R"("operatingCashflow":"10","netIncome":"3")")}};
  for (const auto& [kind, body] : kinds) {
    EXPECT_EQ(Read({"alpha_vantage", {}}, Kind(kind), "a.json", body)->series.size(), 1u) << kind;
    for (const char* other : {"revenue", "earnings", "balance_sheet", "cash_flow"}) {
      if (other == kind || (kind == "revenue" && std::string(other) == "earnings")) continue;  // of one statement
      EXPECT_THAT(Said(Read({"alpha_vantage", {}}, Kind(other), "a.json", body).status()),
                  ElementsAre(AllOf(HasSubstr(std::string("reports of another kind than ") + other),
                                    HasSubstr("it has rows of "), HasSubstr(kind))))
          << kind << " as " << other;
    }
  }
  const std::string trades =
      R"({"results":[{"price":10.5,"size":5,"sip_timestamp":1577975400000000001,"exchange":4}],"status":"OK"})";
  EXPECT_THAT(Said(Read({"polygon", {}}, Kind("quote"), "ACME.json", trades).status()),
              ElementsAre(AllOf(HasSubstr("ticks of another kind than quote"), HasSubstr("it has rows of trade"))));
}

TEST(SavedAnswers, RowsThatSayNothingOfTheResourceAreLeftOut) {
  const std::string reports = R"({"symbol":"ACME","annualReports":[],"quarterlyReports":[)"
                              R"({"fiscalDateEnding":"2019-06-30","reportedCurrency":"USD","totalRevenue":"10"},)"
                              R"({"fiscalDateEnding":"2019-03-31","reportedCurrency":"USD","totalRevenue":"None"}]})";
  BF_ASSERT_OK_AND_ASSIGN(const SourceData revenue, Read({"alpha_vantage", {}}, Kind("revenue"), "a.json", reports));
  EXPECT_EQ(revenue.series.size(), 1u);
  EXPECT_THAT(revenue.notes, ElementsAre("1 left out, report without revenue: quarterly 2019-03-31"));
  const std::string quotes =
      R"({"results":[{"bid_price":10.5,"bid_size":5,"ask_price":0,"sip_timestamp":1577975400000000001},)"
      R"({"bid_price":0,"ask_price":0,"sip_timestamp":1577975400000000002}],"status":"OK"})";
  BF_ASSERT_OK_AND_ASSIGN(const SourceData sides, Read({"polygon", {}}, Kind("quote"), "ACME.json", quotes));
  EXPECT_THAT(sides.series.times, ElementsAre(1577975400000000001));
}

// kChart with other events, or with none.
std::string ChartWith(const std::string& events) {
  std::string chart = kChart;
  const size_t begin = chart.find(R"("events":)");
  const size_t end = chart.find(R"("indicators":)");
  return chart.replace(begin, end - begin, events);
}

const char kPaid[] = R"("dividends":{"1578061800":{"amount":0.25,"date":1578061800}})";
const char kSplit[] = R"("splits":{"1578061800":{"date":1578061800,"numerator":2,"denominator":1}})";

TEST(SavedAnswers, OfYahooKnowNoEventsThatTheyDoNotList) {
  const auto columns = [](const absl::StatusOr<SourceData>& data) {
    std::string has;
    for (const char* name : {"dividend", "split_ratio"}) {
      if (data.ok() && data->series.Find(name) != nullptr) has += std::string(name) + " ";
    }
    return data.ok() ? has : data.status().ToString();
  };
  const std::string none = ChartWith("");
  const std::string paid = ChartWith(std::string(R"("events":{)") + kPaid + "},");
  const std::string split = ChartWith(std::string(R"("events":{)") + kSplit + "},");
  const std::string both = ChartWith(std::string(R"("events":{)") + kPaid + "," + kSplit + "},");
  const auto saved = [](const std::string& body) { return Read({"yahoo", {}}, Days(), "a.json", body); };
  EXPECT_EQ(columns(saved(none)), "") << "nobody knows what was asked";
  EXPECT_EQ(columns(saved(paid)), "dividend ");
  EXPECT_EQ(columns(saved(split)), "split_ratio ") << "events=split asks for no dividends";
  EXPECT_EQ(columns(saved(both)), "dividend split_ratio ");
  EXPECT_THAT(saved(both)->series.Doubles("dividend"), ElementsAre(0, 0.25, 0));
  EXPECT_THAT(saved(split)->series.Doubles("split_ratio"), ElementsAre(1, 2, 1));
  // A fetch asks for all of them: what is not listed was not there.
  const auto source = testing::MakeProvider("yahoo");
  const SourceQuery query{"stock_price", "ACME", Timeframe::kDay, testing::Between("2019-12-01", "2020-02-01")};
  BF_ASSERT_OK_AND_ASSIGN(const SourceRequest request, source->TransformQuery(query));
  EXPECT_EQ(columns(source->TransformData(request, {.bytes = none})), "dividend split_ratio ");
  EXPECT_THAT(source->TransformData(request, {.bytes = split})->series.Doubles("dividend"), ElementsAre(0, 0, 0));
}

TEST(SavedAnswers, OfYahooThatListNoEventsAreNotCertainThatThereAreNone) {
  const std::string split = ChartWith(std::string(R"("events":{)") + kSplit + "},");
  BF_ASSERT_OK_AND_ASSIGN(const SourceData dividends, Read({"yahoo", {}}, Kind("dividend"), "a.json", split));
  EXPECT_TRUE(dividends.series.empty());
  EXPECT_FALSE(dividends.certain);
  BF_ASSERT_OK_AND_ASSIGN(const SourceData splits, Read({"yahoo", {}}, Kind("split"), "a.json", split));
  EXPECT_EQ(splits.series.size(), 1u);
  EXPECT_TRUE(splits.certain);
  BF_ASSERT_OK_AND_ASSIGN(const SourceData paid, Read({"yahoo", {}}, Kind("dividend"), "a.json", kChart));
  EXPECT_TRUE(paid.certain);
  EXPECT_THAT(paid.notes, ElementsAre(HasSubstr("lists no splits, and may not have been asked for them")));
  EXPECT_FALSE(Read({"yahoo", {}}, Kind("split"), "a.json", kChart)->certain);
  const auto source = testing::MakeProvider("yahoo");
  const SourceQuery query{"dividend", "ACME", Timeframe::kTick, testing::Between("2019-12-01", "2020-02-01")};
  BF_ASSERT_OK_AND_ASSIGN(const SourceRequest request, source->TransformQuery(query));
  BF_ASSERT_OK_AND_ASSIGN(const SourceData fetched, source->TransformData(request, {.bytes = split}));
  EXPECT_TRUE(fetched.series.empty());
  EXPECT_TRUE(fetched.certain);
}

TEST(SavedAnswers, AnAnswerWithoutRowsOfTheResourceHasNone) {
  BF_ASSERT_OK_AND_ASSIGN(const SourceData none, Read({"sec_edgar", {}}, Kind("cash_flow"), "LPA.json", kFacts));
  EXPECT_TRUE(none.series.empty());
  EXPECT_THAT(none.notes, ElementsAre("LPA.json: no rows of cash_flow; it has rows of balance_sheet, revenue"));
}

TEST(SavedAnswers, NoAnswerIsRefusedAsAFetchWouldHaveClassifiedIt) {
  const std::vector<std::pair<std::string, std::pair<std::string, std::string>>> cases = {
      {"yahoo", {"Too Many Requests\r\n", "RATE_LIMITED"}},  // its HTTP status is not in the file
      {"yahoo", {"Edge: Too Many Requests", "RATE_LIMITED"}},
      {"yahoo", {"<!DOCTYPE html><html></html>", "MALFORMED_BODY"}},
      {"yahoo", {"", "MALFORMED_BODY"}},
      {"yahoo", {R"({"chart":{"result":null,"error":{"code":"Not Found","description":"x"}}})", "UNKNOWN_SYMBOL"}},
      {"yahoo",
       {R"({"finance":{"result":null,"error":{"code":"Unauthorized","description":"x"}}})", "UNAUTHENTICATED"}},
      {"alpha_vantage", {R"({"Note":"any words"})", "RATE_LIMITED"}},
      {"alpha_vantage", {R"({"Error Message":"any words"})", "UNKNOWN_SYMBOL"}},
      {"polygon", {R"({"status":"ERROR","error":"any words"})", "REJECTED"}},
      {"polygon", {R"({"status":"ERROR","error":"Unknown API Key"})", "UNAUTHENTICATED"}},
      {"polygon", {R"({"status":"ERROR","error":"API Key was not provided"})", "UNAUTHENTICATED"}},
      {"polygon",
       {R"({"status":"ERROR","error":"You've exceeded the maximum requests per minute, please wait"})",
        "RATE_LIMITED"}},
      {"polygon", {R"({"status":"NOT_AUTHORIZED","message":"any words"})", "NOT_ENTITLED"}},
  };
  for (const auto& [provider, one] : cases) {
    const absl::Status refused = Read({provider, {}}, Days(), "answers/ACME.json", one.first).status();
    EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_ANSWER")) << one.first;
    EXPECT_THAT(Said(refused), ElementsAre(AllOf(HasSubstr("answers/ACME.json: "), HasSubstr("(" + one.second + ")"))))
        << one.first;
  }
}

TEST(SavedAnswers, RowsThatCanNotBeTrueAreNamedWithTheirFile) {
  std::string wrong = kChart;
  wrong.replace(wrong.find("\"low\":[9,9.5"), 12, "\"low\":[-9,-1");
  const std::vector<std::string> said = Said(Read({"yahoo", {}}, Days(), "a.json", wrong).status());
  EXPECT_THAT(said, AllOf(Not(IsEmpty()), ::testing::Each(HasSubstr("a.json:2020-01-0"))));
}

TEST(SavedAnswers, BarsOfAnotherSizeAreNotTaken) {
  EXPECT_THAT(Said(Read({"yahoo", {}}, Kind("stock_price", Timeframe::kHour1), "a.json", kChart).status()),
              ElementsAre(HasSubstr("bars of '1d' and not of 60m (UNEXPECTED_BODY)")));
  EXPECT_THAT(Said(Read({"alpha_vantage", {}}, Days(), "a.json", kMinutes).status()),
              ElementsAre(HasSubstr("bars of 5min and not of 1day (UNEXPECTED_BODY)")));
  EXPECT_THAT(Said(Read({"alpha_vantage", {}}, Days(), "ACME.csv", kWeeks).status()),
              ElementsAre(AllOf(HasSubstr("ACME.csv:2020-01-"), HasSubstr("week"))));
}

const char kTimes[] =
    "timestamp,open,high,low,close,volume\n2020-01-03 10:00:00,10,11,9,10.5,100\n2020-01-03 09:50:00,10,11,9,10.5,100\n"
    "2020-01-03 09:45:00,10,11,9,10.5,100\n";

TEST(SavedAnswers, ATableOfOtherBarsSaysWhichToName) {
  EXPECT_THAT(Said(Read({"alpha_vantage", {}}, Days(), "ACME.csv", kTimes).status()),
              ElementsAre(HasSubstr("bars of 5min and not of 1day: say which they are (--timeframe 5min)")));
  EXPECT_EQ(Read({"alpha_vantage", {}}, Kind("stock_price", Timeframe::kMin5), "ACME.csv", kTimes)->series.size(), 3u);
  EXPECT_THAT(Said(Read({"alpha_vantage", {}}, Kind("stock_price", Timeframe::kMin5), "ACME.csv", kWeeks).status()),
              ElementsAre(HasSubstr("bars of 1day and not of 5min")));
  EXPECT_THAT(Said(Read({"alpha_vantage", {}}, Days(), "ACME.csv", kWeeks).status()),
              ElementsAre(AllOf(HasSubstr("without --answers-of"), HasSubstr("--set order=any"))));
  const std::string weekly =
      R"({"Meta Data":{"2. Symbol":"ACME"},"Weekly Time Series":{"2020-01-03":{"1. open":"1","2. high":"1","3. low":"1",)"
      R"("4. close":"1","5. volume":"1"}}})";
  EXPECT_THAT(Said(Read({"alpha_vantage", {}}, Days(), "a.json", weekly).status()),
              ElementsAre(HasSubstr("bars of 1week and not of 1day")));
}

// Sixty bars of one session, each five minutes after the one before.
TEST(SavedAnswers, BarsThatAreFarApartAreTakenWhereTheAnswerSaysTheirSize) {
  std::vector<std::string> stamps, ones, table, members;
  for (int i = 59; i >= 0; --i) {
    const std::string time = fmt::format("2020-01-03 {:02d}:{:02d}:00", 10 + i * 5 / 60, i * 5 % 60);
    table.push_back(time + ",10,11,9,10.5,100\n");
    members.push_back(fmt::format(
        R"j("{}":{{"1. open":"10","2. high":"11","3. low":"9","4. close":"10.5","5. volume":"100"}})j", time));
    stamps.push_back(fmt::to_string(1'577'975'400 + (59 - i) * 300));
    ones.emplace_back("10");
  }
  const std::string chart = fmt::format(
      R"({{"chart":{{"result":[{{"meta":{{"currency":"USD","symbol":"ACME","exchangeName":"NYQ","gmtoffset":-18000,)"
      R"("regularMarketTime":1578344400,"dataGranularity":"1m"}},"timestamp":[{0}],"indicators":{{"quote":[{{)"
      R"("open":[{1}],"high":[{1}],"low":[{1}],"close":[{1}],"volume":[{1}]}}]}}}}],"error":null}}}})",
      fmt::join(stamps, ","), fmt::join(ones, ","));
  const std::string intervals =
      fmt::format(R"j({{"Meta Data":{{"2. Symbol":"ACME","4. Interval":"1min","6. Time Zone":"US/Eastern"}},)j"
                  R"j("Time Series (1min)":{{{}}}}})j",
                  fmt::join(members, ","));
  const SourceQuery minutes = Kind("stock_price", Timeframe::kMin1);
  for (const auto& [provider, body] : {std::pair("yahoo", chart), std::pair("alpha_vantage", intervals)}) {
    BF_ASSERT_OK_AND_ASSIGN(const SourceData data, Read({provider, {}}, minutes, "ACME.json", body));
    EXPECT_EQ(data.series.size(), 60u) << provider;
    EXPECT_THAT(data.notes, ::testing::Contains(HasSubstr("are taken for bars of 1min: if they are bars of 5min")))
        << provider;
  }
  const std::string text = fmt::format("timestamp,open,high,low,close,volume\n{}", fmt::join(table, ""));
  EXPECT_THAT(Said(Read({"alpha_vantage", {}}, minutes, "ACME.csv", text).status()),
              ElementsAre(AllOf(HasSubstr("bars of 5min and not of 1min (--timeframe 5min)"),
                                HasSubstr("without --answers-of, with --timeframe and --set spacing=any"))));
}

TEST(SavedAnswers, ATableAmongThemIsToldOf) {
  for (const char* provider : {"yahoo", "polygon", "alpha_vantage"}) {
    EXPECT_THAT(Said(Read({provider, {}}, Days(), "ACME.csv", "Date,Close\n2020-01-02,1\n").status()),
                ElementsAre(AllOf(HasSubstr("it looks like a table"), HasSubstr("without --answers-of"))))
        << provider;
  }
}

TEST(SavedAnswers, DaysOfACoinAreThoseOfEveryDay) {
  const std::string table =
      "timestamp,open,high,low,close,volume\n2020-01-05,10,11,9,10.5,1\n2020-01-04,10,11,9,10.5,1\n"
      "2020-01-03,10,11,9,10.5,1\n";
  BF_ASSERT_OK_AND_ASSIGN(const SourceData pair, Read({"alpha_vantage", {}}, Days(), "BTC-USD.csv", table));
  EXPECT_EQ(pair.series.times.back(), quant::AlwaysOpen().Find(absl::CivilDay(2020, 1, 5))->close_ns) << "a Sunday";
  EXPECT_THAT(Said(Read({"alpha_vantage", {}}, Days(), "ACME.csv", table).status()),
              ::testing::Contains(AllOf(HasSubstr("2020-01-05: is no session of XNYS"), HasSubstr("BTC-USD"))));
  const std::string document =
      R"j({"Meta Data":{"1. Information":"any words","2. Digital Currency Code":"BTC","4. Market Code":"EUR",)j"
      R"j("7. Time Zone":"UTC"},"Time Series (Digital Currency Daily)":{"2020-01-05":{"1. open":"10","2. high":"11",)j"
      R"j("3. low":"9","4. close":"10.5","5. volume":"1"}}})j";
  BF_ASSERT_OK_AND_ASSIGN(const SourceData said, Read({"alpha_vantage", {}}, Days(), "a.json", document));
  EXPECT_EQ(said.series.key.symbol, "BTC-EUR");
  ASSERT_EQ(said.series.size(), 1u);
  ASSERT_TRUE(said.market);
  EXPECT_EQ(said.market->calendar, "24/7");
}

TEST(SavedAnswers, BytesBeforeTheDocumentAndArchivesAreNoMatter) {
  EXPECT_THAT(Read({"yahoo", {}}, Days(), "a.json", "\xEF\xBB\xBF\r\n " + std::string(kChart)), IsOk());
  EXPECT_FALSE(Read({"yahoo", {}}, Days(), "a.json.gz", std::string("\x1f\x8b\x08\x00\x00\x00", 6)).ok());
}

TEST(SavedAnswers, OfNoProviderOrWithParametersOfAskingAreRefused) {
  for (const char* name : {"csv_file", "simulated", "nobody", ""}) {
    EXPECT_THAT(MakeSavedAnswerReader({name, {}}, Days()).status(),
                StatusIs(absl::StatusCode::kInvalidArgument, "NO_PROVIDER"))
        << name;
  }
  EXPECT_THAT(base::Message(MakeSavedAnswerReader({"csv_file", {}}, Days()).status()),
              HasSubstr("(alpha_vantage, polygon, sec_edgar, yahoo), was 'csv_file'"));
  EXPECT_THAT(Said(MakeSavedAnswerReader({"sec_edgar", {{"contact", std::string("a@b.c")}}}, Kind("revenue")).status()),
              ElementsAre("contact: is about asking sec_edgar, and nobody is asked"));
  EXPECT_THAT(Said(MakeSavedAnswerReader({"yahoo", {{"curency", std::string("EUR")}}}, Days()).status()),
              ElementsAre(HasSubstr("curency: ")));
  EXPECT_THAT(MakeSavedAnswerReader({"yahoo", {}}, Kind("trade")).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, "NOT_OFFERED"));
  EXPECT_THAT(MakeSavedAnswerReader({"yahoo", {}}, Kind("stock_price", Timeframe::kWeek)).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, "NOT_OFFERED"));
  const absl::Status undated = MakeSavedAnswerReader({"polygon", {}}, Kind("shares_outstanding")).status();
  EXPECT_THAT(undated, StatusIs(absl::StatusCode::kInvalidArgument, "NOT_OFFERED"));
  EXPECT_THAT(base::Message(undated), HasSubstr("does not say of which day"));
}

}  // namespace
}  // namespace breadthflow::data
