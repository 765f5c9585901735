#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "breadthflow/data/v1/data_service.grpc.pb.h"
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/clients/data_client.h"
#include "common/rpc/convert.h"
#include "common/rpc/peer.h"
#include "tests/integration/data/data_server.h"

namespace breadthflow::data {

// The data service behind a gRPC server, on a real PostgreSQL, with a caller that sends imports.
class ImportServer : OwnDatabase, DataServer {
 public:
  using Request = v1::ImportSeriesRequest;
  using Stub = v1::DataService::Stub;

  ImportServer() : DataServer(database_server_.url()) {}

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
  std::unique_ptr<clients::DataClient> client_ = clients::MakeDataClient(channels_);
  std::unique_ptr<rpc::Peer<v1::DataService>> peer_ = std::make_unique<rpc::Peer<v1::DataService>>(channels_, "data");
};

// A test that sends imports to a service of its own.
class ImportFixture : public ::testing::Test {
 protected:
  bool NothingIsStored() { return server_.Count("series") == 0 && server_.Count("series_version") == 0; }

  ImportServer server_;
};

// Violations as "field: description".
inline std::vector<std::string> Said(const absl::Status& status) {
  std::vector<std::string> said;
  for (const base::FieldViolation& one : base::DetailsOf(status).violations) {
    said.push_back(one.field + ": " + one.description);
  }
  return said;
}

}  // namespace breadthflow::data
