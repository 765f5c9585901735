#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "breadthflow/data/v1/data_service.grpc.pb.h"
#include <gtest/gtest.h>

#include "common/clients/data_client.h"
#include "common/rpc/channels.h"
#include "common/rpc/convert.h"
#include "common/rpc/page_token.h"
#include "common/rpc/peer.h"
#include "common/rpc/server.h"
#include "services/data/module.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"

namespace breadthflow::data {

// The data service behind a gRPC server, on a real PostgreSQL, with a caller that sends imports.
class ImportServer {
 public:
  using Request = v1::ImportSeriesRequest;
  using Stub = v1::DataService::Stub;

  ImportServer() {
    EXPECT_THAT(module_->Start({}), testing::IsOk());
    auto server = rpc::Server::Start({}, module_->services(), guard_);
    EXPECT_THAT(server, testing::IsOk());
    server_ = *std::move(server);
    channels_.Attach("data", server_->InProcessChannel());
  }
  ~ImportServer() {
    module_->Drain(absl::Seconds(5));
    client_.reset();
    peer_.reset();
    channels_.Attach("data", nullptr);
    server_.reset();
  }

  static Request Spec(const std::string& resource = "", quant::Timeframe timeframe = quant::Timeframe::kDay,
                      const std::string& source = "") {
    Request request;
    request.mutable_spec()->set_resource(resource);
    request.mutable_spec()->set_timeframe(rpc::ToProto(timeframe));
    request.mutable_spec()->set_source(source);
    return request;
  }
  static Request Csv(const std::string& file, std::string_view content, const std::string& symbol = "") {
    Request request;
    request.mutable_csv()->set_file(file);
    request.mutable_csv()->set_symbol(symbol);
    request.mutable_csv()->set_content(std::string(content));
    return request;
  }
  static Request Answer(const std::string& file, std::string_view content, const std::string& symbol = "") {
    Request request;
    request.mutable_answer()->set_file(file);
    request.mutable_answer()->set_symbol(symbol);
    request.mutable_answer()->set_content(std::string(content));
    return request;
  }
  static Request Packed(const quant::Series& rows) {
    Request request;
    *request.mutable_packed() = rpc::ToProto(rows, 0, rows.size());
    return request;
  }

  absl::StatusOr<v1::ImportSeriesResponse> Import(const std::vector<Request>& messages) {
    return peer_->Write(&Stub::ImportSeries, {},
                        [&, next = size_t{0}](Request& message) mutable -> absl::StatusOr<bool> {
                          if (next == messages.size()) return false;
                          message = messages[next++];
                          return true;
                        });
  }

  absl::StatusOr<quant::Series> Read(const std::string& symbol, clients::ReadQuery query = {}) {
    query.symbols = {symbol};
    auto all = client_->Read(query, {});
    if (!all.ok()) return all.status();
    return std::move(all->at(0));
  }

  int64_t Count(const std::string& table) { return std::stoll(Sql("SELECT count(*) FROM data." + table)); }
  std::string Sql(const std::string& sql) { return database_server_.Sql(sql); }

  postgres::Database& database() { return *database_; }
  rpc::Peer<v1::DataService>& peer() { return *peer_; }

 private:
  testing::TestDatabase database_server_;
  std::unique_ptr<postgres::Database> database_ =
      postgres::Database::Open({.url = database_server_.url(), .schema = "data", .pool_size = 8});
  base::SystemClock clock_;
  telemetry::Metrics metrics_;
  std::unique_ptr<security::Authenticator> authenticator_ = security::MakeOpenAuthenticator();
  rpc::Guard guard_{{}, *authenticator_, metrics_, clock_};
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
  std::unique_ptr<rpc::Peer<v1::DataService>> peer_ = std::make_unique<rpc::Peer<v1::DataService>>(channels_, "data");
};

}  // namespace breadthflow::data
