// Splits that are dropped: what reads as of before are told, and what the newest state says.
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/rpc/convert.h"
#include "services/data/app/maintenance.h"
#include "tests/integration/data/read_fixture.h"

namespace breadthflow::data {
namespace {

using absl::CivilDay;
using clients::Adjustment;
using quant::Series;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

constexpr CivilDay kSplit(2020, 2, 3);
constexpr CivilDay kCut(2020, 3, 1);

class DropActionsTest : public ReadTest {
 protected:
  // Two and a half years, of which ow2 and aaa know another split each.
  void SetUp() override {
    std::vector<double> closes;
    closes.reserve(630);
    for (int i = 0; i < 630; ++i) closes.push_back(400.5 + i % 89);
    for (const char* source : {"ow2", "aaa", "test"}) {
      Put(FlatBars("OWP", CivilDay(2020, 1, 2), closes, quant::PriceBasis::kRaw, source));
    }
    Put(Events("split", "OWP", {{kSplit, 30}}, "ow2"));
    Put(Events("split", "OWP", {{kSplit, 7}}, "aaa"));
    before_ = Now();
  }
  v1::DropSeriesRangeResponse Drop(const std::string& source, const std::string& resource = "split",
                                   const std::string& symbol = "OWP") {
    v1::DropSeriesRangeRequest request;
    request.set_resource(resource);
    request.add_symbols(symbol);
    request.set_source(source);
    *request.mutable_before_time() = rpc::ToProto(absl::FromCivil(kCut, absl::UTCTimeZone()));
    const auto dropped = Call(&Stub::DropSeriesRange, request);
    EXPECT_THAT(dropped, IsOk());
    return dropped.value_or(v1::DropSeriesRangeResponse());
  }
  // Everything that was dropped goes now.
  void Sweep() {
    SeriesStore series(*database_);
    RawBodyStore bodies(*database_);
    FetchStore runs(*database_);
    telemetry::Metrics metrics;
    Maintenance(series, bodies, runs, metrics, clock_,
                {.orphan_age = absl::ZeroDuration(), .drop_age = absl::ZeroDuration()})
        .Round();
    EXPECT_THAT(metrics.Text(), HasSubstr("bf_maintenance_failures_total 0"));
  }
  absl::Time Now() {
    const std::string now =
        database_server_.Sql("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint FROM pg_sleep(0.002)");
    return absl::FromUnixMicros(std::stoll(now));
  }
  static clients::ReadQuery Query(const std::string& source, absl::Time as_of = absl::InfiniteFuture()) {
    clients::ReadQuery query{.as_of = as_of};
    query.source = source;
    query.adjustment = Adjustment::kSplit;
    return query;
  }
  // As of now, of the prices and the shares of test.
  clients::ReadQuery MarketCap() {
    Series shares{.key = {"shares_outstanding", "OWP", quant::Timeframe::kTick, "test"}, .repeats = true};
    for (const CivilDay day : {CivilDay(2020, 1, 3), CivilDay(2020, 5, 4)}) {
      shares.times.push_back(quant::Xnys().DayStart(day));
    }
    shares.Add("shares", std::vector<double>{1000, 2000});
    shares.Add("period_end", std::vector<std::string>{"2020-01-02", "2020-03-31"});
    Put(shares);
    clients::ReadQuery query{.as_of = Now()};
    query.resource = "market_cap";
    query.timeframe = quant::Timeframe::kTick;
    query.source = "derived:test";
    return query;
  }
  double FirstClose(const clients::ReadQuery& query) {
    const auto read = ReadOne("OWP", query);
    EXPECT_THAT(read, IsOk());
    return read.ok() ? read->Doubles("close").front() : 0;
  }
  static auto Refused() { return StatusIs(absl::StatusCode::kFailedPrecondition, "RANGE_DROPPED"); }

