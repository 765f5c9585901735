// The BacktestService as callers see it: through the Guard, a gRPC server and the client, on a real PostgreSQL.
#include "services/backtest/rpc/backtest_service.h"

#include <set>

#include "breadthflow/backtest/v1/backtest_service.grpc.pb.h"
#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include "common/base/ids.h"
#include "common/clients/backtest_client.h"
#include "common/rpc/channels.h"
#include "common/rpc/convert.h"
#include "common/rpc/server.h"
#include "common/rpc/status_bridge.h"
#include "tests/support/fake_data_client.h"
#include "tests/support/fake_signal_client.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"
#include "tests/unit/services/backtest/simulation.h"

namespace breadthflow::backtest {
namespace {

using ::breadthflow::testing::IsOk;
using ::breadthflow::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using Stub = v1::BacktestService::Stub;

class BacktestServiceTest : public ::testing::Test {
 protected:
  BacktestServiceTest() {
    std::vector<quant::Series> bars, signals;
    for (const testing::Market& market : {testing::Trend("AAA", 1, 3000), testing::Trend("BBB", 2, 9000)}) {
      bars.push_back(market.bars);
      signals.push_back(market.signals);
    }
    data_.AddSnapshot("snapshots/one", bars);
    signals_.AddRun("signalRuns/one", "snapshots/one", signals);
    EXPECT_THAT(postgres::Migrate(*database_, BacktestStore::AllMigrations()), IsOk());
    EXPECT_THAT(runner_.Start(), IsOk());
    auto server = rpc::Server::Start({}, {&service_}, guard_);
    EXPECT_THAT(server, IsOk());
    server_ = *std::move(server);
    channels_.Attach("backtest", server_->InProcessChannel());
    stub_ = v1::BacktestService::NewStub(server_->InProcessChannel());
  }
  ~BacktestServiceTest() override {
    runner_.Drain(absl::Seconds(10));
    stub_.reset();
    client_.reset();
    channels_.Attach("backtest", nullptr);
    server_.reset();
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

  static clients::BacktestSpec Spec(std::vector<std::string> symbols = {}) {
    clients::BacktestSpec spec;
    spec.snapshot = "snapshots/one";
    spec.signal_run = "signalRuns/one";
    spec.symbols = std::move(symbols);
    return spec;
  }

  // Follows the run by its stream until it ends.
  v1::BacktestRun Watch(const std::string& name) {
    v1::WatchBacktestRunRequest request;
    request.set_name(name);
    grpc::ClientContext context;
    const auto reader = stub_->WatchBacktestRun(&context, request);
    v1::BacktestRun run;
    while (reader->Read(&run)) {
    }
    EXPECT_TRUE(reader->Finish().ok());
    return run;
  }

  std::string Succeeded(const clients::BacktestSpec& spec) {
    const auto name = client_->CreateBacktestRun(spec, "", {});
    EXPECT_THAT(name, IsOk());
    const v1::BacktestRun run = Watch(name.value_or(""));
    EXPECT_EQ(run.job().state(), common::v1::JobStatus::STATE_SUCCEEDED) << run.job().error().message();
    return name.value_or("");
  }

  ::breadthflow::testing::TestDatabase server_database_;
  std::unique_ptr<postgres::Database> database_ =
      postgres::Database::Open({.url = server_database_.url(), .schema = "backtest", .pool_size = 8});
  ::breadthflow::testing::FakeDataClient data_;
  ::breadthflow::testing::FakeSignalClient signals_;
  base::SystemClock clock_;
  telemetry::Metrics metrics_;
  std::unique_ptr<security::Authenticator> authenticator_ = security::MakeOpenAuthenticator();
  rpc::Guard guard_{{}, *authenticator_, metrics_, clock_};
  rpc::PageTokens page_tokens_{"a secret of the test"};
  BacktestStore store_{*database_};
  Backtester backtester_{data_, signals_};
  Reporter reporter_{store_, data_, signals_};
  jobs::Runner runner_{*database_, {.poll_interval = absl::Milliseconds(50)}};
  BacktestRuns runs_{store_, backtester_, runner_, clock_};
  BacktestService service_{guard_, runs_, store_, reporter_, page_tokens_};
  rpc::Channels channels_{{}, metrics_};
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<clients::BacktestClient> client_ = clients::MakeBacktestClient(channels_);
  std::unique_ptr<Stub> stub_;
};

TEST_F(BacktestServiceTest, ListsItsCatalogues) {
  const auto engines = Call(&Stub::ListExecutionEngines, v1::ListExecutionEnginesRequest());
  ASSERT_THAT(engines, IsOk());
  ASSERT_EQ(engines->execution_engines_size(), 1);
  EXPECT_EQ(engines->execution_engines(0).name(), "standard");
  EXPECT_GT(engines->execution_engines(0).params_size(), 3);
  const auto risks = Call(&Stub::ListRiskManagers, v1::ListRiskManagersRequest());
  ASSERT_THAT(risks, IsOk());
  ASSERT_EQ(risks->risk_managers_size(), 2);
  EXPECT_EQ(risks->risk_managers(0).name(), "none");
  EXPECT_EQ(risks->risk_managers(1).kind(), "risk_manager");
  const auto sizers = Call(&Stub::ListSizers, v1::ListSizersRequest());
  ASSERT_THAT(sizers, IsOk());
  EXPECT_EQ(sizers->sizers(0).name(), "fixed_fraction");
}

TEST_F(BacktestServiceTest, RunsAndAnswersEverythingAboutTheRun) {
  const std::string name = Succeeded(Spec());
  const auto run = client_->GetBacktestRun(name, {});
  ASSERT_THAT(run, IsOk());
  EXPECT_EQ(run->status.state, clients::RunState::kSucceeded);
  EXPECT_EQ(run->status.progress, 1);
  EXPECT_EQ(run->status.result, name);
  EXPECT_EQ(run->digest.size(), 64u);
  EXPECT_EQ(run->spec.initial_cash, 100'000);
  EXPECT_EQ(run->spec.engine.name, "standard");
  std::set<std::string> metrics;
  for (const clients::BacktestMetric& metric : run->metrics) {
    metrics.insert(metric.name);
    EXPECT_FALSE(metric.description.empty());
  }
  EXPECT_THAT(metrics, IsSupersetOf({"total_return", "sharpe", "max_drawdown", "win_rate", "beta"}));
  EXPECT_FALSE(metrics.contains("deflated_sharpe")) << "what is not defined is absent";

  const auto trades = client_->ListTrades(name, {});
  ASSERT_THAT(trades, IsOk());
  int64_t closed = 0;
  for (size_t i = 0; i < trades->size(); ++i) {
    EXPECT_EQ(trades->at(i).sequence, static_cast<int64_t>(i));
    closed += !trades->at(i).open;
  }
  EXPECT_EQ(closed, run->trade_count);
  EXPECT_GT(closed, 1000) << "more than one page";

  const auto curve = client_->ReadEquityCurve(name, {});
  ASSERT_THAT(curve, IsOk());
  EXPECT_EQ(curve->size(), 9000u);
  for (const char* column : {"equity", "cash", "exposure", "benchmark", "drawdown"})
    EXPECT_EQ(curve->Doubles(column).size(), curve->size()) << column;
  EXPECT_EQ(curve->Doubles("equity").front(), 100'000);
  EXPECT_EQ(curve->key.variant, name.substr(name.find('/') + 1));
}

TEST_F(BacktestServiceTest, BothEncodingsCarryTheSameCurve) {
  const std::string name = Succeeded(Spec());
  v1::ReadEquityCurveRequest request;
  request.set_name(name);
  grpc::ClientContext context;
  const auto reader = stub_->ReadEquityCurve(&context, request);
  common::v1::SeriesMessage message;
  quant::Series packed;
  int messages = 0;
  while (reader->Read(&message)) {
    EXPECT_EQ(message.has_first_of(), messages == 0);
    const auto rows = rpc::FromProto(message.packed());
    ASSERT_THAT(rows, IsOk());
    ASSERT_THAT(quant::Append(packed, *rows), IsOk());
    ++messages;
  }
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_GT(messages, 1) << "long series come in several messages";
  const auto stored = client_->ReadEquityCurve(name, {});
  ASSERT_THAT(stored, IsOk());
  EXPECT_EQ(packed.columns, stored->columns);
  EXPECT_EQ(packed.times, stored->times);
}

TEST_F(BacktestServiceTest, ListsTheTradesOfOneSymbolPageByPage) {
  const std::string name = Succeeded(Spec());
  v1::ListTradesRequest request;
  request.set_parent(name);
  request.set_symbol("AAA");
  request.set_page_size(100);
  std::set<int64_t> seen;
  do {
    const auto page = Call(&Stub::ListTrades, request);
    ASSERT_THAT(page, IsOk());
    EXPECT_LE(page->trades_size(), 100);
    for (const v1::Trade& trade : page->trades()) {
      EXPECT_EQ(trade.symbol(), "AAA");
      EXPECT_TRUE(seen.insert(trade.sequence()).second);
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_GT(seen.size(), 100u);
  request.set_symbol("BBB");
  request.set_page_token("tampered");
  EXPECT_THAT(Call(&Stub::ListTrades, request), StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_PAGE_TOKEN"));
}

TEST_F(BacktestServiceTest, ReportsAsDataAndAsAPage) {
  const std::string name = Succeeded(Spec());
  v1::GetReportRequest request;
  request.set_name(name);
  const auto report = Call(&Stub::GetReport, request);
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->name(), name + "/report");
  EXPECT_TRUE(report->html().empty());
  ASSERT_EQ(report->symbols_size(), 2);
  EXPECT_EQ(report->symbols(0).symbol(), "AAA");
  EXPECT_TRUE(report->symbols(0).has_win_rate());
  EXPECT_GT(report->monthly_returns_size(), 12);

  const auto html = client_->GetReportHtml(name, {{"Model scores", {"Score", "Value"}, {{"AUC", "0.53"}}}}, {});
  ASSERT_THAT(html, IsOk());
  EXPECT_THAT(*html, HasSubstr("</html>"));
  EXPECT_THAT(*html, HasSubstr("Model scores"));
  EXPECT_THAT(*html, HasSubstr(report->run().digest()));

  const auto ragged = client_->GetReportHtml(name, {{"", {"Score", "Value"}, {{"AUC"}}}}, {});
  EXPECT_THAT(ragged, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(base::DetailsOf(ragged.status()).violations.size(), 2u);
}

TEST_F(BacktestServiceTest, TellsEverythingThatIsWrongWithARequest) {
  v1::CreateBacktestRunRequest request;
  request.set_request_id("not a uuid");
  v1::BacktestSpec& spec = *request.mutable_spec();
  spec.set_snapshot("one");
  spec.add_symbols("");
  spec.set_initial_cash(-5);
  spec.mutable_engine()->set_name("telepathy");
  spec.mutable_risk()->set_name("standard");
  (*spec.mutable_risk()->mutable_params())["max_position_share"].set_double_value(77);
  (*spec.mutable_risk()->mutable_params())["bogus"].set_bool_value(true);
  spec.mutable_range()->mutable_start_time()->set_seconds(200);
  spec.mutable_range()->mutable_end_time()->set_seconds(100);
  const auto run = Call(&Stub::CreateBacktestRun, request);
  EXPECT_THAT(run, StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_BACKTEST_SPEC"));
  std::multiset<std::string> fields;
  for (const auto& violation : base::DetailsOf(run.status()).violations) fields.insert(violation.field);
  EXPECT_EQ(fields.size(), 9u) << run.status();
  EXPECT_THAT(fields,
              IsSupersetOf({"request_id", "spec.snapshot", "spec.signal_run", "spec.symbols[0]", "spec.initial_cash",
                            "spec.engine.name", "spec.risk.params.max_position_share", "spec.risk.params.bogus"}));
}

TEST_F(BacktestServiceTest, RefusesWhatDoesNotExistOrIsNotReady) {
  EXPECT_THAT(client_->GetBacktestRun("backtestRuns/none", {}),
              StatusIs(absl::StatusCode::kNotFound, "BACKTEST_RUN_NOT_FOUND"));
  EXPECT_THAT(client_->GetBacktestRun("signalRuns/one", {}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(client_->CancelBacktestRun("backtestRuns/none", {}), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(client_->ReadEquityCurve("backtestRuns/none", {}), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(client_->CreateBacktestRun(Spec({"ZZZ"}), "", {}),
              StatusIs(absl::StatusCode::kInvalidArgument, "UNUSABLE_SYMBOLS"));

  signals_.before = [](const clients::CallScope&) {
    return base::MakeError(absl::StatusCode::kFailedPrecondition, "PLANTED", "no signals today");
  };
  const auto name = client_->CreateBacktestRun(Spec(), "", {});
  ASSERT_THAT(name, IsOk());
  EXPECT_EQ(Watch(*name).job().state(), common::v1::JobStatus::STATE_FAILED);
  EXPECT_THAT(client_->GetBacktestRun(*name, {})->status.error,
              StatusIs(absl::StatusCode::kFailedPrecondition, "PLANTED"));
  EXPECT_THAT(client_->ListTrades(*name, {}), StatusIs(absl::StatusCode::kFailedPrecondition, "RUN_NOT_SUCCEEDED"));
  EXPECT_THAT(client_->ReadEquityCurve(*name, {}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "RUN_NOT_SUCCEEDED"));
  EXPECT_THAT(client_->GetReportHtml(*name, {}, {}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "RUN_NOT_SUCCEEDED"));
}

TEST_F(BacktestServiceTest, TheSameRequestIdIsTheSameRun) {
  const std::string request_id = base::NewUuid(clock_.Now());
  const auto first = client_->CreateBacktestRun(Spec({"AAA"}), request_id, {});
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(*client_->CreateBacktestRun(Spec({"AAA"}), request_id, {}), *first);
  EXPECT_THAT(client_->CreateBacktestRun(Spec({"BBB"}), request_id, {}),
              StatusIs(absl::StatusCode::kInvalidArgument, "REQUEST_ID_REUSED"));
}

}  // namespace
}  // namespace breadthflow::backtest
