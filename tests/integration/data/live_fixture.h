#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/columnar/chunk_store.h"
#include "common/jobs/store.h"
#include "common/postgres/migrate.h"
#include "common/quant/calendar.h"
#include "common/telemetry/metrics.h"
#include "services/data/app/streamer.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"

namespace breadthflow::data {

inline constexpr const char* kTestSource = "test";

// Rows of one column at these times.
inline quant::Series Rows(const std::string& symbol, std::vector<int64_t> times, std::vector<double> close,
                          quant::Timeframe timeframe = quant::Timeframe::kTick) {
  quant::Series series{.key = {"stock_price", symbol, timeframe, kTestSource}, .basis = quant::PriceBasis::kRaw};
  series.times = std::move(times);
  series.Add("close", std::move(close));
  return series;
}

// What came of one series, in the order in which it came.
using Received = std::vector<std::pair<int64_t, double>>;

inline void Append(const quant::Series& rows, Received& received) {
  const auto close = rows.Doubles("close");
  for (size_t i = 0; i < rows.size(); ++i) received.emplace_back(rows.times[i], close[i]);
}

// What a replica of the data service has for live rows.
struct LiveReplica {
  LiveReplica(const std::string& url, const base::Clock& clock)
      : database(postgres::Database::Open({.url = url, .schema = "data", .pool_size = 8})),
        resources(*database),
        series(*database),
        runs(*database),
        coverage(*database),
        bodies(*database),
        kept_apart(*database),
        quarantines(*database, series, coverage, kept_apart, clock),
        fetcher({.database = *database,
                 .resources = resources,
                 .series = series,
                 .runs = runs,
                 .coverage = coverage,
                 .bodies = bodies,
                 .quarantines = quarantines,
                 .sources = sources,
                 .environment = {},
                 .clock = clock,
                 .wake_up = [] {},
                 .policy = {}}),
        streamer(*database, resources, series, fetcher, runs, metrics, clock,
                 [](const LivePiece&) { return std::shared_ptr<const EncodedRows>(); }) {}
  ~LiveReplica() { streamer.Stop(); }

  std::unique_ptr<postgres::Database> database;
  telemetry::Metrics metrics;
  ResourceStore resources;
  SeriesStore series;
  FetchStore runs;
  CoverageStore coverage;
  RawBodyStore bodies;
  QuarantineStore kept_apart;
  Quarantines quarantines;
  component::Catalog<SourceEntry> sources{{}};
  Fetcher fetcher;
  Streamer streamer;
};

// All that comes of these symbols, row by row.
inline LiveSpec TicksOf(std::vector<std::string> symbols) {
  return {.symbols = std::move(symbols), .timeframe = quant::Timeframe::kTick};
}

// An instant by the clocks of New York; default the close of its exchange.
inline int64_t NewYork(int year, int month, int day, int hour = 16, int minute = 0) {
  return quant::NewYorkInstant(absl::CivilSecond(year, month, day, hour, minute, 0));
}

class LiveTest : public ::testing::Test {
 protected:
  LiveTest() {
    std::vector<postgres::Migration> migrations = jobs::JobStore::Migrations();
    for (const auto* more : {&columnar::Migrations(), &Migrations()}) {
      migrations.insert(migrations.end(), more->begin(), more->end());
    }
    EXPECT_THAT(postgres::Migrate(*replica_.database, std::move(migrations)), testing::IsOk());
    replica_.streamer.Start();
  }

  std::unique_ptr<LiveSource> Open(const LiveSpec& spec, const std::string& resume = "") {
    return Open(replica_, spec, resume);
  }
  static std::unique_ptr<LiveSource> Open(LiveReplica& replica, const LiveSpec& spec, const std::string& resume = "") {
    auto stream = replica.streamer.Open(spec, resume);
    EXPECT_THAT(stream, testing::IsOk());
    return stream.ok() ? *std::move(stream) : nullptr;
  }

  // Says where a series trades.
  void Name(const std::string& symbol, quant::Timeframe timeframe, const std::string& calendar) {
    ASSERT_THAT(replica_.database->Transact([&](postgres::Transaction& tx) {
      return replica_.series.SetMarket(tx, {"stock_price", symbol, timeframe, kTestSource}, {calendar, ""});
    }),
                testing::IsOk());
  }

  void Put(const quant::Series& rows) { ASSERT_THAT(replica_.series.chunks().Put(rows), testing::IsOk()); }

  // Whether an event says neither what came nor what is missing.
  static bool Idle(const LiveEvent& event) {
    return event.kind == LiveEvent::Kind::kHeartbeat || event.kind == LiveEvent::Kind::kAwaited;
  }

  // The next event that is not idle, unless those are wanted too; fails the test when none comes.
  static LiveEvent Next(LiveSource& stream, bool idle = false, absl::Duration patience = absl::Seconds(20)) {
    LiveEvent event;
    const absl::Time end = absl::Now() + patience;
    while (absl::Now() < end) {
      const auto step = stream.Next(event);
      EXPECT_THAT(step, testing::IsOk());
      if (!step.ok() || step->kind == LiveStep::Kind::kEnd) break;
      if (step->kind == LiveStep::Kind::kEvent) {
        if (idle || !Idle(event)) return event;
        continue;
      }
      absl::SleepFor(absl::Milliseconds(1));
    }
    ADD_FAILURE() << "nothing came";
    return event;
  }

  // Whether nothing comes, though everything that is committed was looked at.
  bool Silent(LiveSource& stream) {
    LiveEvent event;
    EXPECT_THAT(replica_.streamer.hub().Scan(), testing::IsOk());
    for (int asked = 0; asked < 20; ++asked) {
      const auto step = stream.Next(event);
      if (!step.ok() || step->kind == LiveStep::Kind::kEnd) return false;
      if (step->kind == LiveStep::Kind::kEvent && !Idle(event)) return false;
    }
    return true;
  }

  testing::TestDatabase server_;
  base::FakeClock clock_{absl::Now()};
  LiveReplica replica_{server_.url(), clock_};
};

}  // namespace breadthflow::data
