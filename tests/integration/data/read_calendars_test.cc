// Bars by the calendar of the series, levels of which no bars can be made, and instants before anything was known.
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/clients/data_client.h"
#include "common/rpc/convert.h"
#include "services/data/store/series_store.h"
#include "tests/integration/data/read_fixture.h"

namespace breadthflow::data {
namespace {

using absl::CivilDay;
using quant::Series;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;
using Doubles = std::vector<double>;

class ReadCalendarsTest : public ReadTest {
 protected:
  static constexpr CivilDay kMonday{2020, 8, 31};

  // A row a day for three weeks, as the closes of that calendar.
  static Series Days(const std::string& symbol, const quant::Calendar& calendar) {
    Series bars{.key = {"stock_price", symbol, quant::Timeframe::kDay, "test"}, .basis = quant::PriceBasis::kRaw};
    Doubles closes;
    for (const quant::Session& session : calendar.Between(kMonday, kMonday + 21)) {
      bars.times.push_back(session.close_ns);
      closes.push_back(100 + static_cast<double>(bars.size()));  // no move looks like a split
    }
    for (const char* name : {"open", "high", "low", "close"}) bars.Add(name, closes);
    bars.Add("volume", Doubles(bars.size(), 100));
    return bars;
  }
  absl::StatusOr<Series> Weeks(const std::string& symbol, const std::string& calendar = "") {
    return ReadOne(symbol,
                   {.resampling = clients::Resampling{.timeframe = quant::Timeframe::kWeek, .calendar = calendar}});
  }
};

TEST_F(ReadCalendarsTest, WeeksAreThoseOfTheCalendarThatTheRowsTell) {
  Put(Days("BTCUSD", quant::AlwaysOpen()));
  BF_ASSERT_OK_AND_ASSIGN(const Series weeks, Weeks("BTCUSD"));
  EXPECT_THAT(weeks.Doubles("open"), ElementsAre(101, 108, 115));
  EXPECT_THAT(weeks.Doubles("volume"), ElementsAre(700, 700, 700));
}

TEST_F(ReadCalendarsTest, RowsOfNoSessionAreAnErrorThatNamesTheCalendar) {
  Put(Days("BTCUSD", quant::AlwaysOpen()));
  const auto refused = Weeks("BTCUSD", "XNYS");
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition, "NO_SESSION"));
  EXPECT_THAT(base::Message(refused.status()), HasSubstr("XNYS"));
}

TEST_F(ReadCalendarsTest, ACalendarThatWasNamedCountsBeforeWhatTheRowsTell) {
  const Series bars = Days("BTCUSD", quant::AlwaysOpen());
  Put(bars);
  SeriesStore store(*database_);
  const auto name = [&](const std::string& calendar) {
    EXPECT_THAT(database_->Transact([&](postgres::Transaction& tx) -> absl::Status {
      return store.SetMarket(tx, bars.key, {calendar, "utc"});
    }),
                IsOk());
  };
  name("XNYS");
  EXPECT_THAT(Weeks("BTCUSD"), StatusIs(absl::StatusCode::kFailedPrecondition, "NO_SESSION"));
  clients::SnapshotSpec spec;
  spec.symbols = {"BTCUSD"};
  BF_ASSERT_OK_AND_ASSIGN(const auto wrong, client_->CreateSnapshot(spec, "", {}));
  BF_ASSERT_OK_AND_ASSIGN(const auto missing, client_->GetQualityReport(wrong.name, {}));
  EXPECT_FALSE(missing.passed);
  EXPECT_EQ(missing.series.at(0).calendar, "XNYS");
  BF_ASSERT_OK_AND_ASSIGN(const auto kept, client_->GetQualityReport(wrong.name, {}));
  EXPECT_EQ(kept.series.at(0).calendar, "XNYS") << "the report that is stored says it too";
  EXPECT_EQ(kept.create_time, missing.create_time);
  v1::GetQualityReportRequest request;
  request.set_name("qualityReports/" + wrong.name.substr(wrong.name.find('/') + 1));
  request.set_calendar("24/7");
  grpc::ClientContext context;
  v1::QualityReport by_name;
  ASSERT_THAT(rpc::FromGrpc(stub_->GetQualityReport(&context, request, &by_name)), IsOk());
  EXPECT_EQ(by_name.series(0).calendar(), "24/7");
  EXPECT_EQ(by_name.series(0).expected_row_count(), 21);
  EXPECT_TRUE(by_name.passed());
  name("24/7");
  EXPECT_THAT(Weeks("BTCUSD"), IsOk());
  BF_ASSERT_OK_AND_ASSIGN(const auto markets,
                          store.Markets({bars.key}, absl::InfiniteFuture(), absl::InfiniteFuture()));
  EXPECT_EQ(markets.at(bars.key).market, (SeriesMarket{"24/7", "utc"}));
}

