#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"

#include "common/jobs/job.h"
#include "services/training/domain/evaluation.h"
#include "services/training/domain/training_spec.h"

namespace breadthflow::training {

// A training run as it is kept: what was asked, and the job of the same id.
struct TrainingRun {
  std::string id;
  TrainingSpec spec;  // complete
  jobs::Job job;
  bool has_model = false;  // its id is that of the run
};

// A model as it is kept. Immutable.
struct Model {
  std::string id;  // that of its training run
  TrainingSpec spec;
  int version = 0;  // from 1, by spec.model_name
  int64_t cut_off_ns = 0;
  int64_t valid_from_ns = 0;
  std::vector<std::string> features;
  std::string schema_hash;
  std::vector<Score> scores;
  std::vector<std::pair<std::string, double>> importances;
  int64_t rows = 0;
  std::string artefact_hash;  // SHA-256, hexadecimal
  std::string artefact;       // empty unless asked for
  absl::Time create_time;
};

}  // namespace breadthflow::training
