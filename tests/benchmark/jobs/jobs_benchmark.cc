// Durable jobs on a private PostgreSQL with fsync on: every job has one effect row, written exactly once.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/jobs/runner.h"
#include "common/jobs/store.h"
#include "common/jobs/submit.h"
#include "tests/support/postgres.h"

namespace breadthflow::jobs {
namespace {

using postgres::Transaction;

void Require(const absl::Status& status) {
  if (status.ok()) return;
  fmt::print(stderr, "{}\n", status.ToString());
  std::abort();
}

testing::PostgresServer& Server() {
  static testing::PostgresServer server({.fsync = true});
  return server;
}

class Bench {
 public:
  explicit Bench(int pool_size)
      : database(postgres::Database::Open({.url = test.url(), .schema = "jobs", .pool_size = pool_size})) {
    Require(postgres::Migrate(*database, JobStore::Migrations()));
    test.Sql("CREATE TABLE jobs.effect (job text)");
  }
  void Enqueue(int jobs) const {
    test.Sql(
        fmt::format("INSERT INTO jobs.job (id, kind, max_attempts) SELECT g::text, 'work', 5 "
                    "FROM generate_series(1, {}) g; ANALYZE jobs.job",
                    jobs));
  }
  void RequireEachOnce(int jobs) const {
    const std::string found = test.Sql("SELECT count(*) || ' ' || count(DISTINCT job) FROM jobs.effect");
    if (found != fmt::format("{0} {0}", jobs)) Require(absl::DataLossError("effects and jobs: " + found));
  }

  testing::TestDatabase test{Server()};
  std::unique_ptr<postgres::Database> database;
};

// One claim, one effect and one fenced completion per job; 8 workers of one Runner.
void Steps(benchmark::State& state) {
  constexpr int kJobs = 5'000;
  for (auto _ : state) {
    const Bench bench(12);
    bench.Enqueue(kJobs);
    std::atomic<int> done{0};
    absl::Notification all;
    class Counter final : public Observer {
     public:
      Counter(std::atomic<int>& count, absl::Notification& finished) : done_(count), all_(finished) {}
      void Ended(const Job&, State, const absl::Status&, absl::Duration) override {
        if (++done_ == kJobs) all_.Notify();
      }

     private:
      std::atomic<int>& done_;
      absl::Notification& all_;
    } counter(done, all);
    Runner runner(*bench.database, {.workers = 8}, &counter);
    runner.Handle("work", [](JobContext& context) -> absl::StatusOr<Effects> {
      const std::string id = context.job().id;
      return [id](Transaction& tx) { return tx.Execute("INSERT INTO effect VALUES ($1)", {id}).status(); };
    });
    const absl::Time start = absl::Now();
    Require(runner.Start());
    all.WaitForNotification();
    const double seconds = absl::ToDoubleSeconds(absl::Now() - start);
    state.SetIterationTime(seconds);
    state.counters["value"] = kJobs / seconds;
    runner.Drain(absl::Seconds(5));
    bench.RequireEachOnce(kJobs);
  }
  state.SetLabel("steps/s");
}

// From the call that submits a job to the first line of its handler, with an idle worker.
void StartDelay(benchmark::State& state) {
  constexpr int kJobs = 300;
  for (auto _ : state) {
    const Bench bench(5);
    std::vector<double> delays;
    std::atomic<absl::Notification*> started{nullptr};
    absl::Time at;
    Runner runner(*bench.database, {.workers = 2});
    runner.Handle("work", [&](JobContext&) -> absl::StatusOr<Effects> {
      at = absl::Now();
      started.load()->Notify();
      return nullptr;
    });
    Require(runner.Start());
    for (int i = 0; i < kJobs; ++i) {
      absl::Notification here;
      started = &here;
      const absl::Time submitted = absl::Now();
      Require(SubmitOnce(*bench.database, {"bench", "Create", fmt::format("{}", i), "hash"},
                         [&](Transaction& tx) -> absl::StatusOr<std::string> {
                           const std::string id = fmt::format("{}", i);
                           BF_RETURN_IF_ERROR(JobStore::Enqueue(tx, {.id = id, .kind = "work"}));
                           return id;
                         })
                  .status());
      runner.WakeUp();
      here.WaitForNotification();
      delays.push_back(absl::ToDoubleMilliseconds(at - submitted));
      absl::SleepFor(absl::Milliseconds(5));
    }
    std::sort(delays.begin(), delays.end());
    state.SetIterationTime(delays[kJobs / 2] / 1000);
    state.counters["value"] = delays[kJobs / 2];
    state.counters["p99"] = delays[kJobs * 99 / 100];
  }
  state.SetLabel("ms");
}

BENCHMARK(Steps)->Name("jobs.steps_per_s")->UseManualTime()->Iterations(1)->Unit(benchmark::kMillisecond);
BENCHMARK(StartDelay)->Name("jobs.start_p50_ms")->UseManualTime()->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace breadthflow::jobs
