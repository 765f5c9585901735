#include "services/data/app/maintenance.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/hash.h"
#include "common/jobs/store.h"
#include "common/postgres/migrate.h"
#include "services/data/store/coverage_store.h"
#include "services/data/store/fetch_store.h"
#include "services/data/store/quarantine_store.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"

namespace breadthflow::data {
namespace {

using quant::Series;
using ::testing::HasSubstr;
using testing::IsOk;

Series Bar(int64_t time) {
  Series series{.key = {"stock_price", "A", quant::Timeframe::kDay, ""}};
  series.times = {time};
  series.Add("close", std::vector<double>{static_cast<double>(time)});
  return series;
}

class MaintenanceTest : public ::testing::Test {
 protected:
  MaintenanceTest() {
    std::vector<postgres::Migration> migrations = jobs::JobStore::Migrations();
    for (const auto* more : {&columnar::Migrations(), &Migrations()}) {
      migrations.insert(migrations.end(), more->begin(), more->end());
    }
    EXPECT_THAT(postgres::Migrate(*database_, std::move(migrations)), IsOk());
    // Each before the others: such rows are not put together as they come.
    for (int64_t time = 20; time > 0; --time) EXPECT_THAT(store_.Put(Bar(time)), IsOk());
  }

  int64_t Parts() { return store_.Head(Bar(1).key)->chunk_count; }
  int64_t Chunks() { return std::stoll(server_.Sql("SELECT count(*) FROM data.chunk")); }

