#include "tests/integration/orchestrator/fake_services.h"

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "absl/time/clock.h"
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/status.h"
#include "common/jobs/store.h"
#include "common/postgres/migrate.h"

namespace breadthflow::orchestrator {
namespace {

using clients::CallScope;
using clients::RunState;
using clients::RunStatus;

const std::vector<postgres::Migration>& FakeMigrations() {
  static const auto* all = new std::vector<postgres::Migration>{{900, "fake_run",
                                                                 R"sql(
CREATE TABLE run (
  request_id text PRIMARY KEY,
  number     bigint GENERATED ALWAYS AS IDENTITY,
  collection text NOT NULL,
  spec       text NOT NULL,
  state      integer NOT NULL,
  progress   double precision NOT NULL DEFAULT 0.5,
  error      text NOT NULL DEFAULT '',
  submits    integer NOT NULL DEFAULT 1,
  cancels    integer NOT NULL DEFAULT 0))sql"},
                                                                {901, "fake_behaviour",
                                                                 R"sql(
CREATE TABLE behaviour (collection text PRIMARY KEY, what text NOT NULL, calls integer NOT NULL DEFAULT 0))sql"}};
  return *all;
}

void Must(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << "the test's own set-up failed: " << status << std::endl;
  std::abort();
}

std::unique_ptr<postgres::Database> Open(const std::string& url, const std::string& schema,
                                         const std::vector<postgres::Migration>& migrations) {
  auto database = postgres::Database::Open({.url = url, .schema = schema, .pool_size = 12});
  Must(postgres::Migrate(*database, migrations));
  return database;
}

std::vector<postgres::Migration> OrchestratorMigrations() {
  std::vector<postgres::Migration> all = jobs::JobStore::Migrations();
  all.insert(all.end(), Migrations().begin(), Migrations().end());
  return all;
}

std::string Text(const component::ComponentRef& ref) {
  std::string text = ref.name;
  for (const auto& [name, value] : ref.params) text += fmt::format(" {}={}", name, component::ToText(value));
  return text;
}

class FakeData final : public clients::DataClient {
 public:
  explicit FakeData(FakeServices& fakes) : fakes_(fakes) {}
  absl::StatusOr<std::string> CreateFetchRun(const clients::FetchSpec& spec, const std::string& request_id,
                                             const CallScope&) override {
    return fakes_.Create("fetchRuns", request_id,
                         fmt::format("{} from {}", fmt::join(spec.symbols, ","), Text(spec.source)));
  }
  absl::StatusOr<clients::FetchRun> GetFetchRun(const std::string& name, const CallScope&) override {
    BF_ASSIGN_OR_RETURN(FakeServices::Run run, fakes_.Get(name));
    clients::FetchRun fetch;
    fetch.status = run.status;
    fetch.spec.source.name = "simulated";
    fetch.spec.symbols = {"AAPL", "MSFT"};
    fetch.spec.range = {0, 1'000'000'000};
    for (const std::string& symbol : fetch.spec.symbols) {
      fetch.items.push_back({.symbol = symbol, .outcome = clients::FetchOutcome::kOk});
    }
    if (run.status.stage == "partial") {
      fetch.items[1].outcome = clients::FetchOutcome::kFailed;
      fetch.items[1].error = absl::NotFoundError("no such symbol");
    }
    return fetch;
  }
  absl::Status CancelFetchRun(const std::string& name, const CallScope&) override { return fakes_.Cancel(name); }
  absl::StatusOr<clients::SnapshotInfo> CreateSnapshot(const clients::SnapshotSpec& spec, const std::string& request_id,
                                                       const CallScope&) override {
    BF_ASSIGN_OR_RETURN(
        std::string name,
        fakes_.Create("snapshots", request_id, fmt::format("{} of {}", fmt::join(spec.symbols, ","), spec.source)));
    clients::SnapshotInfo info;
    info.name = std::move(name);
    return info;
  }
  absl::StatusOr<clients::SnapshotInfo> GetSnapshot(const std::string& name, const CallScope&) override {
    clients::SnapshotInfo info;
    info.name = name;
    info.content_hash = std::string(64, 'c');
    return info;
  }
  absl::StatusOr<clients::QualityReport> GetQualityReport(const std::string& snapshot, const CallScope&) override {
    BF_ASSIGN_OR_RETURN(const FakeServices::Run run, fakes_.Get(snapshot));
    clients::QualityReport report;
    report.name = "qualityReports/" + snapshot.substr(snapshot.find('/') + 1);
    report.snapshot = snapshot;
    report.series.emplace_back();
    report.series[0].key.symbol = "AAPL";
    if (run.status.state == RunState::kFailed) {
      report.series[0].findings = {{.check = "ohlc_order", .severity = clients::Severity::kWarning, .message = "meh"},
                                   {.check = "gaps", .severity = clients::Severity::kError, .message = "9 missing"}};
    }
    return report;
  }
  absl::StatusOr<std::vector<quant::Series>> Read(const clients::ReadQuery&, const CallScope&) override {
    return absl::UnimplementedError("not asked for by steps");
  }
  absl::Status ReadEach(const clients::ReadQuery&, const std::function<absl::Status(quant::Series)>&,
                        const CallScope&) override {
    return absl::UnimplementedError("not asked for by steps");
  }

 private:
  FakeServices& fakes_;
};

class FakeSignal final : public clients::SignalClient {
 public:
  explicit FakeSignal(FakeServices& fakes) : fakes_(fakes) {}
  absl::StatusOr<std::string> CreateSignalRun(const clients::SignalSpec& spec, const std::string& request_id,
                                              const CallScope&) override {
    return fakes_.Create("signalRuns", request_id,
                         fmt::format("{} {} {}", spec.snapshot, spec.model, Text(spec.strategy)));
  }
  absl::StatusOr<clients::SignalRun> GetSignalRun(const std::string& name, const CallScope&) override {
    BF_ASSIGN_OR_RETURN(FakeServices::Run run, fakes_.Get(name));
    clients::SignalRun signal;
    signal.status = run.status;
    return signal;
  }
  absl::Status CancelSignalRun(const std::string& name, const CallScope&) override { return fakes_.Cancel(name); }
  absl::StatusOr<std::vector<quant::Series>> ReadSignals(const std::string&, const std::vector<std::string>&,
                                                         const CallScope&) override {
    return absl::UnimplementedError("not asked for by steps");
  }

 private:
  FakeServices& fakes_;
};

class FakeTraining final : public clients::TrainingClient {
 public:
  explicit FakeTraining(FakeServices& fakes) : fakes_(fakes) {}
  absl::StatusOr<std::string> CreateTrainingRun(const clients::TrainingSpec& spec, const std::string& request_id,
                                                const CallScope&) override {
    return fakes_.Create("trainingRuns", request_id, fmt::format("{} {}", spec.snapshot, Text(spec.model)));
  }
  absl::StatusOr<RunStatus> GetTrainingRun(const std::string& name, const CallScope&) override {
    BF_ASSIGN_OR_RETURN(FakeServices::Run run, fakes_.Get(name));
    if (run.status.state == RunState::kSucceeded) run.status.result = "models/" + name.substr(name.find('/') + 1);
    return run.status;
  }
  absl::Status CancelTrainingRun(const std::string& name, const CallScope&) override { return fakes_.Cancel(name); }
  absl::StatusOr<clients::ModelInfo> GetModel(const std::string&, bool, const CallScope&) override {
    return absl::UnimplementedError("not asked for by steps");
  }
  absl::StatusOr<std::vector<double>> Predict(const std::string&, const std::string&, std::span<const double>,
                                              const CallScope&) override {
    return absl::UnimplementedError("not asked for by steps");
  }

 private:
  FakeServices& fakes_;
};

class FakeBacktest final : public clients::BacktestClient {
 public:
  explicit FakeBacktest(FakeServices& fakes) : fakes_(fakes) {}
  absl::StatusOr<std::string> CreateBacktestRun(const clients::BacktestSpec& spec, const std::string& request_id,
                                                const CallScope&) override {
    return fakes_.Create("backtestRuns", request_id,
                         fmt::format("{} {} {}", spec.snapshot, spec.signal_run, Text(spec.engine)));
  }
  absl::StatusOr<clients::BacktestRun> GetBacktestRun(const std::string& name, const CallScope&) override {
    BF_ASSIGN_OR_RETURN(FakeServices::Run run, fakes_.Get(name));
    clients::BacktestRun backtest;
    backtest.status = run.status;
    backtest.digest = std::string(64, 'd');
    return backtest;
  }
  absl::Status CancelBacktestRun(const std::string& name, const CallScope&) override { return fakes_.Cancel(name); }
  absl::StatusOr<std::vector<clients::BacktestTrade>> ListTrades(const std::string&, const CallScope&) override {
    return absl::UnimplementedError("not asked for by steps");
  }
  absl::StatusOr<quant::Series> ReadEquityCurve(const std::string&, const CallScope&) override {
    return absl::UnimplementedError("not asked for by steps");
  }
  absl::StatusOr<std::string> GetReportHtml(const std::string&, const std::vector<clients::BacktestReportSection>&,
                                            const CallScope&) override {
    return absl::UnimplementedError("not asked for by steps");
  }

 private:
  FakeServices& fakes_;
};

constexpr char kCreate[] = R"sql(
INSERT INTO run (request_id, collection, spec, state) VALUES ($1, $2, $3, $4)
ON CONFLICT (request_id) DO UPDATE SET submits = run.submits + 1
RETURNING collection || '/' || number, spec)sql";

}  // namespace

struct FakeServices::Clients {
  explicit Clients(FakeServices& fakes) : data(fakes), signal(fakes), training(fakes), backtest(fakes) {}
  FakeData data;
  FakeSignal signal;
  FakeTraining training;
  FakeBacktest backtest;
};

FakeServices::FakeServices(const std::string& url)
    : database_(Open(url, "fake", FakeMigrations())), clients_(std::make_unique<Clients>(*this)) {
  services_ =
      std::make_unique<Services>(Services{clients_->data, clients_->signal, clients_->training, clients_->backtest});
}

FakeServices::~FakeServices() = default;

absl::StatusOr<std::string> FakeServices::Create(const std::string& collection, const std::string& request_id,
                                                 const std::string& spec) {
  std::string what = "succeed", name, known_spec;
  BF_RETURN_IF_ERROR(database_->Transact([&](postgres::Transaction& tx) -> absl::Status {
    BF_ASSIGN_OR_RETURN(
        const postgres::Rows behaviour,
        tx.Query("UPDATE behaviour SET calls = calls + 1 WHERE collection = $1 RETURNING what", {collection}));
    if (!behaviour.empty()) what = behaviour[0].Text(0);
    if (what == "unavailable") return absl::OkStatus();
    const int64_t state = what == "succeed" ? 3 : what == "fail" ? 4 : 2;
    BF_ASSIGN_OR_RETURN(const postgres::Rows rows, tx.Query(kCreate, {request_id, collection, spec, state}));
    name = rows[0].Text(0);
    known_spec = rows[0].Text(1);
    return absl::OkStatus();
  }));
  if (what == "unavailable") return absl::UnavailableError(collection + " is down");
  if (what == "crash") std::raise(SIGKILL);
  if (known_spec != spec) return base::MakeError(absl::StatusCode::kInvalidArgument, "REQUEST_ID_REUSED", spec);
  return name;
}

absl::StatusOr<FakeServices::Run> FakeServices::Get(const std::string& name) {
  Run run;
  BF_RETURN_IF_ERROR(database_->Transact([&](postgres::Transaction& tx) -> absl::Status {
    BF_ASSIGN_OR_RETURN(
        const postgres::Rows rows,
        tx.Query("SELECT state, progress, error, spec FROM run WHERE collection || '/' || number = $1", {name}));
    if (rows.empty()) return absl::NotFoundError("no run " + name);
    run.status.name = name;
    run.status.state = static_cast<RunState>(rows[0].Int(0));
    run.status.progress = rows[0].Double(1);
    run.status.stage = rows[0].Text(2);
    run.spec = rows[0].Text(3);
    if (run.status.state == RunState::kFailed) {
      run.status.error = base::MakeError(absl::StatusCode::kInternal, "BROKE", "it broke");
    }
    return absl::OkStatus();
  }));
  return run;
}

absl::Status FakeServices::Cancel(const std::string& name) {
  return database_->Transact([&](postgres::Transaction& tx) {
    return tx
        .Execute(
            "UPDATE run SET cancels = cancels + 1, state = CASE WHEN state < 3 THEN 5 ELSE state END "
            "WHERE collection || '/' || number = $1",
            {name})
        .status();
  });
}

absl::StatusOr<int64_t> FakeRegistry::AnnounceComponents(const std::string&,
                                                         const std::vector<component::Announcement>&,
                                                         const CallScope&) {
  return absl::UnimplementedError("not asked for by pipelines");
}

absl::StatusOr<std::vector<clients::RegisteredComponent>> FakeRegistry::ListComponents(const std::string&,
                                                                                       const CallScope&) {
  if (!reachable) return absl::UnavailableError("the registry is down");
  clients::RegisteredComponent strategy;
  strategy.info.kind = "strategy";
  strategy.params = {component::DoubleParam("buy_above", 0.55, 0.5, 1, "", "")};
  std::vector<clients::RegisteredComponent> all;
  for (const std::string& name : strategies) {
    strategy.info.name = name;
    all.push_back(strategy);
  }
  return all;
}

TestOrchestrator::TestOrchestrator(const std::string& url, bool work)
    : database_(Open(url, "orchestrator", OrchestratorMigrations())),
      fakes_(url),
      store_(*database_),
      steps_(store_, StepCatalog(), fakes_.services(), clock_,
             {.poll_first = absl::Milliseconds(5), .poll_most = absl::Milliseconds(20)}),
      runner_(*database_, {.workers = 6,
                           .lease = absl::Seconds(2),
                           .heartbeat = absl::Milliseconds(300),
                           .rescue_interval = absl::Milliseconds(300),
                           .poll_interval = absl::Milliseconds(100)}),
      pipelines_(store_, StepCatalog(), registry_, runner_, clock_) {
  steps_.HandleJobs(runner_);
  if (work) Must(runner_.Start());
}

PipelineRun TestOrchestrator::WaitForEnd(const std::string& run_id) {
  for (const absl::Time until = absl::Now() + absl::Seconds(60);;) {
    absl::StatusOr<PipelineRun> run = pipelines_.Get(run_id, absl::InfiniteFuture());
    Must(run.status());
    if (jobs::IsTerminal(Summarize(*run).state)) return *std::move(run);
    if (absl::Now() > until) Must(absl::DeadlineExceededError("the run does not end: " + Summarize(*run).stage));
    absl::SleepFor(absl::Milliseconds(10));
  }
}

std::string TestOrchestrator::WaitForResource(const std::string& run_id, const std::string& step) {
  for (const absl::Time until = absl::Now() + absl::Seconds(60);;) {
    absl::StatusOr<PipelineRun> run = pipelines_.Get(run_id, absl::InfiniteFuture());
    Must(run.status());
    const StepRun& found = run->steps[*FindStep(run->pipeline, step)];
    if (!found.resource.empty()) return found.resource;
    if (absl::Now() > until) Must(absl::DeadlineExceededError("the step does not start: " + step));
    absl::SleepFor(absl::Milliseconds(10));
  }
}

Pipeline DemoPipeline() {
  const auto step = [](std::string id, std::string kind, component::RawParams params,
                       std::map<std::string, std::string> inputs) {
    return Step{std::move(id), std::move(kind), std::move(params), std::move(inputs), {}};
  };
  return {"demo",
          "",
          {step("fetch", "fetch",
                {{"symbols", "AAPL,MSFT"}, {"start", "2018-01-01"}, {"end", "2019-01-01"}, {"source.seed", int64_t{7}}},
                {}),
           step("check", "snapshot", {}, {{"fetch_run", "fetch.fetch_run"}}),
           step("train", "train", {{"model.trees", int64_t{10}}}, {{"snapshot", "check.snapshot"}}),
           step("signals", "signals", {{"strategy", "ml_model"}},
                {{"snapshot", "check.snapshot"}, {"model", "train.model"}}),
           step("backtest", "backtest", {{"engine.slippage_bps", 1.5}},
                {{"snapshot", "check.snapshot"}, {"signal_run", "signals.signal_run"}})}};
}

}  // namespace breadthflow::orchestrator
