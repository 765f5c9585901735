#include <filesystem>

#include "tests/unit/services/data/csv_shared.h"
#include "tests/unit/services/data/made_resource.h"

// Real files of kinds of data that are made at run time, by the definitions under config/resources.
namespace breadthflow::data {
namespace {

bool Absent() { return testing::SharedFile("data/sentiment").empty(); }

TEST(CsvRealMade, AnIndexWithoutVolumeIsReadByTheNamesOfItsFields) {
  if (Absent()) GTEST_SKIP() << "no shared data here";
  const RealFile file{.path = "sentiment/vix.csv",
                      .resource = "index_level",
                      .symbol = "VIX",
                      .timeframe = quant::Timeframe::kDay,
                      .rows = 2445,
                      .time = {},
                      .columns = {{"close", Number("close")}},
                      .header = {},
                      .definition = &Made("index_level")};
  ExpectReadsBackEqual(file);
  const auto data = ReadReal(file);
  ASSERT_TRUE(data);
  EXPECT_EQ(absl::FromUnixNanos(data->series.times[0]),
            absl::FromCivil(absl::CivilHour(2011, 1, 3, 21), absl::UTCTimeZone()))
      << "at the close of its session";
}

TEST(CsvRealMade, ARatioOfADayIsKnownWhenTheDayEndsInNewYork) {
  if (Absent()) GTEST_SKIP() << "no shared data here";
  ExpectReadsBackEqual({.path = "sentiment/put_call_ratio.csv",
                        .resource = "put_call_ratio",
                        .symbol = "CBOE",
                        .rows = 2445,
                        .time = DayEnd("date", "America/New_York"),
                        .columns = {{"put_call", Number("put_call")}},
                        .header = {},
                        .definition = &Made("put_call_ratio")});
}

TEST(CsvRealMade, FactorsOfAVendorAreKeptWithTheirLastDay) {
  const auto folder = testing::SharedFile("data/bars/corporate_actions/factor_files");
  if (folder.empty()) GTEST_SKIP() << "no shared data here";
  size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    const Text text(file.path());
    ++files;
    ExpectReadsBackEqual({.path = "bars/corporate_actions/factor_files/" + file.path().filename().string(),
                          .resource = "adjustment_factor",
                          .symbol = file.path().stem().string(),
                          .rows = text.lines() - 1,
                          .time = DayEnd("date", "America/New_York"),
                          .columns = {{"last_day", Word("date")},
                                      {"price_factor", Number("price_factor")},
                                      {"split_factor", Number("split_factor")},
                                      {"reference_price", Number("reference_price")}},
                          .header = {},
                          .definition = &Made("adjustment_factor")});
  }
  EXPECT_EQ(files, 9u);
}

}  // namespace
}  // namespace breadthflow::data
