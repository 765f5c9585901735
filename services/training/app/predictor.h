#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "common/quant/model/predictor.h"
#include "services/training/store/training_store.h"

namespace breadthflow::training {

// Answers with stored models. Keeps the last few that were asked for ready to run: models never change. Thread-safe.
class ModelPredictor {
 public:
  static constexpr size_t kMaxRows = 100'000;

  // `store` must outlive it.
  explicit ModelPredictor(TrainingStore& store, size_t kept = 16) : store_(store), kept_(kept) {}

  // One probability per row of `values` (row-major, one finite value per feature of the model). NOT_FOUND
  // `MODEL_NOT_FOUND`; FAILED_PRECONDITION `FEATURE_SCHEMA_MISMATCH` if `schema_hash` is not the model's;
  // INVALID_ARGUMENT `INVALID_ROWS` for no rows, too many, an incomplete one, or values that are not finite (the first
  // 100 are named); DATA_LOSS if the stored artefact is damaged.
  absl::StatusOr<std::vector<double>> Predict(const std::string& model_id, const std::string& schema_hash,
                                              std::span<const double> values, absl::Time deadline);

 private:
  using Shared = std::shared_ptr<const quant::Predictor>;
  absl::StatusOr<Shared> Load(const std::string& model_id, absl::Time deadline);

  TrainingStore& store_;
  const size_t kept_;
  absl::Mutex mutex_;
  std::list<std::pair<std::string, Shared>> recent_ ABSL_GUARDED_BY(mutex_);  // latest first
};

}  // namespace breadthflow::training