// Rows of weekdays stay where they are when a calendar with weekends is named for them: only later reads change.
TEST_F(ReadCalendarsTest, WhatWasNamedLaterChangesNoEarlierRead) {
  const Series bars = Days("BTCUSD", quant::AlwaysOpen());
  Put(bars);
  SeriesStore store(*database_);
  const auto name = [&](const std::string& calendar) {
    EXPECT_THAT(database_->Transact([&](postgres::Transaction& tx) -> absl::Status {
      return store.SetMarket(tx, bars.key, {calendar, ""});
    }),
                IsOk());
    const auto known = store.Markets({bars.key}, absl::InfiniteFuture(), absl::InfiniteFuture());
    EXPECT_THAT(known, IsOk());
    return known->at(bars.key).known_at;
  };
  const auto read = [&](const std::string& snapshot, absl::Time as_of) {
    v1::ReadSeriesRequest request;
    if (snapshot.empty()) request.add_symbols("BTCUSD");
    request.set_snapshot(snapshot);
    if (as_of != absl::InfiniteFuture()) *request.mutable_as_of_time() = rpc::ToProto(as_of);
    request.mutable_resampling()->set_timeframe(common::v1::TIMEFRAME_1WEEK);
    const auto messages = Messages(request);
    EXPECT_THAT(messages, IsOk());
    std::string bytes;
    for (Message message : messages.value_or(std::vector<Message>())) {
      message.clear_resume_token();
      bytes += message.SerializeAsString();
    }
    return bytes;
  };
  const auto calendar = [&](const std::string& bytes) {
    common::v1::SeriesMessage message;
    EXPECT_TRUE(message.ParseFromString(bytes));
    return message.origin().calendar();
  };
  clients::SnapshotSpec spec;
  spec.symbols = {"BTCUSD"};
  BF_ASSERT_OK_AND_ASSIGN(const auto unnamed, client_->CreateSnapshot(spec, "", {}));
  const std::string before = read(unnamed.name, absl::InfiniteFuture());
  EXPECT_EQ(calendar(before), "");
  const absl::Time none_at = name("none");
  BF_ASSERT_OK_AND_ASSIGN(const auto frozen, client_->CreateSnapshot(spec, "", {}));
  const std::string by_none = read("", absl::InfiniteFuture());
  EXPECT_EQ(calendar(by_none), "none");
  EXPECT_EQ(read(frozen.name, absl::InfiniteFuture()), by_none);
  const absl::Time always_at = name("24/7");
  EXPECT_GT(always_at, none_at);
  EXPECT_EQ(calendar(read("", absl::InfiniteFuture())), "24/7");
  EXPECT_EQ(read(unnamed.name, absl::InfiniteFuture()), before) << "nothing was named when it was frozen";
  EXPECT_EQ(read("", none_at - absl::Microseconds(1)), before);
  EXPECT_EQ(read(frozen.name, absl::InfiniteFuture()), by_none);
  EXPECT_EQ(read("", none_at), by_none);
  EXPECT_EQ(read("", always_at - absl::Microseconds(1)), by_none);
  EXPECT_EQ(calendar(read("", always_at)), "24/7");
  BF_ASSERT_OK_AND_ASSIGN(const auto report, client_->GetQualityReport(frozen.name, {}));
  EXPECT_EQ(report.series.at(0).calendar, "none") << "a snapshot is judged by what was known of it";
  BF_ASSERT_OK_AND_ASSIGN(const auto latest, client_->CreateSnapshot(spec, "", {}));
  EXPECT_EQ(latest.content_hash, frozen.content_hash) << "which is the hash of the rows";
}

