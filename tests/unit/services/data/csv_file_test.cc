#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/data/sources/catalog.h"
#include "services/data/sources/csv/text.h"
#include "tests/support/csv_bars.h"
#include "tests/support/matchers.h"
#include "tests/support/shared_file.h"

namespace breadthflow::data {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

constexpr std::string_view kHeader = "date,open,high,low,close,volume\n";

SourceQuery Daily(const std::string& symbol = "A") { return {"stock_price", symbol, quant::Timeframe::kDay, {}}; }

absl::StatusOr<SourceData> Parse(std::string_view text, const SourceQuery& query = Daily(), CsvFormat format = {}) {
  return ParseCsv(text, "A.csv", query, format, quant::Xnys());
}

std::vector<std::string> Faults(std::string_view text, const SourceQuery& query = Daily()) {
  const auto data = Parse(text, query);
  EXPECT_THAT(data, StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_CSV")) << text;
  std::vector<std::string> out;
  for (const auto& violation : base::DetailsOf(data.status()).violations) {
    out.push_back(violation.field + " " + violation.description);
  }
  return out;
}

std::string Body(std::string_view rows) { return std::string(kHeader) + std::string(rows); }

TEST(CsvParser, PutsADailyBarAtTheCloseOfItsSession) {
  const auto data = Parse(
      "date,open,high,low,close,volume,adj_close\r\n"
      "2016-11-23,10,11,9,10.5,100,10.25\r\n"
      "2016-11-25,10.5,12,10,11,50,10.75\r\n\r\n");
  ASSERT_THAT(data, IsOk());
  EXPECT_THAT(data->series.times, ElementsAre(quant::Xnys().SessionClose(absl::CivilDay(2016, 11, 23)).value(),
                                              quant::Xnys().SessionClose(absl::CivilDay(2016, 11, 25)).value()));
  EXPECT_EQ(absl::FromUnixNanos(data->series.times[1]), absl::FromUnixSeconds(1480096800)) << "13:00 in New York";
  EXPECT_THAT(data->series.Doubles("adj_close"), ElementsAre(10.25, 10.75));
  EXPECT_EQ(data->series.basis, quant::PriceBasis::kSplitAdjusted);
  EXPECT_THAT(data->labels, ElementsAre("A.csv:2", "A.csv:3"));
}

TEST(CsvParser, GivesOnlyTheRangeButChecksTheWholeFile) {
  SourceQuery query = Daily();
  query.range = {quant::Xnys().SessionClose(absl::CivilDay(2017, 1, 4)).value(), INT64_MAX};
  const std::string good = Body("2017-01-03,1,1,1,1,0\n2017-01-04,2,2,2,2,0\n");
  const auto data = Parse(good, query);
  ASSERT_THAT(data, IsOk());
  EXPECT_THAT(data->series.Doubles("close"), ElementsAre(2));
  EXPECT_THAT(data->labels, ElementsAre("A.csv:3"));
  EXPECT_THAT(Parse(Body("2017-01-03,1,1,1,-1,0\n2017-01-04,2,2,2,2,0\n"), query),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(CsvParser, NamesEveryMistakeWithFileAndLine) {
  EXPECT_THAT(Faults(""), ElementsAre("A.csv:1 the file is empty"));
  EXPECT_THAT(Faults("\n\n"), ElementsAre("A.csv:1 the file is empty"));
  EXPECT_THAT(Faults(kHeader), ElementsAre("A.csv:1 there are no rows after the header"));
  EXPECT_THAT(Faults("Day,Open,High,Low,Last,Volume\n2017-01-03,1,1,1,1,1\n"),
              ElementsAre(AllOf(
                  HasSubstr("A.csv:1 the header is of no layout of stock_price: layout bars needs close,date, which "
                            "it lacks; layout bars does not know day,last"),
                  HasSubstr("--set columns=time=HEADER"))));
  EXPECT_THAT(Faults("date,open,high,low,close,volume,colour\n"),
              ElementsAre(HasSubstr("of no layout of stock_price: layout bars does not know colour; columns can be")));
  EXPECT_THAT(Faults(Body("2017-01-03,1,1,1,null,1\n")), ElementsAre("A.csv:2 close must be a number, was 'null'"));
  EXPECT_THAT(Faults(Body("2017-01-03,1,1,1,1\n")), ElementsAre("A.csv:2 expected 6 cells, found 5"));
  EXPECT_THAT(
      Faults(Body("2017-01-04,1,1,1,1,1\n2017-01-03,1,1,1,1,1\n")),
      ElementsAre(AllOf(HasSubstr("A.csv:3 2017-01-03 is earlier than the row before; "), HasSubstr("order=any"))));
  EXPECT_THAT(Faults(Body("2017-01-03,1,1,1,1,1\n2017-01-03,1,1,1,1,1\n")),
              ElementsAre("A.csv:3 2017-01-03 is there twice"));
  EXPECT_THAT(Faults(Body("2017-01-03,1,1,-1,1,1\n")), ElementsAre("A.csv:2 low must be above 0, was -1"));
  EXPECT_THAT(Faults(Body("2017-01-03,1,1,2,1,1\n")), ElementsAre("A.csv:2 high must not be below low, were 1 and 2"));
  EXPECT_THAT(Faults(Body("2017-01-03,1,1,1,1,-5\n")), ElementsAre("A.csv:2 volume must not be below 0, was -5"));
  EXPECT_THAT(Faults(Body("2017-02-30,1,1,1,1,1\n")), ElementsAre("A.csv:2 date must be YYYY-MM-DD, was '2017-02-30'"));
  EXPECT_THAT(Faults(Body("2017-01-07,1,1,1,1,1\n")), ElementsAre(HasSubstr("2017-01-07"))) << "a Saturday";
  for (const char* number : {"1e999", "nan", "inf", "0x10", "1,5", " 1", "1 ", "", "+1"}) {
    EXPECT_THAT(Parse(Body("2017-01-03,1,1,1," + std::string(number) + ",1\n")),
                StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_CSV"))
        << number;
  }
}

TEST(CsvParser, NamesAllMistakesAtOnceAndCountsWhatIsTooMuchToList) {
  EXPECT_THAT(Faults(Body("2017-01-03,x,1,2,1,-1\n2017-01-02,1,1,1,1,1\n2017-01-04,1,1,1,1,y\n")),
              ElementsAre("A.csv:2 open must be a number, was 'x'", "A.csv:2 volume must not be below 0, was -1",
                          HasSubstr("A.csv:3"), "A.csv:4 volume must be a number, was 'y'"));
  std::string many;
  for (int i = 0; i < 500; ++i) many += "bad,1,1,1,1,1\n";
  const auto faults = Faults(Body(many));
  EXPECT_EQ(faults.size(), csv::kMaxViolations + 1);
  EXPECT_EQ(faults.back(), "A.csv and 400 more violations");
  EXPECT_EQ(base::DetailsOf(Parse(Body(many)).status()).metadata.at("violations_more_than"), "100");
}

TEST(CsvParser, ReadsIntradayTimesInTheZoneAndAtTheEndDeclared) {
  const SourceQuery query{"stock_price", "A", quant::Timeframe::kMin1, {}};
  const std::string text = "timestamp,open,high,low,close,volume\n2014-06-05T09:30:00,1,1,1,1,1\n";
  const auto utc = Parse(text, query);
  ASSERT_THAT(utc, IsOk());
  EXPECT_EQ(absl::FormatTime(absl::FromUnixNanos(utc->series.times[0]), absl::UTCTimeZone()),
            "2014-06-05T09:30:00+00:00");
  const auto local = Parse(text, query, {.new_york_time = true, .stamped_at_start = true});
  ASSERT_THAT(local, IsOk());
  EXPECT_EQ(absl::FormatTime(absl::FromUnixNanos(local->series.times[0]), absl::UTCTimeZone()),
            "2014-06-05T13:31:00+00:00");
  const auto offset =
      Parse("timestamp,open,high,low,close,volume\n2014-06-05 09:30+02:00,1,1,1,1,1\n", query, {.new_york_time = true});
  ASSERT_THAT(offset, IsOk());
  EXPECT_EQ(absl::FormatTime(absl::FromUnixNanos(offset->series.times[0]), absl::UTCTimeZone()),
            "2014-06-05T07:30:00+00:00");
  EXPECT_THAT(Parse("timestamp,open,high,low,close,volume\n2014-06-05T25:30:00,1,1,1,1,1\n", query),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

class CsvFile : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("csv_file_test_" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  absl::StatusOr<std::unique_ptr<Source>> Make(const std::string& path,
                                               SourceEntry::Environment env = {.csv_anywhere = true}) {
    const SourceEntry* entry = Sources().Find("csv_file").value();
    return entry->make(component::Params::Check(entry->params, {{"path", path}}).value(), env);
  }

  std::filesystem::path folder_;
};

TEST_F(CsvFile, ANameKeepsItsRowsApart) {
  EXPECT_EQ(Make(folder_.string()).value()->Market(), "");
  const SourceEntry* entry = Sources().Find("csv_file").value();
  const auto make = [&](const std::string& name) {
    const auto params = component::Params::Check(entry->params, {{"path", folder_.string()}, {"name", name}});
    return entry->make(params.value(), {.csv_anywhere = true});
  };
  EXPECT_EQ(make("vendor_b").value()->Market(), "vendor_b");
  for (const std::string& wrong :
       {std::string("Vendor B"), std::string("a:b"), std::string("a,b"), std::string(41, 'a')}) {
    const auto made = make(wrong);
    ASSERT_THAT(made, StatusIs(absl::StatusCode::kInvalidArgument)) << wrong;
    EXPECT_EQ(base::DetailsOf(made.status()).violations.at(0).field, "name");
  }
}

TEST_F(CsvFile, SaysThatASymbolWithoutFileIsUnknown) {
  const auto source = Make(folder_.string()).value();
  const auto request = source->TransformQuery(Daily("NOPE")).value();
  EXPECT_THAT(source->Extract(request, {}), StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_SYMBOL"));
}

TEST_F(CsvFile, ReadsOnlyBelowTheFoldersThatItMay) {
  EXPECT_THAT(Make((folder_ / "absent").string()), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Make(folder_.string(), {.csv_roots = {"/somewhere/else"}}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Make((folder_ / "..").string(), {.csv_roots = {folder_.string()}}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Make(folder_.string(), {.csv_roots = {"/x", folder_.string()}}), IsOk());
  EXPECT_THAT(Make(folder_.string(), {}), StatusIs(absl::StatusCode::kInvalidArgument))
      << "nowhere, when none is named";
}

TEST_F(CsvFile, FollowsNoLinkOutOfTheFoldersThatItMayRead) {
  const auto inside = folder_ / "inside";
  std::filesystem::create_directories(inside);
  std::ofstream(folder_ / "secret.csv") << kHeader << "2017-01-03,1,1,1,1,1\n";
  std::filesystem::create_symlink(folder_ / "secret.csv", inside / "A.csv");
  const auto source = Make(inside.string(), {.csv_roots = {inside.string()}});
  ASSERT_THAT(source, IsOk());
  EXPECT_THAT((*source)->Extract((*source)->TransformQuery(Daily()).value(), {}),
              StatusIs(absl::StatusCode::kInvalidArgument, "FORBIDDEN_PATH"));
}

TEST_F(CsvFile, StopsWhenCancelled) {
  std::ofstream(folder_ / "A.csv") << kHeader << "2017-01-03,1,1,1,1,1\n";
  const auto source = Make(folder_.string()).value();
  base::CancelToken cancel;
  cancel.Cancel(base::CancelReason::kCancelled);
  EXPECT_THAT(source->Extract(source->TransformQuery(Daily()).value(), cancel), StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(CsvFile, ReadsEveryRealDailyFile) {
  for (const char* name : {"data/bars/daily", "data/bars/daily_more"}) {
    const auto folder = testing::SharedFile(name);
    if (folder.empty()) GTEST_SKIP() << "no shared data here";
    const auto source = Make(folder.string()).value();
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
      const auto request = source->TransformQuery(Daily(file.path().stem().string())).value();
      const auto body = source->Extract(request, {}).value();
      const auto data = source->TransformData(request, body);
      if (file.path().stem() == "ESTX50") continue;  // another exchange's sessions
      EXPECT_THAT(data, IsOk()) << file.path();
    }
  }
}

TEST_F(CsvFile, RefusesTheQuirkyFilesForWhatIsWrongWithThem) {
  const auto folder = testing::SharedFile("data/bars/daily_quirks");
  if (folder.empty()) GTEST_SKIP() << "no shared data here";
  const auto source = Make(folder.string()).value();
  const auto read = [&](const std::string& symbol) {
    const auto request = source->TransformQuery(Daily(symbol)).value();
    return source->TransformData(request, source->Extract(request, {}).value());
  };
  for (const char* fine : {"AGFS", "BRK-A", "GMRE", "SPLP"}) EXPECT_THAT(read(fine), IsOk()) << fine;
  for (const char* null_row : {"PTR", "REX"}) {
    const auto data = read(null_row);
    ASSERT_THAT(data, StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_CSV"));
    EXPECT_THAT(base::Message(data.status()), HasSubstr("'null'"));
  }
  EXPECT_THAT(read("BTCUSD"), IsOk()) << "it has Saturdays, as its symbol says";
  EXPECT_THAT(read("GSPC_1950-1957_newest_first"), StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_CSV"));
  EXPECT_THAT(base::Message(read("TSLA_raw_download_20181015").status()), HasSubstr("was '11:34'"));
}

}  // namespace
}  // namespace breadthflow::data
