// Joins of statements of several lengths, of what is of no company, and of what is made up.
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/clients/data_client.h"
#include "tests/integration/data/read_fixture.h"

namespace breadthflow::data {
namespace {

using absl::CivilDay;
using quant::Series;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;
using Doubles = std::vector<double>;

constexpr CivilDay kThursday(2020, 8, 27);  // then Friday, Monday 31

class ReadJoinsTest : public ReadTest {
 protected:
  void SetUp() override { Put(FlatBars("AAA", kThursday, {500, 504, 508})); }

  static Series Rows(const std::string& resource, const std::string& symbol, const std::string& column, double value,
                     const std::string& source = "test") {
    Series series{.key = {resource, symbol, quant::Timeframe::kTick, source}, .repeats = true};
    series.times = {quant::Xnys().DayStart(CivilDay(2020, 8, 1))};
    series.Add(column, Doubles{value});
    return series;
  }
  std::vector<std::optional<double>> Joined(clients::AsOfJoin join, const std::string& column) {
    const auto read = ReadOne("AAA", {.joins = {std::move(join)}});
    EXPECT_THAT(read, IsOk());
    std::vector<std::optional<double>> values;
    if (!read.ok()) return values;
    const quant::Column* found = read->Find(column);
    EXPECT_NE(found, nullptr) << column;
    for (size_t row = 0; found != nullptr && row < read->size(); ++row) {
      values.push_back(found->present(row) ? std::optional(read->Doubles(column)[row]) : std::nullopt);
    }
    return values;
  }
};

TEST_F(ReadJoinsTest, AYearNeverStandsWhereAQuarterIsUnlessItIsAskedFor) {
  Series earnings{.key = {"earnings", "AAA", quant::Timeframe::kTick, "test"}, .repeats = true};
  const int64_t friday = quant::Xnys().DayStart(CivilDay(2020, 8, 28));
  earnings.times = {quant::Xnys().DayStart(CivilDay(2020, 8, 3)), friday, friday};
  earnings.Add("period_end", std::vector<std::string>{"2020-03-31", "2020-06-30", "2020-06-30"});
  earnings.Add("period", std::vector<std::string>{"quarter", "quarter", "annual"});
  earnings.Add("eps_diluted", Doubles{1, 2, 7});
  Put(earnings);
  const clients::AsOfJoin join{.resource = "earnings", .fields = {"eps_diluted"}};
  EXPECT_THAT(Joined(join, "earnings.eps_diluted"), ElementsAre(1, 2, 2));
  clients::AsOfJoin other = join;
  other.period = "annual";
  EXPECT_THAT(Joined(other, "earnings.eps_diluted"), ElementsAre(std::nullopt, 7, 7));
  other.period = "any";
  EXPECT_THAT(Joined(other, "earnings.eps_diluted"), ElementsAre(1, 7, 7));
  other.period = "fortnight";
  EXPECT_THAT(ReadOne("AAA", {.joins = {other}}), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(ReadJoinsTest, WhatIsOfNoCompanyIsJoinedByItselfOrByItsName) {
  Put(Rows("interest_rate", "US10Y", "rate", 0.01));
  const clients::AsOfJoin join{.resource = "interest_rate", .fields = {"rate"}};
  EXPECT_THAT(Joined(join, "interest_rate.rate"), ElementsAre(0.01, 0.01, 0.01)) << "there is one";
  Put(Rows("interest_rate", "US2Y", "rate", 0.02));
  const auto which = ReadOne("AAA", {.joins = {join}});
  EXPECT_THAT(which, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(base::DetailsOf(which.status()).violations.at(0).description, HasSubstr("US10Y, US2Y"));
  clients::AsOfJoin named = join;
  named.symbol = "US2Y";
  EXPECT_THAT(Joined(named, "interest_rate[US2Y].rate"), ElementsAre(0.02, 0.02, 0.02));
  clients::AsOfJoin second = join;
  second.symbol = "US10Y";
  BF_ASSERT_OK_AND_ASSIGN(const Series both, ReadOne("AAA", {.fields = {"close"}, .joins = {named, second}}));
  EXPECT_EQ(both.columns.size(), 3u);
  named.symbol = "US30Y";
  const auto unknown = ReadOne("AAA", {.joins = {named}});
  EXPECT_THAT(unknown, StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_SERIES"));
  EXPECT_THAT(base::Message(unknown.status()), HasSubstr("interest_rate of US30Y is not stored"));
}

TEST_F(ReadJoinsTest, MadeUpRowsAreJoinedToRealOnesOnlyByNameAndTheAnswerSaysSo) {
  Put(Rows("market_cap", "AAA", "market_cap", 5, "simulated"));
  clients::AsOfJoin join{.resource = "market_cap", .fields = {"market_cap"}};
  const auto refused = ReadOne("AAA", {.joins = {join}});
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_SERIES"));
  EXPECT_THAT(base::Message(refused.status()), HasSubstr("made up"));
  join.source = "simulated";
  EXPECT_THAT(Joined(join, "market_cap.market_cap"), ElementsAre(5, 5, 5));
  v1::ReadSeriesRequest request;
  request.add_symbols("AAA");
  v1::AsOfJoin& sent = *request.add_joins();
  sent.set_resource("market_cap");
  sent.add_fields("market_cap");
  sent.set_source("simulated");
  BF_ASSERT_OK_AND_ASSIGN(const auto messages, Messages(request));
  EXPECT_TRUE(messages.at(0).origin().made_up());
  join.source.clear();
  Put(Rows("market_cap", "AAA", "market_cap", 6, "real"));
  EXPECT_THAT(Joined(join, "market_cap.market_cap"), ElementsAre(6, 6, 6)) << "the only one that is not made up";
}

TEST_F(ReadJoinsTest, AMarketCapThatWouldHaveToBeDerivedIsNotJoinedAndTheErrorSaysWhatToDo) {
  const auto refused = ReadOne("AAA", {.joins = {{.resource = "market_cap", .fields = {"market_cap"}}}});
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_SERIES"));
  EXPECT_THAT(base::Message(refused.status()), HasSubstr("join shares_outstanding"));
}

TEST_F(ReadJoinsTest, AsOfBeforeTheJoinedRowsCameTheErrorSaysSinceWhenTheyAreKnown) {
  const std::string now =
      database_server_.Sql("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint FROM pg_sleep(0.002)");
  const absl::Time before = absl::FromUnixMicros(std::stoll(now));
  Put(Rows("market_cap", "AAA", "market_cap", 5));
  clients::ReadQuery query{.as_of = before};
  query.joins = {{.resource = "market_cap", .fields = {"market_cap"}}};
  const auto refused = ReadOne("AAA", query);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_SERIES"));
  EXPECT_THAT(base::Message(refused.status()),
              AllOf(HasSubstr("nothing of market_cap of AAA was known at "), HasSubstr("; the first of it came at ")));
  query.joins = {{.resource = "earnings", .fields = {"eps_diluted"}}};
  EXPECT_THAT(base::Message(ReadOne("AAA", query).status()), HasSubstr("earnings of AAA is not stored"));
}

TEST_F(ReadJoinsTest, WhatSaysSomethingOnlyTogetherIsNotJoined) {
  const auto refused = ReadOne("AAA", {.joins = {{.resource = "option_chain", .fields = {"delta", "strike"}},
                                                 {.resource = "order_book", .fields = {"price"}},
                                                 {.resource = "universe", .fields = {"weight"}}}});
  ASSERT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument));
  const auto& said = base::DetailsOf(refused.status()).violations;
  ASSERT_EQ(said.size(), 3u);
  EXPECT_EQ(said[0].field, "joins[0].resource");
  EXPECT_THAT(said[0].description, HasSubstr("many rows of one instant, which differ in expiration, strike, right"));
  EXPECT_THAT(said[1].description, HasSubstr("order_book has many rows of one instant: any one"));
  EXPECT_THAT(said[2].description, HasSubstr("which differ in member, action"));
}

TEST_F(ReadJoinsTest, RowsThatBecameKnownAtOnceAndDifferAreToldOf) {
  Series news{.key = {"news_sentiment", "AAA", quant::Timeframe::kTick, "test"}, .repeats = true};
  const int64_t friday = quant::Xnys().DayStart(CivilDay(2020, 8, 28));
  news.times = {quant::Xnys().DayStart(CivilDay(2020, 8, 3)), friday, friday, friday};
  news.Add("score", Doubles{0.5, 0.25, -0.25, 0.75});
  news.Add("relevance", Doubles{1, 1, 1, 1});
  Put(news);
  const auto notices = [&](const std::string& field) -> std::vector<std::string> {
    v1::ReadSeriesRequest request;
    request.add_symbols("AAA");
    v1::AsOfJoin& join = *request.add_joins();
    join.set_resource("news_sentiment");
    join.add_fields(field);
    const auto messages = Messages(request);
    EXPECT_THAT(messages, IsOk());
    if (!messages.ok()) return {};
    const auto& said = messages->at(0).origin().notices();
    return {said.begin(), said.end()};
  };
  EXPECT_THAT(notices("score"), ElementsAre(HasSubstr("at 1 instant several rows of news_sentiment of AAA")));
  EXPECT_THAT(notices("relevance"), ElementsAre()) << "all say the same";
}

}  // namespace
}  // namespace breadthflow::data
