// The data service as its callers see it: the whole module behind a gRPC server, on a real PostgreSQL.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

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
using testing::IsOkAndHolds;
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
