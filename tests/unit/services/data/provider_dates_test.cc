// When rows of providers were known, and in which range they count.
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/data/sources/polygon.h"
#include "tests/support/matchers.h"
#include "tests/unit/services/data/provider_cases.h"

namespace breadthflow::data {
namespace {

using quant::Timeframe;
using testing::At;
using testing::Between;
using testing::ClassOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::MakeProvider;
using testing::Parse;

absl::StatusOr<SourceData> Ask(const std::string& provider, const std::string& resource, quant::TimeRange range,
                               const std::string& body, const component::RawParams& params = {},
                               std::string_view received = "2026-05-18T12:00:00Z", const std::string& symbol = "ACME") {
  const auto source = MakeProvider(provider, params);
  return Parse(*source, {resource, symbol, Timeframe::kTick, range}, {.bytes = body, .received = At(received)});
}

std::vector<std::string> Times(const SourceData& data) {
  std::vector<std::string> times;
  for (const int64_t time : data.series.times) {
    times.push_back(absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", quant::FromNanos(time), absl::UTCTimeZone()));
  }
  return times;
}

std::vector<std::string> Texts(const SourceData& data, std::string_view column) {
  const quant::Column* found = data.series.Find(column);
  return found == nullptr ? std::vector<std::string>() : std::get<std::vector<std::string>>(found->values);
}

std::vector<int64_t> Estimated(const SourceData& data) {
  const auto marks = data.series.Ints("publication_estimated");
  return {marks.begin(), marks.end()};
}

constexpr char kPolygonDividends[] = R"({"status":"OK","results":[
  {"ticker":"ACME","cash_amount":0.24,"declaration_date":"2023-11-02","ex_dividend_date":"2024-02-09"},
  {"ticker":"ACME","cash_amount":0.25,"declaration_date":"2024-05-02","ex_dividend_date":"2024-05-10"},
  {"ticker":"ACME","cash_amount":0.26,"declaration_date":"2024-10-31","ex_dividend_date":"2025-02-08"},
  {"ticker":"ACME","cash_amount":0.23,"declaration_date":"2022-11-02","ex_dividend_date":"2023-02-09"}]})";
constexpr char kVantageDividends[] =
    "ex_dividend_date,declaration_date,record_date,payment_date,amount\n"
    "2025-02-08,2024-10-31,None,None,0.26\n2024-05-10,2024-05-02,None,None,0.25\n"
    "2024-02-09,2023-11-02,None,None,0.24\n2023-02-09,2022-11-02,None,None,0.23\n";

TEST(ProviderDates, DividendsAnnouncedBeforeTheRangeAreThereWhenTheyTakeEffectInIt) {
  for (const auto& [provider, body] :
       {std::pair("polygon", kPolygonDividends), std::pair("alpha_vantage", kVantageDividends)}) {
    BF_ASSERT_OK_AND_ASSIGN(const SourceData year,
                            Ask(provider, "dividend", Between("2024-01-01", "2025-01-01"), body));
    EXPECT_THAT(Texts(year, "ex_date"), ElementsAre("2024-02-09", "2024-05-10", "2025-02-08")) << provider;
    EXPECT_THAT(Times(year), ElementsAre("2023-11-03T04:00:00Z", "2024-05-03T04:00:00Z", "2024-11-01T04:00:00Z"))
        << "known when they were announced, as ever";
    EXPECT_EQ(year.labels.size(), 3u);
    BF_ASSERT_OK_AND_ASSIGN(const SourceData then, Ask(provider, "dividend", Between("2024-01-01", "2025-01-01"), body,
                                                       {}, "2024-06-01T12:00:00Z"));
    EXPECT_THAT(Texts(then, "ex_date"), ElementsAre("2024-02-09", "2024-05-10")) << "the third was not announced";
  }
}

TEST(ProviderDates, BarsHaveTheAveragePriceAndTheTradesUnderTheNamesOfTheResource) {
  const auto source = MakeProvider("polygon");
  const SourceQuery query{"stock_price", "ACME", Timeframe::kDay, Between("2019-01-01", "2021-01-01")};
  const std::string body = R"({"ticker":"ACME","adjusted":false,"status":"OK","results":[)"
                           R"({"v":1500,"vw":10.2,"o":10,"c":10.5,"h":11,"l":9,"t":1577941200000,"n":10},)"
                           R"({"v":0,"vw":0,"o":11,"c":11,"h":11,"l":11,"t":1578027600000,"n":0}]})";
  BF_ASSERT_OK_AND_ASSIGN(const SourceData bars,
                          Parse(*source, query, {.bytes = body, .received = At("2026-05-18T12:00:00Z")}));
  ASSERT_NE(bars.series.Find("vwap"), nullptr);
  EXPECT_EQ(bars.series.Doubles("vwap")[0], 10.2);
  EXPECT_FALSE(bars.series.Find("vwap")->present(1)) << "nothing was traded";
  EXPECT_THAT(bars.series.Ints("trade_count"), ElementsAre(10, 0));
}

