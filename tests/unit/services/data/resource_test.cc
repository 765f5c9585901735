#include "services/data/domain/resource.h"

#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace breadthflow::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Resources, AreTheOnesThatAreDocumented) {
  std::vector<std::string> ids;
  for (const Resource& resource : Resources()) ids.push_back(resource.id);
  EXPECT_THAT(ids, ElementsAre("balance_sheet", "cash_flow", "delisting", "dividend", "earnings", "interest_rate",
                               "market_cap", "news_sentiment", "option_chain", "order_book", "quote", "revenue",
                               "shares_outstanding", "split", "stock_price", "symbol_change", "trade", "universe"));
}

TEST(Resources, SayEverythingAboutThemselves) {
  for (const Resource& resource : Resources()) {
    SCOPED_TRACE(resource.id);
    EXPECT_FALSE(resource.description.empty());
    EXPECT_FALSE(resource.frequency.empty());
    EXPECT_FALSE(resource.time.empty());
    std::set<std::string> names;
    for (const Field& field : resource.fields) {
      SCOPED_TRACE(field.name);
      EXPECT_TRUE(names.insert(field.name).second) << "twice";
      EXPECT_FALSE(IsExtra(field.name));
      EXPECT_FALSE(field.description.empty());
      if (field.type == quant::ColumnType::kText) {
        EXPECT_FALSE(field.min || field.max) << "text has no bounds";
      } else {
        EXPECT_FALSE(field.date || !field.one_of.empty()) << "numbers are no text";
      }
    }
  }
}

std::vector<std::string> FaultsOf(const quant::Series& series) {
  base::Violations violations;
  CheckSeries(
      *FindResource(series.key.resource).value(), series, [](size_t row) { return "row " + std::to_string(row); },
      violations);
  std::vector<std::string> texts;
  const absl::Status status = violations.ToStatus("bad");
  for (const base::FieldViolation& violation : base::DetailsOf(status).violations) {
    texts.push_back(violation.field + ": " + violation.description);
  }
  return texts;
}

quant::Series OneSplit() {
  quant::Series series{.key = {"split", "A", quant::Timeframe::kTick, ""}, .times = {1}};
  series.Add("ex_date", std::vector<std::string>{"2020-08-31"});
  series.Add("ratio", std::vector<double>{4});
  return series;
}

TEST(CheckSeries, TakesARowOfEveryType) { EXPECT_THAT(FaultsOf(OneSplit()), ElementsAre()); }

TEST(CheckSeries, RefusesDaysThatDoNotExist) {
  quant::Series series = OneSplit();
  series.columns[0].values = std::vector<std::string>{"2021-02-29"};
  EXPECT_THAT(FaultsOf(series), ElementsAre(HasSubstr("2021-02-29")));
}

TEST(CheckSeries, RefusesWordsThatTheFieldDoesNotKnow) {
  quant::Series series{.key = {"trade", "A", quant::Timeframe::kTick, ""}, .times = {1}};
  series.Add("price", std::vector<double>{1});
  series.Add("size", std::vector<double>{1});
  series.Add("side", std::vector<std::string>{"long"});
  EXPECT_THAT(FaultsOf(series), ElementsAre(HasSubstr("buy, sell")));
}

TEST(CheckSeries, HoldsBothBounds) {
  quant::Series series{.key = {"news_sentiment", "A", quant::Timeframe::kTick, ""}, .times = {1, 2, 3}};
  series.Add("score", std::vector<double>{-1, 1, 1.25});
  EXPECT_THAT(FaultsOf(series), ElementsAre(HasSubstr("must not be above 1")));
}

TEST(CheckSeries, KeepsWhatASourceHasBeyondTheResource) {
  quant::Series series = OneSplit();
  series.Add("alpha_vantage.note", std::vector<std::string>{"x"});
  EXPECT_THAT(FaultsOf(series), ElementsAre());
  series.Add("note", std::vector<std::string>{"x"});
  EXPECT_THAT(FaultsOf(series), ElementsAre(HasSubstr("no such field")));
}

TEST(CheckSeries, SaysWhyRowsThatNoTradeMadeAreNotStored) {
  quant::Series series{
      .key = {"stock_price", "A", quant::Timeframe::kWeek, ""}, .basis = quant::PriceBasis::kRaw, .times = {1}};
  for (const char* name : {"open", "high", "low", "close", "volume"}) series.Add(name, std::vector<double>{1});
  EXPECT_THAT(FaultsOf(series), ElementsAre());
  series.Add("is_filled", std::vector<int64_t>{1});
  EXPECT_THAT(FaultsOf(series), ElementsAre(HasSubstr("is_filled: marks rows that repeat the close before them")));
}

TEST(CheckSeries, RefusesASecondRowOfAnInstantWhereTheResourceHasOne) {
  quant::Series series{.key = {"delisting", "A", quant::Timeframe::kTick, ""}, .times = {5, 5}};
  series.Add("last_date", std::vector<std::string>{"2020-01-02", "2020-01-03"});
  EXPECT_THAT(FaultsOf(series), ElementsAre(HasSubstr("one row per instant")));
}

}  // namespace
}  // namespace breadthflow::data
