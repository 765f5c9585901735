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

TEST(Rows, BecomeJsonObjectsWithNullForMissingValues) {
  std::ostringstream json;
  std::ostringstream people;
  Printer out(Printer::Mode::kJson, false, json, people);
  RowCollector rows(10);
  ASSERT_THAT(rows.Take(Batch()), IsOk());
  ASSERT_THAT(rows.Print(out, absl::OkStatus()), IsOk());
  EXPECT_EQ(nlohmann::json::parse(json.str()), nlohmann::json::parse(R"([
    {"symbol": "AAPL", "time": "1970-01-01T00:00:00Z", "close": 1.5, "reason": "up"},
    {"symbol": "AAPL", "time": "1970-01-01T00:00:01Z", "close": null, "reason": "down"}])"));
}

TEST(Rows, StopTheStreamAtTheLimitAndSaySo) {
  std::ostringstream json;
  std::ostringstream people;
  Printer out(Printer::Mode::kTable, false, json, people);
  RowCollector rows(1);
  EXPECT_THAT(rows.Take(Batch()), StatusIs(absl::StatusCode::kCancelled));
  ASSERT_THAT(rows.Print(out, absl::CancelledError()), IsOk());
  EXPECT_THAT(people.str(), ::testing::HasSubstr("the first 1 rows"));
}

TEST(Rows, PassOnHowTheStreamFailed) {
  std::ostringstream json;
  std::ostringstream people;
  Printer out(Printer::Mode::kTable, false, json, people);
  EXPECT_THAT(RowCollector(1).Print(out, absl::NotFoundError("x")), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(people.str(), "");
}

}  // namespace
}  // namespace breadthflow::cli
