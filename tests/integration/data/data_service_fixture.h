#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "breadthflow/data/v1/data_service.grpc.pb.h"
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/clients/data_client.h"
#include "common/rpc/channels.h"
#include "common/rpc/convert.h"
#include "common/rpc/server.h"
#include "common/rpc/status_bridge.h"
#include "services/data/module.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"

namespace breadthflow::data {

inline quant::TimeRange Years(int from, int to) {
  const auto start = [](int year) {
    return (absl::CivilDay(year, 1, 1) - absl::CivilDay(1970, 1, 1)) * 86'400'000'000'000;
  };
  return {start(from), start(to)};
}

// The data service as its callers see it: the whole module behind a gRPC server, on a PostgreSQL of its own.
class DataServiceTest : public ::testing::Test {
 protected:
  using Stub = v1::DataService::Stub;

  explicit DataServiceTest(rpc::GuardOptions options = {})
      : guard_(std::move(options), *authenticator_, metrics_, clock_) {
    job_options_.poll_interval = absl::Milliseconds(20);
    EXPECT_THAT(module_->Start({}), testing::IsOk());
    auto server = rpc::Server::Start({}, module_->services(), guard_);
    EXPECT_THAT(server, testing::IsOk());
    server_ = *std::move(server);
    channels_.Attach("data", server_->InProcessChannel());
    stub_ = v1::DataService::NewStub(server_->InProcessChannel());
    folder_ = std::filesystem::temp_directory_path() / ("data_service_test_" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
  }
  ~DataServiceTest() override {
    module_->Drain(absl::Seconds(5));
    stub_.reset();
    client_.reset();
    channels_.Attach("data", nullptr);
    server_.reset();
    std::filesystem::remove_all(folder_);
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

  static clients::FetchSpec Simulated(std::vector<std::string> symbols, quant::TimeRange range = Years(2015, 2018),
                                      component::RawParams params = {}) {
    return {.source = {"simulated", std::move(params)}, .symbols = std::move(symbols), .range = range};
  }

  clients::FetchSpec Csv(std::vector<std::string> symbols, const std::filesystem::path& folder = {}) {
    return {.source = {"csv_file", {{"path", (folder.empty() ? folder_ : folder).string()}}},
            .symbols = std::move(symbols),
            .range = Years(1990, 2030)};
  }

  void WriteCsv(const std::string& symbol, const std::string& rows,
                const std::string& header = "date,open,high,low,close,volume\n") {
    std::ofstream(folder_ / (symbol + ".csv")) << header << rows;
  }

  // Creates a run and follows it by its stream to the end.
  clients::FetchRun Fetch(const clients::FetchSpec& spec) {
    const auto name = client_->CreateFetchRun(spec, base::NewUuid(clock_.Now()), {});
    EXPECT_THAT(name, testing::IsOk());
    return name.ok() ? Watched(*name) : clients::FetchRun();
  }

  // Follows a run by its stream to the end.
  clients::FetchRun Watched(const std::string& name) {
    v1::WatchFetchRunRequest request;
    request.set_name(name);
    grpc::ClientContext context;
    const auto reader = stub_->WatchFetchRun(&context, request);
    v1::FetchRun run;
    while (reader->Read(&run)) {
    }
    EXPECT_TRUE(reader->Finish().ok());
    const auto ended = client_->GetFetchRun(name, {});
    EXPECT_THAT(ended, testing::IsOk());
    return ended.value_or(clients::FetchRun());
  }

  absl::StatusOr<quant::Series> ReadOne(const std::string& symbol, clients::ReadQuery query = {}) {
    query.symbols = {symbol};
    auto all = client_->Read(query, {});
    if (!all.ok()) return all.status();
    return std::move(all->at(0));
  }

  int64_t Count(const std::string& table) {
    return std::stoll(database_server_.Sql("SELECT count(*) FROM data." + table));
  }

  testing::TestDatabase database_server_;
  std::unique_ptr<postgres::Database> database_ =
      postgres::Database::Open({.url = database_server_.url(), .schema = "data", .pool_size = 8});
  base::SystemClock clock_;
  telemetry::Metrics metrics_;
  std::unique_ptr<security::Authenticator> authenticator_ = security::MakeOpenAuthenticator();
  rpc::Guard guard_;
  rpc::PageTokens page_tokens_{"a secret of the test"};
  rpc::Channels channels_{{}, metrics_};
  config::v1::ProcessConfig process_config_;
  jobs::RunnerOptions job_options_;
  jobs::Observer observer_;
  config::v1::DataConfig config_;
  std::unique_ptr<DataModule> module_ = std::make_unique<DataModule>(
      config_, process::ModuleContext{process_config_, clock_, metrics_, *database_, channels_, guard_, page_tokens_,
                                      job_options_, observer_});
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<clients::DataClient> client_ = clients::MakeDataClient(channels_);
  std::unique_ptr<Stub> stub_;
  std::filesystem::path folder_;
};

}  // namespace breadthflow::data
