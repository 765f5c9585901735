// The SignalService as callers see it: through the Guard, a gRPC server and the client, on a real PostgreSQL.
#include "services/signal/rpc/signal_service.h"

#include <set>

#include "absl/time/clock.h"
#include "breadthflow/signal/v1/signal_service.grpc.pb.h"
#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include "common/base/ids.h"
#include "common/clients/signal_client.h"
#include "common/quant/signal.h"
#include "common/quant/strategies/strategy.h"
#include "common/rpc/channels.h"
#include "common/rpc/convert.h"
#include "common/rpc/server.h"
#include "common/rpc/status_bridge.h"
#include "tests/contract/random_bars.h"
#include "tests/support/fake_data_client.h"
#include "tests/support/fake_training_client.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"

namespace breadthflow::signal {
namespace {

using ::breadthflow::testing::IsOk;
using ::breadthflow::testing::RandomBars;
using ::breadthflow::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsSupersetOf;
using Stub = v1::SignalService::Stub;

class SignalServiceTest : public ::testing::Test {
 protected:
  SignalServiceTest() {
    data_.AddSnapshot("snapshots/one", {RandomBars("AAA", 20000), RandomBars("BBB", 200), RandomBars("SHORT", 20)});
    EXPECT_THAT(postgres::Migrate(*database_, SignalStore::AllMigrations()), IsOk());
    EXPECT_THAT(runner_.Start(), IsOk());
    auto server = rpc::Server::Start({}, {&service_}, guard_);
    EXPECT_THAT(server, IsOk());
    server_ = *std::move(server);
    channels_.Attach("signal", server_->InProcessChannel());
    stub_ = v1::SignalService::NewStub(server_->InProcessChannel());
  }
  ~SignalServiceTest() override {
    stub_.reset();
    client_.reset();
    channels_.Attach("signal", nullptr);
    server_.reset();
    runner_.Drain(absl::Seconds(10));
  }

  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                const Request& request) {
    grpc::ClientContext context;
    Response response;
    const grpc::Status status = (stub_.get()->*method)(&context, request, &response);
    if (!status.ok()) return rpc::FromGrpc(status);
    return response;
  }

  static clients::SignalSpec Spec(std::vector<std::string> symbols = {}) {
    clients::SignalSpec spec;
    spec.snapshot = "snapshots/one";
    spec.symbols = std::move(symbols);
    spec.strategy = {"technical_analysis", {}};
    return spec;
  }

  // Follows the run by its stream until it ends.
  v1::SignalRun Watch(const std::string& name) {
    v1::WatchSignalRunRequest request;
    request.set_name(name);
    grpc::ClientContext context;
    const auto reader = stub_->WatchSignalRun(&context, request);
    v1::SignalRun run;
    double progress = 0;
    while (reader->Read(&run)) {
      EXPECT_GE(run.job().progress(), progress);
      progress = run.job().progress();
    }
    EXPECT_TRUE(reader->Finish().ok());
    return run;
  }

