// Chunks, and the chunk store on a PostgreSQL of this machine.
#include <memory>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "common/base/memory.h"
#include "common/base/status.h"
#include "common/columnar/chunk_codec.h"
#include "common/columnar/chunk_store.h"
#include "common/postgres/binary.h"
#include "tests/benchmark/data/bars.h"
#include "tests/support/postgres.h"

namespace breadthflow::data {
namespace {

using quant::Series;

// A database with kSeries long series and one short one.
class Suite {
 public:
  static Suite& Get() {
    static auto* const suite = new Suite();
    return *suite;
  }

  Suite() {
    base::KeepFreedMemory();  // as the processes do
    Must(postgres::Migrate(*database_, columnar::Migrations()));
    for (size_t i = 0; i < kSeries; ++i) {
      long_.push_back(Bootstrap(fmt::format("L{}", i), kLong, i));
      Must(store_.Put(long_.back()).status());
    }
    short_ = Bootstrap("SHORT", kShort, 99);
    Must(store_.Put(short_).status());
  }

  columnar::ChunkStore& store() { return store_; }
  postgres::Database& database() { return *database_; }
  const std::vector<Series>& long_series() const { return long_; }
  const Series& short_series() const { return short_; }
  int64_t next() { return next_++; }

 private:
  testing::TestDatabase database_server_;
  std::unique_ptr<postgres::Database> database_ =
      postgres::Database::Open({.url = database_server_.url(), .schema = "data", .pool_size = 5});
  columnar::ChunkStore store_{*database_};
  std::vector<Series> long_;
  Series short_;
  int64_t next_ = 0;
};

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
// By the time that this process was at work: what one core would do, whatever else the machine has to do.
BENCHMARK(ReadCold)->Name("data.read_cold_core_bars_per_s")->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();

void ReadShort(benchmark::State& state) {
  Suite& suite = Suite::Get();
  for (auto _ : state) benchmark::DoNotOptimize(Must(suite.store().Read(suite.short_series().key)));
  Milliseconds(state);
}
BENCHMARK(ReadShort)->Name("data.series_5000_ms")->UseRealTime();

// One bar of each of 500 series in the middle of their rows. 500 x 20,000 bars are stored beside the long series: what
// is read does not grow with them, only the indexes do.
void CrossSection(benchmark::State& state) {
  constexpr size_t kCount = 500;
  constexpr size_t kRows = 20'000;
  Suite& suite = Suite::Get();
  static const std::vector<columnar::SeriesVersion> wanted = [&suite] {
    std::vector<columnar::SeriesVersion> keys;
    for (size_t i = 0; i < kCount; ++i) {
      const Series series = Bootstrap(fmt::format("X{}", i), kRows, 5000 + i);
      Must(suite.store().Put(series).status());
      keys.push_back({series.key});
    }
    return keys;
  }();
  const int64_t day = Bootstrap("X", kRows, 1).times[kRows / 2];
  for (auto _ : state) {
    const auto got = Must(suite.store().ReadMany(wanted, {.range = {day, day + 1}}));
    for (const Series& series : got) {
      if (series.size() != 1) Die(absl::DataLossError("a bar is missing"));
    }
  }
  Milliseconds(state);
}
BENCHMARK(CrossSection)->Name("data.cross_section_500_ms")->Unit(benchmark::kMillisecond)->UseRealTime();

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

// The peer of IngestNew: the same bars into a table with a row a bar, by COPY and an upsert, a transaction a series.
void RowTableUpsert(benchmark::State& state) {
  constexpr size_t kRows = kLong / 2;
  Suite& suite = Suite::Get();
  Must(postgres::TransactBinary(suite.database(), [](postgres::BinaryTransaction& tx) {
    return tx
        .Execute(
            "CREATE TABLE IF NOT EXISTS bar (series bigint, time bigint, open float8 NOT NULL, high float8 NOT NULL,"
            " low float8 NOT NULL, close float8 NOT NULL, volume float8 NOT NULL, PRIMARY KEY (series, time))")
        .status();
  }));
  for (auto _ : state) {
    state.PauseTiming();
    const int64_t id = suite.next();
    const Series fresh = Bootstrap("ROWS", kRows, 9000 + static_cast<uint64_t>(id));
    std::vector<const double*> columns;
    for (const quant::Column& column : fresh.columns) {
      columns.push_back(std::get<std::vector<double>>(column.values).data());
    }
    state.ResumeTiming();
    Must(postgres::TransactBinary(suite.database(), [&](postgres::BinaryTransaction& tx) -> absl::Status {
      BF_RETURN_IF_ERROR(tx.Execute("CREATE TEMP TABLE fresh (LIKE bar INCLUDING DEFAULTS) ON COMMIT DROP").status());
      BF_RETURN_IF_ERROR(tx.CopyIn("COPY fresh FROM STDIN (FORMAT binary)", [&](postgres::CopyWriter& out) {
                             for (size_t row = 0; row < kRows; ++row) {
                               out.StartRow(7);
                               out.Int64(id);
                               out.Int64(fresh.times[row]);
                               for (const double* column : columns) out.Double(column[row]);
                             }
                             return absl::OkStatus();
                           }).status());
      return tx
          .Execute(
              "INSERT INTO bar SELECT * FROM fresh ON CONFLICT (series, time) DO UPDATE SET open = excluded.open,"
              " high = excluded.high, low = excluded.low, close = excluded.close, volume = excluded.volume")
          .status();
    }));
  }
  Rate(state, kRows, "row table upsert");
}
BENCHMARK(RowTableUpsert)->Name("data.ingest_new_bars_per_s.peer")->Iterations(3)->UseRealTime();

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

}  // namespace
}  // namespace breadthflow::data
