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
#include "common/rpc/convert.h"
#include "common/rpc/status_bridge.h"
#include "tests/integration/data/data_server.h"
#include "tests/support/matchers.h"

namespace breadthflow::data {

inline quant::TimeRange Years(int from, int to) {
  const auto start = [](int year) {
    return (absl::CivilDay(year, 1, 1) - absl::CivilDay(1970, 1, 1)) * 86'400'000'000'000;
  };
  return {start(from), start(to)};
}

// The data service as its callers see it: the whole module behind a gRPC server, on a PostgreSQL of its own.
class DataServiceTest : public ::testing::Test, protected OwnDatabase, protected DataServer {
 protected:
  using Stub = v1::DataService::Stub;

  explicit DataServiceTest(rpc::GuardOptions options = {})
      : DataServer(database_server_.url(), nullptr, std::move(options)) {
    folder_ = std::filesystem::temp_directory_path() / ("data_service_test_" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
  }
  ~DataServiceTest() override { std::filesystem::remove_all(folder_); }

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

  std::unique_ptr<clients::DataClient> client_ = clients::MakeDataClient(channels_);
  std::unique_ptr<Stub> stub_ = v1::DataService::NewStub(server_->InProcessChannel());
  std::filesystem::path folder_;
};

}  // namespace breadthflow::data
