// Files as a source: rows of two folders, and rows that nobody can know yet.
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/status.h"
#include "tests/integration/data/fetch_fixture.h"

namespace breadthflow::data {
namespace {

using breadthflow::testing::IsOk;
using breadthflow::testing::StatusIs;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class FetchFiles : public FetchFixture {
 protected:
  ~FetchFiles() override { std::filesystem::remove_all(folder_); }

  // Days of AAA with their closes, in a folder of their own.
  std::string Put(const std::string& name, const std::vector<std::pair<std::string, int>>& closes) {
    const std::filesystem::path folder = folder_ / name;
    std::filesystem::create_directories(folder);
    std::ofstream file(folder / "AAA.csv");
    file << "date,open,high,low,close,volume\n";
    for (const auto& [day, close] : closes) {
      file << day << ',' << close << ',' << close + 1 << ',' << close - 1 << ',' << close << ",1000\n";
    }
    return folder.string();
  }

  // As it ended for AAA.
  FetchResult FetchFrom(const component::ComponentRef& source, const std::string& end = "2021-01-01") {
    const FetchRun run = Fetch({.symbols = {"AAA"}, .range = {Ns("2020-01-01"), Ns(end)}, .source = source});
    EXPECT_THAT(run.results, SizeIs(1));
    if (run.results.empty()) return {};
    EXPECT_EQ(run.results[0].outcome, Outcome::kOk) << run.results[0].error;
    return run.results[0];
  }
  FetchResult FetchFolder(const std::string& path, const std::string& name = "") {
    component::ComponentRef source{"csv_file", {{"path", path}}};
    if (!name.empty()) {
      source.params["name"] = name;
      source.params["calendar"] = "XNYS";
    }
    return FetchFrom(source);
  }

  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("fetch_files_test_" + std::to_string(getpid()));
};

TEST_F(FetchFiles, RowsOfTwoFoldersAreKeptApartByAName) {
  const std::string a = Put("a", {{"2020-01-02", 10}, {"2020-01-03", 11}});
  const std::string b = Put("b", {{"2020-01-03", 12}, {"2020-01-06", 13}});
  EXPECT_EQ(FetchFolder(a).source, "csv_file");
  const FetchResult named = FetchFolder(b, "vendor_b");
  EXPECT_EQ(named.source, "csv_file:vendor_b");
  EXPECT_EQ(named.removed_rows, 0);
  EXPECT_THAT(named.notes, Not(Contains(HasSubstr("other files"))));
  EXPECT_THAT(Stored("AAA", "csv_file").Doubles("close"), ElementsAre(10, 11));
  EXPECT_THAT(Stored("AAA", "csv_file:vendor_b").Doubles("close"), ElementsAre(12, 13));
  const quant::SeriesKey key{"stock_price", "AAA", quant::Timeframe::kDay, "csv_file:vendor_b"};
  const auto markets = series_.Markets({key}, absl::InfiniteFuture(), absl::InfiniteFuture());
  ASSERT_THAT(markets, IsOk());
  ASSERT_TRUE(markets->contains(key)) << "a named series keeps its calendar, too";
  EXPECT_EQ(markets->at(key).market.calendar, "XNYS");
}

TEST_F(FetchFiles, WhatAnotherFolderTakesAwayIsSaidWithTheParameterThatKeepsIt) {
  const std::string a = Put("a", {{"2020-01-02", 10}, {"2020-01-03", 11}});
  const std::string b = Put("b", {{"2020-01-03", 12}, {"2020-01-06", 13}});
  EXPECT_THAT(FetchFolder(a).notes, Not(Contains(HasSubstr("other files"))));
  const FetchResult mixed = FetchFolder(b);
  EXPECT_EQ(mixed.removed_rows, 1);
  EXPECT_THAT(mixed.notes, Contains(HasSubstr("2 stored rows that came from other files")));
  EXPECT_THAT(mixed.notes, Contains(HasSubstr("csv_file:NAME, that the parameter name gives")));
  EXPECT_THAT(Stored("AAA", "csv_file").Doubles("close"), ElementsAre(12, 13));
  // A file that changed is no other file.
  Put("b", {{"2020-01-03", 12}, {"2020-01-07", 14}});
  const FetchResult changed = FetchFolder(b);
  EXPECT_EQ(changed.removed_rows, 1);
  EXPECT_THAT(changed.notes, Not(Contains(HasSubstr("other files"))));
}

TEST_F(FetchFiles, PricesThatLookLikeAnotherBasisAreNotTakenUntilSomebodySaysHowTheyAreAdjusted) {
  // Two factors, as prices on both sides of a split have.
  const auto days = [](int close, int later) {
    std::vector<std::pair<std::string, int>> closes;
    for (const char* day : {"02", "03", "06", "07", "08", "09", "10", "13", "14", "15", "16", "17"}) {
      closes.emplace_back(std::string("2020-01-") + day, closes.size() < 6 ? close : later);
    }
    return closes;
  };
  const std::string a = Put("a", days(10, 10));
  const std::string raw = Put("raw", days(40, 20));
  ASSERT_EQ(FetchFolder(a).changed_rows, 12);
  const FetchSpec spec{
      .symbols = {"AAA"}, .range = {Ns("2020-01-01"), Ns("2021-01-01")}, .source = {"csv_file", {{"path", raw}}}};
  const FetchRun refused = Fetch(spec);
  ASSERT_THAT(refused.results, SizeIs(1));
  EXPECT_EQ(refused.results[0].outcome, Outcome::kFailed);
  EXPECT_THAT(refused.results[0].error, StatusIs(absl::StatusCode::kFailedPrecondition, "BASIS_DOUBTFUL"));
  EXPECT_THAT(base::Message(refused.results[0].error),
              AllOf(HasSubstr("by the factor 4"), HasSubstr("--param basis="), HasSubstr("--param name=")));
  EXPECT_DOUBLE_EQ(Stored("AAA", "csv_file").Doubles("close")[0], 10);
  EXPECT_EQ(FetchFolder(raw, "raw").changed_rows, 12) << "beside them";
  // Who says that they are split is believed.
  EXPECT_EQ(FetchFrom({"csv_file", {{"path", raw}, {"basis", "split"}}}).changed_rows, 12);
  EXPECT_DOUBLE_EQ(Stored("AAA", "csv_file").Doubles("close")[0], 40);
}

TEST_F(FetchFiles, AnotherCalendarThanBeforeIsTold) {
  const std::string path = Put("hours", {});
  std::ofstream(folder_ / "hours" / "AAA.csv") << "time,open,high,low,close,volume\n"
                                                  "2020-01-02T15:00:00Z,10,11,9,10,1000\n"
                                                  "2020-01-02T16:00:00Z,10,11,9,10,1000\n";
  const auto fetch = [&](const std::string& calendar) -> FetchResult {
    const FetchRun run = Fetch({.symbols = {"AAA"},
                                .timeframe = quant::Timeframe::kHour1,
                                .range = {Ns("2020-01-01"), Ns("2021-01-01")},
                                .source = {"csv_file", {{"path", path}, {"calendar", calendar}}}});
    EXPECT_THAT(run.results, SizeIs(1));
    if (run.results.empty()) return {};
    EXPECT_EQ(run.results[0].outcome, Outcome::kOk) << run.results[0].error;
    return run.results[0];
  };
  const auto told = Contains(HasSubstr("its calendar is now"));
  EXPECT_THAT(fetch("FX").notes, Not(told));
  EXPECT_THAT(fetch("FX").notes, Not(told));
  const FetchResult changed = fetch("24/7");
  EXPECT_EQ(changed.changed_rows, 0);
  EXPECT_THAT(changed.notes, Contains("its calendar is now 24/7, before it was FX"));
}

// A stock that is traded by an auction each five minutes has such bars.
TEST_F(FetchFiles, BarsThatAreFarApartAreStoredAndToldOf) {
  constexpr int64_t kOpen = 1'591'104'600;  // 2020-06-02 in New York
  const std::string path = Put("fives", {});
  std::ofstream file(folder_ / "fives" / "AAA.csv");
  file << "time,open,high,low,close,volume\n";
  std::string stamps, values;
  for (int64_t row = 0; row < 60; ++row) {
    const absl::Time start = absl::FromUnixSeconds(kOpen + row * 300);
    file << absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", start + absl::Minutes(1), absl::UTCTimeZone())
         << ",10,10,10,10,10\n";
    stamps += (row == 0 ? "" : ",") + std::to_string(absl::ToUnixSeconds(start));
    values += row == 0 ? "10" : ",10";
  }
  file.close();
  answer_ = [&](const auto& question) {
    const std::string one = "[" + values + "]";
    return Answer{Fault::kNone, R"({"chart":{"result":[{"meta":{"currency":"USD","symbol":")" + question.symbol +
                                    R"(","exchangeName":"NYQ","gmtoffset":-14400,"regularMarketTime":1591128000,)" +
                                    R"("dataGranularity":"1m"},"timestamp":[)" + stamps +
                                    R"(],"indicators":{"quote":[{"open":)" + one + R"(,"high":)" + one + R"(,"low":)" +
                                    one + R"(,"close":)" + one + R"(,"volume":)" + one + R"(}]}}],"error":null}})"};
  };
  const auto fetch = [&](const component::ComponentRef& source) -> FetchResult {
    const FetchRun run = Fetch({.symbols = {"AAA"},
                                .timeframe = quant::Timeframe::kMin1,
                                .range = {Ns("2020-06-02"), Ns("2020-06-03")},
                                .source = source});
    EXPECT_THAT(run.results, SizeIs(1));
    return run.results.empty() ? FetchResult() : run.results[0];
  };
  const auto told = HasSubstr("are taken for bars of 1min: if they are bars of 5min");
  const FetchResult asked = fetch({"yahoo", {}});
  EXPECT_EQ(asked.outcome, Outcome::kOk) << asked.error;
  EXPECT_EQ(asked.changed_rows, 60);
  EXPECT_THAT(asked.notes, Contains(told).Times(1)) << "yahoo was asked for minutes";