TEST_F(ReadCalendarsTest, AReportComparesEachSeriesWithItsOwnOtherSources) {
  const auto put = [&](const std::string& symbol, const std::string& source, double first_close) {
    Series bars = Days(symbol, quant::Xnys());
    bars.key.variant = source;
    std::get<Doubles>(bars.columns[3].values)[0] = first_close;
    Put(bars);
  };
  for (const char* symbol : {"AAA", "BBB", "CCC"}) put(symbol, "one", 101);
  put("AAA", "two", 101);
  put("CCC", "three", 105);
  put("CCC", "two", 101);
  clients::SnapshotSpec spec;
  spec.symbols = {"AAA", "BBB", "CCC"};
  spec.source = "one";
  BF_ASSERT_OK_AND_ASSIGN(const auto snapshot, client_->CreateSnapshot(spec, "", {}));
  v1::GetQualityReportRequest request;
  request.set_name("qualityReports/" + snapshot.name.substr(snapshot.name.find('/') + 1));
  grpc::ClientContext context;
  v1::QualityReport report;
  ASSERT_THAT(rpc::FromGrpc(stub_->GetQualityReport(&context, request, &report)), IsOk());
  std::vector<std::string> said;
  for (const v1::SeriesQuality& one : report.series()) {
    said.push_back(one.key().symbol());
    for (const std::string& source : one.compared_sources()) said.back() += " " + source;
    for (const v1::QualityFinding& finding : one.findings()) {
      if (finding.check() == "cross_source") said.back() += ": " + finding.message();
    }
  }
  EXPECT_THAT(said, ElementsAre("AAA two", "BBB",
                                HasSubstr("CCC three two: 1 of 14 common rows differ from those of "
                                          "three")));
}

// It moves no version: reads that are planned twice find it all the same.
TEST_F(ReadCalendarsTest, AdjustedAndJoinedReadsSayWhatWasNamedAfterTheRows) {
  const Series bars = Days("AAA", quant::Xnys());
  Put(bars);
  Put(Events("split", "AAA", {{CivilDay(2020, 9, 9), 2}}));
  Series rate{.key = {"interest_rate", "US10Y", quant::Timeframe::kTick, "test"}, .repeats = true};
  rate.times = {quant::Xnys().DayStart(CivilDay(2020, 8, 1))};
  rate.Add("rate", Doubles{0.01});
  Put(rate);
  SeriesStore store(*database_);
  const auto name = [&](const std::string& calendar) {
    EXPECT_THAT(database_->Transact([&](postgres::Transaction& tx) -> absl::Status {
      return store.SetMarket(tx, bars.key, {calendar, ""});
    }),
                IsOk());
  };
  const auto calendar = [&](v1::ReadSeriesRequest request, const std::string& snapshot) {
    if (snapshot.empty()) request.add_symbols("AAA");
    request.set_snapshot(snapshot);
    const auto messages = Messages(request);
    EXPECT_THAT(messages, IsOk());
    return messages.ok() && !messages->empty() ? messages->front().origin().calendar() : "no answer";
  };
  const v1::ReadSeriesRequest plain;
  v1::ReadSeriesRequest adjusted;
  adjusted.set_adjustment(common::v1::ADJUSTMENT_SPLIT);
  v1::ReadSeriesRequest joined;
  v1::AsOfJoin& join = *joined.add_joins();
  join.set_resource("interest_rate");
  join.add_fields("rate");
  const std::vector<const v1::ReadSeriesRequest*> requests = {&plain, &adjusted, &joined};
  name("none");
  clients::SnapshotSpec spec;
  spec.symbols = {"AAA"};
  BF_ASSERT_OK_AND_ASSIGN(const auto frozen, client_->CreateSnapshot(spec, "", {}));
  for (const v1::ReadSeriesRequest* request : requests) {
    EXPECT_EQ(calendar(*request, ""), "none");
    EXPECT_EQ(calendar(*request, frozen.name), "none");
  }
  name("XNYS");
  for (const v1::ReadSeriesRequest* request : requests) {
    EXPECT_EQ(calendar(*request, ""), "XNYS");
    EXPECT_EQ(calendar(*request, frozen.name), "none") << "what was named when it was frozen";
  }
}

