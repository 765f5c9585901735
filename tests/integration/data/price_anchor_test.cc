// Imports that say as of when their prices were adjusted, and what reads make of them.
#include "services/data/app/price_anchor.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/clients/data_client.h"
#include "common/quant/calendar.h"
#include "common/quant/series.h"
#include "common/rpc/convert.h"
#include "services/data/store/series_store.h"
#include "tests/integration/data/import_fixture.h"

namespace breadthflow::data {
namespace {

using absl::CivilDay;
using clients::Adjustment;
using quant::Series;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using testing::StatusIs;
using Request = ImportServer::Request;
using Code = absl::StatusCode;
using Doubles = std::vector<double>;

// Thursday, Friday | the split of Monday 2020-08-31, four for one | Monday, Tuesday.
constexpr char kHeader[] = "date,open,high,low,close,volume\n";
constexpr char kBefore[] = "2020-08-27,500,500,500,500,10\n2020-08-28,504,504,504,504,20\n";
constexpr char kAfter[] = "2020-08-31,128,128,128,128,30\n2020-09-01,132,132,132,132,40\n";
constexpr char kAll[] =
    "2020-08-27,125,125,125,125,40\n2020-08-28,126,126,126,126,80\n"
    "2020-08-31,128,128,128,128,30\n2020-09-01,132,132,132,132,40\n";

class PriceAnchorTest : public ::testing::Test {
 protected:
  absl::StatusOr<v1::ImportSeriesResponse> Import(const std::string& rows, const std::string& adjusted_as_of,
                                                  const std::string& basis = "split") {
    Request spec = ImportServer::Spec();
    spec.mutable_spec()->set_basis(rpc::ToProto(*quant::ParsePriceBasis(basis)));
    spec.mutable_spec()->set_adjusted_as_of(adjusted_as_of);
    return server_.Import({spec, ImportServer::Csv("AAA.csv", kHeader + rows)});
  }
  void ImportSplits() { ImportSplit(CivilDay(2020, 8, 31), 4); }
  void ImportSplit(CivilDay day, double ratio) {
    Series splits{.key = {"split", "AAA", quant::Timeframe::kTick, ""}, .repeats = true};
    splits.times = {quant::Xnys().DayStart(day)};
    splits.Add("ex_date", std::vector<std::string>{std::string(absl::FormatCivilTime(day))});
    splits.Add("ratio", Doubles{ratio});
    ASSERT_THAT(server_.Import({ImportServer::Spec("split", quant::Timeframe::kTick), ImportServer::Packed(splits)}),
                IsOk());
  }
  Doubles Closes(std::optional<Adjustment> adjustment, absl::Time as_of = absl::InfiniteFuture()) {
    clients::ReadQuery query;
    query.adjustment = adjustment;
    query.as_of = as_of;
    const auto read = server_.Read("AAA", query);
    EXPECT_THAT(read, IsOk());
    if (!read.ok()) return {};
    return {read->Doubles("close").begin(), read->Doubles("close").end()};
  }
  // Violations as "field: description".
  static std::string Said(const absl::Status& status) {
    std::string said;
    for (const base::FieldViolation& one : base::DetailsOf(status).violations) {
      said += fmt::format("{}: {}\n", one.field, one.description);
    }
    return said;
  }
  ImportServer server_;
};

TEST_F(PriceAnchorTest, AnOldDownloadHoldsTheSplitsOfItsDayOnly) {
  ASSERT_THAT(Import(kBefore, "2020-08-28"), IsOk());
  ImportSplits();
  EXPECT_THAT(Closes(Adjustment::kRaw), ElementsAre(500, 504));
  EXPECT_THAT(Closes(Adjustment::kSplit), ElementsAre(500, 504)) << "the newest row is as it traded";
  EXPECT_THAT(Closes(Adjustment::kForwardSplit), ElementsAre(500, 504));
}

TEST_F(PriceAnchorTest, ALaterDownloadOfTheSameRowsGivesTheSamePrices) {
  ASSERT_THAT(Import("2020-08-27,125,125,125,125,40\n2020-08-28,126,126,126,126,80\n", "2020-12-31"), IsOk());
  ImportSplits();
  EXPECT_THAT(Closes(std::nullopt), ElementsAre(125, 126)) << "as they are stored";
  EXPECT_THAT(Closes(Adjustment::kRaw), ElementsAre(500, 504));
  EXPECT_THAT(Closes(Adjustment::kSplit), ElementsAre(500, 504));
  EXPECT_THAT(Closes(Adjustment::kForwardSplit), ElementsAre(500, 504));
}

// The file tells of the split among its rows; that of 2024, ten for one, is in its prices too.
TEST_F(PriceAnchorTest, TheSplitsOfTheRowsGoWithThoseAfterThem) {
  Request spec = ImportServer::Spec();
  spec.mutable_spec()->set_basis(common::v1::PRICE_BASIS_SPLIT);
  spec.mutable_spec()->set_adjusted_as_of("2025-02-21");
  constexpr char kOwn[] =
      "date,open,high,low,close,volume,split_ratio\n"
      "2020-08-28,12.5,12.5,12.5,12.5,800,1\n2020-08-31,12.75,12.75,12.75,12.75,300,4\n";
  ASSERT_THAT(server_.Import({spec, ImportServer::Csv("AAA.csv", kOwn)}), IsOk());
  clients::ReadQuery raw;
  raw.adjustment = Adjustment::kRaw;
  const auto refused = server_.Read("AAA", raw);
  EXPECT_THAT(refused, StatusIs(Code::kFailedPrecondition, "NO_ADJUSTMENT_DATA"));
  EXPECT_THAT(base::Message(refused.status()), HasSubstr("their own splits end with the last row, of 2020-08-31"));
  EXPECT_THAT(Closes(Adjustment::kSplit), ElementsAre(12.5, 12.75)) << "as they are stored";
  ImportSplit(CivilDay(2024, 6, 10), 10);
  EXPECT_THAT(Closes(Adjustment::kRaw), ElementsAre(500, 127.5)) << "without the split that the rows have";
  EXPECT_THAT(Closes(Adjustment::kSplit), ElementsAre(125, 127.5));
  EXPECT_THAT(Closes(Adjustment::kForwardSplit), ElementsAre(500, 510));
  ImportSplits();
  EXPECT_THAT(Closes(Adjustment::kRaw), ElementsAre(500, 127.5)) << "which counts once";
}

TEST_F(PriceAnchorTest, OwnSplitsDoWhereTheDayIsThatOfTheLastRow) {
  Request spec = ImportServer::Spec();
  spec.mutable_spec()->set_basis(common::v1::PRICE_BASIS_SPLIT);
  spec.mutable_spec()->set_adjusted_as_of("2020-08-31");
  constexpr char kOwn[] =
      "date,open,high,low,close,volume,split_ratio\n"
      "2020-08-28,126,126,126,126,80,1\n2020-08-31,128,128,128,128,30,4\n";
  ASSERT_THAT(server_.Import({spec, ImportServer::Csv("AAA.csv", kOwn)}), IsOk());
  EXPECT_THAT(Closes(Adjustment::kRaw), ElementsAre(504, 128));
  ImportSplit(CivilDay(2024, 6, 10), 10);
  EXPECT_THAT(Closes(Adjustment::kRaw), ElementsAre(504, 128)) << "it came later than the day";
}

TEST_F(PriceAnchorTest, DownloadsOfBeforeAndAfterASplitAreOneSeries) {
  ASSERT_THAT(Import(kBefore, "2020-08-28"), IsOk());
  ASSERT_THAT(Import(kAfter, "2020-09-01"), IsOk());
  ImportSplits();
  EXPECT_THAT(Closes(Adjustment::kRaw), ElementsAre(500, 504, 128, 132));
  EXPECT_THAT(Closes(Adjustment::kSplit), ElementsAre(125, 126, 128, 132));
  EXPECT_THAT(Closes(Adjustment::kForwardSplit), ElementsAre(500, 504, 512, 528));
  EXPECT_EQ(server_.Count("series_anchor"), 3) << "one range, then two";
  // All of it again, as of later: nothing but the rows before the split changes, and one day holds for all.
  ASSERT_THAT(Import(kAll, "2021-06-30"), IsOk());
  EXPECT_THAT(Closes(Adjustment::kRaw), ElementsAre(500, 504, 128, 132));
  EXPECT_THAT(Closes(Adjustment::kSplit), ElementsAre(125, 126, 128, 132));
  EXPECT_EQ(server_.Count("series_anchor"), 4);
}

TEST_F(PriceAnchorTest, AnotherDayOfStoredRowsIsTold) {
  const auto told = Contains(HasSubstr("adjusted as of"));
  BF_ASSERT_OK_AND_ASSIGN(const auto first, Import(kBefore, "2020-08-28"));
  EXPECT_THAT(first.results(0).notes(), Not(told));
  BF_ASSERT_OK_AND_ASSIGN(const auto more, Import(kAfter, "2020-09-01"));
  EXPECT_THAT(more.results(0).notes(), Not(told)) << "of the stored rows it says nothing else";
  BF_ASSERT_OK_AND_ASSIGN(const auto again, Import(kAfter, "2020-09-30"));
  EXPECT_EQ(again.results(0).changed_row_count(), 0);
  EXPECT_THAT(again.results(0).notes(),
              Contains("its prices are now said to be adjusted as of 2020-08-28 to 2020-09-30, before as of 2020-08-28 "
                       "to 2020-09-01"));
}

TEST_F(PriceAnchorTest, TheFirstDayOfStoredRowsIsToldToo) {
  ASSERT_THAT(Import(kAll, ""), IsOk());
  BF_ASSERT_OK_AND_ASSIGN(const auto said, Import(kAll, "2021-01-01"));
  EXPECT_EQ(said.results(0).changed_row_count(), 0);
  EXPECT_THAT(said.results(0).notes(),
              Contains("its prices are now said to be adjusted as of 2021-01-01, before nobody said it"));
}

TEST_F(PriceAnchorTest, ABarOfSeveralDaysIsOnOneScale) {
  ASSERT_THAT(Import(kBefore, "2020-08-28"), IsOk());
  ASSERT_THAT(Import(kAfter, "2020-09-01"), IsOk());
  clients::ReadQuery months;
  months.resampling = clients::Resampling{.timeframe = quant::Timeframe::kMonth};
  const auto refused = server_.Read("AAA", months);
  EXPECT_THAT(refused, StatusIs(Code::kFailedPrecondition, "NO_ADJUSTMENT_DATA"));
  EXPECT_THAT(base::Message(refused.status()),
              AllOf(HasSubstr("bars of several days take prices of one scale"), HasSubstr("no splits are known")));
  ImportSplits();
  BF_ASSERT_OK_AND_ASSIGN(const Series bars, server_.Read("AAA", months));
  EXPECT_THAT(bars.Doubles("open"), ElementsAre(125)) << "of August, with Monday 31";
  EXPECT_THAT(bars.Doubles("high"), ElementsAre(128));
  EXPECT_THAT(bars.Doubles("low"), ElementsAre(125));
  EXPECT_THAT(bars.Doubles("close"), ElementsAre(128));
  EXPECT_THAT(bars.Doubles("volume"), ElementsAre(40 + 80 + 30));
  EXPECT_THAT(Closes(std::nullopt), ElementsAre(500, 504, 128, 132)) << "rows of one day come as they are stored";
}

TEST_F(PriceAnchorTest, TheSeamOfTwoDownloadsIsNoFaultOfTheData) {
  ASSERT_THAT(Import(kBefore, "2020-08-28"), IsOk());
  const auto no_spikes = Not(Contains(HasSubstr("spikes")));
  BF_ASSERT_OK_AND_ASSIGN(const auto after, Import(kAfter, "2020-09-01"));
  EXPECT_THAT(after.results(0).notes(), no_spikes);
  BF_ASSERT_OK_AND_ASSIGN(const auto corrected, Import("2020-08-31,127,127,127,127,30\n", "2020-09-01"));
  EXPECT_EQ(corrected.results(0).changed_row_count(), 1);
  EXPECT_THAT(corrected.results(0).notes(), no_spikes) << "nothing new is said of the days";
  Request other = ImportServer::Spec("", quant::Timeframe::kDay, "other");
  other.mutable_spec()->set_basis(common::v1::PRICE_BASIS_SPLIT);
  ASSERT_THAT(server_.Import({other, ImportServer::Csv("AAA.csv", std::string(kHeader) + kAll)}), IsOk());

  v1::CreateSnapshotRequest create;
  create.add_symbols("AAA");
  create.set_source("import");
  BF_ASSERT_OK_AND_ASSIGN(const v1::Snapshot snapshot,
                          server_.peer().Call(&ImportServer::Stub::CreateSnapshot, create, {}));
  v1::GetQualityReportRequest get;
  get.set_name("qualityReports/" + snapshot.name().substr(snapshot.name().find('/') + 1));
  BF_ASSERT_OK_AND_ASSIGN(const v1::QualityReport report,
                          server_.peer().Call(&ImportServer::Stub::GetQualityReport, get, {}));
  ASSERT_EQ(report.series_size(), 1);
  EXPECT_THAT(report.series(0).compared_sources(), ElementsAre("other"));
  std::vector<std::string> found;
  for (const v1::QualityFinding& one : report.series(0).findings()) {
    if (one.check() == "spikes") found.push_back(one.message());
    if (one.check() != "cross_source") continue;
    EXPECT_EQ(one.severity(), v1::QualityFinding::SEVERITY_INFO);
    found.push_back(one.message());
  }
  EXPECT_THAT(found, ElementsAre(HasSubstr("as of 2020-08-28 to 2020-09-01, those of other as of no known day")));

  v1::ReconcileSourcesRequest reconcile;
  reconcile.add_symbols("AAA");
  reconcile.set_source("import");
  reconcile.set_other_source("other");
  const auto refused = server_.peer().Call(&ImportServer::Stub::ReconcileSources, reconcile, {});
  EXPECT_THAT(refused, StatusIs(Code::kFailedPrecondition, "BASIS_DIFFERS"));
}

TEST_F(PriceAnchorTest, ACorrectedDayChangesNoReadAsOfEarlierAndNoSnapshot) {
  ASSERT_THAT(Import(kBefore, "2020-12-31"), IsOk());  // wrong: it was downloaded before the split
  ImportSplits();
  v1::CreateSnapshotRequest create;
  create.add_symbols("AAA");
  BF_ASSERT_OK_AND_ASSIGN(const v1::Snapshot snapshot,
                          server_.peer().Call(&ImportServer::Stub::CreateSnapshot, create, {}));
  const absl::Time before = rpc::FromProto(snapshot.as_of_time());
  EXPECT_THAT(Closes(Adjustment::kRaw), ElementsAre(2000, 2016));
  const auto again = Import(kBefore, "2020-08-28");
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->results(0).changed_row_count(), 0);
  EXPECT_EQ(server_.Count("series_version"), 2) << "of prices and of splits: no row has changed";
  EXPECT_THAT(Closes(Adjustment::kRaw), ElementsAre(500, 504));
  EXPECT_THAT(Closes(Adjustment::kRaw, before), ElementsAre(2000, 2016)) << "what was said then";
  clients::ReadQuery query;
  query.snapshot = snapshot.name();
  query.adjustment = Adjustment::kRaw;
  BF_ASSERT_OK_AND_ASSIGN(const Series frozen, server_.Read("AAA", query));
  EXPECT_THAT(frozen.Doubles("close"), ElementsAre(2000, 2016));
  ASSERT_THAT(Import(kBefore, "2020-08-28"), IsOk());
  EXPECT_EQ(server_.Count("series_anchor"), 2) << "the same again says nothing new";
}

TEST_F(PriceAnchorTest, RowsOfNoDayDoNotStandBesideRowsOfOne) {
  ASSERT_THAT(Import(kBefore, ""), IsOk());
  const absl::Status unsaid = Import(kAfter, "2020-09-01").status();
  EXPECT_THAT(unsaid, StatusIs(Code::kFailedPrecondition, "NOT_STORABLE"));
  EXPECT_THAT(Said(unsaid), AllOf(HasSubstr("those of 2020-08-27 are not among the new rows"),
                                  HasSubstr("--adjusted-as-of"), HasSubstr("--source NAME")));
  ASSERT_THAT(Import(kAll, "2020-09-01"), IsOk()) << "all of them are among these";
  const absl::Status silent = Import(kAll, "").status();
  EXPECT_THAT(silent, StatusIs(Code::kFailedPrecondition, "NOT_STORABLE"));
  EXPECT_THAT(Said(silent), HasSubstr("adjusted as of 2020-09-01: say it of the new ones too"));
}

TEST_F(PriceAnchorTest, WhatCanNotBeOfThatDayIsRefused) {
  EXPECT_THAT(Said(Import(kAll, "2020-08-28").status()), HasSubstr("its last row is of 2020-09-01"));
  EXPECT_THAT(Said(Import(kAll, "31.12.2020").status()), HasSubstr("spec.adjusted_as_of: must be the day"));
  EXPECT_THAT(Said(Import(kAll, "2999-01-01").status()), HasSubstr("spec.adjusted_as_of: must be the day of the"));
  EXPECT_THAT(Said(Import(kAll, "2020-12-31", "raw").status()), HasSubstr("not for raw"));
  Request spec = ImportServer::Spec();
  spec.mutable_spec()->set_adjusted_as_of("2020-12-31");
  (*spec.mutable_spec()->mutable_csv_params())["adjusted_as_of"].set_string_value("2021-12-31");
  const std::string rows = std::string(kHeader) + kAll;
  EXPECT_THAT(Said(server_.Import({spec, ImportServer::Csv("AAA.csv", rows)}).status()),
              HasSubstr("spec.csv_params.adjusted_as_of: must not differ from the day of the spec, 2020-12-31"));
  EXPECT_EQ(server_.Count("series_anchor"), 0);
}

TEST_F(PriceAnchorTest, TheParameterOfATextSaysItAlike) {
  Request spec = ImportServer::Spec();
  (*spec.mutable_spec()->mutable_csv_params())["adjusted_as_of"].set_string_value("2020-08-28");
  const std::string rows = std::string(kHeader) + kBefore;
  ASSERT_THAT(server_.Import({spec, ImportServer::Csv("AAA.csv", rows)}), IsOk());
  EXPECT_THAT(Closes(Adjustment::kSplit), ElementsAre(500, 504)) << "as they are stored, for no splits are known";
  ImportSplits();
  EXPECT_THAT(Closes(Adjustment::kRaw), ElementsAre(500, 504));
}

// What a read says of its rows comes back with them, as data export and data import carry it.
TEST_F(PriceAnchorTest, WhatARereadSeriesSaysOfItsDaysIsStoredAgain) {
  ASSERT_THAT(Import(kBefore, "2020-08-28"), IsOk());
  ASSERT_THAT(Import(kAfter, "2020-09-01"), IsOk());
  ImportSplits();
  for (const auto encoding : {common::v1::SERIES_ENCODING_PACKED, common::v1::SERIES_ENCODING_STORED}) {
    v1::ReadSeriesRequest read;
    read.add_symbols("AAA");
    read.set_source("import");
    read.set_encoding(encoding);
    Request spec = ImportServer::Spec("", quant::Timeframe::kDay, fmt::format("copy{}", static_cast<int>(encoding)));
    spec.mutable_spec()->set_basis(common::v1::PRICE_BASIS_SPLIT);
    std::vector<Request> messages = {spec};
    common::v1::SeriesOrigin origin;
    ASSERT_THAT(server_.peer().Read(&ImportServer::Stub::ReadSeries, read, {},
                                    [&](common::v1::SeriesMessage& message) {
                                      if (message.has_origin()) origin = message.origin();
                                      Request rows;
                                      *rows.mutable_adjusted_as_of() = origin.adjusted_as_of();
                                      if (message.has_packed()) *rows.mutable_packed() = message.packed();
                                      if (message.payload_case() == common::v1::SeriesMessage::kStored) {
                                        rows.set_stored(message.stored());
                                        rows.set_stored_of("AAA");
                                      }
                                      if (rows.payload_case() != Request::PAYLOAD_NOT_SET) messages.push_back(rows);
                                      return absl::OkStatus();
                                    }),
                IsOk());
    ASSERT_EQ(origin.adjusted_as_of_size(), 2);
    EXPECT_EQ(origin.adjusted_as_of(0).adjusted_as_of(), "2020-08-28");
    EXPECT_EQ(origin.adjusted_as_of(1).adjusted_as_of(), "2020-09-01");
    ASSERT_THAT(server_.Import(messages), IsOk());
    for (const auto adjustment : {std::optional<Adjustment>(), std::optional(Adjustment::kRaw)}) {
      clients::ReadQuery query;
      query.source = spec.spec().source();
      query.adjustment = adjustment;
      BF_ASSERT_OK_AND_ASSIGN(const Series copy, server_.Read("AAA", query));
      query.source = "import";
      BF_ASSERT_OK_AND_ASSIGN(const Series original, server_.Read("AAA", query));
      EXPECT_THAT(copy.Doubles("close"), ::testing::ElementsAreArray(original.Doubles("close")));
    }
  }
}

TEST_F(PriceAnchorTest, DaysOfRowsThatDoNotGoTogetherAreRefused) {
  BF_ASSERT_OK_AND_ASSIGN(const absl::Time first, [&]() -> absl::StatusOr<absl::Time> {
    BF_ASSIGN_OR_RETURN(const int64_t close, quant::Xnys().SessionClose(CivilDay(2020, 8, 31)));
    return quant::FromNanos(close);
  }());
  const auto rows = [&](int days_later, const std::string& day) {
    Series series{.key = {"stock_price", "AAA", quant::Timeframe::kDay, ""},
                  .basis = quant::PriceBasis::kSplitAdjusted};
    series.times = {quant::ToNanos(first + absl::Hours(24) * days_later)};
    for (const char* name : {"open", "high", "low", "close", "volume"}) series.Add(name, Doubles{128});
    Request message = ImportServer::Packed(series);
    if (day.empty()) return message;
    common::v1::AdjustedRows& one = *message.add_adjusted_as_of();
    one.set_first_time_unix_ns(series.times.front());
    one.set_adjusted_as_of(day);
    return message;
  };
  const auto refused = [&](const std::string& of_all, const std::vector<Request>& messages) {
    Request spec = ImportServer::Spec();
    spec.mutable_spec()->set_adjusted_as_of(of_all);
    std::vector<Request> all = {spec};
    all.insert(all.end(), messages.begin(), messages.end());
    return Said(server_.Import(all).status());
  };
  EXPECT_THAT(refused("", {rows(0, "2020-09-05"), rows(1, "")}),
              HasSubstr("packed[1].adjusted_as_of: nothing says as of when these rows of AAA were adjusted"));
  EXPECT_THAT(refused("2020-09-04", {rows(0, "2020-09-05")}),
              HasSubstr("packed[0].adjusted_as_of: the rows say that they are adjusted as of 2020-09-05"));
  EXPECT_THAT(refused("", {rows(0, "soon")}), HasSubstr("packed[0].adjusted_as_of: must be the day of the download"));
  EXPECT_THAT(refused("", {rows(0, "2999-01-01")}), HasSubstr("which can not be to come"));
  EXPECT_EQ(server_.Count("series_anchor"), 0);
}

// Another writer beside the service, which has looked at the series some time before it commits.
class TwoWritersTest : public PriceAnchorTest {
 protected:
  TwoWritersTest() {
    for (const CivilDay day : {CivilDay(2020, 8, 31), CivilDay(2020, 9, 1)}) {
      rows_.times.push_back(*quant::Xnys().SessionClose(day));
    }
    for (const char* name : {"open", "high", "low", "close", "volume"}) rows_.Add(name, Doubles{128, 132});
  }
  absl::StatusOr<std::optional<AnchorChange>> Look(const std::optional<CivilDay>& as_of) {
    return AnchorsWith(store_, rows_, as_of ? OneDay(*as_of) : PriceAnchors(), std::nullopt, nullptr,
                       absl::InfiniteFuture());
  }
  absl::Status Commit(const columnar::WrittenSeries& written, const std::optional<AnchorChange>& seen) {
    return server_.database().Transact(
        [&](postgres::Transaction& tx) { return CommitAnchored(store_, tx, written, std::nullopt, seen); });
  }
  SeriesStore store_{server_.database()};
  Series rows_{.key = {"stock_price", "AAA", quant::Timeframe::kDay, "import"},
               .basis = quant::PriceBasis::kSplitAdjusted};
};

TEST_F(TwoWritersTest, RowsOfNoDayDoNotFallUnderADayThatWasSaidMeanwhile) {
  BF_ASSERT_OK_AND_ASSIGN(const std::optional<AnchorChange> seen, Look(std::nullopt));
  ASSERT_THAT(Import(kBefore, "2020-08-28"), IsOk());
  BF_ASSERT_OK_AND_ASSIGN(const columnar::WrittenSeries written, store_.chunks().Write(rows_, {}));
  EXPECT_THAT(Commit(written, seen), StatusIs(Code::kAborted, "SERIES_MOVED"));
  EXPECT_EQ(server_.Count("series_version"), 1);
}

TEST_F(TwoWritersTest, NorUnderADayThatMadeNoVersion) {
  ASSERT_THAT(Import(kBefore, ""), IsOk());
  BF_ASSERT_OK_AND_ASSIGN(const std::optional<AnchorChange> seen, Look(std::nullopt));
  BF_ASSERT_OK_AND_ASSIGN(const columnar::WrittenSeries written, store_.chunks().Write(rows_, {}));
  ASSERT_THAT(Import(kBefore, "2020-08-28"), IsOk());
  EXPECT_EQ(server_.Count("series_version"), 1) << "no row has changed";
  EXPECT_THAT(Commit(written, seen), StatusIs(Code::kAborted, "SERIES_MOVED"));
  EXPECT_EQ(server_.Count("series_version"), 1);
}

TEST_F(TwoWritersTest, ADayIsNotSaidOfRowsThatCameMeanwhile) {
  BF_ASSERT_OK_AND_ASSIGN(const std::optional<AnchorChange> seen, Look(CivilDay(2020, 9, 1)));
  ASSERT_THAT(Import(kBefore, ""), IsOk());
  BF_ASSERT_OK_AND_ASSIGN(const columnar::WrittenSeries written, store_.chunks().Write(rows_, {}));
  EXPECT_THAT(Commit(written, seen), StatusIs(Code::kAborted, "SERIES_MOVED"));
  EXPECT_EQ(server_.Count("series_anchor"), 0);
  EXPECT_THAT(Closes(std::nullopt), ElementsAre(500, 504));
}

TEST_F(TwoWritersTest, WhoIsAloneCommitsWithADayAndAgainWithAnother) {
  BF_ASSERT_OK_AND_ASSIGN(const std::optional<AnchorChange> seen, Look(CivilDay(2020, 9, 1)));
  BF_ASSERT_OK_AND_ASSIGN(const columnar::WrittenSeries written, store_.chunks().Write(rows_, {}));
  EXPECT_THAT(Commit(written, seen), IsOk());
  ASSERT_THAT(Import(kAfter, "2020-09-02"), IsOk());
  EXPECT_EQ(server_.Count("series_anchor"), 2);
  ASSERT_THAT(Import(kAfter, "2020-09-02"), IsOk()) << "nothing new";
  EXPECT_EQ(server_.Count("series_anchor"), 2);
}

}  // namespace
}  // namespace breadthflow::data