std::string Company(const std::string& shares, const std::string& ticker = "ACME") {
  return fmt::format(R"({{"status":"OK","results":{{"ticker":"{}","share_class_shares_outstanding":{}}}}})", ticker,
                     shares);
}
const std::string kNobody = R"({"status":"NOT_FOUND","message":"any words"})";
const std::string kNext(1, kPageEnd);

TEST(ProviderDates, SharesAreThoseOfTheDaysAskedForAndKnownWhenTheseWereOver) {
  const quant::TimeRange quarter = Between("2020-01-02", "2020-04-02");
  const auto source = MakeProvider("polygon");
  BF_ASSERT_OK_AND_ASSIGN(const SourceRequest request,
                          source->TransformQuery({"shares_outstanding", "ACME", Timeframe::kTick, quarter}));
  const std::string url = "https://api.polygon.io/v3/reference/tickers/ACME?date=";
  EXPECT_EQ(request.locator, url + "2020-01-31\n" + url + "2020-02-29\n" + url + "2020-03-31");

  BF_ASSERT_OK_AND_ASSIGN(const SourceData shares, Ask("polygon", "shares_outstanding", quarter,
                                                       kNobody + kNext + Company("100") + kNext + Company("110")));
  EXPECT_THAT(Times(shares), ElementsAre("2020-03-01T05:00:00Z", "2020-04-01T04:00:00Z"));
  EXPECT_THAT(shares.series.Doubles("shares"), ElementsAre(100, 110));
  EXPECT_THAT(Texts(shares, "period_end"), ElementsAre("2020-02-29", "2020-03-31"));
  EXPECT_THAT(shares.notes, ElementsAre(HasSubstr("2020-01-31")));
  BF_ASSERT_OK_AND_ASSIGN(const SourceData early,
                          Ask("polygon", "shares_outstanding", quarter, Company("90") + kNext + Company("100"), {},
                              "2020-03-02T00:00:00Z"));
  EXPECT_THAT(early.series.Doubles("shares"), ElementsAre(90, 100)) << "the last month was not over";

  EXPECT_EQ(ClassOf(Ask("polygon", "shares_outstanding", quarter, kNobody + kNext + kNobody + kNext + kNobody)),
            "UNKNOWN_SYMBOL");
  EXPECT_EQ(ClassOf(Ask("polygon", "shares_outstanding", quarter, Company("1", "OTHER"))), "UNEXPECTED_BODY");
  EXPECT_EQ(ClassOf(Ask("polygon", "shares_outstanding", Between("2020-01-02", "2020-01-20"), "")), "EMPTY")
      << "no month ends in it: nobody was asked";
  EXPECT_EQ(ClassOf(Ask("polygon", "shares_outstanding", quarter, "")), "MALFORMED_BODY");
}

TEST(ProviderDates, OfHowManyDaysSharesAreAskedForIsAParameter) {
  const auto days = [](std::string_view start, std::string_view end, std::string_view every) {
    std::vector<std::string> texts;
    for (const absl::CivilDay day : PolygonSharesDays(Between(start, end), every)) {
      texts.push_back(absl::FormatCivilTime(day));
    }
    return texts;
  };
  EXPECT_THAT(days("2019-12-31", "2020-07-02", "quarter"), ElementsAre("2019-12-31", "2020-03-31", "2020-06-30"));
  EXPECT_THAT(days("2020-03-01", "2020-03-04", "day"), ElementsAre("2020-02-29", "2020-03-01", "2020-03-02"))
      << "days that end in the range";
  EXPECT_THAT(days("2020-03-02", "2020-03-20", "month"), IsEmpty());
  const SourceQuery long_query{"shares_outstanding", "ACME", Timeframe::kTick, Between("2010-01-01", "2021-01-01")};
  EXPECT_THAT(MakeProvider("polygon")->TransformQuery(long_query),
              breadthflow::testing::StatusIs(absl::StatusCode::kInvalidArgument, "RANGE_TOO_LONG"));
  EXPECT_THAT(MakeProvider("polygon", {{"shares_every", std::string("quarter")}})->TransformQuery(long_query),
              breadthflow::testing::IsOk());
}

// The reports of a year and two quarters; `item` is a member of each, and says what kind they are.
std::string Reports(const std::string& currency, const std::string& symbol, const std::string& item) {
  return fmt::format(R"({{"symbol":"{0}",
    "annualReports":[{{"fiscalDateEnding":"2023-12-31","reportedCurrency":"{1}","{2}":"400"}}],
    "quarterlyReports":[{{"fiscalDateEnding":"2023-09-30","reportedCurrency":"{1}","{2}":"100"}},
                        {{"fiscalDateEnding":"2023-12-31","reportedCurrency":"{1}","{2}":"110"}}]}})",
                     symbol, currency, item);
}
std::string Income(const std::string& currency, const std::string& symbol = "ACME") {
  return Reports(currency, symbol, "totalRevenue");
}
constexpr char kAnnounced[] = R"({"symbol":"ACME","annualEarnings":[],"quarterlyEarnings":[
  {"fiscalDateEnding":"2023-12-31","reportedDate":"2024-06-03","reportTime":"post-market","reportedEPS":"1"},
  {"fiscalDateEnding":"2023-09-30","reportedDate":"2023-10-20","reportTime":"pre-market","reportedEPS":"1"}]})";