  testing::TestDatabase server_;
  std::unique_ptr<postgres::Database> database_ =
      postgres::Database::Open({.url = server_.url(), .schema = "data", .pool_size = 5});
  SeriesStore series_{*database_};
  RawBodyStore bodies_{*database_};
  FetchStore runs_{*database_};
  columnar::ChunkStore& store_ = series_.chunks();
  telemetry::Metrics metrics_;
  base::FakeClock clock_{absl::UnixEpoch()};
};

TEST_F(MaintenanceTest, ARoundCompactsAndCounts) {
  Maintenance maintenance(series_, bodies_, runs_, metrics_, clock_);
  EXPECT_EQ(Parts(), 20);
  maintenance.Round();
  EXPECT_EQ(Parts(), 1);
  EXPECT_THAT(metrics_.Text(), HasSubstr("bf_compacted_series_total 1"));
  EXPECT_THAT(metrics_.Text(), HasSubstr("bf_compacted_chunks_total 20"));
  EXPECT_THAT(metrics_.Text(), HasSubstr("bf_maintenance_failures_total 0"));
}

TEST_F(MaintenanceTest, BodiesThatNobodyReceivedForLongAreRemoved) {
  const std::string hash = base::Sha256HexOf("body");
  ASSERT_THAT(bodies_.Keep(hash, "body", absl::InfiniteFuture()), IsOk());
  Maintenance(series_, bodies_, runs_, metrics_, clock_).Round();
  EXPECT_THAT(bodies_.Open(hash, absl::InfiniteFuture()).status(), IsOk());
  Maintenance(series_, bodies_, runs_, metrics_, clock_, {.raw_body_retention = absl::ZeroDuration()}).Round();
  EXPECT_TRUE(absl::IsNotFound(bodies_.Open(hash, absl::InfiniteFuture()).status()));
  EXPECT_THAT(metrics_.Text(), HasSubstr("bf_swept_raw_bodies_total 1"));
}

TEST_F(MaintenanceTest, OldRunsThatNothingIsLeftOfAreRemovedAndOthersAreNot) {
  const auto run = [&](const std::string& id, int64_t changed_rows) {
    const absl::Status made = database_->Transact([&](postgres::Transaction& tx) -> absl::Status {
      BF_RETURN_IF_ERROR(jobs::JobStore::Enqueue(tx, {.id = id, .kind = "fetch"}));
      BF_RETURN_IF_ERROR(runs_.Insert(tx, id, {.symbols = {"A"}, .range = {0, 1}, .source = {"simulated", {}}}, "1"));
      FetchResult result{.symbol = "A", .outcome = Outcome::kOk, .rows = 1, .changed_rows = changed_rows};
      result.attempts.push_back({"simulated", "the only one", absl::OkStatus()});
      return FetchStore::SaveResults(tx, id, 1, {{0, &result}});
    });
    EXPECT_THAT(made, IsOk());
    server_.Sql("UPDATE data.job SET state = 3, end_time = now() - interval '100 d' WHERE id = '" + id + "'");
    server_.Sql("UPDATE data.fetch_run SET create_time = now() - interval '100 d' WHERE id = '" + id + "'");
  };
  for (const char* id : {"nothing", "young", "running", "covers", "apart"}) run(id, 0);
  run("stored", 1);
  server_.Sql("UPDATE data.job SET end_time = now() WHERE id = 'young'");
  server_.Sql("UPDATE data.job SET state = 1, end_time = NULL WHERE id = 'running'");
  CoverageStore coverage(*database_);
  const Coverage covered{.key = Bar(1).key, .range = {0, 1}, .outcome = Outcome::kEmptyConfirmed, .run = "covers"};
  ASSERT_THAT(database_->Transact([&](postgres::Transaction& tx) { return coverage.Add(tx, {covered}); }), IsOk());
  QuarantineStore quarantines(*database_);
  const Quarantine apart{.id = "q", .key = Bar(1).key, .origin = "fetchRuns/apart", .range = {0, 1}, .rows = 1};
  ASSERT_THAT(database_->Transact([&](postgres::Transaction& tx) { return quarantines.Insert(tx, apart, Bar(1)); }),
              IsOk());
  Maintenance(series_, bodies_, runs_, metrics_, clock_, {.run_retention = absl::ZeroDuration()}).Round();
  EXPECT_EQ(server_.Sql("SELECT count(*) FROM data.fetch_run"), "6") << "0 is for ever";
  Maintenance(series_, bodies_, runs_, metrics_, clock_).Round();
  for (const char* table : {"fetch_run", "job"}) {
    EXPECT_EQ(server_.Sql(std::string("SELECT string_agg(id, ' ' ORDER BY id) FROM data.") + table),
              "apart covers running stored young");
  }
  EXPECT_EQ(server_.Sql("SELECT count(*) FROM data.fetch_attempt"), "5");
  EXPECT_THAT(metrics_.Text(), HasSubstr("bf_swept_fetch_runs_total 1"));
}

TEST_F(MaintenanceTest, SweepsNowAndThenAndNotInEveryRound) {
  Maintenance maintenance(series_, bodies_, runs_, metrics_, clock_, {.orphan_age = absl::ZeroDuration()});
  maintenance.Round();
  ASSERT_THAT(store_.Write(Bar(50)), IsOk());
  const int64_t with_orphan = Chunks();
  clock_.Advance(absl::Minutes(59));
  maintenance.Round();
  EXPECT_EQ(Chunks(), with_orphan);
  clock_.Advance(absl::Minutes(1));
  maintenance.Round();
  EXPECT_EQ(Chunks(), with_orphan - 1);
}

TEST_F(MaintenanceTest, AFailureIsCountedAndTheNextRoundTriesAgain) {
  Maintenance maintenance(series_, bodies_, runs_, metrics_, clock_);
  server_.Sql("ALTER TABLE data.series_chunk RENAME TO elsewhere");
  maintenance.Round();
  EXPECT_THAT(metrics_.Text(), HasSubstr("bf_maintenance_failures_total 2"));
  server_.Sql("ALTER TABLE data.elsewhere RENAME TO series_chunk");
  maintenance.Round();
  EXPECT_EQ(Parts(), 1);
}

TEST_F(MaintenanceTest, ItsThreadWorksUntilStopped) {
  Maintenance maintenance(series_, bodies_, runs_, metrics_, clock_, {.interval = absl::Hours(1)});
  maintenance.Start();
  maintenance.Stop();
  EXPECT_EQ(Parts(), 1) << "the first round comes at once, and Stop waits for it";
}

}  // namespace
}  // namespace breadthflow::data
