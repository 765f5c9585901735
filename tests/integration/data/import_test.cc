// Imports as their callers see them: messages to the service, rows in the store.
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/columnar/chunk_codec.h"
#include "common/rpc/status_bridge.h"
#include "services/data/app/importer.h"
#include "services/data/sources/catalog.h"
#include "services/data/sources/csv/table_reader.h"
#include "services/data/sources/saved_answers.h"
#include "services/data/store/coverage_store.h"
#include "services/data/store/quarantine_store.h"
#include "tests/integration/data/import_fixture.h"

namespace breadthflow::data {
namespace {

using quant::Series;
using quant::Timeframe;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;
using Request = ImportServer::Request;
using Code = absl::StatusCode;

constexpr char kHeader[] = "date,open,high,low,close,volume\n";
constexpr char kTwoDays[] = "2020-01-02,10,12,9,11,1000\n2020-01-03,11,12,10,11.5,2000\n";
constexpr char kThirdDay[] = "2020-01-06,11,13,10,12,3000\n";
constexpr int64_t kDay = 86'400'000'000'000;
constexpr int64_t kFirst = 1'577'998'800'000'000'000;  // the close of 2020-01-02 in New York

std::string Bars(const std::string& rows) { return kHeader + rows; }

Series Prices(const std::string& symbol, int days, double close = 11) {
  Series series{.key = {"stock_price", symbol, Timeframe::kDay, ""}, .basis = quant::PriceBasis::kRaw};
  for (int day = 0; day < days; ++day) series.times.push_back(kFirst + day * kDay);
  const auto rows = static_cast<size_t>(days);
  series.Add("open", std::vector<double>(rows, 10));
  series.Add("high", std::vector<double>(rows, 1000));
  series.Add("low", std::vector<double>(rows, 9));
  series.Add("close", std::vector<double>(rows, close));
  series.Add("volume", std::vector<double>(rows, 100));
  return series;
}

class ImportTest : public ImportFixture {};

TEST_F(ImportTest, PackedRowsAreStoredUnderImportAndReadBackEqual) {
  const Series rows = Prices("AAPL", 3);
  const auto answer = server_.Import({ImportServer::Spec(), ImportServer::Packed(rows)});
  ASSERT_THAT(answer, IsOk());
  ASSERT_EQ(answer->results_size(), 1);
  EXPECT_EQ(answer->results(0).symbol(), "AAPL");
  EXPECT_EQ(answer->results(0).outcome(), v1::FetchResult::OUTCOME_OK);
  EXPECT_EQ(answer->results(0).row_count(), 3);
  EXPECT_EQ(answer->results(0).changed_row_count(), 3);
  EXPECT_EQ(answer->results(0).source(), "import");
  const auto stored = server_.Read("AAPL", {.source = "import"});
  ASSERT_THAT(stored, IsOk());
  EXPECT_EQ(stored->ContentHash(), rows.ContentHash());
  EXPECT_EQ(stored->basis, quant::PriceBasis::kRaw);
  EXPECT_EQ(server_.Sql("SELECT provenance ~ '^imports/[0-9a-f-]{36}$' FROM data.series_version"), "t");
}

TEST_F(ImportTest, MinutesAreNotTakenForDays) {
  Series minutes = Prices("AAPL", 3);
  for (size_t row = 0; row < minutes.size(); ++row)
    minutes.times[row] = kFirst + static_cast<int64_t>(row) * 60'000'000'000;
  const absl::Status refused = server_.Import({ImportServer::Spec(), ImportServer::Packed(minutes)}).status();
  EXPECT_THAT(refused, StatusIs(Code::kInvalidArgument, "INVALID_IMPORT"));
  EXPECT_THAT(Said(refused), ElementsAre(HasSubstr("packed[0].rows[1]: is 1 minute after the row before")));
  EXPECT_TRUE(NothingIsStored());
  minutes.key.timeframe = Timeframe::kMin1;
  EXPECT_THAT(server_.Import({ImportServer::Spec("", Timeframe::kMin1), ImportServer::Packed(minutes)}), IsOk());
}

TEST_F(ImportTest, BarsOfFiveMinutesAreNotTakenForMinutes) {
  Series fives = Prices("AAPL", 60);
  for (size_t row = 0; row < fives.size(); ++row)
    fives.times[row] = kFirst - static_cast<int64_t>(fives.size() - row) * 300'000'000'000;
  fives.key.timeframe = Timeframe::kMin1;
  Request rows = ImportServer::Packed(fives);
  rows.mutable_packed()->mutable_key()->clear_timeframe();
  const absl::Status refused = server_.Import({ImportServer::Spec("", Timeframe::kMin1), rows}).status();
  EXPECT_THAT(refused, StatusIs(Code::kInvalidArgument, "INVALID_IMPORT"));
  EXPECT_THAT(Said(refused), ElementsAre(AllOf(HasSubstr("packed[0].rows[1]: is 5 minutes after the row before"),
                                               HasSubstr("bars of 5min and not of 1min (--timeframe 5min)"),
                                               HasSubstr("(--set spacing=any)"))));
  EXPECT_TRUE(NothingIsStored());
  // An auction each five minutes makes such bars: who insists is believed, and so are rows that say it themselves.
  Request insists = ImportServer::Spec("", Timeframe::kMin1, "insisted");
  (*insists.mutable_spec()->mutable_csv_params())["spacing"].set_string_value("any");
  Request stored;
  stored.set_stored(columnar::EncodeChunk(fives).value());
  stored.set_stored_of("AAPL");
  Request as_stored = ImportServer::Spec("", Timeframe::kMin1, "stored");
  as_stored.mutable_spec()->set_basis(common::v1::PRICE_BASIS_RAW);
  for (const auto& messages :
       {std::vector<Request>{insists, rows},
        std::vector<Request>{ImportServer::Spec("", Timeframe::kMin1, "said"), ImportServer::Packed(fives)},
        std::vector<Request>{as_stored, stored}}) {
    const auto taken = server_.Import(messages);
    ASSERT_THAT(taken, IsOk());
    ASSERT_EQ(taken->results_size(), 1);
    EXPECT_EQ(taken->results(0).row_count(), 60);
    ASSERT_EQ(taken->results(0).notes_size(), 1);
    EXPECT_THAT(taken->results(0).notes(0), HasSubstr("are taken for bars of 1min: if they are bars of 5min"));
  }
  fives.key.timeframe = Timeframe::kMin5;
  EXPECT_THAT(server_.Import({ImportServer::Spec("", Timeframe::kMin5), ImportServer::Packed(fives)}), IsOk());
}

TEST_F(ImportTest, RowsOfTheirOwnTimesOfDayAreDaysOnlyWhereThatIsSaid) {
  Series odd = Prices("AAPL", 3);
  odd.basis = quant::PriceBasis::kSplitAdjusted;
  constexpr int64_t kMinute = 60'000'000'000;
  odd.times = {kFirst - 383 * kMinute, kFirst + kDay - 248 * kMinute, kFirst + 4 * kDay - 335 * kMinute};
  Request unsaid = ImportServer::Spec();
  unsaid.mutable_spec()->clear_timeframe();
  Request rows = ImportServer::Packed(odd);
  rows.mutable_packed()->mutable_key()->clear_timeframe();
  const absl::Status refused = server_.Import({unsaid, rows}).status();
  EXPECT_THAT(refused, StatusIs(Code::kInvalidArgument, "INVALID_IMPORT"));
  EXPECT_THAT(Said(refused),
              ElementsAre(AllOf(HasSubstr("packed[0].rows[0]: ends at 14:37:00 UTC, when no session does"),
                                HasSubstr("--timeframe"))));
  EXPECT_TRUE(NothingIsStored());
  // Who sends them says it, for all rows or with each message.
  const auto said = server_.Import({ImportServer::Spec(), rows});
  ASSERT_THAT(said, IsOk());
  ASSERT_EQ(said->results(0).notes_size(), 1);
  EXPECT_THAT(said->results(0).notes(0), HasSubstr("they are taken for bars of 1day"));
  EXPECT_THAT(server_.Import({unsaid, ImportServer::Packed(odd)}), IsOk());
  // Days need not be said.
  EXPECT_THAT(server_.Import({unsaid, ImportServer::Csv("MSFT.csv", Bars(kTwoDays))}), IsOk());
}

TEST_F(ImportTest, OnePriceBasisIsAssumedHoweverRowsCome) {
  Series rows = Prices("AAPL", 2);
  rows.basis = quant::PriceBasis::kNotPrices;
  const auto packed = server_.Import({ImportServer::Spec("", Timeframe::kDay, "packed"), ImportServer::Packed(rows)});
  ASSERT_THAT(packed, IsOk());
  const auto text =
      server_.Import({ImportServer::Spec("", Timeframe::kDay, "text"), ImportServer::Csv("AAPL.csv", Bars(kTwoDays))});
  ASSERT_THAT(text, IsOk());
  for (const auto* answer : {&packed, &text}) {
    ASSERT_EQ((*answer)->results(0).notes_size(), 1);
    EXPECT_THAT((*answer)->results(0).notes(0), HasSubstr("nothing says how the prices were adjusted"));
  }
  for (const char* source : {"packed", "text"}) {
    EXPECT_EQ(server_.Read("AAPL", {.source = source})->basis, quant::PriceBasis::kSplitAdjusted) << source;
  }
  // Splits that are there to be applied, in any message of the symbol.
  Series later = rows;
  for (int64_t& time : later.times) time += 4 * kDay;
  later.Add("split_ratio", std::vector<double>{1, 2});
  ASSERT_THAT(server_.Import({ImportServer::Spec("", Timeframe::kDay, "splits"), ImportServer::Packed(rows),
                              ImportServer::Packed(later)}),
              IsOk());
  EXPECT_EQ(server_.Read("AAPL", {.source = "splits"})->basis, quant::PriceBasis::kRaw);
}

TEST_F(ImportTest, ADayHasOneBarWhateverTheCalendarOfAFile) {
  Request spec = ImportServer::Spec();
  ASSERT_THAT(server_.Import({spec, ImportServer::Csv("AAPL.csv", Bars(kTwoDays))}), IsOk());
  (*spec.mutable_spec()->mutable_csv_params())["calendar"].set_string_value("24/7");
  const absl::Status refused = server_.Import({spec, ImportServer::Csv("AAPL.csv", Bars(kTwoDays))}).status();
  EXPECT_THAT(refused, StatusIs(Code::kFailedPrecondition, "NOT_STORABLE"));
  EXPECT_THAT(Said(refused), ElementsAre(AllOf(HasSubstr("AAPL: its bar at 2020-01-02T21:00:00Z is stored"),
                                               HasSubstr("2020-01-03T00:00:00Z"), HasSubstr("by --set of an import"))));
  EXPECT_EQ(server_.Count("series_version"), 1);
  // What is replaced does not count.
  spec.mutable_spec()->mutable_replaces()->mutable_start_time()->set_seconds(1'577'836'800);
  spec.mutable_spec()->mutable_replaces()->mutable_end_time()->set_seconds(1'609'459'200);
  EXPECT_THAT(server_.Import({spec, ImportServer::Csv("AAPL.csv", Bars(kTwoDays))}), IsOk());
  EXPECT_EQ(server_.Read("AAPL", {.source = "import"})->times.front() % kDay, 0);
}

TEST_F(ImportTest, RowsOfTheFutureAreToldOf) {
  Series rows = Prices("AAPL", 2);
  rows.times[1] = 4'102'434'000'000'000'000;  // 2099-12-31
  const auto answer = server_.Import({ImportServer::Spec(), ImportServer::Packed(rows)});
  ASSERT_THAT(answer, IsOk());
  ASSERT_EQ(answer->results(0).notes_size(), 1);
  EXPECT_THAT(answer->results(0).notes(0), HasSubstr("1 of the rows lie in the future, the first at 2099-12-31"));
}

TEST_F(ImportTest, AnotherPriceBasisSaysWhichFlagHelps) {
  Series raw = Prices("AAPL", 2);
  ASSERT_THAT(server_.Import({ImportServer::Spec(), ImportServer::Packed(raw)}), IsOk());
  raw.basis = quant::PriceBasis::kSplitAdjusted;
  const absl::Status refused = server_.Import({ImportServer::Spec(), ImportServer::Packed(raw)}).status();
  EXPECT_THAT(Said(refused), ElementsAre(AllOf(HasSubstr("--basis"), HasSubstr("--source NAME"))));
}

TEST_F(ImportTest, TheSameRowsAgainWriteNoVersion) {
  const std::vector<Request> messages = {ImportServer::Spec(), ImportServer::Packed(Prices("AAPL", 3))};
  ASSERT_THAT(server_.Import(messages), IsOk());
  const int64_t chunks = server_.Count("chunk");
  const auto again = server_.Import(messages);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->results(0).row_count(), 3);
  EXPECT_EQ(again->results(0).changed_row_count(), 0);
  EXPECT_EQ(server_.Count("series_version"), 1);
  EXPECT_EQ(server_.Count("chunk"), chunks);
}

TEST_F(ImportTest, AFileThatSharesInstantsWithAnotherTakesNothingAway) {
  const Request spec = ImportServer::Spec("trade", Timeframe::kTick);
  const auto trades = [](const std::vector<double>& prices) {
    Series rows{.key = {"trade", "AAPL", Timeframe::kTick, ""}, .repeats = true};
    rows.times.assign(prices.size(), kFirst);
    rows.Add("size", std::vector<double>(prices.size(), 100));
    rows.Add("price", prices);
    return rows;
  };
  ASSERT_THAT(server_.Import({spec, ImportServer::Packed(trades({10, 11, 10}))}), IsOk());
  const auto more = server_.Import({spec, ImportServer::Packed(trades({12, 10}))});
  ASSERT_THAT(more, IsOk());
  EXPECT_EQ(more->results(0).changed_row_count(), 1);
  const clients::ReadQuery query{.resource = "trade", .timeframe = Timeframe::kTick, .source = "import"};
  const auto rows = server_.Read("AAPL", query);
  ASSERT_THAT(rows, IsOk());
  EXPECT_THAT(rows->Doubles("price"), ElementsAre(10, 11, 10, 12));
  // The first file once more has nothing new.
  EXPECT_EQ(server_.Import({spec, ImportServer::Packed(trades({10, 11, 10}))})->results(0).changed_row_count(), 0);
  EXPECT_EQ(server_.Count("series_version"), 2);
}

TEST_F(ImportTest, AFileWithOtherColumnsFillsTheRowsThatAreThere) {
  ASSERT_THAT(server_.Import({ImportServer::Spec(), ImportServer::Csv("AAPL.csv", Bars(kTwoDays))}), IsOk());
  const std::string adjusted = "date,open,high,low,close,adj_close,volume\n2020-01-03,11,12,10,11.75,11.5,2000\n";
  ASSERT_THAT(server_.Import({ImportServer::Spec(), ImportServer::Csv("AAPL.csv", adjusted)}), IsOk());
  ASSERT_THAT(server_.Import({ImportServer::Spec(), ImportServer::Csv("AAPL.csv", Bars(kTwoDays))}), IsOk());
  const auto rows = server_.Read("AAPL", {.source = "import"});
  ASSERT_THAT(rows, IsOk());
  EXPECT_THAT(rows->Doubles("close"), ElementsAre(11, 11.5));
  ASSERT_NE(rows->Find("adj_close"), nullptr) << "the last file has none, and takes none away";
  EXPECT_FALSE(rows->Find("adj_close")->present(0));
  EXPECT_EQ(rows->Doubles("adj_close")[1], 11.5);
}

TEST_F(ImportTest, AFileMayBeCutAnywhere) {
  std::vector<Request> messages = {ImportServer::Spec()};
  for (const char c : Bars(kTwoDays)) messages.push_back(ImportServer::Csv("data/aapl.csv", std::string(1, c)));
  messages.push_back(ImportServer::Csv("MSFT.csv", Bars(kTwoDays)));
  const auto answer = server_.Import(messages);
  ASSERT_THAT(answer, IsOk());
  ASSERT_EQ(answer->results_size(), 2);
  EXPECT_EQ(answer->results(0).symbol(), "AAPL");
  EXPECT_EQ(answer->results(1).symbol(), "MSFT");
  const auto stored = server_.Read("AAPL");
  ASSERT_THAT(stored, IsOk());
  EXPECT_EQ(stored->times[0], kFirst);
  EXPECT_THAT(stored->Doubles("close"), ElementsAre(11, 11.5));
}

TEST_F(ImportTest, PackedFilesAreUnpacked) {
  // What gzip makes of Bars(kTwoDays).
  constexpr char kGzip[] =
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x45\x8a\x49\x0a\x80\x40\x0c\x04\xef\xbe\xa5\x47\x3a\x11\x0f\x3e\x47\x34"
      "\x38\x42\x34\x82\xdb\xf7\xdd\x0e\xde\x8a\xaa\xea\xdb\xcd\x10\x8b\xcd\xc8\xe3\x90\xe1\x71\xa2\xf3\x58\x0d\x47\xf8"
      "\x3e\x59\xa1\x54\x26\x4a\xa2\x42\x08\x51\x34\x10\xb9\x91\xfc\x53\xf5\xaa\x6f\x90\xb2\x86\x3e\xf5\x02\x69\xce\xc1"
      "\xbe\x59\x00\x00\x00";
  const std::string_view bytes(kGzip, sizeof(kGzip) - 1);
  ASSERT_THAT(server_.Import({ImportServer::Spec(), ImportServer::Csv("AAPL.csv.gz", bytes.substr(0, 40)),
                              ImportServer::Csv("AAPL.csv.gz", bytes.substr(40))}),
              IsOk());
  const auto stored = server_.Read("AAPL");
  ASSERT_THAT(stored, IsOk());
  EXPECT_THAT(stored->Doubles("volume"), ElementsAre(1000, 2000));
}

TEST_F(ImportTest, AFileThatNamesSymbolsHasASeriesOfEach) {
  constexpr char kCounts[] = "date,symbol,tweet_count\n2014-01-01,AAPL,8\n2014-01-01,AMZN,1\n2014-01-02,AAPL,3\n";
  const auto answer = server_.Import(
      {ImportServer::Spec("news_sentiment", Timeframe::kTick), ImportServer::Csv("counts.csv", kCounts)});
  ASSERT_THAT(answer, IsOk());
  ASSERT_EQ(answer->results_size(), 2);
  EXPECT_EQ(answer->results(0).symbol(), "AAPL");
  EXPECT_EQ(answer->results(0).row_count(), 2);
  EXPECT_EQ(answer->results(1).symbol(), "AMZN");
  const auto one = server_.Import({ImportServer::Spec("news_sentiment", Timeframe::kTick, "one"),
                                   ImportServer::Csv("counts.csv", kCounts, "AMZN")});
  ASSERT_THAT(one, IsOk());
  ASSERT_EQ(one->results_size(), 1) << "only the symbol that is asked for";
  EXPECT_EQ(one->results(0).symbol(), "AMZN");
}

TEST_F(ImportTest, EveryMistakeOfEveryFileIsNamedAndNothingIsStored) {
  const absl::Status status =
      server_
          .Import({ImportServer::Spec(), ImportServer::Csv("GOOD.csv", Bars(kTwoDays)),
                   ImportServer::Csv("BAD.csv", Bars("2020-01-02,10,8,9,11,1000\n2020-01-04,11,12,10,x,2000\n")),
                   ImportServer::Csv("WORSE.csv", "no,such,header\n1,2,3\n"),
                   ImportServer::Csv("NOT A SYMBOL.csv", Bars(kTwoDays)), ImportServer::Packed(Prices("low er", 1))})
          .status();
  EXPECT_THAT(status, StatusIs(Code::kInvalidArgument, "INVALID_IMPORT"));
  EXPECT_THAT(Said(status),
              ElementsAre(HasSubstr("BAD.csv:2: high must not be below low"), HasSubstr("BAD.csv:3:"),
                          HasSubstr("BAD.csv:3:"), HasSubstr("WORSE.csv:1: the header has 3 columns, and none"),
                          HasSubstr("NOT A SYMBOL.csv:1: the file does not say whose rows it has"),
                          HasSubstr("packed[0].symbol: must be 1 to 32 characters")));
  EXPECT_TRUE(NothingIsStored());
}

TEST_F(ImportTest, MoreMistakesThanCanBeListedEndItAtOnce) {
  std::string rows;
  for (int i = 0; i < 200; ++i) rows += "2020-01-02,x,12,9,11,1000\n";
  const absl::Status status =
      server_.Import({ImportServer::Spec(), ImportServer::Csv("AAPL.csv", Bars(rows))}).status();
  EXPECT_THAT(status, StatusIs(Code::kInvalidArgument, "INVALID_IMPORT"));
  EXPECT_TRUE(NothingIsStored());
}

TEST_F(ImportTest, RowsOfOneSymbolMayComeInSeveralPiecesInAnyOrder) {
  ASSERT_THAT(server_.Import({ImportServer::Spec(), ImportServer::Csv("late.csv", Bars(kThirdDay), "AAPL"),
                              ImportServer::Csv("AAPL.csv",
                                                "date,open,high,low,close,volume,adj_close\n"
                                                "2020-01-02,10,12,9,11,1000,5\n2020-01-03,11,12,10,11.5,2000,6\n")}),
              IsOk());
  const auto stored = server_.Read("AAPL");
  ASSERT_THAT(stored, IsOk());
  EXPECT_THAT(stored->Doubles("close"), ElementsAre(11, 11.5, 12));
  const quant::Column* adjusted = stored->Find("adj_close");
  ASSERT_NE(adjusted, nullptr);
  EXPECT_TRUE(adjusted->present(1));
  EXPECT_FALSE(adjusted->present(2)) << "what only one piece has is missing in the others";
}

TEST_F(ImportTest, TwoRowsOfOneInstantInTwoPiecesAreRefusedWithBothNames) {
  const absl::Status status = server_
                                  .Import({ImportServer::Spec(), ImportServer::Csv("AAPL.csv", Bars(kTwoDays)),
                                           ImportServer::Csv("more.csv", Bars("2020-01-03,1,2,1,1,1\n"), "AAPL")})
                                  .status();
  EXPECT_THAT(Said(status),
              ElementsAre("AAPL: 2020-01-03T21:00:00Z is in AAPL.csv and in more.csv; stock_price has one "
                          "row per instant"));
  EXPECT_TRUE(NothingIsStored());
}

TEST_F(ImportTest, StoredChunksAreTakenOnlyWhole) {
  const Series rows = Prices("AAPL", 3);
  Request message;
  message.set_stored(columnar::EncodeChunk(rows).value());
  message.set_stored_of("AAPL");
  Request spec = ImportServer::Spec();
  spec.mutable_spec()->set_basis(common::v1::PRICE_BASIS_RAW);  // a chunk does not say it
  ASSERT_THAT(server_.Import({spec, message}), IsOk());
  EXPECT_EQ(server_.Read("AAPL").value().ContentHash(), rows.ContentHash());

  std::string& bytes = *message.mutable_stored();
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  message.set_stored_of("MSFT");
  const absl::Status damaged = server_.Import({ImportServer::Spec(), message}).status();
  EXPECT_THAT(damaged, StatusIs(Code::kInvalidArgument, "INVALID_IMPORT"));
  ASSERT_EQ(Said(damaged).size(), 1u);
  EXPECT_THAT(Said(damaged)[0], HasSubstr("stored[0]: "));
  EXPECT_EQ(server_.Count("series"), 1);
}

TEST_F(ImportTest, TheSameRequestIdGivesTheSameAnswer) {
  Request spec = ImportServer::Spec();
  spec.mutable_spec()->set_request_id(base::NewUuid(absl::Now()));
  const std::vector<Request> messages = {spec, ImportServer::Packed(Prices("AAPL", 3)),
                                         ImportServer::Packed(Prices("MSFT", 2))};
  const auto first = server_.Import(messages);
  ASSERT_THAT(first, IsOk());
  std::vector<Request> again = messages;
  for (char& c : *again[0].mutable_spec()->mutable_request_id()) c = static_cast<char>(std::toupper(c));
  const auto second = server_.Import(again);
  ASSERT_THAT(second, IsOk()) << "an id is the same in upper case";
  EXPECT_EQ(second->SerializeAsString(), first->SerializeAsString());
  EXPECT_EQ(server_.Count("series_version"), 2);
  EXPECT_THAT(server_.Import({spec, ImportServer::Packed(Prices("AAPL", 4))}).status(),
              StatusIs(Code::kInvalidArgument, "REQUEST_ID_REUSED"));
}

TEST_F(ImportTest, RowsThatAreReplacedAndNotThereAnyMoreAreGone) {
  ASSERT_THAT(server_.Import({ImportServer::Spec(), ImportServer::Packed(Prices("AAPL", 5))}), IsOk());
  Request spec = ImportServer::Spec();
  *spec.mutable_spec()->mutable_replaces() = rpc::ToProto(quant::TimeRange{kFirst, kFirst + 4 * kDay});
  const auto answer = server_.Import({spec, ImportServer::Packed(Prices("AAPL", 2))});
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->results(0).changed_row_count(), 2) << "two of the five are gone";
  EXPECT_EQ(server_.Read("AAPL").value().size(), 3u);
  const absl::Status outside = server_.Import({spec, ImportServer::Packed(Prices("AAPL", 5))}).status();
  EXPECT_THAT(Said(outside), ElementsAre("packed[0].rows[4]: is outside of the range it replaces"));
  const auto none = server_.Import({spec, ImportServer::Packed(Prices("AAPL", 0))});
  ASSERT_THAT(none, IsOk());
  EXPECT_EQ(none->results(0).outcome(), v1::FetchResult::OUTCOME_EMPTY_CONFIRMED);
  EXPECT_EQ(server_.Read("AAPL").value().size(), 1u);
}

TEST_F(ImportTest, ASpecIsCheckedWholeBeforeAnyRow) {
  Request spec = ImportServer::Spec("stock_price", Timeframe::kDay, "No Name");
  spec.mutable_spec()->set_request_id("x");
  EXPECT_THAT(Said(server_.Import({spec}).status()), ElementsAre(HasSubstr("spec.request_id: ")));
  spec.mutable_spec()->clear_request_id();
  spec.mutable_spec()->set_resource("dividend");
  (*spec.mutable_spec()->mutable_csv_params())["layuot"].set_string_value("x");
  EXPECT_THAT(Said(server_.Import({spec}).status()),
              ElementsAre(HasSubstr("spec.timeframe: dividend has no bars"), HasSubstr("spec.source: must be"),
                          HasSubstr("spec.csv_params.layuot")));
  const absl::Status yahoo =
      server_.Import({ImportServer::Spec("", Timeframe::kDay, "yahoo"), ImportServer::Packed(Prices("AAPL", 1))})
          .status();
  EXPECT_THAT(Said(yahoo), ElementsAre(HasSubstr("spec.source: yahoo is a source of this suite")));
  EXPECT_THAT(Said(server_.Import({ImportServer::Packed(Prices("AAPL", 1))}).status()),
              ElementsAre("spec: the first message must say what the rows are"));
  EXPECT_THAT(Said(server_.Import({}).status()), ElementsAre("spec: the first message must say what the rows are"));
  EXPECT_THAT(Said(server_.Import({ImportServer::Spec()}).status()),
              ElementsAre("payload: there are no rows: nothing came after the spec"));
  EXPECT_THAT(Said(server_.Import({ImportServer::Spec(), ImportServer::Spec()}).status()),
              ElementsAre("spec: may only come once, first"));
  EXPECT_TRUE(NothingIsStored());
}

TEST_F(ImportTest, RowsOfAnotherKindAreRefused) {
  Series other = Prices("AAPL", 1);
  other.key.timeframe = Timeframe::kMin1;
  EXPECT_THAT(Said(server_.Import({ImportServer::Spec(), ImportServer::Packed(other)}).status()),
              ElementsAre("packed[0].key.timeframe: must be that of the spec"));
  Series unsorted = Prices("AAPL", 2);
  std::swap(unsorted.times[0], unsorted.times[1]);
  EXPECT_THAT(Said(server_.Import({ImportServer::Spec(), ImportServer::Packed(unsorted)}).status()),
              ElementsAre(HasSubstr("packed[0]: ")));
  Series negative = Prices("AAPL", 2, -1);
  EXPECT_THAT(Said(server_.Import({ImportServer::Spec(), ImportServer::Packed(negative)}).status()),
              ElementsAre(HasSubstr("packed[0].rows[0]: close"), HasSubstr("packed[0].rows[1]: close")));
}

// Eleven rows, one of them in cents.
Series Mixed(const std::string& symbol) {
  Series rows = Prices(symbol, 11, 10);
  std::get<std::vector<double>>(rows.columns[3].values)[5] = 1000;
  return rows;
}

Request Gated(v1::QualityGate gate) {
  Request spec = ImportServer::Spec();
  spec.mutable_spec()->set_quality_gate(gate);
  return spec;
}

TEST_F(ImportTest, RowsThatNoMarketCanHaveMadeAreStoredAndCounted) {
  for (const v1::QualityGate gate : {v1::QUALITY_GATE_UNSPECIFIED, v1::QUALITY_GATE_STORE}) {
    const auto answer = server_.Import({Gated(gate), ImportServer::Packed(Mixed("AAPL"))});
    ASSERT_THAT(answer, IsOk());
    EXPECT_EQ(answer->results(0).outcome(), v1::FetchResult::OUTCOME_OK);
    EXPECT_EQ(answer->results(0).row_count(), 11);
    EXPECT_EQ(answer->results(0).impossible_row_count(), 1);
    EXPECT_EQ(answer->results(0).quarantined_row_count(), 0);
    EXPECT_THAT(answer->results(0).notes(), ElementsAre(HasSubstr("unit_mixups: 1 rows")));
  }
  EXPECT_EQ(server_.Read("AAPL").value().ContentHash(), Mixed("AAPL").ContentHash());
  EXPECT_EQ(server_.Count("quarantine"), 0);
}

TEST_F(ImportTest, WithTheGateTheyAreKeptApartAndTheOtherSymbolsAreStored) {
  Request spec = Gated(v1::QUALITY_GATE_QUARANTINE);
  spec.mutable_spec()->set_request_id(base::NewUuid(absl::Now()));
  const std::vector<Request> messages = {spec, ImportServer::Packed(Mixed("AAPL")),
                                         ImportServer::Packed(Prices("MSFT", 3))};
  const auto answer = server_.Import(messages);
  ASSERT_THAT(answer, IsOk());
  ASSERT_EQ(answer->results_size(), 2);
  const v1::FetchResult& apart = answer->results(0);
  EXPECT_EQ(apart.outcome(), v1::FetchResult::OUTCOME_FAILED);
  EXPECT_THAT(rpc::FromProto(apart.error()), StatusIs(Code::kFailedPrecondition, "QUARANTINED"));
  EXPECT_EQ(apart.row_count(), 0);
  EXPECT_EQ(apart.impossible_row_count(), 1);
  EXPECT_EQ(apart.quarantined_row_count(), 11);
  EXPECT_EQ(answer->results(1).outcome(), v1::FetchResult::OUTCOME_OK);
  EXPECT_EQ(answer->results(1).row_count(), 3);
  EXPECT_THAT(server_.Read("AAPL"), StatusIs(Code::kNotFound, "UNKNOWN_SERIES"));
  EXPECT_THAT(server_.Import(messages)->SerializeAsString(), answer->SerializeAsString()) << "the same request";

  v1::GetQuarantineRequest get;
  get.set_name(apart.quarantine());
  const auto kept = server_.peer().Call(&v1::DataService::Stub::GetQuarantine, get, {});
  ASSERT_THAT(kept, IsOk());
  EXPECT_THAT(kept->origin(), HasSubstr("imports/"));
  EXPECT_EQ(kept->source(), "import");
  EXPECT_EQ(kept->row_count(), 11);

  // Another import of the same rows finds them; released, they are the series.
  spec.mutable_spec()->clear_request_id();
  const auto again = server_.Import({spec, ImportServer::Packed(Mixed("AAPL"))});
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->results(0).quarantine(), apart.quarantine());
  EXPECT_EQ(server_.Count("quarantine"), 1);
  v1::ReleaseQuarantineRequest release;
  release.set_name(apart.quarantine());
  release.set_comment("they are in cents");
  ASSERT_THAT(server_.peer().Call(&v1::DataService::Stub::ReleaseQuarantine, release, {}), IsOk());
  EXPECT_EQ(server_.Read("AAPL").value().ContentHash(), Mixed("AAPL").ContentHash());
  const auto passed = server_.Import({spec, ImportServer::Packed(Mixed("AAPL"))});
  ASSERT_THAT(passed, IsOk());
  EXPECT_EQ(passed->results(0).outcome(), v1::FetchResult::OUTCOME_OK);
  EXPECT_EQ(passed->results(0).changed_row_count(), 0);
}

// A day of hours of which three are missing and one is wrong.
TEST_F(ImportTest, TheGateGoesByTheCalendarThatWasNamedBefore) {
  constexpr int64_t kHour = kDay / 24;
  const auto hours = [&](const std::string& symbol, int64_t day, double close) {
    Series rows = Prices(symbol, 22, 10);
    rows.key.timeframe = Timeframe::kHour1;
    for (size_t row = 0; row < rows.size(); ++row) {
      const auto hour = static_cast<int64_t>(row < 10 ? row : row + 3);
      rows.times[row] = kFirst - 20 * kHour + day * kDay + hour * kHour;  // from 01:00 UTC on
    }
    std::get<std::vector<double>>(rows.columns[3].values)[5] = close;
    return rows;
  };
  Request spec = ImportServer::Spec("", Timeframe::kHour1);
  (*spec.mutable_spec()->mutable_csv_params())["calendar"].set_string_value("24/7");
  ASSERT_THAT(server_.Import({spec, ImportServer::Packed(hours("GOLD", 0, 10))}), IsOk());
  Request gated = Gated(v1::QUALITY_GATE_QUARANTINE);
  gated.mutable_spec()->set_timeframe(rpc::ToProto(Timeframe::kHour1));
  const auto answer = server_.Import(
      {gated, ImportServer::Packed(hours("GOLD", 4, 1000)), ImportServer::Packed(hours("SHIP", 4, 1000))});
  ASSERT_THAT(answer, IsOk());
  const auto expected = [&](int result) {
    v1::GetQuarantineRequest get;
    get.set_name(answer->results(result).quarantine());
    const auto kept = server_.peer().Call(&v1::DataService::Stub::GetQuarantine, get, {});
    EXPECT_THAT(kept, IsOk());
    return kept.ok() ? kept->expected_row_count() : 0;
  };
  EXPECT_EQ(expected(0), 25) << "GOLD trades all day";
  EXPECT_EQ(expected(1), 22) << "nobody said that of SHIP: which rows it should have is not known";
}

TEST_F(ImportTest, AReplacedRangeStaysAsItIsUntilTheRowsAreReleased) {
  ASSERT_THAT(server_.Import({ImportServer::Spec(), ImportServer::Packed(Prices("AAPL", 20))}), IsOk());
  Request spec = Gated(v1::QUALITY_GATE_QUARANTINE);
  *spec.mutable_spec()->mutable_replaces() = rpc::ToProto(quant::TimeRange{kFirst, kFirst + 20 * kDay});
  const auto answer = server_.Import({spec, ImportServer::Packed(Mixed("AAPL"))});
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(server_.Read("AAPL").value().size(), 20u);
  v1::ReleaseQuarantineRequest release;
  release.set_name(answer->results(0).quarantine());
  release.set_comment("so it is");
  ASSERT_THAT(server_.peer().Call(&v1::DataService::Stub::ReleaseQuarantine, release, {}), IsOk());
  EXPECT_EQ(server_.Read("AAPL").value().ContentHash(), Mixed("AAPL").ContentHash()) << "nine are gone";
}

// Ten days of which the last six have a hundred times the price.
TEST_F(ImportTest, TheGateKeepsAnotherUnitApartThatStaysUnlessASplitIsStored) {
  const auto rows = [](const std::string& symbol) {
    Series all = Prices(symbol, 10);
    for (quant::Column& column : all.columns) {
      auto& values = std::get<std::vector<double>>(column.values);
      for (size_t row = 4; row < values.size() && column.name != "volume"; ++row) values[row] *= 100;
    }
    return all;
  };
  Series split{.key = {"split", "REVERSE", Timeframe::kTick, ""}, .repeats = true};
  split.times = {kFirst + 3 * kDay + kDay / 3};  // when 2020-01-06 begins in New York
  split.Add("ex_date", std::vector<std::string>{"2020-01-06"});
  split.Add("ratio", std::vector<double>{0.01});
  ASSERT_THAT(server_.Import({ImportServer::Spec("split", Timeframe::kTick), ImportServer::Packed(split)}), IsOk());
  const auto answer = server_.Import(
      {Gated(v1::QUALITY_GATE_QUARANTINE), ImportServer::Packed(rows("PENCE")), ImportServer::Packed(rows("REVERSE"))});
  ASSERT_THAT(answer, IsOk());
  ASSERT_EQ(answer->results_size(), 2);
  EXPECT_EQ(answer->results(0).outcome(), v1::FetchResult::OUTCOME_FAILED);
  EXPECT_EQ(answer->results(0).impossible_row_count(), 6);
  EXPECT_EQ(answer->results(0).quarantined_row_count(), 10);
  EXPECT_EQ(answer->results(1).outcome(), v1::FetchResult::OUTCOME_OK);
  EXPECT_EQ(answer->results(1).impossible_row_count(), 0);
}

TEST_F(ImportTest, AGateThatIsNoneIsRefused) {
  EXPECT_THAT(Said(server_.Import({Gated(static_cast<v1::QualityGate>(9)), ImportServer::Packed(Mixed("A"))}).status()),
              ElementsAre("spec.quality_gate: is none"));
}

TEST_F(ImportTest, SymbolsThatDoNotGoWithWhatIsStoredAreNamedAndNothingChanges) {
  ASSERT_THAT(server_.Import({ImportServer::Spec(), ImportServer::Packed(Prices("AAPL", 1))}), IsOk());
  Request split = ImportServer::Spec();
  split.mutable_spec()->set_basis(common::v1::PRICE_BASIS_SPLIT);
  Series apple = Prices("AAPL", 2), other = Prices("MSFT", 2);
  apple.basis = other.basis = quant::PriceBasis::kSplitAdjusted;
  const absl::Status status =
      server_.Import({split, ImportServer::Packed(apple), ImportServer::Packed(other)}).status();
  EXPECT_THAT(status, StatusIs(Code::kFailedPrecondition, "NOT_STORABLE"));
  ASSERT_EQ(Said(status).size(), 1u);
  EXPECT_THAT(Said(status)[0], HasSubstr("AAPL: "));
  EXPECT_EQ(server_.Count("series"), 1);
  EXPECT_EQ(server_.Count("series_version"), 1);
}

TEST_F(ImportTest, ManyWritersOfOneSeriesAllSucceed) {
  constexpr int kWriters = 8;
  std::vector<std::thread> writers;
  std::vector<absl::Status> ended(kWriters);
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      Series rows = Prices("AAPL", 5, 11 + writer);
      for (int64_t& time : rows.times) time += writer * 5 * kDay;
      ended[static_cast<size_t>(writer)] = server_.Import({ImportServer::Spec(), ImportServer::Packed(rows)}).status();
    });
  }
  for (std::thread& writer : writers) writer.join();
  for (const absl::Status& status : ended) EXPECT_THAT(status, IsOk());
  const auto all = server_.Read("AAPL");
  ASSERT_THAT(all, IsOk());
  EXPECT_EQ(all->size(), 5u * kWriters) << "nobody's rows are lost";
}