TEST_F(ReadCalendarsTest, TheSameCalendarAgainWritesNothingAndWritersAgree) {
  const Series bars = Days("BTCUSD", quant::AlwaysOpen());
  Put(bars);
  SeriesStore store(*database_);
  const auto name = [&](const std::string& calendar) {
    return database_->Transact([&](postgres::Transaction& tx) -> absl::Status {
      return store.SetMarket(tx, bars.key, {calendar, ""});
    });
  };
  ASSERT_THAT(name("24/7"), IsOk());
  ASSERT_THAT(name("24/7"), IsOk());
  EXPECT_EQ(Count("series_market"), 1);
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&] {
      for (const char* calendar : {"FX", "XNYS", "FX", "none"}) EXPECT_THAT(name(calendar), IsOk());
    });
  }
  for (std::thread& writer : writers) writer.join();
  const int64_t all = Count("series_market");
  EXPECT_GE(all, 4);
  EXPECT_LE(all, 17);
  // Each statement differs from the one before it, and the last one is what is read.
  BF_ASSERT_OK_AND_ASSIGN(const auto last, store.Markets({bars.key}, absl::InfiniteFuture(), absl::InfiniteFuture()));
  std::string previous;
  for (absl::Time as_of = last.at(bars.key).known_at;;) {
    BF_ASSERT_OK_AND_ASSIGN(const auto known, store.Markets({bars.key}, as_of, absl::InfiniteFuture()));
    if (known.empty()) break;
    EXPECT_NE(known.at(bars.key).market.calendar, previous);
    previous = known.at(bars.key).market.calendar;
    as_of = known.at(bars.key).known_at - absl::Microseconds(1);
  }
  EXPECT_EQ(previous, "24/7") << "the first one";
}

TEST_F(ReadCalendarsTest, ACalendarIsKnownTogetherWithTheRowsThatItCameWith) {
  Series bars = Days("BTCUSD", quant::AlwaysOpen());
  SeriesStore store(*database_);
  const auto put = [&](const std::string& calendar) {
    const auto written = store.chunks().Write(bars);
    ASSERT_THAT(written, IsOk());
    ASSERT_THAT(database_->Transact([&](postgres::Transaction& tx) -> absl::Status {
      return store.Commit(tx, *written, SeriesMarket{calendar, ""}).status();
    }),
                IsOk());
  };
  const auto known = [&] {
    const auto markets = store.Markets({bars.key}, absl::InfiniteFuture(), absl::InfiniteFuture());
    EXPECT_THAT(markets, IsOk());
    return markets->at(bars.key);
  };
  const auto head = [&] { return store.chunks().Head(bars.key).value(); };
  put("FX");
  EXPECT_EQ(known().known_at, head().known_at) << "with the first version";
  std::get<Doubles>(bars.columns[3].values)[0] += 0.5;
  std::get<Doubles>(bars.columns[1].values)[0] += 0.5;
  put("24/7");
  EXPECT_EQ(head().version, 2);
  EXPECT_EQ(known().known_at, head().known_at);
  put("none");
  EXPECT_EQ(head().version, 2) << "the same rows";
  EXPECT_GT(known().known_at, head().known_at);
  const absl::Time said = known().known_at;
  std::get<Doubles>(bars.columns[3].values)[1] += 0.25;
  put("none");
  EXPECT_GT(head().known_at, said) << "what comes later is known later";
  EXPECT_EQ(known().known_at, said);
  EXPECT_EQ(Count("series_market"), 3);
}

