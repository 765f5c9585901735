#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

#include "common/quant/calendar.h"
#include "common/quant/features/matrix.h"
#include "common/quant/model/artefact.h"
#include "common/quant/series.h"
#include "services/training/domain/evaluation.h"
#include "services/training/domain/split.h"
#include "services/training/domain/trainer.h"
#include "services/training/domain/training_spec.h"

namespace breadthflow::training {

// A model and everything there is to say about how it was made.
struct TrainedModel {
  quant::Artefact artefact;
  std::vector<Score> scores;                                // of the model that was fitted without the held-out rows
  std::vector<std::pair<std::string, double>> importances;  // share of the gain by feature, largest first
  int64_t rows = 0;                                         // the kept model was fitted on
};

// First instant at which predictions may be acted on: the close of the `purge_bars`-th bar after the cut-off. Days,
// weeks and months count sessions of `calendar` (a week 5, a month 21); intraday bars are counted as whole sessions
// of 6.5 hours, rounded up. Past the end of the calendar a session counts as one and a half days.
int64_t ValidFrom(int64_t cut_off_ns, int purge_bars, quant::Timeframe timeframe, const quant::Calendar& calendar);

// Rows to learn from: features of `spec.feature_set` and labels of every series, joined. All series must be bars of one
// timeframe and one price basis, else INVALID_ARGUMENT `MIXED_BARS` with each one that differs.
absl::StatusOr<quant::Matrix> MakeRows(const TrainingSpec& spec, const std::vector<quant::Series>& bars);

// Fits on the rows before the holdout, scores on both, then fits the kept model on all rows. The cut-off is the end of
// the last label's window. Errors: those of SplitByTime and of the trainer.
absl::StatusOr<TrainedModel> TrainModel(const TrainingSpec& spec, const std::vector<quant::Series>& bars,
                                        const Trainer& trainer, const FitOptions& options);

}  // namespace breadthflow::training
