// Which concepts of the SEC's company facts stand in a column, and which filings correct them.
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/matchers.h"
#include "tests/unit/services/data/provider_cases.h"

namespace breadthflow::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// What filing `accession` says of a period ("2017-01-01..2017-12-31") or of a day ("2017-12-31").
std::string Fact(const std::string& period, double value, const std::string& accession, const std::string& filed,
                 const std::string& form = "10-K") {
  const size_t dots = period.find("..");
  const std::string start = dots == std::string::npos ? "" : fmt::format(R"("start":"{}",)", period.substr(0, dots));
  return fmt::format(R"({{{}"end":"{}","val":{},"accn":"{}","fy":2020,"fp":"FY","form":"{}","filed":"{}"}})", start,
                     dots == std::string::npos ? period : period.substr(dots + 2), value, accession, form, filed);
}

// Of the year, by the filing that is named for the year in which it came.
std::string Year(int year, double value, int filed) {
  return Fact(fmt::format("{}-01-01..{}-12-31", year, year), value, std::to_string(filed),
              fmt::format("{}-02-10", filed));
}
std::string YearEnd(int year, double value, int filed) {
  return Fact(fmt::format("{}-12-31", year), value, std::to_string(filed), fmt::format("{}-02-10", filed));
}

// By concept, the facts; one unit for all.
using Facts = std::map<std::string, std::vector<std::string>>;

absl::StatusOr<SourceData> Read(const std::string& resource, const Facts& facts,
                                const std::string& taxonomy = "us-gaap", const std::string& unit = "USD") {
  std::string text;
  for (const auto& [name, values] : facts) {
    text +=
        fmt::format(R"({}"{}":{{"units":{{"{}":[{}]}}}})", text.empty() ? "" : ",", name, unit, fmt::join(values, ","));
  }
  const std::string body = R"({"cik":1,"facts":{")" + taxonomy + "\":{" + text + "}}}";
  return testing::Parse(*testing::MakeProvider("sec_edgar"),
                        {resource, "ACME", quant::Timeframe::kTick, testing::Between("2000-01-01", "2030-01-01")},
                        {.bytes = body, .received = testing::At("2026-05-18T12:00:00Z")});
}

// The amounts of the rows in their order; "-" where a row has none.
std::vector<std::string> Amounts(const SourceData& data, std::string_view name) {
  const quant::Column* column = data.series.Find(name);
  if (column == nullptr) return {};
  const auto& values = std::get<std::vector<double>>(column->values);
  std::vector<std::string> amounts;
  for (size_t row = 0; row < values.size(); ++row) {
    amounts.push_back(column->valid.empty() || column->valid[row] ? fmt::format("{}", values[row]) : "-");
  }
  return amounts;
}

std::vector<std::string> Texts(const SourceData& data, std::string_view name) {
  const quant::Column* column = data.series.Find(name);
  return column == nullptr ? std::vector<std::string>() : std::get<std::vector<std::string>>(column->values);
}

TEST(SecFacts, ACompanyThatChangesItsConceptHasBothOverTime) {
  BF_ASSERT_OK_AND_ASSIGN(
      const SourceData changed,
      Read("revenue", {{"SalesRevenueNet", {Year(2016, 90, 2018), Year(2017, 100, 2018)}},
                       {"RevenueFromContractWithCustomerExcludingAssessedTax",
                        {Year(2017, 95, 2019), Year(2018, 110, 2019), Year(2018, 111, 2020), Year(2019, 120, 2020)}}}));
  EXPECT_THAT(Texts(changed, "period_end"),
              ElementsAre("2016-12-31", "2017-12-31", "2018-12-31", "2018-12-31", "2019-12-31"))
      << "2017 by another concept is no restatement, 2018 by the same one is";
  EXPECT_THAT(Amounts(changed, "revenue"), ElementsAre("90", "100", "110", "111", "120"));

  BF_ASSERT_OK_AND_ASSIGN(const SourceData agreed,
                          Read("revenue", {{"SalesRevenueNet", {Year(2017, 100, 2018)}},
                                           {"RevenueFromContractWithCustomerExcludingAssessedTax",
                                            {Year(2017, 100, 2019), Year(2018, 110, 2019), Year(2017, 98, 2020)}}}));
  EXPECT_THAT(Amounts(agreed, "revenue"), ElementsAre("100", "110", "98"))
      << "what a concept has said it can correct, though another one said it first";
}

