// Old rows that are dropped to free their place: what goes, what stays, and what reads of earlier states say.
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/rpc/convert.h"
#include "services/data/app/maintenance.h"
#include "tests/integration/data/read_fixture.h"

namespace breadthflow::data {
namespace {

using absl::CivilDay;
using clients::Adjustment;
using quant::Series;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::SizeIs;
using testing::StatusIs;

constexpr CivilDay kCut(2016, 1, 1);

class DropRangeTest : public ReadTest {
 protected:
  // Prices as traded of three years from 2015 on.
  static Series Bars(const std::string& symbol, double shift = 0) {
    std::vector<double> closes;
    for (int i = 0; i < 750; ++i) closes.push_back(100 + i % 97 + shift);
    return FlatBars(symbol, CivilDay(2015, 1, 1), closes);
  }

  static v1::DropSeriesRangeRequest Request(std::vector<std::string> symbols, CivilDay before = kCut) {
    v1::DropSeriesRangeRequest request;
    for (std::string& symbol : symbols) request.add_symbols(std::move(symbol));
    *request.mutable_before_time() = rpc::ToProto(absl::FromCivil(before, absl::UTCTimeZone()));
    return request;
  }

  absl::StatusOr<v1::DropSeriesRangeResponse> Drop(const v1::DropSeriesRangeRequest& request) {
    return Call(&Stub::DropSeriesRange, request);
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

  static int64_t Start(CivilDay day) { return quant::ToNanos(absl::FromCivil(day, absl::UTCTimeZone())); }
  static Series Later(const Series& bars) { return bars.Slice({Start(kCut), INT64_MAX}); }
};

TEST_F(DropRangeTest, RowsBeforeTheInstantGoOfTheNamedSeriesAlone) {
  const Series one = Bars("ONE");
  const Series two = Bars("TWO", 5);
  Put(one);
  Put(two);
  v1::DropSeriesRangeRequest request = Request({"ONE"});
  request.set_validate_only(true);
  BF_ASSERT_OK_AND_ASSIGN(const auto told, Drop(request));
  EXPECT_FALSE(told.has_drop_time());
  EXPECT_EQ(ReadOne("ONE")->ContentHash(), one.ContentHash()) << "it was only asked";
  request.set_validate_only(false);
  request.set_request_id(base::NewUuid(clock_.Now()));
  BF_ASSERT_OK_AND_ASSIGN(const auto dropped, Drop(request));
  EXPECT_TRUE(dropped.has_drop_time());
  ASSERT_EQ(dropped.series_size(), 1);
  EXPECT_EQ(dropped.series(0).key().symbol(), "ONE");
  EXPECT_EQ(dropped.series(0).source(), "test");
  EXPECT_EQ(dropped.series(0).row_count(), static_cast<int64_t>(one.size() - Later(one).size()));
  EXPECT_EQ(told.series(0).SerializeAsString(), dropped.series(0).SerializeAsString());
  EXPECT_EQ(ReadOne("ONE")->ContentHash(), Later(one).ContentHash());
  EXPECT_EQ(ReadOne("TWO")->ContentHash(), two.ContentHash());
  Put(one);
  BF_ASSERT_OK_AND_ASSIGN(const auto again, Drop(request));
  EXPECT_EQ(again.SerializeAsString(), dropped.SerializeAsString());
  EXPECT_EQ(ReadOne("ONE")->ContentHash(), one.ContentHash()) << "the same request, not another one";
  EXPECT_EQ(database_server_.Sql("SELECT count(*) FROM data.series_version WHERE provenance LIKE 'rangeDrops/%'"), "1");
}

TEST_F(DropRangeTest, AllSymbolsOfAKindGoTogetherAndAnEmptyRangeIsNoChange) {
  Put(Bars("ONE"));
  Put(Bars("TWO"));
  Put(Events("split", "ONE", {{CivilDay(2015, 6, 1), 2}}));
  v1::DropSeriesRangeRequest request = Request({}, CivilDay(2017, 1, 1));
  request.set_all_symbols(true);
  BF_ASSERT_OK_AND_ASSIGN(const auto dropped, Drop(request));
  ASSERT_EQ(dropped.series_size(), 2);
  EXPECT_EQ(dropped.series(0).key().symbol(), "ONE");
  EXPECT_EQ(dropped.series(1).key().symbol(), "TWO");
  const int64_t versions = Count("series_version");
  BF_ASSERT_OK_AND_ASSIGN(const auto nothing, Drop(request));
  EXPECT_EQ(nothing.series_size(), 0);
  EXPECT_EQ(Count("series_version"), versions);
  EXPECT_EQ(database_server_.Sql("SELECT count(*) FROM data.series_drop d JOIN data.series s ON s.id = d.series_id "
                                 "WHERE s.resource = 'split'"),
            "0");
}

TEST_F(DropRangeTest, EveryMistakeIsNamed) {
  Put(Bars("ONE"));
  v1::DropSeriesRangeRequest request;
  request.set_request_id("no uuid");
  const auto wrong = Drop(request);
  ASSERT_THAT(wrong, StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_ARGUMENT"));
  std::vector<std::string> fields;
  for (const auto& violation : base::DetailsOf(wrong.status()).violations) fields.push_back(violation.field);
  EXPECT_THAT(fields, ElementsAre("symbols", "before_time", "request_id"));
  request = Request({"ONE"});
  request.set_all_symbols(true);
  EXPECT_THAT(Drop(request), StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_ARGUMENT"));
  const auto unknown = Drop(Request({"ONE", "TWO", "THREE"}));
  ASSERT_THAT(unknown, StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_SERIES"));
  EXPECT_THAT(base::DetailsOf(unknown.status()).violations, SizeIs(2));
  request = Request({"ONE"});
  request.set_source("other");
  EXPECT_THAT(Drop(request), StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_SERIES"));
  request = Request({"ONE"});
  request.set_resource("nothing");
  EXPECT_THAT(Drop(request), StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_RESOURCE"));
  EXPECT_EQ(Count("series_drop"), 0);
}

TEST_F(DropRangeTest, AReadAsOfEarlierIsRefusedWhereItNeedsWhatWent) {
  const Series bars = Bars("ONE");
  Put(bars);
  const absl::Time before = Now();
  ASSERT_THAT(Drop(Request({"ONE"})), IsOk());
  for (const bool swept : {false, true}) {
    if (swept) Sweep();
    const auto whole = ReadOne("ONE", {.as_of = before});
    EXPECT_THAT(whole, StatusIs(absl::StatusCode::kFailedPrecondition, "RANGE_DROPPED"));
    EXPECT_THAT(base::Message(whole.status()), HasSubstr("rows of ONE 1day before 2016-01-01T00:00:00Z were dropped"));
    EXPECT_THAT(ReadOne("ONE", {.range = {Start(kCut) - 1, INT64_MAX}, .as_of = before}),
                StatusIs(absl::StatusCode::kFailedPrecondition, "RANGE_DROPPED"));
    BF_ASSERT_OK_AND_ASSIGN(const Series later, ReadOne("ONE", {.range = {Start(kCut), INT64_MAX}, .as_of = before}));
    EXPECT_EQ(later.ContentHash(), Later(bars).ContentHash());
    clients::ReadQuery anchored{.range = {Start(CivilDay(2017, 1, 1)), INT64_MAX}, .as_of = before};
    anchored.adjustment = Adjustment::kForwardSplit;
    EXPECT_THAT(ReadOne("ONE", anchored), StatusIs(absl::StatusCode::kFailedPrecondition, "RANGE_DROPPED"))
        << "its prices are anchored on a row that went";
    clients::ReadQuery weeks{.range = {Start(CivilDay(2017, 1, 1)), INT64_MAX}, .as_of = before};
    weeks.resampling = clients::Resampling{.timeframe = quant::Timeframe::kWeek};
    EXPECT_THAT(ReadOne("ONE", weeks), IsOk());
    EXPECT_THAT(client_->CreateSnapshot({.symbols = {"ONE"}, .as_of = before}, base::NewUuid(clock_.Now()), {}),
                StatusIs(absl::StatusCode::kFailedPrecondition, "RANGE_DROPPED"));
  }
  v1::ReadSeriesRequest request;
  request.add_symbols("ONE");
  BF_ASSERT_OK_AND_ASSIGN(const auto messages, Messages(request));
  EXPECT_THAT(messages.front().origin().notices(), ElementsAre(HasSubstr("no rows before 2016-01-01")));
  *request.mutable_range()->mutable_start_time() = rpc::ToProto(absl::FromCivil(kCut, absl::UTCTimeZone()));
  BF_ASSERT_OK_AND_ASSIGN(const auto within, Messages(request));
  EXPECT_THAT(within.front().origin().notices(), IsEmpty());
}

TEST_F(DropRangeTest, AReadThatBrokeOffIsNotGoneOnWithWithoutTheRows) {
  Put(Bars("ONE"));
  v1::ReadSeriesRequest request;
  request.add_symbols("ONE");
  BF_ASSERT_OK_AND_ASSIGN(const auto messages, Messages(request));
  request.set_resume_token(messages.front().resume_token());
  EXPECT_THAT(Messages(request), IsOk());
  ASSERT_THAT(Drop(Request({"ONE"})), IsOk());
  EXPECT_THAT(Messages(request), StatusIs(absl::StatusCode::kFailedPrecondition, "RANGE_DROPPED"));
}

TEST_F(DropRangeTest, ASnapshotKeepsWhatItNamesAndTheSplitsOfItsPrices) {
  const Series bars = Bars("ONE");
  Put(bars);
  Put(Events("split", "ONE", {{CivilDay(2015, 6, 1), 2}, {CivilDay(2017, 6, 1), 3}}));
  BF_ASSERT_OK_AND_ASSIGN(const auto snapshot,
                          client_->CreateSnapshot({.symbols = {"ONE"}}, base::NewUuid(clock_.Now()), {}));
  Put(Bars("ONE", 1));
  const auto frozen = [&](std::optional<Adjustment> adjustment) {
    clients::ReadQuery query{.snapshot = snapshot.name};
    query.adjustment = adjustment;
    const auto rows = client_->Read(query, {});
    EXPECT_THAT(rows, IsOk());
    return rows.ok() ? base::ToHex(rows->front().ContentHash()) : "";
  };
  const std::vector<std::optional<Adjustment>> shapes = {std::nullopt, Adjustment::kSplit, Adjustment::kForwardSplit};
  std::vector<std::string> hashes;
  for (const auto& shape : shapes) hashes.push_back(frozen(shape));
  EXPECT_NE(hashes[1], hashes[2]);
  v1::DropSeriesRangeRequest request = Request({"ONE"}, CivilDay(2030, 1, 1));
  BF_ASSERT_OK_AND_ASSIGN(const auto dropped, Drop(request));
  EXPECT_GT(dropped.series(0).kept_bytes(), 0);
  EXPECT_GT(dropped.series(0).freed_bytes(), 0) << "the newest state, which no snapshot has";
  request.set_resource("split");
  ASSERT_THAT(Drop(request), IsOk());
  const int64_t parts = Count("series_chunk");
  Sweep();
  EXPECT_EQ(Count("series_chunk"), parts - 1);
  EXPECT_TRUE(ReadOne("ONE")->empty());
  for (size_t i = 0; i < shapes.size(); ++i) EXPECT_EQ(frozen(shapes[i]), hashes[i]);
}

TEST_F(DropRangeTest, PricesAreNotAdjustedBySomeOfTheirSplits) {
  const Series bars = Bars("ONE");
  Put(bars);
  Put(Events("split", "ONE", {{CivilDay(2015, 6, 1), 2}, {CivilDay(2017, 6, 1), 3}}));
  clients::ReadQuery query;
  query.adjustment = Adjustment::kSplit;
  BF_ASSERT_OK_AND_ASSIGN(const Series before, ReadOne("ONE", query));
  v1::DropSeriesRangeRequest request = Request({"ONE"});
  request.set_resource("split");
  ASSERT_THAT(Drop(request), IsOk());
  EXPECT_THAT(ReadOne("ONE", query), StatusIs(absl::StatusCode::kFailedPrecondition, "NO_ADJUSTMENT_DATA"));
  query.range = {Start(CivilDay(2016, 2, 1)), INT64_MAX};
  BF_ASSERT_OK_AND_ASSIGN(const Series after, ReadOne("ONE", query));
  EXPECT_EQ(after.ContentHash(), before.Slice(query.range).ContentHash());
  Put(Events("split", "ONE", {{CivilDay(2015, 6, 1), 2}}));
  query.range = {};
  EXPECT_EQ(ReadOne("ONE", query)->ContentHash(), before.ContentHash()) << "they have come back";
}

TEST_F(DropRangeTest, AJoinAsOfEarlierIsRefusedWhereItsRowsWent) {
  Put(Bars("ONE"));
  Series news{.key = {"news_sentiment", "ONE", quant::Timeframe::kTick, "test"}, .repeats = true};
  news.times = {Start(CivilDay(2015, 3, 1)), Start(CivilDay(2017, 3, 1))};
  news.Add("score", std::vector<double>{0.25, 0.5});
  Put(news);
  clients::ReadQuery query{.range = {Start(CivilDay(2016, 6, 1)), INT64_MAX}, .as_of = Now()};
  query.joins = {{.resource = "news_sentiment", .fields = {"score"}}};
  ASSERT_THAT(ReadOne("ONE", query), IsOk());
  v1::DropSeriesRangeRequest request = Request({"ONE"});
  request.set_resource("news_sentiment");
  ASSERT_THAT(Drop(request), IsOk());
  EXPECT_THAT(ReadOne("ONE", query), StatusIs(absl::StatusCode::kFailedPrecondition, "RANGE_DROPPED"));
  query.joins[0].ttl = absl::Hours(24 * 30);
  EXPECT_THAT(ReadOne("ONE", query), IsOk()) << "no row that shows went";
}

TEST_F(DropRangeTest, WhatWasFetchedIsAskedForAgainOnlyByARefetch) {
  ASSERT_EQ(Fetch(Simulated({"ONE"})).status.state, clients::RunState::kSucceeded);
  BF_ASSERT_OK_AND_ASSIGN(const Series whole, ReadOne("ONE"));
  ASSERT_THAT(Drop(Request({"ONE"})), IsOk());
  const int64_t coverage = Count("coverage");
  ASSERT_EQ(Fetch(Simulated({"ONE"})).status.state, clients::RunState::kSucceeded);
  EXPECT_EQ(ReadOne("ONE")->ContentHash(), Later(whole).ContentHash());
  EXPECT_EQ(Count("coverage"), coverage);
  BF_ASSERT_OK_AND_ASSIGN(const auto snapshot,
                          client_->CreateSnapshot({.symbols = {"ONE"}}, base::NewUuid(clock_.Now()), {}));
  v1::GetQualityReportRequest get;
  get.set_name("qualityReports" + snapshot.name.substr(snapshot.name.find('/')));
  BF_ASSERT_OK_AND_ASSIGN(const v1::QualityReport report, Call(&Stub::GetQualityReport, get));
  EXPECT_LE(report.series(0).expected_row_count(), static_cast<int64_t>(Later(whole).size()) + 2)
      << "the year that was dropped is no gap";
  v1::CreateFetchRunRequest again;
  again.mutable_spec()->add_symbols("ONE");
  *again.mutable_spec()->mutable_range() = rpc::ToProto(Years(2015, 2018));
  again.mutable_spec()->mutable_source()->set_name("simulated");
  again.mutable_spec()->set_refetch(true);
  BF_ASSERT_OK_AND_ASSIGN(const v1::FetchRun run, Call(&Stub::CreateFetchRun, again));
  ASSERT_EQ(Watched(run.name()).status.state, clients::RunState::kSucceeded);
  EXPECT_EQ(ReadOne("ONE")->ContentHash(), whole.ContentHash());
}

}  // namespace
}  // namespace breadthflow::data