TEST_F(ReadCalendarsTest, AFileOfTheServerNamesACalendarOnlyWhereSomebodyDid) {
  WriteCsv("AAA", "2017-01-03,10,11,9,10,100\n2017-01-04,10,11,9,10,100\n");
  ASSERT_EQ(Fetch(Csv({"AAA"})).items.size(), 1u);
  EXPECT_EQ(Count("series_market"), 0) << "XNYS is only how dates are read";
  clients::FetchSpec named = Csv({"AAA"});
  named.source.params["calendar"] = std::string("XNYS");
  Fetch(named);
  EXPECT_EQ(Count("series_market"), 1);
  Fetch(Csv({"AAA"}));
  EXPECT_EQ(Count("series_market"), 1) << "who names none takes none away";
}

TEST_F(ReadCalendarsTest, AFetchThatWouldHaveADayTwiceIsRefused) {
  Series old = Days("BTC-USD", quant::Xnys());  // from Monday, 31 August 2020 on, as closes of New York
  old.key.variant = "csv_file";
  old.basis = quant::PriceBasis::kSplitAdjusted;
  Put(old);
  WriteCsv("BTC-USD", "2020-09-02,103,104,102,103,100\n2020-09-03,104,105,103,104,100\n");
  clients::FetchSpec part = Csv({"BTC-USD"});
  part.range = {quant::ToNanos(absl::FromCivil(CivilDay(2020, 9, 3), absl::UTCTimeZone())), part.range.end_ns};
  const clients::FetchRun refused = Fetch(part);
  ASSERT_EQ(refused.items.size(), 1u);
  EXPECT_EQ(refused.items[0].outcome, clients::FetchOutcome::kFailed);
  EXPECT_THAT(base::Message(refused.items[0].error), HasSubstr("would be another of the same day"));
  EXPECT_EQ(ReadOne("BTC-USD")->ContentHash(), old.ContentHash());
  ASSERT_EQ(Fetch(Csv({"BTC-USD"})).items.at(0).outcome, clients::FetchOutcome::kOk) << "all is replaced";
  BF_ASSERT_OK_AND_ASSIGN(const Series days, ReadOne("BTC-USD"));
  EXPECT_THAT(days.times, ElementsAre(quant::ToNanos(absl::FromCivil(CivilDay(2020, 9, 3), absl::UTCTimeZone())),
                                      quant::ToNanos(absl::FromCivil(CivilDay(2020, 9, 4), absl::UTCTimeZone()))));
}

TEST_F(ReadCalendarsTest, AFetchKeepsAZoneWhereNothingTellsACalendar) {
  WriteCsv("BHP.AX", "2020-09-02,10,11,9,10,100\n2020-09-03,10,11,9,10,100\n");
  clients::FetchSpec spec = Csv({"BHP.AX"});
  spec.source.params["time_zone"] = std::string("new_york");
  ASSERT_EQ(Fetch(spec).items.at(0).outcome, clients::FetchOutcome::kOk);
  EXPECT_EQ(database_server_.Sql("SELECT calendar || '@' || time_zone FROM data.series_market"), "none@new_york");
  WriteCsv("AAA", "2020-09-02,10,11,9,10,100\n2020-09-03,10,11,9,10,100\n");
  spec.symbols = {"AAA"};
  ASSERT_EQ(Fetch(spec).items.at(0).outcome, clients::FetchOutcome::kOk);
  EXPECT_EQ(Count("series_market"), 1) << "its rows are closes of New York";
}

