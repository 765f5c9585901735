// Whose splits and dividends are in an adjusted read, and that no read is adjusted by a part of them.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/clients/data_client.h"
#include "common/rpc/convert.h"
#include "tests/integration/data/read_fixture.h"

namespace breadthflow::data {
namespace {

using absl::CivilDay;
using clients::Adjustment;
using quant::Series;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;
using Doubles = std::vector<double>;

constexpr CivilDay kThursday(2020, 8, 27);  // then Friday, Monday 31, Tuesday, Wednesday 2 September
const Doubles kCloses = {500, 504, 128, 132, 130};
const Doubles kAdjusted = {125, 126, 128, 132, 130};

class ReadActionsTest : public ReadTest {
 protected:
  void PutBars(const std::string& source = "test") {
    Put(FlatBars("AAA", kThursday, kCloses, quant::PriceBasis::kRaw, source));
  }
  void PutSplit(double ratio, const std::string& source, CivilDay day = CivilDay(2020, 8, 31)) {
    Put(Events("split", "AAA", {{day, ratio}}, source));
  }
  // As after a fetch of what was published in [from, to).
  void Asked(const std::string& resource, const std::string& source, CivilDay from, CivilDay to) {
    database_server_.Sql(
        fmt::format("INSERT INTO data.coverage_series (resource, symbol, timeframe, source) "
                    "VALUES ('{}', 'AAA', {}, '{}') ON CONFLICT DO NOTHING",
                    resource, static_cast<int>(quant::Timeframe::kTick), source));
    database_server_.Sql(
        fmt::format("INSERT INTO data.coverage_answer SELECT id, now(), {}, {} FROM "
                    "data.coverage_series WHERE resource = '{}' AND source = '{}'",
                    quant::Xnys().DayStart(from), quant::Xnys().DayStart(to), resource, source));
  }
  absl::StatusOr<Series> Split(clients::ReadQuery query = {}) {
    if (!query.adjustment) query.adjustment = Adjustment::kSplit;
    return ReadOne("AAA", query);
  }
  Doubles Closes(clients::ReadQuery query = {}) {
    const auto read = Split(std::move(query));
    EXPECT_THAT(read, IsOk());
    if (!read.ok()) return {};
    const auto close = read->Doubles("close");
    return {close.begin(), close.end()};
  }
  common::v1::SeriesOrigin Origin(common::v1::Adjustment adjustment, const std::string& source = "") {
    v1::ReadSeriesRequest request;
    request.add_symbols("AAA");
    request.set_adjustment(adjustment);
    request.set_source(source);
    const auto messages = Messages(request);
    EXPECT_THAT(messages, IsOk());
    return messages.ok() ? messages->at(0).origin() : common::v1::SeriesOrigin();
  }
  static auto Refused() { return StatusIs(absl::StatusCode::kFailedPrecondition, "NO_ADJUSTMENT_DATA"); }
};

TEST_F(ReadActionsTest, AnchoredPricesSayOnWhichRowTheyStand) {
  const Series bars = FlatBars("AAA", CivilDay(2020, 8, 3), {100, 100, 50, 50, 50});
  Put(bars);
  Put(Events("split", "AAA", {{absl::CivilDay(2020, 8, 5), 2.0}}));
  v1::ReadSeriesRequest request;
  request.add_symbols("AAA");
  *request.mutable_range() = rpc::ToProto(quant::TimeRange{bars.times[2], INT64_MAX});
  request.set_adjustment(common::v1::ADJUSTMENT_FORWARD_SPLIT);
  BF_ASSERT_OK_AND_ASSIGN(const auto forward, Messages(request));
  EXPECT_EQ(forward.at(0).origin().anchored(), common::v1::ADJUSTMENT_FORWARD_SPLIT);
  EXPECT_EQ(forward.at(0).origin().anchor_time_unix_ns(), bars.times[0]) << "the first row stored, whatever is read";
  request.set_adjustment(common::v1::ADJUSTMENT_SPLIT);
  BF_ASSERT_OK_AND_ASSIGN(const auto split, Messages(request));
  EXPECT_EQ(split.at(0).origin().anchored(), common::v1::ADJUSTMENT_UNSPECIFIED);
  EXPECT_EQ(split.at(0).origin().anchor_time_unix_ns(), 0);
}

TEST_F(ReadActionsTest, CompleteColumnsCountBeforeEventsOfAPartOfTheTime) {
  Series bars = FlatBars("AAA", kThursday, kCloses);
  bars.Add("split_ratio", Doubles{1, 1, 4, 1, 1});
  bars.Add("dividend", Doubles{0, 5.04, 0, 1, 0});
  Put(bars);
  const Doubles before = Closes({.adjustment = Adjustment::kSplitDividend});
  Put(Events("dividend", "AAA", {{CivilDay(2020, 9, 1), 1}}));
  Put(Events("split", "AAA", {{CivilDay(2020, 8, 10), 3}}));
  Asked("dividend", "test", CivilDay(2020, 8, 31), CivilDay(2020, 9, 10));
  EXPECT_THAT(Closes({.adjustment = Adjustment::kSplitDividend}), ElementsAreArray(before));
  const quant::TimeRange two_days{INT64_MIN, CloseOf(CivilDay(2020, 8, 31))};
  EXPECT_THAT(Closes({.range = two_days}), ElementsAre(125, 126)) << "columns behind the range count too";
}

TEST_F(ReadActionsTest, EventsOfASourceThatWasAskedForAPartDoNotCount) {
  PutBars();
  PutSplit(4, "test");
  Asked("split", "test", CivilDay(2020, 8, 31), CivilDay(2020, 9, 10));
  const auto refused = Split();
  EXPECT_THAT(refused, Refused());
  EXPECT_THAT(base::Message(refused.status()), HasSubstr("nobody asked test for splits from 2020-08-27"));
  Asked("split", "test", CivilDay(2020, 8, 20), CivilDay(2020, 8, 31));
  EXPECT_THAT(Closes(), ElementsAreArray(kAdjusted));
}

TEST_F(ReadActionsTest, EventsCountInWhatWasAskedForByTheDayTheyTakeEffect) {
  PutBars();
  Put(Events("split", "AAA", {{CivilDay(2020, 8, 31), 4}}, "test", 300));
  Asked("split", "test", CivilDay(2019, 10, 1), CivilDay(2020, 8, 27));
  EXPECT_THAT(Split(), Refused()) << "it was published then, but others may have been that take effect later";
  Asked("split", "test", CivilDay(2020, 8, 27), CivilDay(2020, 9, 10));
  EXPECT_THAT(Closes(), ElementsAreArray(kAdjusted));
}

TEST_F(ReadActionsTest, ADividendAnnouncedBeforeTheFetchedRangeIsInTheTotalReturn) {
  WriteCsv("AAA", "2024-02-07,100,100,100,100,10\n2024-02-08,100,100,100,100,10\n2024-02-09,90,90,90,90,10\n");
  clients::FetchSpec spec = Csv({"AAA"});
  spec.source.params["basis"] = std::string("raw");
  spec.range = Years(2024, 2025);
  ASSERT_EQ(Fetch(spec).items.at(0).outcome, clients::FetchOutcome::kOk);
  spec.source.params.erase("basis");
  spec.timeframe = quant::Timeframe::kTick;
  spec.resource = "dividend";
  WriteCsv("AAA", "2024-02-09,2023-11-02,,,10\n",
           "ex_dividend_date,declaration_date,record_date,payment_date,amount\n");
  ASSERT_EQ(Fetch(spec).items.at(0).outcome, clients::FetchOutcome::kOk);
  spec.resource = "split";
  WriteCsv("AAA", "2019-02-04,2\n", "effective_date,split_factor\n");
  ASSERT_EQ(Fetch(spec).items.at(0).outcome, clients::FetchOutcome::kEmptyConfirmed);
  BF_ASSERT_OK_AND_ASSIGN(const Series total, ReadOne("AAA", {.adjustment = Adjustment::kTotalReturn}));
  EXPECT_THAT(total.Doubles("close"), ElementsAre(100, 100, 100)) << "90 and the 10 that were paid";
}

TEST_F(ReadActionsTest, MadeUpEventsNeverAdjustRealPricesNorRealOnesMadeUpPrices) {
  PutBars();
  PutSplit(4, "simulated");
  EXPECT_THAT(Split(), Refused());
  const auto named = Split({.actions_from = "simulated"});
  EXPECT_THAT(named, Refused());
  EXPECT_THAT(base::Message(named.status()), HasSubstr("made up"));
  PutSplit(2, "real");
  EXPECT_THAT(Closes(), ElementsAre(250, 252, 128, 132, 130));
  EXPECT_FALSE(Origin(common::v1::ADJUSTMENT_SPLIT).made_up());
  PutBars("simulated:1");
  EXPECT_THAT(Split({.source = "simulated:1"}), Refused()) << "events of another made-up market";
  PutSplit(4, "simulated:1");
  EXPECT_THAT(Closes({.source = "simulated:1"}), ElementsAreArray(kAdjusted));
  EXPECT_TRUE(Origin(common::v1::ADJUSTMENT_SPLIT, "simulated:1").made_up());
}

TEST_F(ReadActionsTest, AnotherSourceOfEventsChangesNoReadThatWorked) {
  PutBars();
  PutSplit(4, "zeta");
  EXPECT_THAT(Closes(), ElementsAreArray(kAdjusted)) << "the only source";
  PutSplit(2, "alpha");
  EXPECT_THAT(Closes(), ElementsAreArray(kAdjusted)) << "the one that was stored first";
  EXPECT_THAT(Closes({.actions_from = "alpha"}), ElementsAre(250, 252, 128, 132, 130));
  const auto nobody = Split({.actions_from = "nobody"});
  EXPECT_THAT(nobody, Refused());
  EXPECT_THAT(base::Message(nobody.status()), HasSubstr("nobody has no splits of it, but zeta, alpha has"));
  PutSplit(8, "test");
  EXPECT_THAT(Closes(), ElementsAre(62.5, 63, 128, 132, 130)) << "the own source";
}

TEST_F(ReadActionsTest, TheAnswerSaysWhoseEventsAreInItAndWhereOthersSayOtherwise) {
  PutBars();
  PutSplit(4, "zeta");
  Put(Events("dividend", "AAA", {{CivilDay(2020, 9, 1), 1}}));
  common::v1::SeriesOrigin origin = Origin(common::v1::ADJUSTMENT_SPLIT_DIVIDEND);
  EXPECT_EQ(origin.source(), "test");
  EXPECT_EQ(origin.splits_source(), "zeta");
  EXPECT_EQ(origin.dividends_source(), "test");
  EXPECT_THAT(origin.notices(), Contains("splits are those of zeta"));
  PutSplit(2, "alpha");
  origin = Origin(common::v1::ADJUSTMENT_SPLIT);
  EXPECT_THAT(origin.notices(),
              Contains("splits are those of zeta; alpha says otherwise in the row of 2020-08-31: 2 there, 4 here"));
  Series bars = FlatBars("AAA", kThursday, kCloses);
  bars.Add("split_ratio", Doubles{1, 1, 4, 1, 1});
  Put(bars);
  origin = Origin(common::v1::ADJUSTMENT_SPLIT);
  EXPECT_EQ(origin.splits_source(), "columns");
  EXPECT_THAT(origin.notices(),
              ElementsAre("splits are those of the rows' own columns; alpha says otherwise in the row "
                          "of 2020-08-31: 2 there, 4 here"));
  EXPECT_THAT(Origin(common::v1::ADJUSTMENT_RAW).notices(), IsEmpty());
}

TEST_F(ReadActionsTest, WhatImportedEventsLeaveOpenIsTold) {
  Put(FlatBars("AAA", kThursday, kCloses, quant::PriceBasis::kSplitAdjusted));
  Put(Events("dividend", "AAA", {{CivilDay(2020, 9, 1), 1}}));
  PutSplit(2, "test", CivilDay(2021, 3, 1));
  EXPECT_THAT(
      Origin(common::v1::ADJUSTMENT_SPLIT_DIVIDEND).notices(),
      ElementsAre(HasSubstr("dividends of test were imported, the first of 2020-0"),
                  "the prices end on 2020-09-02 and are taken to be divided by the split of 2021-03-01 (2), "
                  "which came later: what was downloaded before it is not, and says so by --adjusted-as-of of data "
                  "import"));
}

TEST_F(ReadActionsTest, AFetchedFileHoldsTheSplitsOfTheDayThatIsSaid) {
  WriteCsv("AAA", "2020-08-27,500,500,500,500,10\n2020-08-28,504,504,504,504,10\n");
  clients::FetchSpec spec = Csv({"AAA"});
  spec.source.params["basis"] = std::string("split");
  spec.source.params["adjusted_as_of"] = std::string("2020-08-28");
  spec.range = Years(2020, 2021);
  ASSERT_EQ(Fetch(spec).items.at(0).outcome, clients::FetchOutcome::kOk);
  PutSplit(4, "zeta");
  EXPECT_THAT(Closes({.adjustment = Adjustment::kRaw}), ElementsAre(500, 504));
  EXPECT_THAT(Closes({.adjustment = Adjustment::kForwardSplit}), ElementsAre(500, 504));
  EXPECT_THAT(Closes(), ElementsAre(500, 504));
  spec.source.params["adjusted_as_of"] = std::string("2020-12-31");
  ASSERT_EQ(Fetch(spec).items.at(0).outcome, clients::FetchOutcome::kOk);
  EXPECT_THAT(Closes(), ElementsAre(2000, 2016)) << "the same rows as of after the split";
  spec.source.params.erase("adjusted_as_of");
  const clients::FetchRun unsaid = Fetch(spec);
  EXPECT_EQ(unsaid.items.at(0).outcome, clients::FetchOutcome::kFailed);
  EXPECT_THAT(Closes(), ElementsAre(2000, 2016));
}

TEST_F(ReadActionsTest, BarsOfSeveralDaysAreOnOneScaleBySplitsThatAnAdjustmentWouldTake) {
  Put(FlatBars("AAA", CivilDay(2020, 8, 10), {500, 504, 128, 132, 130, 131}));
  const clients::ReadQuery weeks{.resampling = clients::Resampling{.timeframe = quant::Timeframe::kWeek}};
  const auto opens = [&]() -> Doubles {
    const auto read = ReadOne("AAA", weeks);
    EXPECT_THAT(read, IsOk());
    return read.ok() ? Doubles(read->Doubles("open").begin(), read->Doubles("open").end()) : Doubles();
  };
  v1::ReadSeriesRequest request;
  request.add_symbols("AAA");
  request.mutable_resampling()->set_timeframe(common::v1::TIMEFRAME_1WEEK);
  BF_ASSERT_OK_AND_ASSIGN(const auto unknown, Messages(request));
  EXPECT_THAT(unknown[0].origin().notices(), ElementsAre(HasSubstr("no splits are known"),
                                                         "the last 1 rows are in no bar: it is not known that their "
                                                         "1week is over"));
  EXPECT_THAT(opens(), ElementsAre(500));
  PutSplit(4, "zeta", CivilDay(2020, 8, 12));
  PutSplit(2, "alpha", CivilDay(2020, 8, 12));
  EXPECT_THAT(opens(), ElementsAre(125)) << "two sources: the first";
  Asked("split", "zeta", CivilDay(2020, 8, 12), CivilDay(2020, 8, 20));
  Asked("split", "alpha", CivilDay(2020, 8, 12), CivilDay(2020, 8, 20));
  EXPECT_THAT(ReadOne("AAA", weeks), Refused()) << "the same error as of an adjustment";
}

TEST_F(ReadActionsTest, TwoReadsOfAnAnchoredModeFitTogether) {
  PutBars();
  PutSplit(4, "test");
  Put(Events("dividend", "AAA", {{CivilDay(2020, 8, 28), 2}, {CivilDay(2020, 9, 1), 1}}));
  for (const Adjustment adjustment : {Adjustment::kTotalReturn, Adjustment::kForward, Adjustment::kForwardSplit}) {
    BF_ASSERT_OK_AND_ASSIGN(const Series whole, Split({.adjustment = adjustment}));
    const quant::TimeRange tail{CloseOf(CivilDay(2020, 8, 31)), CloseOf(CivilDay(2020, 9, 2))};
    BF_ASSERT_OK_AND_ASSIGN(const Series part, Split({.range = tail, .adjustment = adjustment}));
    EXPECT_EQ(part.times, whole.Slice(tail).times);
    EXPECT_EQ(part.columns, whole.Slice(tail).columns);
  }
}

TEST_F(ReadActionsTest, AReportKnowsTheSplitsThatAreStoredForPricesAsTraded) {
  Doubles closes;
  for (int day = 0; day < 40; ++day) closes.push_back(day < 20 ? 700 + day : (700.0 + day) / 7);
  const std::vector<std::string> symbols = {"CCC", "DDD", "EEE", "FFF", "OWN"};
  for (const std::string& symbol : symbols) Put(FlatBars(symbol, kThursday, closes));
  const CivilDay day =
      absl::ToCivilDay(quant::FromNanos(FlatBars("OWN", kThursday, closes).times[20]), absl::UTCTimeZone());
  Put(Events("split", "OWN", {{day, 2}}, "another"));
  Put(Events("split", "OWN", {{day, 7}}, "test"));
  Put(Events("split", "CCC", {{day, 7}}, "another"));
  Put(Events("split", "DDD", {{day, 7}}, "simulated"));
  Put(Events("split", "EEE", {{day, 3}}, "test"));
  // Symbols of which a move is an error.
  const auto wrong = [&] {
    std::vector<std::string> found;
    clients::SnapshotSpec spec;
    spec.symbols = symbols;
    const auto snapshot = client_->CreateSnapshot(spec, "", {});
    EXPECT_THAT(snapshot, IsOk());
    if (!snapshot.ok()) return found;
    const auto report = client_->GetQualityReport(snapshot->name, {});
    EXPECT_THAT(report, IsOk());
    if (!report.ok()) return found;
    for (const clients::SeriesQuality& one : report->series) {
      for (const clients::QualityFinding& finding : one.findings) {
        if (finding.check != "spikes" || finding.severity != clients::Severity::kError) continue;
        found.push_back(one.key.symbol);
        EXPECT_THAT(finding.message, HasSubstr("the ratio of a split that is not declared"));
        EXPECT_THAT(finding.examples, ElementsAre(quant::FromNanos(CloseOf(day))));
      }
    }
    EXPECT_EQ(report->passed, found.empty());
    return found;
  };
  EXPECT_THAT(wrong(), ElementsAre("DDD", "EEE", "FFF")) << "made up for another source, of another ratio, none";
  Put(Events("split", "FFF", {{day, 7}}));
  EXPECT_THAT(wrong(), ElementsAre("DDD", "EEE")) << "of a snapshot that was made when it was known";
}

}  // namespace
}  // namespace breadthflow::data
