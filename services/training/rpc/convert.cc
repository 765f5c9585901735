#include "services/training/rpc/convert.h"

#include "common/rpc/convert.h"
#include "common/rpc/convert_job.h"

namespace breadthflow::training {

TrainingSpec FromProto(const v1::TrainingSpec& spec, base::Violations& violations) {
  TrainingSpec out;
  out.snapshot = spec.snapshot();
  out.symbols.assign(spec.symbols().begin(), spec.symbols().end());
  // What is reported here is left out of the spec, so that it is not found wrong a second time.
  if (spec.has_range()) {
    const size_t before = violations.list().size();
    const quant::TimeRange range = rpc::FromProto(spec.range(), /*required=*/false, "spec.range", violations);
    if (violations.list().size() == before) out.range = range;
  }
  out.model.name = spec.model().name();
  for (const auto& [name, value] : spec.model().params()) {
    const size_t before = violations.list().size();
    const component::ParamValue param = rpc::FromProto(value, "spec.model.params." + name, violations);
    if (violations.list().size() == before) out.model.params.emplace(name, param);
  }
  out.feature_set = spec.feature_set();
  out.horizon_bars = spec.horizon_bar_count();
  out.holdout_share = spec.holdout_share();
  out.purge_bars = spec.purge_bar_count();
  out.model_name = spec.model_name();
  return out;
}

v1::TrainingSpec ToProto(const TrainingSpec& spec) {
  v1::TrainingSpec out;
  out.set_snapshot(spec.snapshot);
  out.mutable_symbols()->Assign(spec.symbols.begin(), spec.symbols.end());
  if (spec.range) *out.mutable_range() = rpc::ToProto(*spec.range);
  *out.mutable_model() = rpc::ToProto(spec.model);
  out.set_feature_set(spec.feature_set);
  out.set_horizon_bar_count(spec.horizon_bars);
  out.set_holdout_share(spec.holdout_share);
  out.set_purge_bar_count(spec.purge_bars);
  out.set_model_name(spec.model_name);
  return out;
}

v1::TrainingRun ToProto(const TrainingRun& run) {
  v1::TrainingRun out;
  out.set_name("trainingRuns/" + run.id);
  *out.mutable_spec() = ToProto(run.spec);
  *out.mutable_job() = rpc::ToProto(run.job);
  if (run.has_model) out.set_model("models/" + run.id);
  return out;
}

v1::Model ToProto(const Model& model) {
  v1::Model out;
  out.set_name("models/" + model.id);
  out.set_model_name(model.spec.model_name);
  out.set_version(model.version);
  out.set_training_run("trainingRuns/" + model.id);
  *out.mutable_spec() = ToProto(model.spec);
  *out.mutable_cut_off_time() = rpc::ToProto(quant::FromNanos(model.cut_off_ns));
  *out.mutable_valid_from_time() = rpc::ToProto(quant::FromNanos(model.valid_from_ns));
  out.mutable_features()->Assign(model.features.begin(), model.features.end());
  out.set_feature_schema_sha256(model.schema_hash);
  for (const Score& score : model.scores) {
    v1::Score* to = out.add_scores();
    to->set_name(score.name);
    to->set_train(score.train);
    to->set_holdout(score.holdout);
    if (score.baseline) to->set_baseline(*score.baseline);
    to->set_description(score.description);
  }
  for (const auto& [feature, share] : model.importances) {
    v1::FeatureImportance* to = out.add_importances();
    to->set_feature(feature);
    to->set_gain_share(share);
  }
  out.set_row_count(model.rows);
  out.set_artefact_sha256(model.artefact_hash);
  out.set_artefact(model.artefact);
  *out.mutable_create_time() = rpc::ToProto(model.create_time);
  return out;
}

}  // namespace breadthflow::training
