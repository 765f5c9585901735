// ReadSeries through a real server: reads that stand beside each other or go on where they broke off, and what is
// refused.
#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "absl/time/clock.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/clients/bars.h"
#include "common/rpc/convert.h"
#include "tests/integration/data/read_series_fixture.h"

namespace breadthflow::data {
namespace {

using absl::CivilDay;
using clients::Adjustment;
using quant::PriceBasis;
using quant::Series;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;
using ::testing::UnorderedElementsAre;

// What simulations, signals and models read: each series in its own way, whichever others are asked for with it.
TEST_F(ReadSeriesTest, BarsThatAreAdjustedMoreChangeNothingForOthers) {
  PutAaa();
  Put(FlatBars("BBB", kThursday, {50, 50, 50, 50, 50}, PriceBasis::kSplitAndDividendAdjusted));
  const std::vector<std::vector<std::string>> orders = {{"AAA", "BBB"}, {"BBB", "AAA"}};
  for (const std::vector<std::string>& symbols : orders) {
    clients::ReadQuery query;
    query.symbols = symbols;
    query.fields = {"close"};
    BF_ASSERT_OK_AND_ASSIGN(const std::vector<Series> all, clients::ReadBars(*client_, query, {}));
    std::vector<Series> each;
    const auto keep = [&](Series series) {
      each.push_back(std::move(series));
      return absl::OkStatus();
    };
    ASSERT_THAT(clients::ReadEachBars(*client_, query, keep, {}), IsOk());
    ASSERT_EQ(each, all);
    ASSERT_EQ(all.size(), 2u);
    for (size_t i = 0; i < 2; ++i) {
      const bool raw = symbols[i] == "AAA";
      EXPECT_EQ(all[i].key.symbol, symbols[i]);
      EXPECT_EQ(all[i].basis, raw ? PriceBasis::kSplitAdjusted : PriceBasis::kSplitAndDividendAdjusted);
      EXPECT_EQ(all[i].Doubles("close")[0], raw ? 125 : 50) << "no crash at the split";
    }
  }
  v1::ReadSeriesRequest request;
  request.add_symbols("AAA");
  request.set_keep_adjusted(true);
  EXPECT_THAT(Messages(request), StatusIs(absl::StatusCode::kInvalidArgument)) << "more than what?";
}

v1::ReadSeriesRequest Request(std::vector<std::string> symbols) {
  v1::ReadSeriesRequest request;
  request.mutable_symbols()->Add(symbols.begin(), symbols.end());
  return request;
}

// Whatever is written in between, the messages are those that would have come.
TEST_F(ReadSeriesTest, AReadThatBrokeOffGoesOnAsItWouldHave) {
  const auto long_bars = [](const std::string& symbol, int rows, double factor) {
    Series bars{.key = {"stock_price", symbol, quant::Timeframe::kMin1, "test"}, .basis = PriceBasis::kRaw};
    Doubles closes;
    const quant::Session& day = *quant::Xnys().Find(CivilDay(2020, 8, 27));
    for (int i = 0; i < rows; ++i) {
      bars.times.push_back(day.open_ns + i * int64_t{60'000'000'000});
      closes.push_back(factor * (100 + i % 50));
    }
    for (const char* name : {"open", "high", "low", "close", "volume"}) bars.Add(name, closes);
    return bars;
  };
  for (const char* symbol : {"AAA", "BBB", "CCC"}) Put(long_bars(symbol, 20000, 1));
  Put(Events("split", "AAA", {{CivilDay(2020, 8, 28), 4}}));
  Put(Events("split", "BBB", {{CivilDay(2020, 8, 28), 2}}));
  Put(Events("split", "CCC", {{CivilDay(2020, 8, 28), 2}}));
  Put(Statements({{CivilDay(2020, 8, 3), "2020-06-30"}}, 1));
  std::vector<v1::ReadSeriesRequest> requests;
  for (const auto encoding : {common::v1::SERIES_ENCODING_PACKED, common::v1::SERIES_ENCODING_STORED}) {
    v1::ReadSeriesRequest plain = Request({"AAA", "BBB", "CCC"});
    plain.set_timeframe(common::v1::TIMEFRAME_1MIN);
    plain.set_encoding(encoding);
    requests.push_back(plain);
    plain.set_adjustment(common::v1::ADJUSTMENT_SPLIT);
    requests.push_back(plain);
    v1::ReadSeriesRequest joined = Request({"AAA"});
    joined.set_timeframe(common::v1::TIMEFRAME_1MIN);
    joined.set_encoding(encoding);
    v1::AsOfJoin& join = *joined.add_joins();
    join.set_resource("earnings");
    join.add_fields("eps_diluted");
    requests.push_back(joined);
  }
  std::vector<std::vector<Message>> wholes;
  for (const v1::ReadSeriesRequest& request : requests) {
    BF_ASSERT_OK_AND_ASSIGN(wholes.emplace_back(), Messages(request));
    ASSERT_GT(wholes.back().size(), 2u);
  }
  for (const char* symbol : {"AAA", "BBB", "CCC"}) Put(long_bars(symbol, 30000, 2));
  Put(Events("split", "AAA", {{CivilDay(2020, 8, 28), 7}}));
  Put(Events("split", "BBB", {{CivilDay(2020, 8, 28), 7}}, "another"));
  Put(Statements({{CivilDay(2020, 8, 2), "2020-06-30"}}, 2));
  Put(Statements({{CivilDay(2020, 8, 2), "2020-06-30"}}, 2, "another"));
  for (size_t i = 0; i < requests.size(); ++i) {
    const std::vector<Message>& whole = wholes[i];
    for (size_t broken = 0; broken < whole.size(); ++broken) {
      v1::ReadSeriesRequest request = requests[i];
      request.set_resume_token(whole[broken].resume_token());
      BF_ASSERT_OK_AND_ASSIGN(const auto rest, Messages(request));
      ASSERT_EQ(rest.size(), whole.size() - broken - 1) << "request " << i << " after message " << broken;
      for (size_t m = 0; m < rest.size(); ++m) {
        ASSERT_EQ(rest[m].SerializeAsString(), whole[broken + 1 + m].SerializeAsString());
      }
    }
  }
  v1::ReadSeriesRequest other = requests[0];
  other.set_resume_token(wholes[1][0].resume_token());
  EXPECT_THAT(Messages(other), StatusIs(absl::StatusCode::kInvalidArgument)) << "of another read";
  std::string forged = wholes[0][0].resume_token();
  forged[10] = forged[10] == 'A' ? 'B' : 'A';
  other.set_resume_token(forged);
  EXPECT_THAT(Messages(other), StatusIs(absl::StatusCode::kInvalidArgument));
}

std::vector<std::string> FieldsOf(const absl::Status& status) {
  std::vector<std::string> fields;
  for (const auto& violation : base::DetailsOf(status).violations) fields.push_back(violation.field);
  return fields;
}

TEST_F(ReadSeriesTest, EveryViolationIsNamedAtOnce) {
  PutAaa();
  v1::ReadSeriesRequest request = Request({"AAA", "AAA", "a b"});
  request.add_fields("clouds");
  request.set_encoding(static_cast<common::v1::SeriesEncoding>(9));
  request.set_adjustment(static_cast<common::v1::Adjustment>(7));
  request.mutable_resampling()->set_ticks(-1);
  request.mutable_resampling()->set_calendar("MOON");
  request.mutable_resampling()->set_fill_forward(true);
  request.add_joins()->set_resource("tulips");
  v1::AsOfJoin& join = *request.add_joins();
  join.set_resource("earnings");
  join.add_fields("eps_diluted");
  join.add_fields("weather");
  join.add_fields("eps_diluted");
  join.set_replace_by("nothing");
  join.mutable_ttl()->set_seconds(-5);
  request.set_resume_token("made up");
  const auto refused = Messages(request);
  ASSERT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(FieldsOf(refused.status()),
              UnorderedElementsAre("symbols[1]", "symbols[2]", "fields[0]", "encoding", "adjustment",
                                   "resampling.ticks", "resampling.calendar", "resampling.fill_forward",
                                   "joins[0].resource", "joins[0].fields", "joins[1].fields[1]", "joins[1].fields[2]",
                                   "joins[1].replace_by", "joins[1].ttl", "resume_token"));
}

TEST_F(ReadSeriesTest, WhatDoesNotGoTogetherIsRefused) {
  PutAaa();
  const auto refused = [&](v1::ReadSeriesRequest request) {
    const auto answer = Messages(request);
    EXPECT_THAT(answer, StatusIs(absl::StatusCode::kInvalidArgument));
    return FieldsOf(answer.status());
  };
  clients::SnapshotSpec spec;
  spec.symbols = {"AAA"};
  BF_ASSERT_OK_AND_ASSIGN(const auto snapshot, client_->CreateSnapshot(spec, "", {}));
  v1::ReadSeriesRequest request;
  request.set_snapshot(snapshot.name);
  request.set_resource("earnings");
  request.set_timeframe(common::v1::TIMEFRAME_1WEEK);
  request.set_source("test");
  EXPECT_THAT(refused(request), UnorderedElementsAre("resource", "timeframe", "source"));
  request.set_resource("stock_price");
  request.set_timeframe(common::v1::TIMEFRAME_1DAY);
  request.clear_source();
  EXPECT_THAT(Messages(request), IsOk()) << "what it has anyway may be said";
  request = Request({"AAA"});
  request.mutable_resampling();
  EXPECT_THAT(refused(request), ElementsAre("resampling"));
  request.mutable_resampling()->set_timeframe(common::v1::TIMEFRAME_1MIN);
  EXPECT_THAT(refused(request), ElementsAre("resampling.timeframe"));
  request = Request({"AAA"});
  request.set_resource("split");
  request.set_adjustment(common::v1::ADJUSTMENT_SPLIT);
  request.mutable_resampling()->set_ticks(5);
  EXPECT_THAT(refused(request), UnorderedElementsAre("adjustment", "resampling"));
  request = Request({"AAA"});
  for (int i = 0; i < 17; ++i) request.add_joins()->set_resource("earnings");
  EXPECT_THAT(refused(request), ElementsAre("joins"));
  v1::ListSeriesRequest list;
  list.set_resource("tulips");
  grpc::ClientContext context;
  v1::ListSeriesResponse listed;
  EXPECT_THAT(rpc::FromGrpc(stub_->ListSeries(&context, list, &listed)),
              StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_RESOURCE"));
}

TEST_F(ReadSeriesTest, SeriesOfJoinsThatAreNotThereAreNamed) {
  PutAaa();
  v1::ReadSeriesRequest request = Request({"AAA"});
  for (const char* resource : {"earnings", "revenue"}) {
    v1::AsOfJoin& join = *request.add_joins();
    join.set_resource(resource);
    join.add_fields("period_end");
  }
  const auto absent = Messages(request);
  EXPECT_THAT(absent, StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_SERIES"));
  EXPECT_THAT(FieldsOf(absent.status()), ElementsAre("joins[0].symbols[0]", "joins[1].symbols[0]"));
  EXPECT_THAT(base::Message(absent.status()), HasSubstr("AAA"));
  request.mutable_joins()->RemoveLast();
  Put(Statements({{CivilDay(2020, 8, 3), "2020-06-30"}}, 1));
  request.mutable_joins(0)->set_source("nobody");
  const auto unknown = Messages(request);
  EXPECT_THAT(unknown, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(FieldsOf(unknown.status()), ElementsAre("joins[0].source"));
  Put(Statements({{CivilDay(2020, 8, 3), "2020-06-30"}}, 2, "another"));
  request.mutable_joins(0)->clear_source();
  EXPECT_THAT(Messages(request), IsOk()) << "that of the rows";
  Put(FlatBars("AAA", kThursday, kCloses, quant::PriceBasis::kRaw, "third"));
  request.set_source("third");
  EXPECT_THAT(Messages(request), StatusIs(absl::StatusCode::kFailedPrecondition, "SEVERAL_SOURCES"));
  request.mutable_joins(0)->set_source("another");
  EXPECT_THAT(Messages(request), IsOk());
}

}  // namespace
}  // namespace breadthflow::data
