#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/clients/data_client.h"
#include "common/jobs/runner.h"
#include "services/training/domain/records.h"
#include "services/training/domain/trainer.h"
#include "services/training/domain/training_spec.h"
#include "services/training/store/training_store.h"

namespace breadthflow::training {

// Who asks for a run, and on whose behalf.
struct Submitter {
  std::string principal;
  std::string request_id;  // a UUID, or empty
  std::string traceparent;
  absl::Time deadline = absl::InfiniteFuture();
};

// Training runs: takes them in, does them, answers for them. Thread-safe.
class TrainingRunner {
 public:
  static constexpr const char* kJobKind = "training";

  // `threads` is what a run uses when its parameters do not say. Everything lent must outlive the runner.
  TrainingRunner(TrainingStore& store, clients::DataClient& data, const component::Catalog<ModelEntry>& models,
                 const base::Clock& clock, int threads)
      : store_(store), data_(data), models_(models), clock_(clock), threads_(threads) {}

  // Checks everything that can be known without the data and completes the spec. INVALID_ARGUMENT
  // `INVALID_TRAINING_SPEC` with every violation; `found` are those that were seen while the request was read.
  absl::StatusOr<TrainingSpec> Check(TrainingSpec spec, base::Violations found = {}) const;

  // Checks the spec and enqueues the run; returns its id. The same request_id gives the same id. INVALID_ARGUMENT
  // `INVALID_TRAINING_SPEC`, `REQUEST_ID_REUSED`.
  absl::StatusOr<std::string> Submit(TrainingSpec spec, const Submitter& submitter, base::Violations found = {});

  // The work of one job: reads the bars, trains, and leaves the model to be written with the job's end. Bars, features
  // and labels are read from the snapshot that the run names, so another attempt gives the same model.
  // Errors: those of the data service; NOT_FOUND `NO_BARS` with every symbol that has none; those of TrainModel.
  absl::StatusOr<jobs::Effects> Run(jobs::JobContext& context);

 private:
  absl::StatusOr<std::vector<quant::Series>> ReadBars(const TrainingSpec& spec, jobs::JobContext& context);

  TrainingStore& store_;
  clients::DataClient& data_;
  const component::Catalog<ModelEntry>& models_;
  const base::Clock& clock_;
  const int threads_;
};

}  // namespace breadthflow::training