const quant::TimeRange kAll = Between("2020-01-01", "2026-01-01");

TEST(ProviderDates, TimesOfStatementsThatNobodyDatesAreDeadlinesAndMarked) {
  BF_ASSERT_OK_AND_ASSIGN(const SourceData domestic, Ask("alpha_vantage", "revenue", kAll, Income("USD")));
  EXPECT_THAT(Times(domestic), ElementsAre("2023-11-15T03:00:00Z", "2024-03-31T02:00:00Z", "2024-03-31T02:00:00Z"));
  EXPECT_THAT(Estimated(domestic), ElementsAre(1, 1, 1));
  BF_ASSERT_OK_AND_ASSIGN(const SourceData foreign, Ask("alpha_vantage", "revenue", kAll, Income("EUR")));
  EXPECT_THAT(Times(foreign), ElementsAre("2024-01-01T03:00:00Z", "2024-05-03T02:00:00Z", "2024-05-03T02:00:00Z"))
      << "foreign companies have more time";
  BF_ASSERT_OK_AND_ASSIGN(const SourceData london, Ask("alpha_vantage", "revenue", kAll, Income("USD", "ACME.LON"), {},
                                                       "2026-05-18T12:00:00Z", "ACME.LON"));
  EXPECT_EQ(Times(london), Times(foreign));
  BF_ASSERT_OK_AND_ASSIGN(const SourceData shares_class, Ask("alpha_vantage", "revenue", kAll, Income("USD", "ACME.B"),
                                                             {}, "2026-05-18T12:00:00Z", "ACME.B"));
  EXPECT_EQ(Times(shares_class), Times(domestic));
}

TEST(ProviderDates, ResultsAreKnownWhenTheyWereAnnouncedHoweverLate) {
  const std::string body = kAnnounced + kNext + Income("USD");
  BF_ASSERT_OK_AND_ASSIGN(const SourceData revenue, Ask("alpha_vantage", "revenue", kAll, body));
  EXPECT_THAT(Times(revenue), ElementsAre("2023-10-20T13:30:00Z", "2024-06-04T00:00:00Z", "2024-06-04T00:00:00Z"));
  EXPECT_THAT(Estimated(revenue), ElementsAre(0, 0, 0));
  BF_ASSERT_OK_AND_ASSIGN(const SourceData cash, Ask("alpha_vantage", "cash_flow", kAll,
                                                     kAnnounced + kNext + Reports("USD", "ACME", "operatingCashflow")));
  EXPECT_THAT(Times(cash), ElementsAre("2023-11-15T03:00:00Z", "2024-06-04T00:00:00Z", "2024-06-04T00:00:00Z"))
      << "what is not in the announcement: when it was due, and not before the announcement";
  EXPECT_THAT(Estimated(cash), ElementsAre(1, 1, 1));
  BF_ASSERT_OK_AND_ASSIGN(const SourceData earnings, Ask("alpha_vantage", "earnings", kAll,
                                                         kAnnounced + kNext + Reports("USD", "ACME", "ebitda")));
  EXPECT_EQ(earnings.series.size(), 5u) << "two announcements, three statements";
  EXPECT_THAT(Estimated(earnings), ElementsAre(0, 0, 0, 0, 0));

  const auto locator = [](const component::RawParams& params) {
    return MakeProvider("alpha_vantage", params)
        ->TransformQuery({"cash_flow", "ACME", Timeframe::kTick, kAll})
        .value()
        .locator;
  };
  EXPECT_THAT(locator({}), HasSubstr("EARNINGS"));
  EXPECT_THAT(locator({{"announcements", false}}), ::testing::Not(HasSubstr("EARNINGS")));
}

TEST(ProviderDates, AFilingDateIsNoEstimate) {
  const std::string body = R"({"status":"OK","results":[
    {"end_date":"2023-12-31","fiscal_period":"Q4","filing_date":"2024-02-20",
     "financials":{"income_statement":{"revenues":{"value":110,"unit":"USD"}}}},
    {"end_date":"2023-09-30","fiscal_period":"Q3",
     "financials":{"income_statement":{"revenues":{"value":100,"unit":"CAD"}}}}]})";
  BF_ASSERT_OK_AND_ASSIGN(const SourceData revenue, Ask("polygon", "revenue", kAll, body));
  EXPECT_THAT(Times(revenue), ElementsAre("2024-01-01T03:00:00Z", "2024-02-21T03:00:00Z"));
  EXPECT_THAT(Estimated(revenue), ElementsAre(1, 0));
}

}  // namespace
}  // namespace breadthflow::data
