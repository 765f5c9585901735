#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "common/clients/registry_client.h"
#include "common/clients/run.h"
#include "common/jobs/runner.h"
#include "common/postgres/database.h"
#include "services/orchestrator/app/pipeline_runner.h"
#include "services/orchestrator/app/pipelines.h"
#include "services/orchestrator/app/steps/step.h"
#include "services/orchestrator/store/pipeline_store.h"

namespace breadthflow::orchestrator {

// The four services that steps call, kept in tables of a database, so that they outlive the process that calls them and
// tests look at them with SQL:
//   fake.run        one row per downstream run, unique by request_id; the test may change `state` and `error`
//   fake.behaviour  per collection ("fetchRuns" ...), what becomes of a new run: succeed, run, fail, unavailable (the
//                   call itself fails), or crash (the run is made, then the calling process is killed)
class FakeServices {
 public:
  // Makes the tables unless they are there.
  explicit FakeServices(const std::string& url);
  ~FakeServices();
  const Services& services() const { return *services_; }

  struct Run {
    clients::RunStatus status;
    std::string spec;  // the parts that tests look at
  };
  absl::StatusOr<std::string> Create(const std::string& collection, const std::string& request_id,
                                     const std::string& spec);
  absl::StatusOr<Run> Get(const std::string& name);
  absl::Status Cancel(const std::string& name);

 private:
  std::unique_ptr<postgres::Database> database_;
  struct Clients;
  std::unique_ptr<Clients> clients_;
  std::unique_ptr<Services> services_;
};

// Knows `strategies`, whose `buy_above` is in [0.5, 1]; or can not be reached.
class FakeRegistry final : public clients::RegistryClient {
 public:
  absl::StatusOr<int64_t> AnnounceComponents(const std::string&, const std::vector<component::Announcement>&,
                                             const clients::CallScope&) override;
  absl::StatusOr<std::vector<clients::RegisteredComponent>> ListComponents(const std::string& kind,
                                                                           const clients::CallScope&) override;
  bool reachable = true;
  std::vector<std::string> strategies = {"ml_model", "technical_analysis"};
};

// One orchestrator without its gRPC: what OrchestratorModule assembles, around the fakes, with short leases.
class TestOrchestrator {
 public:
  // Applies the migrations; starts to work unless told not to.
  explicit TestOrchestrator(const std::string& url, bool work = true);

  Pipelines& pipelines() { return pipelines_; }
  FakeServices& fakes() { return fakes_; }
  FakeRegistry& registry() { return registry_; }
  jobs::Runner& runner() { return runner_; }

  // Waits until the run has come to an end.
  PipelineRun WaitForEnd(const std::string& run_id);
  // Waits until the step has started something, and says what.
  std::string WaitForResource(const std::string& run_id, const std::string& step);

 private:
  base::SystemClock clock_;
  std::unique_ptr<postgres::Database> database_;
  FakeServices fakes_;
  FakeRegistry registry_;
  PipelineStore store_;
  PipelineRunner steps_;
  jobs::Runner runner_;
  Pipelines pipelines_;
};

// fetch -> check (snapshot) -> train -> signals -> backtest, as in config/pipelines/demo.yaml.
Pipeline DemoPipeline();

}  // namespace breadthflow::orchestrator
