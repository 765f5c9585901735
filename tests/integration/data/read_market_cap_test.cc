// Market capitalisation that nobody stored: made of prices and of the numbers of shares that were published by then.
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/rpc/convert.h"
#include "tests/integration/data/read_fixture.h"

namespace breadthflow::data {
namespace {

using absl::CivilDay;
using quant::PriceBasis;
using quant::Series;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;
using Doubles = std::vector<double>;

constexpr CivilDay kThursday(2020, 8, 27);  // then Friday, Monday 31, Tuesday, Wednesday 2 September
const Doubles kCloses = {500, 504, 128, 132};

class ReadMarketCapTest : public ReadTest {
 protected:
  struct Report {
    CivilDay published;
    CivilDay period_end;
    double shares = 0;
  };
  static Series Shares(const std::string& symbol, const std::vector<Report>& reports,
                       const std::string& source = "test") {
    Series rows{.key = {"shares_outstanding", symbol, quant::Timeframe::kTick, source}, .repeats = true};
    Doubles shares;
    std::vector<std::string> days;
    for (const Report& report : reports) {
      rows.times.push_back(quant::Xnys().DayStart(report.published));
      shares.push_back(report.shares);
      days.push_back(std::string(absl::FormatCivilTime(report.period_end)));
    }
    rows.Add("shares", shares);
    rows.Add("period_end", days);
    return rows;
  }
  static Series Vendor(const std::string& symbol, const Doubles& values) {
    Series rows{.key = {"market_cap", symbol, quant::Timeframe::kTick, "vendor"}};
    rows.times = FlatBars(symbol, kThursday, values).times;
    rows.Add("market_cap", values);
    return rows;
  }
  // A 4:1 split on Monday, which no number of shares shows yet.
  void PutAaa(PriceBasis basis = PriceBasis::kRaw) {
    Put(FlatBars("AAA", kThursday, kCloses, basis));
    Put(Shares("AAA", {{CivilDay(2020, 5, 1), CivilDay(2020, 3, 28), 990},
                       {CivilDay(2020, 7, 31), CivilDay(2020, 6, 27), 1000}}));
    Put(Events("split", "AAA", {{CivilDay(2014, 6, 9), 7}, {CivilDay(2020, 8, 31), 4}}));
  }
  static clients::ReadQuery Caps(const std::string& source = "") {
    clients::ReadQuery query;
    query.resource = "market_cap";
    query.timeframe = quant::Timeframe::kTick;
    query.source = source;
    return query;
  }
  Doubles Values(const std::string& symbol, const clients::ReadQuery& query) {
    const auto read = ReadOne(symbol, query);
    EXPECT_THAT(read, IsOk());
    if (!read.ok()) return {};
    const auto values = read->Doubles("market_cap");
    return {values.begin(), values.end()};
  }
  static v1::ReadSeriesRequest Request(const std::string& symbol, const std::string& source = "") {
    v1::ReadSeriesRequest request;
    request.set_resource("market_cap");
    request.add_symbols(symbol);
    request.set_source(source);
    return request;
  }
  static Doubles ValuesIn(const std::vector<Message>& messages) {
    Doubles values;
    for (const Message& message : messages) {
      const auto rows = rpc::FromProto(message.packed());
      EXPECT_THAT(rows, IsOk());
      for (const double value : rows->Doubles("market_cap")) values.push_back(value);
    }
    return values;
  }
};

TEST_F(ReadMarketCapTest, IsDerivedWhereNobodyStoredIt) {
  PutAaa();
  BF_ASSERT_OK_AND_ASSIGN(const auto messages, Messages(Request("AAA")));
  ASSERT_FALSE(messages.empty());
  EXPECT_THAT(ValuesIn(messages), ElementsAre(500'000, 504'000, 512'000, 528'000));
  EXPECT_EQ(messages[0].origin().source(), "derived:test");
  EXPECT_EQ(messages[0].origin().splits_source(), "test");
  EXPECT_THAT(messages[0].origin().notices(), IsEmpty());
  EXPECT_FALSE(messages[0].origin().made_up());
  EXPECT_EQ(messages[0].first_of().resource(), "market_cap");
  BF_ASSERT_OK_AND_ASSIGN(const Series named, ReadOne("AAA", Caps("derived:test")));
  EXPECT_THAT(named.Doubles("derived.shares"), ElementsAre(1000, 1000, 4000, 4000));
}

TEST_F(ReadMarketCapTest, EveryRangeIsThatPartOfTheWhole) {
  PutAaa();
  BF_ASSERT_OK_AND_ASSIGN(const Series whole, ReadOne("AAA", Caps()));
  for (size_t begin = 0; begin < whole.size(); ++begin) {
    for (size_t end = begin; end < whole.size(); ++end) {
      clients::ReadQuery query = Caps();
      query.range = {whole.times[begin], whole.times[end] + 1};
      BF_ASSERT_OK_AND_ASSIGN(const Series part, ReadOne("AAA", query));
      EXPECT_EQ(part, whole.Slice(query.range));
    }
  }
  clients::ReadQuery query = Caps();
  query.fields = {"market_cap"};
  BF_ASSERT_OK_AND_ASSIGN(const Series fields, ReadOne("AAA", query));
  EXPECT_EQ(fields.columns.size(), 1u);
  query.resampling = clients::Resampling{.timeframe = quant::Timeframe::kWeek};
  EXPECT_THAT(Values("AAA", query), ElementsAre(504'000)) << "the second week is not over";
}

TEST_F(ReadMarketCapTest, WhatAVendorStoredStaysItsOwnAndIsNeverMixedWithWhatIsDerived) {
  PutAaa();
  Put(Vendor("AAA", {1, 2, 3, 4, 5}));
  Put(FlatBars("BBB", kThursday, {10, 11}));
  Put(Shares("BBB", {{CivilDay(2020, 8, 1), CivilDay(2020, 6, 30), 7}}));
  clients::ReadQuery both = Caps();
  both.symbols = {"BBB", "AAA"};
  BF_ASSERT_OK_AND_ASSIGN(const auto read, client_->Read(both, {}));
  ASSERT_EQ(read.size(), 2u);
  EXPECT_THAT(read[0].Doubles("market_cap"), ElementsAre(70, 77));
  EXPECT_THAT(read[1].Doubles("market_cap"), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(Values("AAA", Caps("vendor")), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(Values("AAA", Caps("derived")), ElementsAre(500'000, 504'000, 512'000, 528'000));
  EXPECT_THAT(ReadOne("BBB", Caps("vendor")), StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_SERIES"));

  v1::ListSeriesRequest list;
  list.set_resource("market_cap");
  list.set_page_size(1);
  std::vector<std::string> listed;
  do {
    BF_ASSERT_OK_AND_ASSIGN(const v1::ListSeriesResponse page, Call(&Stub::ListSeries, list));
    ASSERT_LE(page.series_size(), 1);
    for (const auto& one : page.series()) listed.push_back(one.key().symbol() + " " + one.source());
    list.set_page_token(page.next_page_token());
  } while (!list.page_token().empty());
  EXPECT_THAT(listed, ElementsAre("AAA derived:test", "AAA vendor", "BBB derived:test"));
}

TEST_F(ReadMarketCapTest, PricesAndSharesOfDifferentSourcesAreNamedInTheAnswer) {
  PutAaa();
  Put(FlatBars("AAA", kThursday, {1, 2, 3, 4}, PriceBasis::kRaw, "other"));
  const auto several = ReadOne("AAA", Caps());
  EXPECT_THAT(several, StatusIs(absl::StatusCode::kFailedPrecondition, "SEVERAL_SOURCES"));
  EXPECT_THAT(base::Message(several.status()), HasSubstr("as source derived:other"));
  BF_ASSERT_OK_AND_ASSIGN(const auto messages, Messages(Request("AAA", "derived:other")));
  EXPECT_THAT(ValuesIn(messages), ElementsAre(1000, 2000, 12000, 16000));
  EXPECT_EQ(messages[0].origin().source(), "derived:other+test");
  EXPECT_THAT(messages[0].origin().notices(), ElementsAre("splits are those of test", "shares are those of test"));
  Put(Shares("AAA", {{CivilDay(2020, 8, 1), CivilDay(2020, 6, 27), 1001}}, "third"));
  EXPECT_THAT(ReadOne("AAA", Caps("derived:other")),
              StatusIs(absl::StatusCode::kFailedPrecondition, "SEVERAL_SOURCES"));
  EXPECT_THAT(Values("AAA", Caps("derived:other+third")), ElementsAre(1001, 2002, 3 * 4004, 4 * 4004));
  EXPECT_THAT(Values("AAA", Caps("derived:test")), ElementsAre(500'000, 504'000, 512'000, 528'000)) << "its own shares";
  EXPECT_THAT(ReadOne("AAA", Caps("derived:nobody")), StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_SERIES"));
  Put(Shares("AAA", {{CivilDay(2020, 8, 1), CivilDay(2020, 6, 27), 5}}, "simulated"));
  EXPECT_THAT(Values("AAA", Caps("derived:test")), ElementsAre(500'000, 504'000, 512'000, 528'000));
  BF_ASSERT_OK_AND_ASSIGN(const auto made_up, Messages(Request("AAA", "derived:test+simulated")));
  EXPECT_TRUE(made_up.at(0).origin().made_up()) << "when it is named, it counts, and the answer says so";
}

TEST_F(ReadMarketCapTest, ClosesThatASourceAdjustedAreTakenBackOrRefused) {
  PutAaa(PriceBasis::kSplitAdjusted);
  EXPECT_THAT(Values("AAA", Caps()), ElementsAre(2'000'000, 2'016'000, 512'000, 528'000));
  clients::ReadQuery early = Caps();
  early.range = {INT64_MIN, CloseOf(CivilDay(2020, 8, 28))};
  EXPECT_THAT(Values("AAA", early), ElementsAre(2'000'000)) << "by a split after the range";
  Put(FlatBars("BBB", kThursday, kCloses, PriceBasis::kSplitAdjusted));
  Put(Shares("BBB", {{CivilDay(2020, 8, 1), CivilDay(2020, 6, 30), 7}}));
  const auto unknown = ReadOne("BBB", Caps());
  EXPECT_THAT(unknown, StatusIs(absl::StatusCode::kFailedPrecondition, "NO_ADJUSTMENT_DATA"));
  EXPECT_THAT(base::Message(unknown.status()), HasSubstr("market_cap of BBB can not be derived"));
  Put(FlatBars("CCC", kThursday, kCloses, PriceBasis::kSplitAndDividendAdjusted));
  Put(Shares("CCC", {{CivilDay(2020, 8, 1), CivilDay(2020, 6, 30), 7}}));
  Put(Events("split", "CCC", {{CivilDay(2014, 6, 9), 7}}));
  EXPECT_THAT(ReadOne("CCC", Caps()), StatusIs(absl::StatusCode::kFailedPrecondition, "ALREADY_ADJUSTED"));
}

TEST_F(ReadMarketCapTest, WithoutPricesOrSharesItSaysWhatIsMissing) {
  Put(FlatBars("AAA", kThursday, kCloses));
  const auto no_shares = ReadOne("AAA", Caps());
  EXPECT_THAT(no_shares, StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_SERIES"));
  EXPECT_THAT(base::Message(no_shares.status()), HasSubstr("shares_outstanding of it are not stored"));
  Put(Shares("BBB", {{CivilDay(2020, 8, 1), CivilDay(2020, 6, 30), 7}}));
  EXPECT_THAT(base::Message(ReadOne("BBB", Caps()).status()), HasSubstr("no daily stock_price"));
  clients::ReadQuery daily = Caps();
  daily.timeframe = quant::Timeframe::kDay;
  EXPECT_THAT(ReadOne("AAA", daily), StatusIs(absl::StatusCode::kInvalidArgument));
  clients::SnapshotSpec spec{.resource = "market_cap", .symbols = {"AAA"}, .timeframe = quant::Timeframe::kTick};
  const auto frozen = client_->CreateSnapshot(spec, "", {});
  EXPECT_THAT(frozen, StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_SERIES"));
  EXPECT_THAT(base::Message(frozen.status()), HasSubstr("freeze its stock_price"));
}

TEST_F(ReadMarketCapTest, WhatWasKnownAtAnInstantOrFrozenNeverChanges) {
  PutAaa();
  BF_ASSERT_OK_AND_ASSIGN(const auto snapshot, client_->CreateSnapshot({.symbols = {"AAA"}}, "", {}));
  clients::ReadQuery then = Caps();
  then.as_of = snapshot.spec.as_of;
  BF_ASSERT_OK_AND_ASSIGN(const Series before, ReadOne("AAA", then));
  v1::ReadSeriesRequest frozen = Request("AAA");
  frozen.set_snapshot(snapshot.name);
  BF_ASSERT_OK_AND_ASSIGN(const auto frozen_before, Messages(frozen));
  EXPECT_THAT(ValuesIn(frozen_before), ElementsAre(500'000, 504'000, 512'000, 528'000));
  Put(FlatBars("AAA", kThursday, {501, 505, 129, 133, 134}));
  Put(Shares("AAA", {{CivilDay(2020, 7, 31), CivilDay(2020, 6, 27), 2000}}));
  Put(Events("split", "AAA", {{CivilDay(2020, 8, 28), 3}}));
  Put(Vendor("AAA", {1, 2, 3}));
  BF_ASSERT_OK_AND_ASSIGN(const Series after, ReadOne("AAA", then));
  EXPECT_EQ(before, after) << "also what the vendor stored is of later";
  BF_ASSERT_OK_AND_ASSIGN(const auto frozen_after, Messages(frozen));
  EXPECT_EQ(ValuesIn(frozen_before), ValuesIn(frozen_after));
  EXPECT_THAT(Values("AAA", Caps("derived")),
              ElementsAre(501 * 2000.0, 505 * 6000.0, 129 * 24000.0, 133 * 24000.0, 134 * 24000.0));
  frozen.set_source("derived:test");
  EXPECT_THAT(Messages(frozen), StatusIs(absl::StatusCode::kInvalidArgument));
  frozen.set_source("derived:+test");
  EXPECT_THAT(Messages(frozen), IsOk());
  v1::ReadSeriesRequest whole;
  whole.set_snapshot(snapshot.name);
  whole.set_resource("market_cap");
  BF_ASSERT_OK_AND_ASSIGN(const auto all, Messages(whole));
  EXPECT_EQ(ValuesIn(all), ValuesIn(frozen_before)) << "all symbols of the snapshot";
}

// What the simulated world says by itself, which counts shares and splits another way.
TEST_F(ReadMarketCapTest, EqualsTheMarketCapOfTheSimulatedWorld) {
  for (const char* resource : {"stock_price", "shares_outstanding", "market_cap"}) {
    clients::FetchSpec spec =
        Simulated({"AAA", "BBB", "CCC", "DDD"}, Years(2008, 2019), {{"basis", std::string("raw")}});
    spec.resource = resource;
    spec.timeframe = spec.resource == "stock_price" ? quant::Timeframe::kDay : quant::Timeframe::kTick;
    ASSERT_EQ(Fetch(spec).status.state, clients::RunState::kSucceeded);
  }
  size_t compared = 0;
  for (const char* symbol : {"AAA", "BBB", "CCC", "DDD"}) {
    BF_ASSERT_OK_AND_ASSIGN(const Series told, ReadOne(symbol, Caps()));
    BF_ASSERT_OK_AND_ASSIGN(const Series derived, ReadOne(symbol, Caps("derived")));
    std::map<int64_t, double> by_time;
    for (size_t row = 0; row < told.size(); ++row) by_time[told.times[row]] = told.Doubles("market_cap")[row];
    for (size_t row = 0; row < derived.size(); ++row, ++compared) {
      const double value = derived.Doubles("market_cap")[row];
      ASSERT_NEAR(value / by_time.at(derived.times[row]), 1, 1e-9) << symbol << " row " << row;
    }
  }
  EXPECT_GT(compared, 9000u);
  clients::FetchSpec adjusted = Simulated({"EEE"}, Years(2016, 2018));
  ASSERT_EQ(Fetch(adjusted).status.state, clients::RunState::kSucceeded);
  adjusted.resource = "shares_outstanding";
  adjusted.timeframe = quant::Timeframe::kTick;
  ASSERT_EQ(Fetch(adjusted).status.state, clients::RunState::kSucceeded);
  const auto refused = ReadOne("EEE", Caps("derived"));
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition, "ALREADY_ADJUSTED"));
  EXPECT_THAT(base::Message(refused.status()), HasSubstr("basis=raw")) << "they are divided by splits of years to come";
}

}  // namespace
}  // namespace breadthflow::data
