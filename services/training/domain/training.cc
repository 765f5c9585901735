#include "services/training/domain/training.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/status.h"
#include "common/quant/features/feature_set.h"
#include "common/quant/model/predictor.h"

namespace breadthflow::training {
namespace {

// A fit on all rows costs more than one on the earlier part: where the bar stands between the two.
constexpr double kFirstFitShare = 0.4;

absl::Status CheckBars(const std::vector<quant::Series>& bars) {
  base::Violations violations;
  for (const quant::Series& series : bars) {
    if (series.key.timeframe != bars.front().key.timeframe)
      violations.Add(series.key.symbol,
                     fmt::format("has {} bars, {} has {}", quant::ToText(series.key.timeframe), bars.front().key.symbol,
                                 quant::ToText(bars.front().key.timeframe)));
    if (series.basis != bars.front().basis)
      violations.Add(series.key.symbol, fmt::format("has price basis {}, {} has {}", quant::ToText(series.basis),
                                                    bars.front().key.symbol, quant::ToText(bars.front().basis)));
  }
  return violations.ToStatus("bars to train on", "MIXED_BARS");
}

FitOptions Part(const FitOptions& options, double from, double to) {
  if (!options.progress) return options;
  return {options.cancel, [whole = options.progress, from, to](double share) { whole(from + share * (to - from)); }};
}

quant::Artefact MakeArtefact(const TrainingSpec& spec, const quant::FeatureSet& features, Fitted fitted) {
  quant::Artefact artefact;
  artefact.model_type = spec.model.name;
  artefact.feature_set = features.name();
  artefact.schema_hash = features.schema_hash();
  artefact.columns = features.ColumnNames();
  artefact.objective = fitted.objective;
  artefact.base_margin = fitted.base_margin;
  artefact.trees = std::move(fitted.trees);
  return artefact;
}

absl::StatusOr<std::vector<double>> Predict(const quant::Artefact& artefact, const quant::Matrix& rows) {
  BF_ASSIGN_OR_RETURN(const quant::Predictor predictor, quant::Predictor::Make(artefact));
  std::vector<float> margins(rows.size());
  predictor.Margins(rows.values, margins);
  std::vector<double> probabilities(rows.size());
  std::transform(margins.begin(), margins.end(), probabilities.begin(), quant::Probability);
  return probabilities;
}

std::vector<std::pair<std::string, double>> Importances(const std::vector<std::string>& columns,
                                                        const std::vector<double>& gain) {
  const double total = std::accumulate(gain.begin(), gain.end(), 0.0);
  std::vector<std::pair<std::string, double>> shares;
  for (size_t i = 0; i < columns.size(); ++i) shares.emplace_back(columns[i], total > 0 ? gain[i] / total : 0.0);
  std::stable_sort(shares.begin(), shares.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  return shares;
}

std::string CanonicalParams(const component::RawParams& params) {
  std::vector<std::string> pairs;
  for (const auto& [name, value] : params) pairs.push_back(fmt::format("{}={}", name, component::ToText(value)));
  return fmt::format("{}", fmt::join(pairs, ","));
}

void Describe(const TrainingSpec& spec, const quant::Matrix& rows, const Split& split, quant::PriceBasis basis,
              quant::Artefact& artefact) {
  auto& about = artefact.metadata;
  about["holdout_rows"] = std::to_string(split.holdout.size());
  about["holdout_start_ns"] = std::to_string(split.holdout_start_ns);
  about["horizon_bars"] = std::to_string(spec.horizon_bars);
  about["params"] = CanonicalParams(spec.model.params);
  about["price_basis"] = quant::ToText(basis);
  about["purge_bars"] = std::to_string(spec.purge_bars);
  about["rows"] = std::to_string(rows.size());
  about["snapshot"] = spec.snapshot;
  about["symbols"] = fmt::format("{}", fmt::join(rows.symbols, ","));
}

}  // namespace

int64_t ValidFrom(int64_t cut_off_ns, int purge_bars, quant::Timeframe timeframe, const quant::Calendar& calendar) {
  constexpr double kSessionHours = 6.5;
  constexpr int64_t kDayAndHalfNs = int64_t{36} * 3600 * 1'000'000'000;
  int sessions = purge_bars;
  if (timeframe == quant::Timeframe::kWeek) sessions *= 5;
  if (timeframe == quant::Timeframe::kMonth) sessions *= 21;
  if (const absl::Duration length = quant::IntradayLength(timeframe); length > absl::ZeroDuration())
    sessions = static_cast<int>(std::ceil(purge_bars * absl::ToDoubleHours(length) / kSessionHours));
  int64_t time = cut_off_ns;
  for (int i = 0; i < sessions; ++i) {
    const quant::Session* next = calendar.FirstClosingAfter(time);
    time = next != nullptr ? next->close_ns : time + kDayAndHalfNs;
  }
  return time;
}

absl::StatusOr<quant::Matrix> MakeRows(const TrainingSpec& spec, const std::vector<quant::Series>& bars) {
  BF_RETURN_IF_ERROR(CheckBars(bars));
  BF_ASSIGN_OR_RETURN(const quant::FeatureSet* features, quant::FindFeatureSet(spec.feature_set));
  std::vector<quant::SymbolSamples> samples;
  for (const quant::Series& series : bars) {
    quant::SymbolSamples sample;
    BF_ASSIGN_OR_RETURN(sample.features, features->Compute(series));
    BF_ASSIGN_OR_RETURN(sample.labels, quant::ForwardLabels(series, spec.Label()));
    samples.push_back(std::move(sample));
  }
  return quant::JoinSamples(samples);
}

absl::StatusOr<TrainedModel> TrainModel(const TrainingSpec& spec, const std::vector<quant::Series>& bars,
                                        const Trainer& trainer, const FitOptions& options) {
  BF_ASSIGN_OR_RETURN(const quant::FeatureSet* features, quant::FindFeatureSet(spec.feature_set));
  BF_ASSIGN_OR_RETURN(const quant::Matrix rows, MakeRows(spec, bars));
  BF_ASSIGN_OR_RETURN(const Split split, SplitByTime(rows, spec.holdout_share, spec.purge_bars));
  BF_RETURN_IF_ERROR(options.cancel.Check());
  const int64_t cut_off = *std::max_element(rows.exit.begin(), rows.exit.end());
  const int64_t valid_from = ValidFrom(cut_off, spec.purge_bars, bars.front().key.timeframe, quant::Xnys());

  TrainedModel model;
  {
    const quant::Matrix train = rows.Select(split.train);
    const quant::Matrix holdout = rows.Select(split.holdout);
    BF_ASSIGN_OR_RETURN(Fitted fitted, trainer.Fit(train, Part(options, 0, kFirstFitShare)));
    quant::Artefact scored = MakeArtefact(spec, *features, std::move(fitted));
    scored.cut_off_ns = split.holdout_start_ns - 1;
    scored.valid_from_ns = split.holdout_start_ns;
    BF_ASSIGN_OR_RETURN(const std::vector<double> on_train, Predict(scored, train));
    BF_ASSIGN_OR_RETURN(const std::vector<double> on_holdout, Predict(scored, holdout));
    model.scores = Evaluate({on_train, train.target, train.outcome}, {on_holdout, holdout.target, holdout.outcome});
  }
  BF_ASSIGN_OR_RETURN(Fitted fitted, trainer.Fit(rows, Part(options, kFirstFitShare, 1)));
  model.importances = Importances(rows.columns, fitted.gain);
  model.artefact = MakeArtefact(spec, *features, std::move(fitted));
  model.artefact.cut_off_ns = cut_off;
  model.artefact.valid_from_ns = valid_from;
  model.rows = static_cast<int64_t>(rows.size());
  Describe(spec, rows, split, bars.front().basis, model.artefact);
  BF_RETURN_IF_ERROR(quant::CheckArtefact(model.artefact));
  return model;
}

}  // namespace breadthflow::training