  absl::Time before_;
};

TEST_F(DropActionsTest, AReadAsOfEarlierIsRefusedRatherThanAdjustedByTheNextSource) {
  ASSERT_DOUBLE_EQ(FirstClose(Query("ow2", before_)), 400.5 / 30);
  Drop("ow2");
  const absl::Time after = Now();
  for (const bool swept : {false, true}) {
    if (swept) Sweep();
    const auto refused = ReadOne("OWP", Query("ow2", before_));
    EXPECT_THAT(refused, Refused());
    EXPECT_THAT(base::Message(refused.status()), AllOf(HasSubstr("its splits are those of ow2"), HasSubstr("dropped")));
    EXPECT_DOUBLE_EQ(FirstClose(Query("ow2")), 400.5 / 7) << "the newest state has no splits but those of aaa";
    EXPECT_DOUBLE_EQ(FirstClose(Query("ow2", after)), 400.5 / 7);
  }
}

TEST_F(DropActionsTest, WhatWasPublishedBeforeTheCutAndTakesEffectAfterItStays) {
  Put(FlatBars("LAT", CivilDay(2020, 1, 2), std::vector<double>(200, 60), quant::PriceBasis::kRaw));
  // Announced a month before: both before the cut.
  Put(Events("split", "LAT", {{CivilDay(2020, 2, 3), 2}, {CivilDay(2020, 3, 16), 5}}, "test", 30));
  clients::ReadQuery all = Query("test");
  clients::ReadQuery later = all;
  later.range.start_ns = quant::ToNanos(absl::FromCivil(kCut, absl::UTCTimeZone()));
  BF_ASSERT_OK_AND_ASSIGN(const Series rows, ReadOne("LAT", later));
  ASSERT_DOUBLE_EQ(rows.Doubles("close").front(), 12);
  for (const int64_t gone : {1, 0}) {
    const v1::DropSeriesRangeResponse dropped = Drop("test", "split", "LAT");
    ASSERT_EQ(dropped.series_size(), 1);
    EXPECT_EQ(dropped.series(0).row_count(), gone) << "a second time nothing goes";
    EXPECT_EQ(dropped.series(0).staying_row_count(), 1);
    Sweep();
    BF_ASSERT_OK_AND_ASSIGN(const Series again, ReadOne("LAT", later));
    EXPECT_EQ(again.ContentHash(), rows.ContentHash());
    EXPECT_THAT(ReadOne("LAT", all), StatusIs(absl::StatusCode::kFailedPrecondition, "NO_ADJUSTMENT_DATA"))
        << "by one of two splits";
  }
  EXPECT_EQ(database_server_.Sql("SELECT count(*) FROM data.series_drop"), "1");
  // What is announced later is stored beside what stayed, and brings nothing back.
  Put(Events("split", "LAT", {{CivilDay(2020, 6, 1), 2}}));
  BF_ASSERT_OK_AND_ASSIGN(const Series halved, ReadOne("LAT", later));
  EXPECT_DOUBLE_EQ(halved.Doubles("close").front(), 6);
  EXPECT_THAT(ReadOne("LAT", all), StatusIs(absl::StatusCode::kFailedPrecondition, "NO_ADJUSTMENT_DATA"));
  clients::ReadQuery splits;
  splits.resource = "split";
  splits.timeframe = quant::Timeframe::kTick;
  BF_ASSERT_OK_AND_ASSIGN(const Series left, ReadOne("LAT", splits));
  EXPECT_EQ(left.size(), 2u);
}

TEST_F(DropActionsTest, AReadThatTookOtherEventsSaysWhatItSaid) {
  clients::ReadQuery named = Query("ow2", before_);
  named.actions_from = "aaa";
  Drop("ow2");
  EXPECT_DOUBLE_EQ(FirstClose(Query("aaa", before_)), 400.5 / 7) << "by its own splits";
  EXPECT_DOUBLE_EQ(FirstClose(named), 400.5 / 7);
  EXPECT_THAT(ReadOne("OWP", Query("test", before_)), Refused()) << "those of ow2 were stored first";
  EXPECT_DOUBLE_EQ(FirstClose(Query("test")), 400.5 / 7);
}

TEST_F(DropActionsTest, LaterRowsAreReadAsTheyWereAYearAfterTheCut) {
  clients::ReadQuery later = Query("ow2", before_);
  later.range.start_ns = quant::ToNanos(absl::FromCivil(CivilDay(2021, 4, 1), absl::UTCTimeZone()));
  BF_ASSERT_OK_AND_ASSIGN(const Series rows, ReadOne("OWP", later));
  Drop("ow2");
  BF_ASSERT_OK_AND_ASSIGN(const Series again, ReadOne("OWP", later));
  EXPECT_EQ(again.ContentHash(), rows.ContentHash());
  later.range.start_ns = quant::ToNanos(absl::FromCivil(CivilDay(2020, 6, 1), absl::UTCTimeZone()));
  EXPECT_THAT(ReadOne("OWP", later), Refused()) << "a split of June may have been published in February";
}

TEST_F(DropActionsTest, AMarketCapAsOfEarlierIsRefusedWhereItsSharesWent) {
  const clients::ReadQuery query = MarketCap();
  ASSERT_THAT(ReadOne("OWP", query), IsOk());
  Drop("test", "shares_outstanding");
  EXPECT_THAT(ReadOne("OWP", query), Refused());
}

TEST_F(DropActionsTest, AMarketCapAsOfEarlierIsRefusedWhereItsPricesWent) {
  const clients::ReadQuery query = MarketCap();
  ASSERT_THAT(ReadOne("OWP", query), IsOk());
  Drop("test", "stock_price");
  EXPECT_THAT(ReadOne("OWP", query), Refused());
}

}  // namespace
}  // namespace breadthflow::data
