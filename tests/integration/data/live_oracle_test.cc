// Live rows against an oracle: many writers, two replicas, subscribers that break off.
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include <fmt/format.h>

#include "common/quant/stats/random.h"
#include "tests/integration/data/live_fixture.h"

namespace breadthflow::data {
namespace {

using testing::IsOk;
using Kind = LiveEvent::Kind;

// The rows that each series got, version by version, as its writer knows them: the oracle.
struct Oracle {
  absl::Mutex mutex;
  std::map<std::string, Received> written;
};

// Writes to several series in one transaction, and takes its time to commit.
void WriteOnce(LiveReplica& replica, const std::vector<std::string>& symbols, quant::stats::RandomSequence& random,
               std::map<std::string, std::vector<double>>& stored, Oracle& oracle) {
  std::vector<columnar::WrittenSeries> all;
  std::map<std::string, Received> changed;
  for (const std::string& symbol : symbols) {
    if (random.Below(3) == 0) continue;
    std::vector<double>& values = stored[symbol];
    std::vector<int64_t> times;
    std::vector<double> close;
    if (!values.empty() && random.Below(4) == 0) {
      const size_t revised = random.Below(values.size());
      values[revised] += 0.5;
      times.push_back(static_cast<int64_t>(revised));
      close.push_back(values[revised]);
    }
    for (uint64_t more = random.Below(3) + 1; more > 0; --more) {
      times.push_back(static_cast<int64_t>(values.size()));
      close.push_back(static_cast<double>(random.Below(1000)));
      values.push_back(close.back());
    }
    const quant::Series rows = Rows(symbol, times, close);
    Append(rows, changed[symbol]);
    auto written = replica.series.chunks().Write(rows);
    ASSERT_THAT(written, IsOk());
    all.push_back(*std::move(written));
  }
  ASSERT_THAT(replica.database->Transact([&](postgres::Transaction& tx) -> absl::Status {
    for (const columnar::WrittenSeries& one : all) {
      BF_RETURN_IF_ERROR(replica.series.chunks().Commit(tx, one).status());
    }
    return tx.Query("SELECT pg_sleep($1)", {static_cast<double>(random.Below(20)) / 1000}).status();
  }),
              IsOk());
  absl::MutexLock lock(&oracle.mutex);
  for (auto& [symbol, rows] : changed) {
    Received& written = oracle.written[symbol];
    written.insert(written.end(), rows.begin(), rows.end());
  }
}

TEST_F(LiveTest, EveryRowReachesEverySubscriberOnceWhateverBreaks) {
  LiveReplica other(server_.url(), clock_);
  other.streamer.Start();
  LiveReplica* const replicas[] = {&replica_, &other};
  constexpr int kWriters = 4;
  constexpr int kSymbolsOfAWriter = 3;
  constexpr int kRounds = 60;
  constexpr int kSubscribers = 20;
  std::vector<std::string> symbols;
  for (int i = 0; i < kWriters * kSymbolsOfAWriter; ++i) symbols.push_back(fmt::format("S{:02}", i));
  const LiveSpec spec = TicksOf(symbols);
  Oracle oracle;
  std::atomic<int> writing{kWriters};
  std::vector<std::unique_ptr<LiveSource>> first;
  for (int i = 0; i < kSubscribers; ++i) first.push_back(Open(*replicas[i % 2], spec));

  std::vector<std::thread> threads;
  for (int w = 0; w < kWriters; ++w) {
    threads.emplace_back([&, w] {
      quant::stats::RandomSequence random(11, fmt::format("writer {}", w));
      std::map<std::string, std::vector<double>> stored;
      const std::vector<std::string> mine(symbols.begin() + w * kSymbolsOfAWriter,
                                          symbols.begin() + (w + 1) * kSymbolsOfAWriter);
      for (int round = 0; round < kRounds; ++round) WriteOnce(*replicas[w % 2], mine, random, stored, oracle);
      --writing;
    });
  }
  std::vector<std::map<std::string, Received>> received(kSubscribers);
  std::atomic<int> breaks{0};
  for (int s = 0; s < kSubscribers; ++s) {
    threads.emplace_back([&, s] {
      quant::stats::RandomSequence random(13, fmt::format("subscriber {}", s));
      std::unique_ptr<LiveSource> stream = std::move(first[static_cast<size_t>(s)]);
      std::string token;
      int quiet = 0;
      while (quiet < 300) {
        LiveEvent event;
        const bool over = writing == 0;
        const auto step = stream->Next(event);
        ASSERT_THAT(step, IsOk());
        if (step->kind == LiveStep::Kind::kEvent && event.kind == Kind::kRows) {
          Append(event.rows->rows, received[static_cast<size_t>(s)][event.rows->rows.key.symbol]);
          token = event.cursor.ToText();
          quiet = 0;
          EXPECT_LT(token.size(), 600u);
          // The odd ones break off now and then, and go on at either replica; two are slow.
          if (s % 2 == 1 && random.Below(15) == 0) {
            stream.reset();
            if (random.Below(3) == 0) absl::SleepFor(absl::Milliseconds(30));
            stream = Open(*replicas[random.Below(2)], spec, token);
            ++breaks;
          }
          if (s >= 18) absl::SleepFor(absl::Milliseconds(2));
        } else {
          absl::SleepFor(absl::Milliseconds(5));
          if (over) ++quiet;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  size_t rows = 0;
  for (const auto& [symbol, written] : oracle.written) rows += written.size();
  ASSERT_GT(rows, 1000u);
  EXPECT_GT(breaks, 50);
  for (int s = 0; s < kSubscribers; ++s) {
    for (const std::string& symbol : symbols) {
      EXPECT_EQ(received[static_cast<size_t>(s)][symbol], oracle.written[symbol])
          << "subscriber " << s << ' ' << symbol;
    }
  }
}

}  // namespace
}  // namespace breadthflow::data