TEST(SecFacts, TheTotalComesBeforeAPartOfIt) {
  BF_ASSERT_OK_AND_ASSIGN(const SourceData revenue,
                          Read("revenue", {{"Revenues", {Year(2023, 24927, 2024)}},
                                           {"RevenueFromContractWithCustomerExcludingAssessedTax",
                                            {Year(2023, 567, 2024), Year(2023, 567, 2025), Year(2024, 26000, 2025)}}}));
  EXPECT_THAT(Amounts(revenue, "revenue"), ElementsAre("24927", "26000")) << "the part is repeated, the total stays";
  BF_ASSERT_OK_AND_ASSIGN(
      const SourceData bank,
      Read("revenue", {{"RevenuesNetOfInterestExpense", {Year(2024, 3610, 2025)}},
                       {"RevenueFromContractWithCustomerExcludingAssessedTax", {Year(2024, 620, 2025)}}}));
  EXPECT_THAT(Amounts(bank, "revenue"), ElementsAre("3610"));
}

TEST(SecFacts, ANearConceptStandsInForFilingsWithoutTheRightOneUntilItDiffersFromIt) {
  BF_ASSERT_OK_AND_ASSIGN(
      const SourceData balance,
      Read("balance_sheet", {{"StockholdersEquity", {YearEnd(2012, 60, 2013), YearEnd(2014, 80, 2015)}},
                             {"StockholdersEquityIncludingPortionAttributableToNoncontrollingInterest",
                              {YearEnd(2011, 50, 2012), YearEnd(2010, 40, 2013), YearEnd(2012, 60, 2013),
                               YearEnd(2013, 70, 2014), YearEnd(2014, 85, 2015), YearEnd(2015, 95, 2016)}},
                             {"Assets", {YearEnd(2015, 900, 2016)}}}));
  EXPECT_THAT(Texts(balance, "period_end"),
              ElementsAre("2011-12-31", "2012-12-31", "2013-12-31", "2014-12-31", "2015-12-31"))
      << "2010 is said by a filing that has the right concept of another day";
  EXPECT_THAT(Amounts(balance, "shareholder_equity"), ElementsAre("50", "60", "70", "80", "-"));
}

TEST(SecFacts, AConceptOfAnotherMeaningNeverSeemsToRestateAPeriod) {
  // The second filing repeats the total of 2022 alone.
  const std::pair<std::string, std::vector<std::string>> total = {"Equity",
                                                                  {YearEnd(2022, 234, 2024), YearEnd(2022, 234, 2025)}};
  BF_ASSERT_OK_AND_ASSIGN(const SourceData owners,
                          Read("balance_sheet",
                               {total,
                                {"Assets", {YearEnd(2022, 900, 2024), YearEnd(2023, 950, 2025)}},
                                {"EquityAttributableToOwnersOfParent", {YearEnd(2022, 200, 2024)}}},
                               "ifrs-full"));
  EXPECT_THAT(Amounts(owners, "shareholder_equity"), ElementsAre("200", "-")) << "nothing new of 2022";
  BF_ASSERT_OK_AND_ASSIGN(const SourceData all, Read("balance_sheet", {total}, "ifrs-full"));
  EXPECT_THAT(Amounts(all, "shareholder_equity"), ElementsAre("234")) << "of who never says the other";

  const std::pair<std::string, std::vector<std::string>> costs = {"FinanceCosts", {Year(2022, 11, 2024)}};
  BF_ASSERT_OK_AND_ASSIGN(const SourceData interest,
                          Read("earnings", {costs, {"InterestExpense", {Year(2022, 15, 2024)}}}, "ifrs-full"));
  EXPECT_THAT(Amounts(interest, "interest_expense"), ElementsAre("15"));
  BF_ASSERT_OK_AND_ASSIGN(const SourceData finance, Read("earnings", {costs}, "ifrs-full"));
  EXPECT_THAT(Amounts(finance, "interest_expense"), ElementsAre("11"));
}