TEST_F(ReadCalendarsTest, WhereNoCalendarIsKnownNoRowIsLeftOut) {
  // Working days that end at 15:00 in Tokyo; the last is the Monday after the third week.
  Series bars = Days("7203.T", quant::AlwaysOpen());
  std::erase_if(bars.times, [](int64_t time_ns) {
    const absl::CivilDay day = absl::ToCivilDay(quant::FromNanos(time_ns - 1), absl::UTCTimeZone());
    return absl::GetWeekday(day) == absl::Weekday::saturday || absl::GetWeekday(day) == absl::Weekday::sunday;
  });
  bars.columns.clear();
  for (int64_t& time_ns : bars.times) time_ns -= int64_t{18} * 3'600'000'000'000;
  bars.times.push_back(bars.times.back() + int64_t{72} * 3'600'000'000'000);
  for (const char* name : {"open", "high", "low", "close", "volume"}) bars.Add(name, Doubles(bars.size(), 100));
  Put(bars);
  v1::ReadSeriesRequest request;
  request.add_symbols("7203.T");
  request.mutable_resampling()->set_timeframe(common::v1::TIMEFRAME_1WEEK);
  BF_ASSERT_OK_AND_ASSIGN(const auto messages, Messages(request));
  EXPECT_THAT(messages.at(0).origin().notices(),
              ::testing::IsSupersetOf({HasSubstr("no calendar is known"), HasSubstr("the last 1 rows are in no bar")}));
  BF_ASSERT_OK_AND_ASSIGN(const Series weeks, Weeks("7203.T"));
  EXPECT_THAT(weeks.Doubles("volume"), ElementsAre(500, 500, 500)) << "with Labor Day";
  clients::SnapshotSpec spec;
  spec.symbols = {"7203.T"};
  BF_ASSERT_OK_AND_ASSIGN(const auto snapshot, client_->CreateSnapshot(spec, "", {}));
  BF_ASSERT_OK_AND_ASSIGN(const auto report, client_->GetQualityReport(snapshot.name, {}));
  EXPECT_TRUE(report.passed);
  ASSERT_EQ(report.series.size(), 1u);
  EXPECT_EQ(report.series[0].expected_rows, 16);
}

// Hours from 01:00 to 09:00 in Berlin, whose days end there at midnight.
TEST_F(ReadCalendarsTest, WithNoneTheZoneThatWasNamedMakesTheDays) {
  Series bars{.key = {"stock_price", "NIGHT", quant::Timeframe::kHour1, "test"}, .basis = quant::PriceBasis::kRaw};
  for (const CivilDay day : {CivilDay(2020, 8, 31), CivilDay(2020, 9, 1)}) {
    for (int hour = -2; hour <= 6; ++hour)
      bars.times.push_back(quant::UtcInstant(absl::CivilSecond(day) + hour * 3600));
  }
  bars.times.push_back(quant::UtcInstant(absl::CivilSecond(2020, 9, 1, 23, 0, 0)));
  for (const char* name : {"open", "high", "low", "close", "volume"}) bars.Add(name, Doubles(bars.size(), 100));
  Put(bars);
  const clients::ReadQuery days{.timeframe = quant::Timeframe::kHour1,
                                .resampling = clients::Resampling{.timeframe = quant::Timeframe::kDay}};
  BF_ASSERT_OK_AND_ASSIGN(const Series utc, ReadOne("NIGHT", days));
  EXPECT_THAT(utc.Doubles("volume"), ElementsAre(300, 900)) << "the last day is not over";
  SeriesStore store(*database_);
  ASSERT_THAT(database_->Transact([&](postgres::Transaction& tx) -> absl::Status {
    return store.SetMarket(tx, bars.key, {"none", "Europe/Berlin"});
  }),
              IsOk());
  BF_ASSERT_OK_AND_ASSIGN(const Series berlin, ReadOne("NIGHT", days));
  EXPECT_THAT(berlin.Doubles("volume"), ElementsAre(100, 900, 800));
}

