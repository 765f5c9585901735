#include "services/training/domain/evaluation.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>

#include "common/quant/stats/elementary.h"

namespace breadthflow::training {
namespace {

// Ranks from 1; equal values share the mean of theirs.
std::vector<double> Ranks(std::span<const double> values) {
  std::vector<uint32_t> order(values.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(),
            [&](uint32_t a, uint32_t b) { return values[a] < values[b] || (values[a] == values[b] && a < b); });
  std::vector<double> ranks(values.size());
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin + 1;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    const double rank = 0.5 * static_cast<double>(begin + 1 + end);
    for (size_t i = begin; i < end; ++i) ranks[order[i]] = rank;
    begin = end;
  }
  return ranks;
}

double Mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::optional<double> Correlation(std::span<const double> x, std::span<const double> y) {
  const double mean_x = Mean(x);
  const double mean_y = Mean(y);
  double xx = 0, yy = 0, xy = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double dx = x[i] - mean_x;
    const double dy = y[i] - mean_y;
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  if (!(xx > 0) || !(yy > 0)) return std::nullopt;
  return xy / (std::sqrt(xx) * std::sqrt(yy));
}

double ShareOfOnes(std::span<const int32_t> target) {
  return static_cast<double>(std::count(target.begin(), target.end(), 1)) / static_cast<double>(target.size());
}

}  // namespace

double LogLoss(const Scored& rows) {
  double sum = 0;
  for (size_t i = 0; i < rows.target.size(); ++i) {
    const double p = rows.target[i] == 1 ? rows.probability[i] : 1.0 - rows.probability[i];
    sum -= quant::stats::Log(std::clamp(p, 1e-15, 1.0 - 1e-15));
  }
  return sum / static_cast<double>(rows.target.size());
}

std::optional<double> Auc(const Scored& rows) {
  const std::vector<double> ranks = Ranks(rows.probability);
  double rank_sum = 0;
  double ones = 0;
  for (size_t i = 0; i < ranks.size(); ++i) {
    if (rows.target[i] != 1) continue;
    rank_sum += ranks[i];
    ones += 1;
  }
  const double zeros = static_cast<double>(ranks.size()) - ones;
  if (ones == 0 || zeros == 0) return std::nullopt;
  return (rank_sum - ones * (ones + 1) / 2) / (ones * zeros);
}

double Accuracy(const Scored& rows) {
  size_t right = 0;
  for (size_t i = 0; i < rows.target.size(); ++i)
    right += (rows.probability[i] >= 0.5) == (rows.target[i] == 1) ? 1 : 0;
  return static_cast<double>(right) / static_cast<double>(rows.target.size());
}

double Brier(const Scored& rows) {
  double sum = 0;
  for (size_t i = 0; i < rows.target.size(); ++i) {
    const double miss = rows.probability[i] - rows.target[i];
    sum += miss * miss;
  }
  return sum / static_cast<double>(rows.target.size());
}

std::optional<double> Ic(const Scored& rows) { return Correlation(rows.probability, rows.outcome); }

std::optional<double> RankIc(const Scored& rows) { return Correlation(Ranks(rows.probability), Ranks(rows.outcome)); }

std::vector<Score> Evaluate(const Scored& train, const Scored& holdout) {
  const double share = ShareOfOnes(train.target);
  const std::vector<double> constant(holdout.target.size(), share);
  const Scored known = {constant, holdout.target, holdout.outcome};

  std::vector<Score> scores;
  const auto add = [&](std::string_view name, std::optional<double> on_train, std::optional<double> on_holdout,
                       std::optional<double> baseline, std::string_view description) {
    if (on_train && on_holdout)
      scores.push_back({std::string(name), *on_train, *on_holdout, baseline, std::string(description)});
  };
  add("accuracy", Accuracy(train), Accuracy(holdout), Accuracy(known),
      "share of rows whose likelier class came true; baseline: always the majority of the training rows");
  add("auc", Auc(train), Auc(holdout), 0.5, "chance that a row that rose is ranked above one that did not");
  add("brier", Brier(train), Brier(holdout), Brier(known),
      "mean squared difference of probability and class; baseline: always the share of the training rows");
  add("ic", Ic(train), Ic(holdout), std::nullopt, "Pearson correlation of probability and forward return");
  add("log_loss", LogLoss(train), LogLoss(holdout), LogLoss(known),
      "mean of -ln of the probability of what happened; baseline: always the share of the training rows");
  add("rank_ic", RankIc(train), RankIc(holdout), std::nullopt,
      "Spearman correlation of probability and forward return");
  return scores;
}

}  // namespace breadthflow::training
