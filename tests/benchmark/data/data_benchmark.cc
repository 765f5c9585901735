// ReadSeries over loopback.
#include <memory>

#include "absl/synchronization/mutex.h"
#include "breadthflow/data/v1/data_service.grpc.pb.h"
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>

#include "common/base/memory.h"
#include "common/clients/data_client.h"
#include "common/columnar/chunk_store.h"
#include "common/rpc/channels.h"
#include "common/rpc/convert.h"
#include "common/rpc/server.h"
#include "services/data/module.h"
#include "tests/benchmark/data/bars.h"
#include "tests/support/postgres.h"

namespace breadthflow::data {
namespace {

using quant::Series;

// A database with kSeries long series, and the data service on a TCP port.
class Suite {
 public:
  static Suite& Get() {
    static auto* const suite = new Suite();
    return *suite;
  }

  Suite() {
    // As the processes do.
    base::KeepFreedMemory();
    absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
    Must(module_->Start({}));
    for (size_t i = 0; i < kSeries; ++i) {
      Must(columnar::ChunkStore(*database_).Put(Bootstrap(fmt::format("L{}", i), kLong, i)).status());
    }
    server_ = Must(rpc::Server::Start({}, module_->services(), guard_));
    for (const std::string& service : server_->services()) server_->SetServing(service, true);
    channels_.Connect("data", fmt::format("127.0.0.1:{}", server_->port()));
    client_ = clients::MakeDataClient(channels_);
    stub_ = v1::DataService::NewStub(
        grpc::CreateChannel(fmt::format("127.0.0.1:{}", server_->port()), grpc::InsecureChannelCredentials()));
  }

  clients::DataClient& client() { return *client_; }
  v1::DataService::Stub& stub() { return *stub_; }
  std::vector<std::string> symbols() const {
    std::vector<std::string> out;
    for (size_t i = 0; i < kSeries; ++i) out.push_back(fmt::format("L{}", i));
    return out;
  }

 private:
  testing::TestDatabase database_server_;
  std::unique_ptr<postgres::Database> database_ =
      postgres::Database::Open({.url = database_server_.url(), .schema = "data", .pool_size = 5});
  base::SystemClock clock_;
  telemetry::Metrics metrics_;
  std::unique_ptr<security::Authenticator> authenticator_ = security::MakeOpenAuthenticator();
  rpc::Guard guard_{{}, *authenticator_, metrics_, clock_};
  rpc::PageTokens page_tokens_{"benchmark"};
  rpc::Channels channels_{{}, metrics_};
  config::v1::ProcessConfig process_config_;
  jobs::RunnerOptions job_options_;
  jobs::Observer observer_;
  config::v1::DataConfig config_;
  std::unique_ptr<DataModule> module_ = std::make_unique<DataModule>(
      config_, process::ModuleContext{process_config_, clock_, metrics_, *database_, channels_, guard_, page_tokens_,
                                      job_options_, observer_});
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<clients::DataClient> client_;
  std::unique_ptr<v1::DataService::Stub> stub_;
};

void StreamStored(benchmark::State& state) {
  Suite& suite = Suite::Get();
  clients::ReadQuery query;
  query.symbols = suite.symbols();
  query.source = kSource;
  for (auto _ : state) {
    size_t rows = 0;
    for (const Series& series : Must(suite.client().Read(query, {}))) rows += series.size();
    if (rows != kLong * kSeries) Die(absl::DataLossError("rows are missing"));
  }
  Rate(state, kLong * kSeries);
}
BENCHMARK(StreamStored)->Name("data.stream_bars_per_s")->UseRealTime();
// Both ends by the time that they were at work: what one core would do.
BENCHMARK(StreamStored)->Name("data.stream_core_bars_per_s")->MeasureProcessCPUTime();

void StreamPacked(benchmark::State& state) {
  Suite& suite = Suite::Get();
  for (auto _ : state) {
    v1::ReadSeriesRequest request;
    for (const std::string& symbol : suite.symbols()) request.add_symbols(symbol);
    request.set_source(kSource);
    grpc::ClientContext context;
    const auto reader = suite.stub().ReadSeries(&context, request);
    common::v1::SeriesMessage message;
    size_t rows = 0;
    while (reader->Read(&message)) rows += Must(rpc::FromProto(message.packed())).size();
    if (!reader->Finish().ok() || rows != kLong * kSeries) Die(absl::DataLossError("rows are missing"));
  }
  Rate(state, kLong * kSeries);
}
BENCHMARK(StreamPacked)->Name("data.stream_packed_bars_per_s")->UseRealTime();
BENCHMARK(StreamPacked)->Name("data.stream_packed_core_bars_per_s")->MeasureProcessCPUTime();

}  // namespace
}  // namespace breadthflow::data
