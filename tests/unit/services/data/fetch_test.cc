#include "services/data/domain/fetch.h"

#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "services/data/domain/resource.h"
#include "services/data/domain/snapshot.h"
#include "tests/support/matchers.h"

namespace breadthflow::data {
namespace {

using testing::IsOk;
using testing::StatusIs;

TEST(Resource, FindsItselfAndNamesTheOthers) {
  EXPECT_TRUE(FindResource("stock_price").ok());
  EXPECT_THAT(FindResource("tulips"), StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_RESOURCE"));
  EXPECT_THAT(base::Message(FindResource("tulips").status()), ::testing::HasSubstr("stock_price"));
}

TEST(Resource, AcceptsSymbolsAsExchangesWriteThem) {
  for (const char* good : {"A", "BRK-A", "BRK.B", "^GSPC", "EURUSD=X", "7203.T"}) EXPECT_FALSE(SymbolFault(good));
  for (const char* bad : {"", "aapl", "A/B", "..", ".A", "A B", "A\n", "ABCDEFGHIJKLMNOPQRSTUVWXYZ1234567"}) {
    EXPECT_TRUE(SymbolFault(bad)) << bad;
  }
}

TEST(Resource, NamesEveryFaultOfASeries) {
  quant::Series series{.key = {"stock_price", "A"}, .basis = quant::PriceBasis::kNotPrices, .times = {1, 2}};
  series.Add("open", std::vector<double>{1, -1});
  series.Add("high", std::vector<double>{1, 1});
  series.Add("low", std::vector<double>{2, 1});
  series.Add("close", std::vector<int64_t>{1, 1});
  series.Add("colour", std::vector<double>{1, 1});
  base::Violations violations;
  CheckSeries(
      *FindResource("stock_price").value(), series, [](size_t row) { return "row " + std::to_string(row); },
      violations);
  std::vector<std::string> fields;
  for (const auto& violation : violations.list()) fields.push_back(violation.field);
  EXPECT_THAT(fields, ::testing::ElementsAre("basis", "row 1", "close", "colour", "volume", "row 0"));
}

TEST(FetchSpec, NamesEveryViolation) {
  FetchSpec spec{.resource = "tulips", .symbols = {"A", "a", "A"}, .range = {5, 5}};
  const auto violations = base::DetailsOf(CheckSpec(spec, FindResource(spec.resource))).violations;
  std::vector<std::string> fields;
  for (const auto& violation : violations) fields.push_back(violation.field);
  EXPECT_THAT(fields, ::testing::ElementsAre("spec.resource", "spec.symbols[1]", "spec.symbols[2]", "spec.range"));
  EXPECT_THAT(CheckSpec({.symbols = {"A"}, .range = {1, 2}}, FindResource("stock_price")), IsOk());
  EXPECT_THAT(CheckSpec({.symbols = {}, .range = {1, 2}}, FindResource("stock_price")),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(CheckSpec({.symbols = {"A"}}, FindResource("stock_price")), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(FetchRun, FailsOnlyWhenEverySymbolFailed) {
  const FetchResult ok{.symbol = "A", .outcome = Outcome::kOk, .rows = 1};
  const FetchResult empty{.symbol = "B", .outcome = Outcome::kEmptyConfirmed};
  FetchResult failed{.symbol = "C", .outcome = Outcome::kFailed, .error = absl::NotFoundError("no file")};
  EXPECT_THAT(RunStatusOf({ok, failed}), IsOk());
  EXPECT_THAT(RunStatusOf({empty, failed}), IsOk());
  EXPECT_THAT(RunStatusOf({failed, failed}), StatusIs(absl::StatusCode::kFailedPrecondition, "ALL_SYMBOLS_FAILED"));
  FetchResult again = failed;
  again.retryable = true;
  EXPECT_THAT(RunStatusOf({failed, again}), StatusIs(absl::StatusCode::kUnavailable, "ALL_SYMBOLS_FAILED"));
}

TEST(FetchRun, IsNotMadeAgainWhileThereIsNoWayToTheProvider) {
  FetchResult away{.symbol = "A", .outcome = Outcome::kFailed};
  away.error = base::MakeError(absl::StatusCode::kUnavailable, "PROVIDER_UNREACHABLE", "yahoo is out of reach");
  away.retryable = true;
  const absl::Status status = RunStatusOf({away, away});
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, "ALL_SYMBOLS_FAILED"));
  EXPECT_THAT(base::Message(status), ::testing::HasSubstr("yahoo is out of reach"));
  FetchResult limited = away;
  limited.error = base::MakeError(absl::StatusCode::kUnavailable, "RATE_LIMITED", "too often");
  EXPECT_THAT(RunStatusOf({away, limited}), StatusIs(absl::StatusCode::kUnavailable, "ALL_SYMBOLS_FAILED"));
}

TEST(Snapshot, HashDependsOnSymbolsAndContentOnly) {
  const SnapshotSeries a{.key = {"stock_price", "A", quant::Timeframe::kDay, "csv_file"}, .content_sha256 = "11"};
  const SnapshotSeries b{.key = {"stock_price", "B", quant::Timeframe::kDay, "csv_file"}, .content_sha256 = "22"};
  SnapshotSeries other = a;
  other.key.variant = "simulated";
  other.version = 9;
  EXPECT_EQ(ContentHash({a, b}), ContentHash({b, other}));
  other.content_sha256 = "33";
  EXPECT_NE(ContentHash({a, b}), ContentHash({b, other}));
}

TEST(Fingerprint, OfAFetchChangesWithEveryPartOfTheSpec) {
  const FetchSpec good{.symbols = {"A", "B"},
                       .range = {1, 5},
                       .source = {"made_up", {{"a", int64_t{1}}, {"b", 2.0}, {"c", true}, {"d", std::string("x")}}}};
  std::vector<FetchSpec> specs(9, good);
  specs[1].resource = "dividend";
  specs[2].symbols = {"AB"};
  specs[3].symbols = {"B", "A"};
  specs[4].timeframe = quant::Timeframe::kHour1;
  specs[5].range.end_ns = 6;
  specs[6].source.name = "other";
  specs[7].source.params["a"] = 1.0;
  specs[8].source.params["d"] = std::string("y");
  std::set<std::string> prints;
  for (const FetchSpec& spec : specs) prints.insert(Fingerprint(spec));
  EXPECT_EQ(prints.size(), specs.size());
  EXPECT_EQ(Fingerprint(FetchSpec(good)), Fingerprint(good));
}

TEST(Fingerprint, OfASnapshotChangesWithEveryPartOfTheSpec) {
  const SnapshotSpec good{.symbols = {"A", "B"}};
  std::vector<SnapshotSpec> specs(8, good);
  specs[1].resource = "dividend";
  specs[2].symbols = {"AB"};
  specs[3].timeframe = quant::Timeframe::kHour1;
  specs[4].range.start_ns = 6;
  specs[5].range.end_ns = 6;
  specs[6].as_of = absl::FromUnixSeconds(1);
  specs[7].source = "other";
  std::set<std::string> prints;
  for (const SnapshotSpec& spec : specs) prints.insert(Fingerprint(spec));
  EXPECT_EQ(prints.size(), specs.size());
  EXPECT_EQ(Fingerprint(SnapshotSpec(good)), Fingerprint(good));
}

}  // namespace
}  // namespace breadthflow::data
