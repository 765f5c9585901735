// Snapshots and their quality reports through the data service.
#include <thread>

#include "absl/time/civil_time.h"
#include "absl/time/clock.h"
#include "breadthflow/data/v1/data_service.grpc.pb.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/clients/data_client.h"
#include "common/columnar/chunk_store.h"
#include "common/quant/calendar.h"
#include "common/rpc/convert.h"
#include "tests/integration/data/data_service_fixture.h"
#include "tests/support/matchers.h"

namespace breadthflow::data {
namespace {

using quant::Series;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;
using Stub = v1::DataService::Stub;

// What a snapshot names as its instant is the state at that instant, also when a writer was just about to commit.
TEST_F(DataServiceTest, ASnapshotIsWhatWasKnownAtItsInstant) {
  ASSERT_EQ(Fetch(Simulated({"AAA"})).status.state, clients::RunState::kSucceeded);
  columnar::ChunkStore chunks(*database_);
  const quant::SeriesKey key{"stock_price", "AAA", quant::Timeframe::kDay, "simulated"};
  BF_ASSERT_OK_AND_ASSIGN(const Series stored, chunks.Read(key));
  const Series shorter = stored.Slice({INT64_MIN, stored.times.back()});
  BF_ASSERT_OK_AND_ASSIGN(const columnar::WrittenSeries written,
                          chunks.Write(shorter, {.replaces = quant::TimeRange{}, .provenance = "test"}));
  v1::CreateSnapshotRequest request;
  request.add_symbols("AAA");
  absl::StatusOr<v1::Snapshot> snapshot;
  std::thread asking;
  const absl::Status committed = database_->Transact([&](postgres::Transaction& tx) -> absl::Status {
    BF_RETURN_IF_ERROR(chunks.Commit(tx, written).status());
    asking = std::thread([&] { snapshot = Call(&Stub::CreateSnapshot, request); });
    absl::SleepFor(absl::Milliseconds(500));
    return absl::OkStatus();
  });
  asking.join();
  ASSERT_THAT(committed, IsOk());
  ASSERT_THAT(snapshot, IsOk());
  BF_ASSERT_OK_AND_ASSIGN(const Series then, ReadOne("AAA", {.as_of = rpc::FromProto(snapshot->as_of_time())}));
  EXPECT_EQ(snapshot->series(0).row_count(), static_cast<int64_t>(then.size()));
  EXPECT_EQ(then.size(), shorter.size());
}

TEST_F(DataServiceTest, ASnapshotStaysWhatItWas) {
  WriteCsv("AAA", "2017-01-03,1,2,1,2,100\n2017-01-04,2,3,2,3,100\n");
  ASSERT_EQ(Fetch(Csv({"AAA"})).status.state, clients::RunState::kSucceeded);
  clients::SnapshotSpec spec;
  spec.symbols = {"AAA"};
  spec.range = Years(2010, 2020);
  BF_ASSERT_OK_AND_ASSIGN(const auto snapshot, client_->CreateSnapshot(spec, base::NewUuid(clock_.Now()), {}));
  EXPECT_EQ(snapshot.row_count, 2);
  EXPECT_EQ(snapshot.spec.source, "csv_file");
  clients::ReadQuery query;
  query.snapshot = snapshot.name;
  BF_ASSERT_OK_AND_ASSIGN(const auto before, client_->Read(query, {}));

  WriteCsv("AAA", "2017-01-03,1,2,1,1.5,100\n2017-01-05,2,3,2,3,100\n");
  const clients::FetchRun revised = Fetch(Csv({"AAA"}));
  EXPECT_EQ(revised.items[0].rows_stored, 3) << "one revised, one new, one gone";
  EXPECT_EQ(client_->Read(query, {}).value(), before);
  BF_ASSERT_OK_AND_ASSIGN(const Series now, ReadOne("AAA"));
  EXPECT_NE(now, before[0]);
  EXPECT_THAT(now.Doubles("close"), ElementsAre(1.5, 3));
  BF_ASSERT_OK_AND_ASSIGN(const auto second, client_->CreateSnapshot(spec, base::NewUuid(clock_.Now()), {}));
  EXPECT_NE(second.content_hash, snapshot.content_hash);
  clients::ReadQuery then;
  then.as_of = snapshot.create_time;
  EXPECT_EQ(ReadOne("AAA", then).value(), before[0]);
  spec.as_of = snapshot.create_time;
  BF_ASSERT_OK_AND_ASSIGN(const auto third, client_->CreateSnapshot(spec, base::NewUuid(clock_.Now()), {}));
  EXPECT_EQ(third.content_hash, snapshot.content_hash) << "equal content, equal hash";
  spec.symbols = {"AAA", "NONE"};
  EXPECT_THAT(client_->CreateSnapshot(spec, "", {}), StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_SERIES"));
  query.symbols = {"BBB"};
  EXPECT_THAT(client_->Read(query, {}), StatusIs(absl::StatusCode::kNotFound, "NOT_IN_SNAPSHOT"));
}

TEST_F(DataServiceTest, ReportsQualityOfASnapshotOnce) {
  std::string rows;
  int row = 0;
  for (const quant::Session& session : quant::Xnys().Between(absl::CivilDay(2016, 1, 1), absl::CivilDay(2017, 1, 1))) {
    if (++row >= 100 && row < 130) continue;
    rows += absl::FormatCivilTime(session.day) + ",10,11,9,10," + std::to_string(row == 50 ? 0 : 100 + row % 2) + "\n";
  }
  WriteCsv("HOLE", rows);
  ASSERT_EQ(Fetch(Csv({"HOLE"})).status.state, clients::RunState::kSucceeded);
  ASSERT_EQ(Fetch(Simulated({"FINE"}, Years(2016, 2017))).status.state, clients::RunState::kSucceeded);
  clients::SnapshotSpec spec;
  spec.symbols = {"HOLE", "FINE"};
  BF_ASSERT_OK_AND_ASSIGN(const auto snapshot, client_->CreateSnapshot(spec, "", {}));
  BF_ASSERT_OK_AND_ASSIGN(const auto report, client_->GetQualityReport(snapshot.name, {}));
  EXPECT_EQ(report.snapshot, snapshot.name);
  EXPECT_FALSE(report.passed);
  ASSERT_EQ(report.series.size(), 2u);
  EXPECT_EQ(report.series[0].key.symbol, "FINE");
  EXPECT_GT(report.series[0].score, 0.98);
  EXPECT_EQ(report.series[1].key.symbol, "HOLE");
  EXPECT_EQ(report.series[1].expected_rows, 252);
  EXPECT_NEAR(report.series[1].score, 1 - 30.0 / 252 - 0.2 / 252, 1e-9);
  EXPECT_EQ(report.series[1].findings[0].severity, clients::Severity::kError);
  EXPECT_FALSE(report.recommendations.empty());
  BF_ASSERT_OK_AND_ASSIGN(const auto again, client_->GetQualityReport(snapshot.name, {}));
  EXPECT_EQ(again.create_time, report.create_time);
  EXPECT_EQ(again.score, report.score);
  EXPECT_EQ(Count("quality_report"), 1);
  const auto listed = Call(&Stub::ListQualityReports, v1::ListQualityReportsRequest());
  ASSERT_THAT(listed, IsOk());
  ASSERT_EQ(listed->quality_reports_size(), 1);
  EXPECT_EQ(listed->quality_reports(0).snapshot(), snapshot.name);
}

TEST_F(DataServiceTest, NobodyReadsAsOfAnInstantToCome) {
  const absl::Time far = absl::FromCivil(absl::CivilDay(2099, 1, 1), absl::UTCTimeZone());
  const auto refused = ReadOne("AAA", {.as_of = far});
  EXPECT_TRUE(absl::IsInvalidArgument(refused.status())) << refused.status();
  EXPECT_THAT(base::Message(refused.status()), HasSubstr("2099-01-01T00:00:00Z lies in the future (it is "));
  v1::CreateSnapshotRequest freeze;
  freeze.add_symbols("AAA");
  *freeze.mutable_as_of_time() = rpc::ToProto(far);
  EXPECT_THAT(base::Message(Call(&Stub::CreateSnapshot, freeze).status()), HasSubstr("lies in the future"));
}

}  // namespace
}  // namespace breadthflow::data
