#include "services/cli/rows.h"

#include <sstream>

#include <google/protobuf/text_format.h>

#include "tests/support/matchers.h"

namespace breadthflow::cli {
namespace {

using testing::IsOk;
using testing::StatusIs;

common::v1::SeriesMessage Batch() {
  common::v1::SeriesMessage message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(R"pb(
                                                              packed {
                                                                key { symbol: "AAPL" }
                                                                times_unix_ns: [ 0, 1000000000 ]
                                                                columns {
                                                                  name: "close"
                                                                  double_values: [ 1.5, 0 ]
                                                                  missing_rows: 1
                                                                }
                                                                columns {
                                                                  name: "reason"
                                                                  text_values: [ "up", "down" ]
                                                                }
                                                              })pb",
                                                            &message));
  return message;
}

struct Output {
  std::ostringstream json;
  std::ostringstream people;
};

TEST(Rows, BecomeJsonObjectsWithNullForMissingValues) {
  Output output;
  Printer out(Printer::Mode::kJson, false, output.json, output.people);
  RowCollector rows(out, std::nullopt);
  ASSERT_THAT(rows.Take(Batch()), IsOk());
  ASSERT_THAT(rows.Finish(absl::OkStatus()), IsOk());
  EXPECT_EQ(nlohmann::json::parse(output.json.str()), nlohmann::json::parse(R"([
    {"symbol": "AAPL", "time": "1970-01-01T00:00:00Z", "close": 1.5, "reason": "up"},
    {"symbol": "AAPL", "time": "1970-01-01T00:00:01Z", "close": null, "reason": "down"}])"));
}

TEST(Rows, AreAllThereInJsonUnlessALimitIsGiven) {
  for (const std::optional<int> limit : {std::optional<int>(), std::optional<int>(3)}) {
    Output output;
    Printer out(Printer::Mode::kJson, false, output.json, output.people);
    RowCollector rows(out, limit);
    absl::Status read;
    for (int i = 0; i < 20 && read.ok(); ++i) read = rows.Take(Batch());
    EXPECT_THAT(read, StatusIs(limit ? absl::StatusCode::kCancelled : absl::StatusCode::kOk));
    ASSERT_THAT(rows.Finish(read), IsOk());
    EXPECT_EQ(nlohmann::json::parse(output.json.str()).size(), limit ? 3u : 40u);
  }
}

TEST(Rows, OfEachSymbolThereAreAsManyAsTheLimitSays) {
  for (const Printer::Mode mode : {Printer::Mode::kJson, Printer::Mode::kTable}) {
    Output output;
    Printer out(mode, false, output.json, output.people);
    RowCollector rows(out, 3, 2);
    absl::Status read;
    for (const char* symbol : {"AAPL", "MSFT"}) {
      for (int i = 0; i < 4 && read.ok(); ++i) {
        common::v1::SeriesMessage message = Batch();
        message.mutable_packed()->mutable_key()->set_symbol(symbol);
        if (i == 0) message.mutable_first_of()->set_symbol(symbol);
        read = rows.Take(message);
      }
    }
    ASSERT_THAT(rows.Finish(read), IsOk());
    if (mode == Printer::Mode::kTable) {
      EXPECT_THAT(output.people.str(), ::testing::HasSubstr("the first 6 rows; 10 more"));
      continue;
    }
    EXPECT_THAT(read, StatusIs(absl::StatusCode::kCancelled)) << "the last series is full";
    const auto json = nlohmann::json::parse(output.json.str());
    ASSERT_EQ(json.size(), 6u);
    EXPECT_EQ(json[2]["symbol"], "AAPL");
    EXPECT_EQ(json[3]["symbol"], "MSFT");
  }
}

TEST(Rows, SayWhoseSplitsAreInThemAndWhatIsMadeUp) {
  Output output;
  Printer out(Printer::Mode::kJson, false, output.json, output.people);
  RowCollector rows(out, std::nullopt);
  common::v1::SeriesMessage message = Batch();
  message.mutable_first_of()->set_symbol("AAPL");
  message.mutable_origin()->set_splits_source("columns");
  message.mutable_origin()->set_dividends_source("simulated");
  message.mutable_origin()->set_made_up(true);
  message.mutable_origin()->add_notices("mind this");
  ASSERT_THAT(rows.Take(message), IsOk());
  ASSERT_THAT(rows.Finish(absl::OkStatus()), IsOk());
  EXPECT_EQ(output.people.str(),
            "  AAPL: splits: the rows' own columns; dividends: simulated (made-up data)\n"
            "  AAPL: mind this\n  AAPL: made-up data\n");
  EXPECT_EQ(nlohmann::json::parse(output.json.str()).size(), 2u) << "programs read rows";
}

TEST(Rows, AreAnEmptyArrayWhenThereAreNone) {
  Output output;
  Printer out(Printer::Mode::kJson, false, output.json, output.people);
  ASSERT_THAT(RowCollector(out, std::nullopt).Finish(absl::OkStatus()), IsOk());
  EXPECT_EQ(output.json.str(), "[]\n");
}

TEST(Rows, OfATableAreTwentyAndSayHowManyMoreThereAre) {
  Output output;
  Printer out(Printer::Mode::kTable, false, output.json, output.people);
  RowCollector rows(out, std::nullopt);
  for (int i = 0; i < 20; ++i) ASSERT_THAT(rows.Take(Batch()), IsOk());
  ASSERT_THAT(rows.Finish(absl::OkStatus()), IsOk());
  EXPECT_THAT(output.people.str(), ::testing::HasSubstr("the first 20 rows; 20 more with --limit N"));
}

TEST(Rows, PassOnHowTheStreamFailedAndLeaveJsonOpen) {
  Output output;
  Printer out(Printer::Mode::kJson, false, output.json, output.people);
  EXPECT_THAT(RowCollector(out, 1).Finish(absl::NotFoundError("x")), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(output.json.str(), "");
  RowCollector begun(out, std::nullopt);
  ASSERT_THAT(begun.Take(Batch()), IsOk());
  EXPECT_THAT(begun.Finish(absl::UnavailableError("gone")), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_FALSE(nlohmann::json::accept(output.json.str()));
}

}  // namespace
}  // namespace breadthflow::cli
