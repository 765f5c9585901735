// Live rows to many subscribers, and the memory that streaming takes, over loopback.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/time/clock.h"
#include "breadthflow/data/v1/data_service.grpc.pb.h"
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>

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

constexpr int kSubscribers = 100;
constexpr size_t kFanOutSeries = 10;
constexpr size_t kFanOutRows = 20'000;  // of each series
constexpr size_t kBatch = 1000;         // rows of a series that are committed together
constexpr size_t kLargeSeries = 10;     // 10 M bars: a fifth of the goal's range
constexpr size_t kLargeRows = 1'000'000;

// The data service on a TCP port.
class Suite {
 public:
  static Suite& Get() {
    static auto* const suite = new Suite();
    return *suite;
  }

  Suite() {
    Must(module_->Start({}));
    server_ = Must(rpc::Server::Start({}, module_->services(), guard_));
    for (const std::string& service : server_->services()) server_->SetServing(service, true);
  }

  // On a connection of its own.
  std::unique_ptr<v1::DataService::Stub> Stub(int number) {
    grpc::ChannelArguments arguments;
    arguments.SetInt("benchmark", number);
    arguments.SetMaxReceiveMessageSize(-1);
    return v1::DataService::NewStub(grpc::CreateCustomChannel(fmt::format("127.0.0.1:{}", server_->port()),
                                                              grpc::InsecureChannelCredentials(), arguments));
  }
  columnar::ChunkStore Store() { return columnar::ChunkStore(*database_); }

 private:
  testing::TestDatabase database_server_;
  std::unique_ptr<postgres::Database> database_ =
      postgres::Database::Open({.url = database_server_.url(), .schema = "data", .pool_size = 8});
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
};

// Bars a second to each of the subscribers, from the first commit until the last row has reached the last of them.
void FanOut(benchmark::State& state) {
  Suite& suite = Suite::Get();
  columnar::ChunkStore store = suite.Store();
  std::vector<Series> all;
  for (size_t i = 0; i < kFanOutSeries; ++i) all.push_back(Bootstrap(fmt::format("F{}", i), kFanOutRows, i));
  int round = 0;
  for (auto _ : state) {
    state.PauseTiming();
    ++round;
    for (Series& series : all) series.key.symbol = fmt::format("F{}X{}", &series - all.data(), round);
    std::atomic<int> ready{0};
    std::atomic<int> wrong{0};
    std::vector<std::thread> readers;
    for (int i = 0; i < kSubscribers; ++i) {
      readers.emplace_back([&, i] {
        const auto stub = suite.Stub(i);
        v1::StreamSeriesRequest request;
        for (const Series& series : all) request.add_symbols(series.key.symbol);
        grpc::ClientContext context;
        context.set_wait_for_ready(true);  // one of a hundred connections at once may have to be tried again
        const auto reader = stub->StreamSeries(&context, request);
        v1::StreamSeriesResponse response;
        size_t rows = 0;
        bool first = true;
        while (rows < kFanOutSeries * kFanOutRows && reader->Read(&response)) {
          if (first) ++ready;
          first = false;
          rows += static_cast<size_t>(response.rows().rows().times_unix_ns_size());
        }
        if (rows != kFanOutSeries * kFanOutRows) ++wrong;
        context.TryCancel();
      });
    }
    while (ready < kSubscribers) absl::SleepFor(absl::Milliseconds(5));
    state.ResumeTiming();
    for (size_t begin = 0; begin < kFanOutRows; begin += kBatch) {
      for (const Series& series : all) Must(store.Put(series.Rows(begin, begin + kBatch)).status());
    }
    for (std::thread& reader : readers) reader.join();
    if (wrong > 0) Die(absl::DataLossError("rows are missing"));
  }
  Rate(state, kFanOutSeries * kFanOutRows, "bars/s to each of 100");
}
BENCHMARK(FanOut)->Name("data.live_fan_out_bars_per_s")->Iterations(3)->UseRealTime();

double ResidentMegabytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) / 1024;
  }
  return 0;
}

// BF_BENCH_STREAM_SERIES=50 streams the 50 M bars of the goal.
size_t LargeSeries() {
  const char* wanted = std::getenv("BF_BENCH_STREAM_SERIES");
  size_t series = kLargeSeries;
  if (wanted != nullptr && (!absl::SimpleAtoi(wanted, &series) || series == 0 || series > 1000)) {
    Die(absl::InvalidArgumentError(fmt::format("BF_BENCH_STREAM_SERIES must be in [1, 1000], was '{}'", wanted)));
  }
  return series;
}

// How much the process, which is server and reader, grows while a large range is streamed.
void StreamMemory(benchmark::State& state) {
  Suite& suite = Suite::Get();
  columnar::ChunkStore store = suite.Store();
  const size_t series_count = LargeSeries();
  v1::ReadSeriesRequest request;
  for (size_t i = 0; i < series_count; ++i) {
    // Beyond ten the same rows again, which are stored once: what is read and sent is no less.
    Series series = Bootstrap(fmt::format("M{}", i), kLargeRows, i % kLargeSeries);
    Must(store.Put(series).status());
    request.add_symbols(series.key.symbol);
  }
  request.set_encoding(common::v1::SERIES_ENCODING_PACKED);
  double grown = 0;
  for (auto _ : state) {
    const auto stub = suite.Stub(-1);
    grpc::ClientContext context;
    const auto reader = stub->ReadSeries(&context, request);
    common::v1::SeriesMessage message;
    const double before = ResidentMegabytes();
    size_t rows = 0;
    for (int messages = 0; reader->Read(&message); ++messages) {
      rows += static_cast<size_t>(message.packed().times_unix_ns_size());
      if (messages % 16 == 0) grown = std::max(grown, ResidentMegabytes() - before);
    }
    if (!reader->Finish().ok() || rows != series_count * kLargeRows) Die(absl::DataLossError("rows are missing"));
  }
  state.counters["value"] = grown;
  state.counters["bars"] = static_cast<double>(series_count * kLargeRows);
  state.SetLabel("MB");
}
BENCHMARK(StreamMemory)->Name("data.stream_rss_growth_mb")->Iterations(1)->UseRealTime();

}  // namespace
}  // namespace breadthflow::data
