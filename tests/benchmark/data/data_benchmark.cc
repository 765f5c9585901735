// Chunks, the chunk store on a PostgreSQL of this machine, and ReadSeries over loopback. Bars are OHLCV.
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <sstream>

#include "absl/time/clock.h"
#include "breadthflow/data/v1/data_service.grpc.pb.h"
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>

#include "common/clients/data_client.h"
#include "common/columnar/chunk_codec.h"
#include "common/jobs/store.h"
#include "common/quant/calendar.h"
#include "common/rpc/channels.h"
#include "common/rpc/convert.h"
#include "common/rpc/server.h"
#include "services/data/module.h"
#include "services/data/sources/catalog.h"
#include "services/data/sources/csv_parser.h"
#include "tests/support/postgres.h"
#include "tests/support/shared_file.h"

namespace breadthflow::data {
namespace {

using quant::Series;

constexpr size_t kLong = 100'000;  // bars of one series
constexpr size_t kSeries = 10;
constexpr size_t kShort = 5'000;
constexpr const char* kSource = "bench";

[[noreturn]] void Die(const absl::Status& status) {
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::exit(1);
}

template <typename T>
T Must(absl::StatusOr<T> value) {
  if (!value.ok()) Die(value.status());
  return *std::move(value);
}
void Must(const absl::Status& status) {
  if (!status.ok()) Die(status);
}

// The daily bars that the benchmarks are made of: real ones when they are at hand, else simulated.
std::vector<Series> LoadBars() {
  std::vector<Series> all;
  const std::filesystem::path folder = testing::SharedFile("data/bars/daily");
  if (folder.empty()) {
    const SourceEntry* entry = Must(Sources().Find("simulated"));
    const auto source = Must(entry->make(Must(component::Params::Check(entry->params, {})), {}));
    for (int i = 0; i < 32; ++i) {
      const auto request = Must(source->TransformQuery(
          {"stock_price", fmt::format("S{}", i), quant::Timeframe::kDay, {INT64_MIN, INT64_MAX}}));
      all.push_back(Must(source->TransformData(request, Must(source->Extract(request, {})))).series);
    }
  } else {
    std::vector<std::filesystem::path> files(std::filesystem::directory_iterator(folder), {});
    std::sort(files.begin(), files.end());
    for (const auto& path : files) {
      std::ifstream file(path);
      std::stringstream text;
      text << file.rdbuf();
      all.push_back(Must(ParseCsv(text.str(), path.filename().string(),
                                  {"stock_price", path.stem().string(), quant::Timeframe::kDay, {}}, {}, quant::Xnys()))
                        .series);
    }
  }
  for (Series& series : all) {
    std::erase_if(series.columns, [](const quant::Column& column) { return column.name == "adj_close"; });
  }
  return all;
}

const std::vector<Series>& Bars() {
  static const auto* const bars = new std::vector<Series>(LoadBars());
  return *bars;
}

// Blocks of 250 bars, drawn with a fixed seed and put one behind the other, hours apart: days would leave int64.
Series Bootstrap(const std::string& symbol, size_t rows, uint64_t seed) {
  std::mt19937_64 random(seed);
  Series out{.key = {"stock_price", symbol, quant::Timeframe::kDay, kSource},
             .basis = quant::PriceBasis::kSplitAdjusted};
  std::vector<std::vector<double>> columns(5);
  while (out.times.size() < rows) {
    const Series& from = Bars()[random() % Bars().size()];
    const size_t begin = random() % (from.size() - 250);
    for (size_t row = begin; row < begin + 250 && out.times.size() < rows; ++row) {
      const auto day = static_cast<int64_t>(out.times.size());
      out.times.push_back((day + day / 5 * 2) * 3'600'000'000'000);
      for (size_t c = 0; c < 5; ++c) columns[c].push_back(std::get<std::vector<double>>(from.columns[c].values)[row]);
    }
  }
  const char* const names[] = {"open", "high", "low", "close", "volume"};
  for (size_t c = 0; c < 5; ++c) out.Add(names[c], std::move(columns[c]));
  return out;
}

// A database with kSeries long series and one short one, and the data service on a TCP port.
class Suite {
 public:
  static Suite& Get() {
    static auto* const suite = new Suite();
    return *suite;
  }

  Suite() {
    Must(module_->Start());
    for (size_t i = 0; i < kSeries; ++i) {
      long_.push_back(Bootstrap(fmt::format("L{}", i), kLong, i));
      Must(store_.Put(long_.back()).status());
    }
    short_ = Bootstrap("SHORT", kShort, 99);
    Must(store_.Put(short_).status());
    server_ = Must(rpc::Server::Start({}, module_->services(), guard_));
    for (const std::string& service : server_->services()) server_->SetServing(service, true);
    channels_.Connect("data", fmt::format("127.0.0.1:{}", server_->port()));
    client_ = clients::MakeDataClient(channels_);
    stub_ = v1::DataService::NewStub(
        grpc::CreateChannel(fmt::format("127.0.0.1:{}", server_->port()), grpc::InsecureChannelCredentials()));
  }