TEST(SecFacts, LaterFilingsChangeNothingOfEarlierOnes) {
  Facts facts = {{"ProfitLoss", {Year(2010, 10, 2011)}}};
  BF_ASSERT_OK_AND_ASSIGN(const SourceData before, Read("earnings", facts));
  facts["NetIncomeLoss"] = {Year(2011, 11, 2012)};
  facts["ProfitLoss"].push_back(Year(2011, 12, 2012));
  facts["ProfitLoss"].push_back(Year(2012, 14, 2013));
  BF_ASSERT_OK_AND_ASSIGN(const SourceData after, Read("earnings", facts));
  EXPECT_THAT(Amounts(before, "net_income"), ElementsAre("10"));
  EXPECT_THAT(Amounts(after, "net_income"), ElementsAre("10", "11"))
      << "the last filing has nothing that is to be used";
}

TEST(SecFacts, QuartersOfWeeksAreQuarters) {
  const auto fact = [](const std::string& period) { return Fact(period, 1, "1", "2019-12-20", "10-Q"); };
  BF_ASSERT_OK_AND_ASSIGN(const SourceData weeks,
                          Read("revenue", {{"Revenues",
                                            {fact("2019-01-01..2019-04-30"), fact("2018-09-03..2019-05-12"),
                                             fact("2019-05-13..2019-09-01"), fact("2019-09-02..2019-11-24")}}}));
  EXPECT_THAT(Texts(weeks, "period_end"), ElementsAre("2019-05-12", "2019-09-01", "2019-11-24"));
  EXPECT_THAT(Texts(weeks, "period"), ElementsAre("nine_months", "quarter", "quarter")) << "36, 16 and 12 weeks";
  EXPECT_THAT(weeks.notes, ElementsAre(HasSubstr("1 left out, period that is no quarter"))) << "four months";
}

TEST(SecFacts, AnAmendmentIsARowOnlyWhereItCorrects) {
  const std::string year = "2018-01-01..2018-12-31";
  BF_ASSERT_OK_AND_ASSIGN(
      const SourceData amended,
      Read("revenue", {{"Revenues",
                        {Fact(year, 100, "1", "2019-02-19"), Fact(year, 100, "2", "2019-04-28", "10-K/A"),
                         Fact(year, 99, "3", "2019-07-01", "10-K/A")}}}));
  EXPECT_THAT(Amounts(amended, "revenue"), ElementsAre("100", "99"));
  EXPECT_THAT(Texts(amended, "form"), ElementsAre("10-K", "10-K/A"));
  std::vector<absl::Time> times;
  for (const int64_t time : amended.series.times) times.push_back(quant::FromNanos(time));
  EXPECT_THAT(times, ElementsAre(testing::At("2019-02-20T03:00:00Z"), testing::At("2019-07-02T02:00:00Z")))
      << "22:00 New York of the days of filing";
}

TEST(SecFacts, AFilingThatSaysNoSharesIsLeftOut) {
  BF_ASSERT_OK_AND_ASSIGN(const SourceData shares,
                          Read("shares_outstanding",
                               {{"EntityCommonStockSharesOutstanding",
                                 {YearEnd(2018, 0, 2019), YearEnd(2018, 500, 2020), YearEnd(2019, 510, 2020)}}},
                               "dei", "shares"));
  EXPECT_THAT(Amounts(shares, "shares"), ElementsAre("500", "510"));
  EXPECT_THAT(shares.notes, ElementsAre("1 left out, not a number of shares: 2019 2018-12-31"));
}

}  // namespace
}  // namespace breadthflow::data