TEST_F(ReadCalendarsTest, RowsInNoSessionAreToldOf) {
  Series bars{.key = {"stock_price", "SPY", quant::Timeframe::kMin1, "test"}, .basis = quant::PriceBasis::kRaw};
  const quant::Session& day = *quant::Xnys().Find(kMonday);
  for (int64_t minute = -29; minute <= 391; ++minute) {
    bars.times.push_back(day.open_ns + minute * int64_t{60'000'000'000});
  }
  for (const char* name : {"open", "high", "low", "close"}) bars.Add(name, Doubles(bars.size(), 100));
  bars.Add("volume", Doubles(bars.size(), 1));
  Put(bars);
  v1::ReadSeriesRequest request;
  request.add_symbols("SPY");
  request.set_timeframe(common::v1::TIMEFRAME_1MIN);
  request.mutable_resampling()->set_timeframe(common::v1::TIMEFRAME_1DAY);
  BF_ASSERT_OK_AND_ASSIGN(const auto messages, Messages(request));
  EXPECT_THAT(messages.at(0).origin().notices(),
              ElementsAre(HasSubstr("30 of 421 rows are outside the sessions of XNYS")));
  const clients::ReadQuery days{.timeframe = quant::Timeframe::kMin1,
                                .resampling = clients::Resampling{.timeframe = quant::Timeframe::kDay}};
  BF_ASSERT_OK_AND_ASSIGN(const Series made, ReadOne("SPY", days));
  EXPECT_THAT(made.Doubles("volume"), ElementsAre(391)) << "with the closing auction";
}

TEST_F(ReadCalendarsTest, OfLevelsTheLastRowOfAnIntervalIsTaken) {
  Series levels{.key = {"market_cap", "AAA", quant::Timeframe::kTick, "test"}};
  for (const quant::Session& session : quant::Xnys().Between(kMonday, kMonday + 15)) {
    levels.times.push_back(session.close_ns);
  }
  Doubles values;
  for (size_t row = 0; row < levels.size(); ++row) values.push_back(static_cast<double>(row));
  levels.Add("market_cap", values);
  Put(levels);
  clients::ReadQuery query{.resource = "market_cap",
                           .timeframe = quant::Timeframe::kTick,
                           .resampling = clients::Resampling{.timeframe = quant::Timeframe::kWeek}};
  BF_ASSERT_OK_AND_ASSIGN(const Series weeks, ReadOne("AAA", query));
  EXPECT_THAT(weeks.Doubles("market_cap"), ElementsAre(4, 8)) << "the second week has Labor Day";
  query.resampling = clients::Resampling{.rule = quant::BarRule::kVolume, .size = 5};
  const auto refused = ReadOne("AAA", query);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(base::DetailsOf(refused.status()).violations.at(0).description, HasSubstr("market_cap has no open"));
}

TEST_F(ReadCalendarsTest, WhatBarsCanNotBeMadeOfIsSaidByItsName) {
  Put(Days("AAA", quant::Xnys()));
  const auto ticks = ReadOne("AAA", {.resampling = clients::Resampling{.rule = quant::BarRule::kTicks, .size = 5}});
  EXPECT_THAT(ticks, StatusIs(absl::StatusCode::kFailedPrecondition, "INVALID_RESAMPLE"));
  EXPECT_THAT(base::Message(ticks.status()), HasSubstr("trade_count: must be a column of numbers"));
}

TEST_F(ReadCalendarsTest, BeforeAnythingWasKnownTheFirstInstantIsNamed) {
  const absl::Time before = absl::Now() - absl::Hours(1);
  Put(Days("AAA", quant::Xnys()));
  const auto early = ReadOne("AAA", {.as_of = before});
  EXPECT_THAT(early, StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_SERIES"));
  EXPECT_THAT(base::Message(early.status()), HasSubstr("the first of it came at"));
  EXPECT_THAT(base::Message(ReadOne("BBB", {.as_of = before}).status()), HasSubstr("is not stored"));
}

}  // namespace
}  // namespace breadthflow::data