TEST_F(ImportTest, ACallerWhoBreaksOffLeavesNothing) {
  const auto answer = server_.peer().Write(
      &v1::DataService::Stub::ImportSeries, {}, [n = 0](Request& message) mutable -> absl::StatusOr<bool> {
        if (n == 2) return base::MakeError(Code::kAborted, "GAVE_UP", "no more");
        message = n++ == 0 ? ImportServer::Spec() : ImportServer::Packed(Prices("AAPL", 3));
        return true;
      });
  EXPECT_THAT(answer.status(), StatusIs(Code::kAborted, "GAVE_UP"));
  // The next import is served after the first was given up.
  ASSERT_THAT(server_.Import({ImportServer::Spec(), ImportServer::Packed(Prices("MSFT", 1))}), IsOk());
  EXPECT_EQ(server_.Sql("SELECT string_agg(symbol, ',') FROM data.series"), "MSFT");
}

TEST_F(ImportTest, OneImportAndAllOfThemHoldOnlySoMuch) {
  SeriesStore series(server_.database());
  base::SystemClock clock;
  ResourceStore resources(server_.database());
  CoverageStore coverage(server_.database());
  QuarantineStore kept_apart(server_.database());
  Quarantines quarantines(server_.database(), series, coverage, kept_apart, clock);
  Importer importer(server_.database(), resources, series, quarantines, Sources(), csv::MakeReader,
                    MakeSavedAnswerReader, clock, {.import_bytes = 10'000, .all_bytes = 12'000});
  auto first = importer.Begin({}, {});
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT((*first)->AddFilePart(FileKind::kCsv, "AAPL.csv", "", std::string(8'000, 'x')), IsOk());
  auto second = importer.Begin({}, {});
  ASSERT_THAT(second, IsOk());
  EXPECT_THAT((*second)->AddFilePart(FileKind::kCsv, "AAPL.csv", "", std::string(8'000, 'x')),
              StatusIs(Code::kResourceExhausted, "IMPORTS_BUSY"));
  const absl::Status large = (*first)->AddFilePart(FileKind::kCsv, "AAPL.csv", "", std::string(4'000, 'x'));
  EXPECT_THAT(large, StatusIs(Code::kResourceExhausted, "IMPORT_TOO_LARGE"));
  EXPECT_THAT(base::Message(large), HasSubstr("import the data in parts"));
  first->reset();
  EXPECT_THAT((*second)->AddFilePart(FileKind::kCsv, "AAPL.csv", "", std::string(8'000, 'x')), IsOk())
      << "the first is gone";
  auto rows = importer.Begin({}, {});
  EXPECT_THAT((*rows)->AddRows(Prices("AAPL", 300)), StatusIs(Code::kResourceExhausted, "IMPORT_TOO_LARGE"));
}

}  // namespace
}  // namespace breadthflow::data
