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
