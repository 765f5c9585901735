// The data service as its callers see it: the whole module behind a gRPC server, on a real PostgreSQL.
#include <cstdlib>
#include <filesystem>

#include "absl/time/clock.h"
#include "breadthflow/data/v1/data_service.grpc.pb.h"
#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/clients/data_client.h"
#include "common/quant/calendar.h"
#include "common/rpc/channels.h"
#include "common/rpc/convert.h"
#include "common/rpc/server.h"
#include "common/rpc/status_bridge.h"
#include "services/data/module.h"
#include "tests/integration/data/data_service_fixture.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"
#include "tests/support/shared_file.h"

namespace breadthflow::data {
namespace {

using clients::FetchOutcome;
using quant::Series;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;
using Stub = v1::DataService::Stub;

TEST_F(DataServiceTest, DescribesItsResourcesAndSources) {
  const auto resources = Call(&Stub::ListResources, v1::ListResourcesRequest());
  ASSERT_THAT(resources, IsOk());
  EXPECT_EQ(resources->resources_size(), 18);
  v1::GetResourceRequest get;
  get.set_name("resources/stock_price");
  const auto resource = Call(&Stub::GetResource, get);
  ASSERT_THAT(resource, IsOk());
  EXPECT_EQ(resource->name(), "resources/stock_price");
  EXPECT_EQ(resource->fields(0).name(), "open");
  get.set_name("resources/tulips");
  EXPECT_THAT(Call(&Stub::GetResource, get), StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_RESOURCE"));
  const auto sources = Call(&Stub::ListSources, v1::ListSourcesRequest());
  ASSERT_THAT(sources, IsOk());
  std::vector<std::string> names;
  for (const auto& source : sources->sources()) names.push_back(source.component().name());
  EXPECT_THAT(names, ElementsAre("alpha_vantage", "csv_file", "polygon", "sec_edgar", "simulated", "yahoo"));
}

TEST_F(DataServiceTest, SaysWhichVariableHoldsTheKeyThatASourceNeeds) {
  unsetenv("BREADTHFLOW_ALPHA_VANTAGE_KEY");       // NOLINT(concurrency-mt-unsafe): before any thread asks
  unsetenv("BREADTHFLOW_ALPHA_VANTAGE_KEY_FILE");  // NOLINT(concurrency-mt-unsafe)
  const auto run =
      client_->CreateFetchRun({.source = {"alpha_vantage", {}}, .symbols = {"IBM"}, .range = Years(2019, 2020)},
                              base::NewUuid(absl::Now()), {});
  EXPECT_THAT(run, StatusIs(absl::StatusCode::kFailedPrecondition, "MISSING_CREDENTIAL"));
  EXPECT_THAT(base::Message(run.status()), HasSubstr("BREADTHFLOW_ALPHA_VANTAGE_KEY"));
}

TEST_F(DataServiceTest, FetchesAndReadsBack) {
  const clients::FetchRun run = Fetch(Simulated({"BBB", "AAA"}));
  ASSERT_EQ(run.status.state, clients::RunState::kSucceeded) << run.status.error;
  EXPECT_EQ(run.spec.source.params.at("seed"), component::ParamValue(int64_t{1})) << "defaults are recorded";
  ASSERT_EQ(run.items.size(), 2u);
  EXPECT_EQ(run.items[0].symbol, "BBB");
  EXPECT_EQ(run.items[0].outcome, FetchOutcome::kOk);
  EXPECT_GT(run.items[0].rows, 750);
  EXPECT_EQ(run.items[0].rows_stored, run.items[0].rows);
  clients::ReadQuery query;
  query.symbols = {"AAA", "BBB"};
  query.range = Years(2016, 2017);
  BF_ASSERT_OK_AND_ASSIGN(const auto series, client_->Read(query, {}));
  ASSERT_EQ(series.size(), 2u);
  EXPECT_EQ(series[0].key, (quant::SeriesKey{"stock_price", "AAA", quant::Timeframe::kDay, ""}));
  EXPECT_EQ(series[0].basis, quant::PriceBasis::kSplitAdjusted);
  EXPECT_THAT(series[0].Validate(), IsOk());
  EXPECT_NEAR(static_cast<double>(series[0].size()), 252, 2);
  EXPECT_TRUE(query.range.Contains(series[0].times.front()) && query.range.Contains(series[0].times.back()));
  query.fields = {"close"};
  BF_ASSERT_OK_AND_ASSIGN(const auto narrow, client_->Read(query, {}));
  ASSERT_EQ(narrow[0].columns.size(), 1u);
  EXPECT_EQ(narrow[0].columns[0], *series[0].Find("close"));
}

TEST_F(DataServiceTest, BothEncodingsCarryTheSameRows) {
  ASSERT_EQ(Fetch(Simulated({"AAA"}, Years(1990, 2030))).status.state, clients::RunState::kSucceeded);
  clients::ReadQuery query;
  query.range = Years(1995, 2028);
  BF_ASSERT_OK_AND_ASSIGN(const Series stored, ReadOne("AAA", query));
  v1::ReadSeriesRequest request;
  request.add_symbols("AAA");
  *request.mutable_range() = rpc::ToProto(query.range);
  grpc::ClientContext context;
  const auto reader = stub_->ReadSeries(&context, request);
  common::v1::SeriesMessage message;
  Series packed;
  int messages = 0;
  while (reader->Read(&message)) {
    EXPECT_EQ(message.has_first_of(), messages++ == 0);
    BF_ASSERT_OK_AND_ASSIGN(const Series rows, rpc::FromProto(message.packed()));
    ASSERT_THAT(quant::Append(packed, rows), IsOk());
  }
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_GT(messages, 1);
  EXPECT_EQ(packed, stored);
}

TEST_F(DataServiceTest, RowsThatShareTheirInstantTravelAsTheyAreStored) {
  Series trades{.key = {"stock_price", "TTT", quant::Timeframe::kDay, "simulated"},
                .basis = quant::PriceBasis::kSplitAdjusted,
                .repeats = true};
  std::vector<double> close;
  for (int64_t row = 0; row < 20000; ++row) {
    trades.times.push_back(1'500'000'000'000'000'000 + row / 3);
    close.push_back(static_cast<double>(row));
  }
  trades.Add("close", std::move(close));
  columnar::ChunkStore store(*database_);
  ASSERT_THAT(store.Put(trades), IsOk());
  BF_ASSERT_OK_AND_ASSIGN(Series stored, ReadOne("TTT"));
  EXPECT_TRUE(stored.repeats);
  EXPECT_EQ(stored.times, trades.times);
  EXPECT_EQ(stored.columns, trades.columns);
  v1::ReadSeriesRequest request;
  request.add_symbols("TTT");
  grpc::ClientContext context;
  const auto reader = stub_->ReadSeries(&context, request);
  common::v1::SeriesMessage message;
  bool repeats = false;
  Series packed;
  while (reader->Read(&message)) {
    repeats |= message.repeated_times();
    BF_ASSERT_OK_AND_ASSIGN(const Series rows, rpc::FromProto(message.packed(), repeats));
    ASSERT_THAT(quant::Append(packed, rows), IsOk());
  }
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_EQ(packed, stored);
}

TEST_F(DataServiceTest, BadRequestsNameEveryViolation) {
  clients::FetchSpec spec = Simulated({"AAA", "aaa", "AAA"}, Years(2018, 2015), {{"seed", int64_t{-1}}, {"x", true}});
  const auto refused = client_->CreateFetchRun(spec, "", {});
  ASSERT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument));
  std::vector<std::string> fields;
  for (const auto& violation : base::DetailsOf(refused.status()).violations) fields.push_back(violation.field);
  EXPECT_THAT(fields, ::testing::IsSupersetOf({"spec.range", "spec.symbols[1]", "spec.symbols[2]"}));
  EXPECT_THAT(
      client_->CreateFetchRun(Simulated({"AAA"}, Years(2015, 2016), {{"seed", int64_t{-1}}, {"x", true}}), "", {}),
      StatusIs(absl::StatusCode::kInvalidArgument));
  spec = Simulated({"AAA"});
  spec.source.name = "oracle";
  EXPECT_THAT(client_->CreateFetchRun(spec, "", {}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(client_->CreateFetchRun(Csv({"A"}, "/no/such/folder"), "", {}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(client_->GetFetchRun("fetchRuns/nope", {}), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(client_->GetFetchRun("x/y", {}), StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_NAME"));
  clients::ReadQuery query;
  query.symbols = {"NONE", "NEITHER"};
  const auto unknown = client_->Read(query, {});
  ASSERT_THAT(unknown, StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_SERIES"));
  EXPECT_EQ(base::DetailsOf(unknown.status()).violations.size(), 2u);
}

TEST_F(DataServiceTest, SourcesDoNotMixAndAreNamedWhenThereAreTwo) {
  WriteCsv("AAA", "2017-01-03,1,2,1,2,100\n");
  ASSERT_EQ(Fetch(Csv({"AAA"})).status.state, clients::RunState::kSucceeded);
  BF_ASSERT_OK_AND_ASSIGN(const Series from_file, ReadOne("AAA"));
  EXPECT_EQ(from_file.size(), 1u);
  ASSERT_EQ(Fetch(Simulated({"AAA"})).status.state, clients::RunState::kSucceeded);
  EXPECT_THAT(ReadOne("AAA"), StatusIs(absl::StatusCode::kFailedPrecondition, "SEVERAL_SOURCES"));
  clients::ReadQuery query;
  query.source = "csv_file";
  EXPECT_EQ(ReadOne("AAA", query).value(), from_file);
}

TEST_F(DataServiceTest, UnknownColumnsAreRefusedAndThoseThereAreNamed) {
  WriteCsv("AAA", "2017-01-03,1,2,1,2,100\n");
  ASSERT_EQ(Fetch(Csv({"AAA"})).status.state, clients::RunState::kSucceeded);
  v1::ReadSeriesRequest request;
  request.add_symbols("AAA");
  request.add_fields("close");
  request.add_fields("vol");
  grpc::ClientContext context;
  const auto reader = stub_->ReadSeries(&context, request);
  common::v1::SeriesMessage message;
  EXPECT_FALSE(reader->Read(&message));
  const absl::Status read = rpc::FromGrpc(reader->Finish());
  ASSERT_THAT(read, StatusIs(absl::StatusCode::kInvalidArgument));
  const auto violations = base::DetailsOf(read).violations;
  ASSERT_EQ(violations.size(), 1u);
  EXPECT_EQ(violations[0].field, "fields[1]");
  EXPECT_THAT(violations[0].description, AllOf(HasSubstr("'vol'"), HasSubstr("volume")));
}

TEST_F(DataServiceTest, AdjustsOnReadAndRefusesASecondAdjustment) {
  ASSERT_EQ(Fetch(Simulated({"AAA"}, Years(1990, 2031), {{"basis", "raw"}})).status.state,
            clients::RunState::kSucceeded);
  clients::ReadQuery query;
  query.basis = quant::PriceBasis::kSplitAdjusted;
  BF_ASSERT_OK_AND_ASSIGN(const Series split, ReadOne("AAA", query));
  EXPECT_EQ(split.basis, quant::PriceBasis::kSplitAdjusted);
  const auto close = split.Doubles("close");
  for (size_t row = 1; row < close.size(); ++row) EXPECT_LT(std::abs(close[row] / close[row - 1] - 1), 0.35);
  ASSERT_EQ(Fetch(Simulated({"BBB"}, Years(2015, 2016), {{"basis", "split_dividend"}})).status.state,
            clients::RunState::kSucceeded);
  EXPECT_THAT(ReadOne("BBB", query), StatusIs(absl::StatusCode::kFailedPrecondition, "ALREADY_ADJUSTED"));
  const clients::FetchRun other = Fetch(Simulated({"BBB"}, Years(2015, 2016), {{"basis", "raw"}}));
  EXPECT_THAT(other.items[0].error, StatusIs(absl::StatusCode::kFailedPrecondition, "BASIS_CONFLICT"));
}

TEST_F(DataServiceTest, ASnapshotAsOfAClockThatIsALittleAheadIsOneOfNow) {
  ASSERT_EQ(Fetch(Simulated({"A"}, Years(2016, 2017))).status.state, clients::RunState::kSucceeded);
  clients::SnapshotSpec spec;
  spec.symbols = {"A"};
  spec.as_of = clock_.Now() + absl::Seconds(61);
  EXPECT_THAT(client_->CreateSnapshot(spec, "", {}), IsOk());
  spec.as_of = clock_.Now() + absl::Hours(1);
  EXPECT_THAT(client_->CreateSnapshot(spec, "", {}), StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_ARGUMENT"));
}

TEST_F(DataServiceTest, ListsPageByPage) {
  for (const char* symbol : {"A", "B", "C"}) {
    ASSERT_EQ(Fetch(Simulated({symbol}, Years(2016, 2017))).status.state, clients::RunState::kSucceeded);
    clients::SnapshotSpec spec;
    spec.symbols = {symbol};
    ASSERT_THAT(client_->CreateSnapshot(spec, "", {}), IsOk());
  }
  std::vector<std::string> symbols;
  v1::ListSeriesRequest series;
  series.set_page_size(2);
  do {
    BF_ASSERT_OK_AND_ASSIGN(const v1::ListSeriesResponse page, Call(&Stub::ListSeries, series));
    EXPECT_LE(page.series_size(), 2);
    for (const auto& one : page.series()) {
      symbols.push_back(one.key().symbol());
      EXPECT_EQ(one.source(), "simulated");
      EXPECT_GT(one.stored_bytes(), 0);
    }
    series.set_page_token(page.next_page_token());
  } while (!series.page_token().empty());
  EXPECT_THAT(symbols, ElementsAre("A", "B", "C"));
  symbols.clear();
  v1::ListFetchRunsRequest runs;
  runs.set_page_size(2);
  do {
    BF_ASSERT_OK_AND_ASSIGN(const v1::ListFetchRunsResponse page, Call(&Stub::ListFetchRuns, runs));
    for (const auto& run : page.fetch_runs()) symbols.push_back(run.spec().symbols(0));
    runs.set_page_token(page.next_page_token());
  } while (!runs.page_token().empty());
  EXPECT_THAT(symbols, ElementsAre("C", "B", "A")) << "newest first";
  v1::ListSnapshotsRequest snapshots;
  snapshots.set_page_size(1);
  int count = 0;
  do {
    BF_ASSERT_OK_AND_ASSIGN(const v1::ListSnapshotsResponse page, Call(&Stub::ListSnapshots, snapshots));
    count += page.snapshots_size();
    snapshots.set_page_token(page.next_page_token());
  } while (!snapshots.page_token().empty());
  EXPECT_EQ(count, 3);
  snapshots.set_page_token("made up");
  EXPECT_THAT(Call(&Stub::ListSnapshots, snapshots), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(DataServiceTest, KeepsEveryRealDailyBarToTheBit) {
  const auto folder = testing::SharedFile("data/bars/daily");
  if (folder.empty()) GTEST_SKIP() << "no shared data here";
  std::vector<std::string> symbols;
  for (const auto& file : std::filesystem::directory_iterator(folder)) symbols.push_back(file.path().stem());
  const clients::FetchRun run = Fetch(Csv(symbols, folder));
  EXPECT_THAT(run.items, Each(Field(&clients::FetchItem::outcome, FetchOutcome::kOk)));
  BF_ASSERT_OK_AND_ASSIGN(const Series aapl, ReadOne("AAPL"));
  EXPECT_EQ(aapl.size(), 1258u);
  EXPECT_EQ(aapl.Doubles("open")[0], 95.108574);
  EXPECT_EQ(aapl.Doubles("adj_close")[0], 87.121140);
  const std::string bytes =
      database_server_.Sql("SELECT sum(byte_count)::float8 / sum(row_count) FROM data.series_chunk");
  std::printf("%s bytes a bar at rest\n", bytes.c_str());
  EXPECT_LE(std::stod(bytes), 18.0) << "with adj_close";
  clients::SnapshotSpec spec;
  spec.symbols = symbols;
  BF_ASSERT_OK_AND_ASSIGN(const auto snapshot, client_->CreateSnapshot(spec, "", {}));
  BF_ASSERT_OK_AND_ASSIGN(const auto report, client_->GetQualityReport(snapshot.name, {}));
  EXPECT_GT(report.score, 0.98);
}

}  // namespace
}  // namespace breadthflow::data
