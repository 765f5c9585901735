#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace breadthflow::training {

// Predictions of one set of rows next to what happened. All spans have the same length.
struct Scored {
  std::span<const double> probability;  // of class 1, in [0, 1]
  std::span<const int32_t> target;      // 0 or 1
  std::span<const double> outcome;      // forward return
};

// One score, on the rows fitted and on the rows held out. `baseline` is what knowing only the training classes would
// score on the held-out rows: their majority for accuracy, their share for log-loss and Brier score, chance for AUC.
struct Score {
  std::string name;
  double train = 0;
  double holdout = 0;
  std::optional<double> baseline;
  std::string description;
};

// Mean of -ln(probability given to what happened), natural logarithm, probabilities kept 1e-15 away from 0 and 1.
double LogLoss(const Scored& rows);
// Area under the ROC curve = chance that a row of class 1 is ranked above one of class 0, ties counting half (Hanley
// and McNeil 1982). Absent unless both classes occur.
std::optional<double> Auc(const Scored& rows);
// Share of rows whose class is the likelier one; probability 0.5 counts as class 1.
double Accuracy(const Scored& rows);
// Mean squared difference of probability and class (Brier 1950).
double Brier(const Scored& rows);
// Information coefficient: Pearson correlation of probability and forward return over all rows. Absent when either is
// constant.
std::optional<double> Ic(const Scored& rows);
// The same on ranks, ties averaged (Spearman).
std::optional<double> RankIc(const Scored& rows);

// All of the above in a fixed order: accuracy, auc, brier, ic, log_loss, rank_ic; a score that is absent on either set
// is left out. Neither set may be empty.
std::vector<Score> Evaluate(const Scored& train, const Scored& holdout);

}  // namespace breadthflow::training