  const FetchResult refused = fetch({"csv_file", {{"path", path}, {"basis", "split"}}});
  EXPECT_EQ(refused.outcome, Outcome::kFailed);
  EXPECT_THAT(refused.error, StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_CSV"));
  const FetchResult insisted = fetch({"csv_file", {{"path", path}, {"basis", "split"}, {"spacing", "any"}}});
  EXPECT_EQ(insisted.outcome, Outcome::kOk) << insisted.error;
  EXPECT_EQ(insisted.changed_rows, 60);
  EXPECT_THAT(insisted.notes, Contains(told).Times(1));
}

TEST_F(FetchFiles, RowsOfTheFutureAreStoredAndTold) {
  const std::string told = "1 of the rows lie in the future, the first at 2020-06-05T20:00:00Z";
  const std::string path = Put("a", {{"2020-06-02", 10}, {"2020-06-05", 11}});
  EXPECT_THAT(FetchFolder(path).notes, Contains(HasSubstr(told)));
  EXPECT_EQ(Stored("AAA", "csv_file").size(), 2u);
  // A made-up market has a future that everybody may know, but no backtest should.
  EXPECT_THAT(FetchFrom({"simulated", {}}, "2020-06-03").notes, Not(Contains(HasSubstr("in the future"))));
  EXPECT_THAT(FetchFrom({"simulated", {}}, "2020-06-10").notes, Contains(HasSubstr("of the rows lie in the future")));
}

// What is kept apart can not keep that day: nothing of it is there, and no quarantine is named.
TEST_F(FetchFiles, ImpossibleRowsThatSayAsOfWhenTheyWereAdjustedAreRefusedAsAWhole) {
  const std::string path = Put("bad", {});
  std::ofstream file(folder_ / "bad" / "AAA.csv");
  file << "date,open,high,low,close,volume\n";
  for (const char* day : {"02", "03", "06", "07", "08", "09", "10", "13", "14", "15"}) {
    const bool bad = std::string(day) == "08";
    file << "2020-01-" << day << ",10," << (bad ? 1001 : 11) << ",9," << (bad ? 1000 : 10) << ",1000\n";
  }
  file.close();
  const FetchRun run =
      Fetch({.symbols = {"AAA"},
             .range = {Ns("2020-01-01"), Ns("2021-01-01")},
             .source = {"csv_file", {{"path", path}, {"basis", "split"}, {"adjusted_as_of", "2020-06-01"}}}});
  ASSERT_THAT(run.results, SizeIs(1));
  const FetchResult& refused = run.results[0];
  EXPECT_EQ(refused.outcome, Outcome::kFailed);
  EXPECT_THAT(refused.error, StatusIs(absl::StatusCode::kFailedPrecondition, "ANCHOR_APART"));
  EXPECT_EQ(refused.quarantine, "");
  EXPECT_EQ(refused.quarantined_rows, 0);
  EXPECT_EQ(database_server_.Sql("SELECT count(*) FROM data.quarantine"), "0");
  EXPECT_EQ(database_server_.Sql("SELECT count(*) FROM data.series"), "0");
}

}  // namespace
}  // namespace breadthflow::data
