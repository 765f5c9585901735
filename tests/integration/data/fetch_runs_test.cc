// Runs of fetches as their callers see them: what they store, how they end, what asking again gives.
#include <filesystem>
#include <fstream>

#include "absl/time/clock.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/clients/data_client.h"
#include "tests/integration/data/data_service_fixture.h"
#include "tests/support/matchers.h"

namespace breadthflow::data {
namespace {

using clients::FetchOutcome;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::StatusIs;

TEST_F(DataServiceTest, TheSameFetchAgainWritesNothing) {
  const auto spec = Simulated({"AAA", "BBB"});
  ASSERT_EQ(Fetch(spec).status.state, clients::RunState::kSucceeded);
  const int64_t chunks = Count("chunk");
  const int64_t versions = Count("series_version");
  const clients::FetchRun again = Fetch(spec);
  EXPECT_THAT(again.items, Each(AllOf(Field(&clients::FetchItem::outcome, FetchOutcome::kOk),
                                      Field(&clients::FetchItem::rows_stored, 0))));
  EXPECT_EQ(Count("chunk"), chunks);
  EXPECT_EQ(Count("series_version"), versions);
}

TEST_F(DataServiceTest, OneRequestIdIsOneRun) {
  const std::string id = base::NewUuid(clock_.Now());
  BF_ASSERT_OK_AND_ASSIGN(const std::string first, client_->CreateFetchRun(Simulated({"AAA"}), id, {}));
  BF_ASSERT_OK_AND_ASSIGN(const std::string second, client_->CreateFetchRun(Simulated({"AAA"}), id, {}));
  EXPECT_EQ(first, second);
  EXPECT_THAT(client_->CreateFetchRun(Simulated({"BBB"}), id, {}),
              StatusIs(absl::StatusCode::kInvalidArgument, "REQUEST_ID_REUSED"));
}

TEST_F(DataServiceTest, OneRequestIdIsOneRunHoweverItsParametersAreOrderedOnTheWire) {
  const std::string id = base::NewUuid(clock_.Now());
  clients::FetchSpec spec = Csv({"AAA"});
  spec.source.params["basis"] = std::string("raw");
  spec.source.params["time_zone"] = std::string("new_york");
  spec.source.params["stamp"] = std::string("bar_start");
  BF_ASSERT_OK_AND_ASSIGN(const std::string first, client_->CreateFetchRun(spec, id, {}));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(*client_->CreateFetchRun(spec, id, {}), first) << i;
}

TEST_F(DataServiceTest, AFetchIsAnsweredAgainWhenItsFolderIsGone) {
  const std::string id = base::NewUuid(clock_.Now());
  const clients::FetchSpec spec = Csv({"AAA"}, folder_ / "gone");
  std::filesystem::create_directories(folder_ / "gone");
  BF_ASSERT_OK_AND_ASSIGN(const std::string first, client_->CreateFetchRun(spec, id, {}));
  std::filesystem::remove_all(folder_ / "gone");
  EXPECT_THAT(client_->CreateFetchRun(spec, id, {}), IsOkAndHolds(first));
}

TEST_F(DataServiceTest, TwoFetchesOfOneSymbolAtTheSameTimeBothSucceedSoon) {
  std::vector<std::string> names;
  const absl::Status together = database_->Transact([&](postgres::Transaction& tx) -> absl::Status {
    // Both compute their rows from what is stored before either may store them.
    BF_RETURN_IF_ERROR(tx.Execute("LOCK TABLE series IN SHARE MODE").status());
    for (const int start : {2015, 2014}) {  // each has a year that the other does not cover
      BF_ASSIGN_OR_RETURN(std::string name, client_->CreateFetchRun(Simulated({"AAA"}, Years(start, start + 3)),
                                                                    base::NewUuid(clock_.Now()), {}));
      names.push_back(std::move(name));
    }
    const absl::Time give_up = absl::Now() + absl::Seconds(20);
    while (Count("chunk") < 2 && absl::Now() < give_up) absl::SleepFor(absl::Milliseconds(10));
    return absl::OkStatus();
  });
  ASSERT_THAT(together, IsOk());
  ASSERT_EQ(Count("chunk"), 2);
  const absl::Time released = absl::Now();
  int attempts = 0;
  for (const std::string& name : names) {
    const clients::FetchRun run = Watched(name);
    EXPECT_EQ(run.status.state, clients::RunState::kSucceeded) << run.status.error;
    attempts += std::stoi(
        database_server_.Sql("SELECT attempt FROM data.job WHERE id = '" + name.substr(name.find('/') + 1) + "'"));
  }
  EXPECT_EQ(attempts, 2) << "the slower one wrote again, within its attempt";
  EXPECT_LT(absl::Now() - released, absl::Seconds(10)) << "far less than a lease";
  EXPECT_EQ(Count("series_version"), 2);
}

TEST_F(DataServiceTest, EachSymbolEndsAsExactlyOneOutcome) {
  WriteCsv("GOOD", "2017-01-03,1,2,1,2,100\n2017-01-04,2,3,2,3,100\n");
  WriteCsv("OLD", "1995-01-03,1,2,1,2,100\n");
  WriteCsv("BAD", "2017-01-03,1,2,1,2,100\n2017-01-03,x,1,2,2,100\n");
  clients::FetchSpec spec = Csv({"BAD", "GOOD", "NONE", "OLD"});
  spec.range = Years(2017, 2018);
  const clients::FetchRun run = Fetch(spec);
  EXPECT_EQ(run.status.state, clients::RunState::kSucceeded);
  ASSERT_EQ(run.items.size(), 4u);
  EXPECT_EQ(run.items[0].outcome, FetchOutcome::kFailed);
  EXPECT_FALSE(run.items[0].retryable);
  std::vector<std::string> violations;
  for (const auto& violation : base::DetailsOf(run.items[0].error).violations) violations.push_back(violation.field);
  EXPECT_THAT(violations, ElementsAre("BAD.csv:3", "BAD.csv:3"));
  EXPECT_EQ(run.items[1].outcome, FetchOutcome::kOk);
  EXPECT_EQ(run.items[1].rows, 2);
  EXPECT_EQ(run.items[2].outcome, FetchOutcome::kFailed);
  EXPECT_THAT(run.items[2].error, StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_SYMBOL"));
  EXPECT_EQ(run.items[3].outcome, FetchOutcome::kEmptyConfirmed);
  EXPECT_EQ(Count("series"), 1) << "nothing of the others is stored";
}

TEST_F(DataServiceTest, AFileWhoseRowsAreGoneTakesThemAway) {
  WriteCsv("A", "2016-01-04,1,2,1,2,100\n2017-01-03,1,2,1,2,100\n");
  Fetch(Csv({"A"}));
  WriteCsv("A", "2016-01-04,1,2,1,2,100\n");
  clients::FetchSpec spec = Csv({"A"});
  spec.range = Years(2017, 2018);
  const clients::FetchRun run = Fetch(spec);
  ASSERT_EQ(run.items.size(), 1u);
  EXPECT_EQ(run.items[0].outcome, FetchOutcome::kEmptyConfirmed);
  EXPECT_EQ(run.items[0].rows_stored, 1);
  v1::GetFetchRunRequest request;
  request.set_name(run.status.name);
  const auto told = Call(&Stub::GetFetchRun, request);
  ASSERT_THAT(told, IsOk());
  EXPECT_EQ(told->results(0).removed_row_count(), 1) << "by itself, not only among what changed";
  const auto left = ReadOne("A");
  ASSERT_THAT(left, IsOk());
  EXPECT_EQ(left->size(), 1u);
  EXPECT_EQ(Fetch(spec).items[0].rows_stored, 0) << "nothing is left to take";
}

TEST_F(DataServiceTest, BytesThatAreNoTextFailTheirSymbolOnly) {
  WriteCsv("GOOD", "2017-01-03,1,2,1,2,100\n");
  WriteCsv("BYTES", std::string("2017-01-03,1,\xFF\xFE,1,\x00\x1b,100\n", 25));
  const clients::FetchRun run = Fetch(Csv({"BYTES", "GOOD"}));
  EXPECT_EQ(run.status.state, clients::RunState::kSucceeded);
  ASSERT_EQ(run.items.size(), 2u);
  EXPECT_EQ(run.items[0].outcome, FetchOutcome::kFailed);
  EXPECT_THAT(base::Message(run.items[0].error), HasSubstr("BYTES.csv:2"));
  EXPECT_EQ(run.items[1].outcome, FetchOutcome::kOk);
}

TEST_F(DataServiceTest, ARunWhoseSymbolsAllFailFailsAndStoresNothing) {
  WriteCsv("BAD", "2017-01-03,1,2,1,2,-100\n");
  const clients::FetchRun run = Fetch(Csv({"BAD", "NONE"}));
  EXPECT_EQ(run.status.state, clients::RunState::kFailed);
  EXPECT_THAT(run.status.error, StatusIs(absl::StatusCode::kFailedPrecondition, "ALL_SYMBOLS_FAILED"));
  EXPECT_THAT(base::Message(run.status.error), HasSubstr("BAD.csv"));
  EXPECT_THAT(run.items, Each(Field(&clients::FetchItem::outcome, FetchOutcome::kFailed)));
  EXPECT_EQ(Count("series"), 0);
  EXPECT_EQ(Count("chunk"), 0);
}

TEST_F(DataServiceTest, EveryBadCsvIsRefusedWithFileAndLineAndStoresNothing) {
  const std::string header = "date,open,high,low,close,volume\n";
  const struct {
    const char* name;
    std::string text;
    const char* where;
    const char* what;
  } cases[] = {
      {"HEADER", "day,open,high,low,close,volume\n2017-01-03,1,1,1,1,1\n", "HEADER.csv:1",
       "the header is of no layout"},
      {"NUMBER", header + "2017-01-03,1,1,1,abc,1\n", "NUMBER.csv:2", "must be a number"},
      {"UNSORTED", header + "2017-01-04,1,1,1,1,1\n2017-01-03,1,1,1,1,1\n", "UNSORTED.csv:3", "earlier"},
      {"TWICE", header + "2017-01-03,1,1,1,1,1\n2017-01-03,1,1,1,1,1\n", "TWICE.csv:3", "twice"},
      {"NEGATIVE", header + "2017-01-03,1,1,-1,1,1\n", "NEGATIVE.csv:2", "above 0"},
      {"HIGHLOW", header + "2017-01-03,1,1,2,1,1\n", "HIGHLOW.csv:2", "high must not be below low"},
      {"EMPTY", "", "EMPTY.csv:1", "empty"},
  };
  std::vector<std::string> symbols;
  for (const auto& bad : cases) {
    std::ofstream(folder_ / (std::string(bad.name) + ".csv")) << bad.text;
    symbols.emplace_back(bad.name);
  }
  const clients::FetchRun run = Fetch(Csv(symbols));
  ASSERT_EQ(run.items.size(), std::size(cases));
  for (size_t i = 0; i < std::size(cases); ++i) {
    EXPECT_THAT(run.items[i].error, StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_CSV")) << cases[i].name;
    const auto violations = base::DetailsOf(run.items[i].error).violations;
    ASSERT_FALSE(violations.empty()) << cases[i].name;
    EXPECT_EQ(violations[0].field, cases[i].where);
    EXPECT_THAT(violations[0].description, HasSubstr(cases[i].what));
  }
  EXPECT_EQ(Count("series"), 0);
}

TEST_F(DataServiceTest, ACancelledFetchLeavesNothingBehind) {
  std::vector<std::string> symbols;
  symbols.reserve(500);
  for (int i = 0; i < 500; ++i) symbols.push_back("S" + std::to_string(i));
  BF_ASSERT_OK_AND_ASSIGN(const std::string name,
                          client_->CreateFetchRun(Simulated(symbols, Years(1990, 2031)), "", {}));
  ASSERT_THAT(client_->CancelFetchRun(name, {}), IsOk());
  absl::StatusOr<clients::FetchRun> run = client_->GetFetchRun(name, {});
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  while (run.ok() && !run->status.finished() && absl::Now() < deadline) run = client_->GetFetchRun(name, {});
  ASSERT_THAT(run, IsOk());
  EXPECT_EQ(run->status.state, clients::RunState::kCancelled);
  EXPECT_EQ(Count("series"), 0);
  EXPECT_THAT(client_->CancelFetchRun(name, {}), IsOk()) << "again changes nothing";
}

}  // namespace
}  // namespace breadthflow::data