  testing::TestDatabase server_database_;
  std::unique_ptr<postgres::Database> database_ =
      postgres::Database::Open({.url = server_database_.url(), .schema = "signal", .pool_size = 8});
  testing::FakeDataClient data_;
  testing::FakeTrainingClient training_{absl::FromUnixNanos(150 * testing::kDayNs)};
  base::SystemClock clock_;
  telemetry::Metrics metrics_;
  std::unique_ptr<security::Authenticator> authenticator_ = security::MakeOpenAuthenticator();
  rpc::Guard guard_{{}, *authenticator_, metrics_, clock_};
  rpc::PageTokens page_tokens_{"a secret of the test"};
  SignalStore store_{*database_};
  Generator generator_{data_, training_, store_};
  jobs::Runner runner_{*database_, {.poll_interval = absl::Milliseconds(50)}};
  SignalRuns runs_{store_, generator_, runner_, clock_};
  SignalService service_{guard_, runs_, page_tokens_};
  rpc::Channels channels_{{}, metrics_};
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<clients::SignalClient> client_ = clients::MakeSignalClient(channels_);
  std::unique_ptr<Stub> stub_;
};

TEST_F(SignalServiceTest, ListsItsCatalogues) {
  const auto indicators = Call(&Stub::ListIndicators, v1::ListIndicatorsRequest());
  ASSERT_THAT(indicators, IsOk());
  std::set<std::string> names;
  for (const auto& info : indicators->indicators()) {
    names.insert(info.name());
    EXPECT_EQ(info.kind(), "indicator");
    EXPECT_GT(info.params_size(), 0);
  }
  EXPECT_THAT(names, IsSupersetOf({"atr", "bollinger", "ema", "macd", "rsi", "sma"}));
  const auto strategies = Call(&Stub::ListStrategies, v1::ListStrategiesRequest());
  ASSERT_THAT(strategies, IsOk());
  ASSERT_GE(strategies->strategies_size(), 2);
  EXPECT_EQ(strategies->strategies(0).name(), "ml_model");
}

TEST_F(SignalServiceTest, GeneratesAndReadsBack) {
  const auto name = client_->CreateSignalRun(Spec(), base::NewUuid(clock_.Now()), {});
  ASSERT_THAT(name, IsOk());
  const v1::SignalRun watched = Watch(*name);
  EXPECT_EQ(watched.job().state(), common::v1::JobStatus::STATE_SUCCEEDED);
  const auto run = client_->GetSignalRun(*name, {});
  ASSERT_THAT(run, IsOk());
  EXPECT_EQ(run->status.state, clients::RunState::kSucceeded);
  EXPECT_EQ(run->status.result, *name);
  ASSERT_EQ(run->results.size(), 3u);
  EXPECT_EQ(run->results[0].signal_count, 19950);
  EXPECT_EQ(run->results[2].signal_count, 0);

  const auto series = client_->ReadSignals(*name, {}, {});
  ASSERT_THAT(series, IsOk());
  ASSERT_EQ(series->size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(series->at(i).key.symbol, run->results[i].symbol);
    EXPECT_EQ(series->at(i).size(), static_cast<size_t>(run->results[i].signal_count));
    EXPECT_THAT(quant::SignalColumns::Of(series->at(i)), IsOk());
    EXPECT_EQ(base::ToHex(series->at(i).ContentHash()), run->results[i].content_sha256);
  }
  const auto chosen = client_->ReadSignals(*name, {"SHORT", "BBB"}, {});
  ASSERT_THAT(chosen, IsOk());
  EXPECT_EQ(chosen->at(0).key.symbol, "SHORT");
  EXPECT_EQ(chosen->at(1), series->at(1));
}

TEST_F(SignalServiceTest, BothEncodingsCarryTheSameSignals) {
  const auto name = client_->CreateSignalRun(Spec({"AAA"}), "", {});
  ASSERT_THAT(name, IsOk());
  Watch(*name);
  v1::ReadSignalsRequest request;
  request.set_name(*name);
  request.set_encoding(common::v1::SERIES_ENCODING_PACKED);
  grpc::ClientContext context;
  const auto reader = stub_->ReadSignals(&context, request);
  common::v1::SeriesMessage message;
  quant::Series packed;
  int messages = 0;
  while (reader->Read(&message)) {
    EXPECT_EQ(message.has_first_of(), messages == 0);
    const auto rows = rpc::FromProto(message.packed());
    ASSERT_THAT(rows, IsOk());
    if (messages++ == 0)
      packed = *rows;
    else
      ASSERT_THAT(quant::Append(packed, *rows), IsOk());
  }
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_GT(messages, 1) << "long series come in several messages";
  const auto stored = client_->ReadSignals(*name, {}, {});
  ASSERT_THAT(stored, IsOk());
  EXPECT_EQ(packed.columns, stored->at(0).columns);
  EXPECT_EQ(packed.times, stored->at(0).times);
}

TEST_F(SignalServiceTest, TellsEverythingThatIsWrongWithARequest) {
  v1::CreateSignalRunRequest request;
  request.set_request_id("not a uuid");
  request.mutable_spec()->set_snapshot("one");
  request.mutable_spec()->add_symbols("");
  request.mutable_spec()->mutable_strategy()->set_name("technical_analysis");
  auto& params = *request.mutable_spec()->mutable_strategy()->mutable_params();
  params["rsi_period"].set_int_value(1);
  params["bogus"].set_bool_value(true);
  request.mutable_spec()->mutable_range()->mutable_start_time()->set_seconds(200);
  request.mutable_spec()->mutable_range()->mutable_end_time()->set_seconds(100);
  const auto run = Call(&Stub::CreateSignalRun, request);
  EXPECT_THAT(run, StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_SIGNAL_SPEC"));
  std::multiset<std::string> fields;
  for (const auto& violation : base::DetailsOf(run.status()).violations) fields.insert(violation.field);
  EXPECT_EQ(fields.size(), 6u) << run.status();
  EXPECT_THAT(fields, IsSupersetOf({"request_id", "spec.snapshot", "spec.symbols[0]", "spec.strategy.params.rsi_period",
                                    "spec.strategy.params.bogus"}));
}

TEST_F(SignalServiceTest, RefusesUnknownStrategiesSymbolsAndRuns) {
  clients::SignalSpec spec = Spec();
  spec.strategy.name = "astrology";
  const auto strategy = client_->CreateSignalRun(spec, "", {});
  EXPECT_THAT(strategy, StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_SIGNAL_SPEC"));
  EXPECT_THAT(base::Message(strategy.status()), ::testing::HasSubstr("technical_analysis"));
  EXPECT_THAT(client_->CreateSignalRun(Spec({"AAA", "ZZZ"}), "", {}),
              StatusIs(absl::StatusCode::kInvalidArgument, "UNKNOWN_SYMBOL"));
  EXPECT_THAT(client_->GetSignalRun("signalRuns/none", {}),
              StatusIs(absl::StatusCode::kNotFound, "SIGNAL_RUN_NOT_FOUND"));
  EXPECT_THAT(client_->GetSignalRun("backtestRuns/one", {}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(client_->CancelSignalRun("signalRuns/none", {}), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(client_->ReadSignals("signalRuns/none", {}, {}), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(SignalServiceTest, TheSameRequestIdIsTheSameRun) {
  const std::string request_id = base::NewUuid(clock_.Now());
  const auto first = client_->CreateSignalRun(Spec({"BBB"}), request_id, {});
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(*client_->CreateSignalRun(Spec({"BBB"}), request_id, {}), *first);
  EXPECT_THAT(client_->CreateSignalRun(Spec({"AAA"}), request_id, {}),
              StatusIs(absl::StatusCode::kInvalidArgument, "REQUEST_ID_REUSED"));
}

TEST_F(SignalServiceTest, ShowsTheErrorOfEachSymbolOfAFailedRun) {
  quant::Series broken = RandomBars("BAD", 100);
  broken.columns.pop_back();
  data_.AddSnapshot("snapshots/bad", {broken, RandomBars("GOOD", 100)});
  clients::SignalSpec spec = Spec();
  spec.snapshot = "snapshots/bad";
  const auto name = client_->CreateSignalRun(spec, "", {});
  ASSERT_THAT(name, IsOk());
  Watch(*name);
  const auto run = client_->GetSignalRun(*name, {});
  ASSERT_THAT(run, IsOk());
  EXPECT_EQ(run->status.state, clients::RunState::kFailed);
  EXPECT_THAT(run->status.error, StatusIs(absl::StatusCode::kInvalidArgument, "NOT_BARS"));
  ASSERT_EQ(run->results.size(), 2u);
  EXPECT_THAT(run->results[0].error, StatusIs(absl::StatusCode::kInvalidArgument, "NOT_BARS"));
  EXPECT_THAT(run->results[1].error, StatusIs(absl::StatusCode::kAborted, "RUN_FAILED"));
  EXPECT_THAT(client_->ReadSignals(*name, {}, {}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "RUN_NOT_SUCCEEDED"));
}

TEST_F(SignalServiceTest, AModelSetsWhereItsSignalsBegin) {
  clients::SignalSpec spec = Spec({"BBB"});
  spec.strategy = {"ml_model", {}};
  spec.model = "models/one";
  const auto name = client_->CreateSignalRun(spec, "", {});
  ASSERT_THAT(name, IsOk());
  Watch(*name);
  const auto run = client_->GetSignalRun(*name, {});
  ASSERT_THAT(run, IsOk());
  EXPECT_EQ(run->valid_from, absl::FromUnixNanos(150 * testing::kDayNs));
  EXPECT_EQ(client_->ReadSignals(*name, {}, {})->at(0).times.front(), 150 * testing::kDayNs);
}

TEST_F(SignalServiceTest, PagesThroughItsRuns) {
  std::vector<std::string> names;
  for (int i = 0; i < 5; ++i) names.push_back(client_->CreateSignalRun(Spec({"BBB"}), "", {}).value());
  std::reverse(names.begin(), names.end());
  std::vector<std::string> listed;
  v1::ListSignalRunsRequest request;
  request.set_page_size(2);
  int pages = 0;
  do {
    const auto page = Call(&Stub::ListSignalRuns, request);
    ASSERT_THAT(page, IsOk());
    EXPECT_LE(page->signal_runs_size(), 2);
    for (const v1::SignalRun& run : page->signal_runs()) listed.push_back(run.name());
    request.set_page_token(page->next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_EQ(listed, names);
  EXPECT_EQ(pages, 3);
  request.set_page_token("tampered");
  EXPECT_THAT(Call(&Stub::ListSignalRuns, request), StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_PAGE_TOKEN"));
  request.clear_page_token();
  request.set_page_size(-1);
  EXPECT_THAT(Call(&Stub::ListSignalRuns, request), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace breadthflow::signal