  columnar::ChunkStore& store() { return store_; }
  clients::DataClient& client() { return *client_; }
  v1::DataService::Stub& stub() { return *stub_; }
  const std::vector<Series>& long_series() const { return long_; }
  const Series& short_series() const { return short_; }
  std::vector<std::string> symbols() const {
    std::vector<std::string> out;
    for (const Series& series : long_) out.push_back(series.key.symbol);
    return out;
  }
  int64_t next() { return next_++; }

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
  columnar::ChunkStore store_{*database_};
  std::vector<Series> long_;
  Series short_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<clients::DataClient> client_;
  std::unique_ptr<v1::DataService::Stub> stub_;
  int64_t next_ = 0;
};

void Rate(benchmark::State& state, size_t bars, const char* unit = "bars/s") {
  state.counters["value"] =
      benchmark::Counter(static_cast<double>(bars), benchmark::Counter::kIsIterationInvariantRate);
  state.SetLabel(unit);
}

void Encode(benchmark::State& state) {
  const Series series = Bootstrap("X", columnar::kRowsPerChunk, 1);
  for (auto _ : state) benchmark::DoNotOptimize(Must(columnar::EncodeChunk(series)));
  Rate(state, series.size());
}
BENCHMARK(Encode)->Name("data.encode_bars_per_s");

void Decode(benchmark::State& state) {
  const Series series = Bootstrap("X", columnar::kRowsPerChunk, 1);
  const std::string bytes = Must(columnar::EncodeChunk(series));
  for (auto _ : state) benchmark::DoNotOptimize(Must(columnar::DecodeChunk(bytes)));
  Rate(state, series.size());
}
BENCHMARK(Decode)->Name("data.decode_bars_per_s");

void BytesPerBar(benchmark::State& state) {
  size_t bytes = 0;
  size_t rows = 0;
  for (auto _ : state) {
    for (const Series& series : Bars()) {
      for (size_t begin = 0; begin < series.size(); begin += columnar::kRowsPerChunk) {
        const size_t end = std::min(series.size(), begin + columnar::kRowsPerChunk);
        bytes += Must(columnar::EncodeChunk(series, begin, end)).size();
        rows += end - begin;
      }
    }
  }
  state.counters["value"] = static_cast<double>(bytes) / static_cast<double>(rows);
  state.SetLabel("bytes/bar");
}
BENCHMARK(BytesPerBar)->Name("data.bytes_per_bar")->Iterations(1);

void ReadCold(benchmark::State& state) {
  Suite& suite = Suite::Get();
  for (auto _ : state) {
    for (const Series& series : suite.long_series()) {
      const Series got = Must(suite.store().Read(series.key));
      if (got.size() != kLong) Die(absl::DataLossError("rows are missing"));
    }
  }
  Rate(state, kLong * kSeries);
}
BENCHMARK(ReadCold)->Name("data.read_cold_bars_per_s")->Unit(benchmark::kMillisecond)->UseRealTime();

void ReadShort(benchmark::State& state) {
  Suite& suite = Suite::Get();
  for (auto _ : state) benchmark::DoNotOptimize(Must(suite.store().Read(suite.short_series().key)));
  state.counters["value"] =
      benchmark::Counter(1e-3, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.SetLabel("ms");
}
BENCHMARK(ReadShort)->Name("data.series_5000_ms")->UseRealTime();

void IngestNew(benchmark::State& state) {
  Suite& suite = Suite::Get();
  for (auto _ : state) {
    state.PauseTiming();
    // Other values each time, else the chunks are known already.
    std::vector<Series> fresh;
    const int64_t round = suite.next();
    for (size_t i = 0; i < kSeries; ++i) {
      fresh.push_back(
          Bootstrap(fmt::format("N{}-{}", round, i), kLong / 2, 1000 + static_cast<uint64_t>(round) * 16 + i));
    }
    state.ResumeTiming();
    for (const Series& series : fresh) Must(suite.store().Put(series).status());
  }
  Rate(state, kLong / 2 * kSeries);
}
BENCHMARK(IngestNew)->Name("data.ingest_new_bars_per_s")->Iterations(3)->UseRealTime();

void IngestSame(benchmark::State& state) {
  Suite& suite = Suite::Get();
  for (auto _ : state) {
    for (const Series& series : suite.long_series()) {
      if (!Must(suite.store().Put(series)).unchanged()) Die(absl::InternalError("a version was written"));
    }
  }
  Rate(state, kLong * kSeries);
}
BENCHMARK(IngestSame)->Name("data.ingest_same_bars_per_s")->UseRealTime();

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

}  // namespace
}  // namespace breadthflow::data
