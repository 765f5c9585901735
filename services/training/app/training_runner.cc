#include "services/training/app/training_runner.h"

#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/hash.h"
#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/clients/bars.h"
#include "common/quant/model/artefact.h"
#include "services/training/domain/training.h"

namespace breadthflow::training {
namespace {

constexpr char kMethod[] = "training.v1.TrainingService/CreateTrainingRun";

// Where the bar stands between reading and training.
constexpr double kReadShare = 0.1;

Model Record(std::string id, const TrainingSpec& spec, TrainedModel trained) {
  Model model;
  model.id = std::move(id);
  model.spec = spec;
  model.cut_off_ns = trained.artefact.cut_off_ns;
  model.valid_from_ns = trained.artefact.valid_from_ns;
  model.features = trained.artefact.columns;
  model.schema_hash = trained.artefact.schema_hash;
  model.scores = std::move(trained.scores);
  model.importances = std::move(trained.importances);
  model.rows = trained.rows;
  model.artefact = quant::EncodeArtefact(trained.artefact);
  model.artefact_hash = base::Sha256HexOf(model.artefact);
  return model;
}

}  // namespace

absl::StatusOr<TrainingSpec> TrainingRunner::Check(TrainingSpec spec, base::Violations found) const {
  const absl::StatusOr<const ModelEntry*> entry = models_.Find(spec.model.name);
  if (entry.ok()) spec.model.params.try_emplace("threads", int64_t{threads_});
  return Complete(std::move(spec), entry.ok() ? &(*entry)->params : nullptr, entry.status(), std::move(found));
}

absl::StatusOr<std::string> TrainingRunner::Submit(TrainingSpec spec, const Submitter& submitter,
                                                   base::Violations found) {
  // Of what the caller sent: defaults and threads are this process's, and may be others at the next try.
  const std::string fingerprint = Fingerprint(spec);
  BF_ASSIGN_OR_RETURN(spec, Check(std::move(spec), std::move(found)));
  BF_ASSIGN_OR_RETURN(const ModelEntry* entry, models_.Find(spec.model.name));
  jobs::NewJob job;
  job.id = base::NewUuid(clock_.Now());
  job.kind = kJobKind;
  job.principal = submitter.principal;
  job.traceparent = submitter.traceparent;
  const jobs::SubmitKey key = {submitter.principal, kMethod, submitter.request_id, fingerprint};
  return store_.Submit(key, job, spec, entry->info.version, submitter.deadline);
}

absl::StatusOr<std::vector<quant::Series>> TrainingRunner::ReadBars(const TrainingSpec& spec,
                                                                    jobs::JobContext& context) {
  clients::ReadQuery query;
  query.snapshot = spec.snapshot;
  query.symbols = spec.symbols;
  if (spec.range) query.range = *spec.range;
  clients::CallScope scope;
  scope.traceparent = context.job().traceparent;
  scope.cancel = context.cancel();
  std::vector<quant::Series> bars;
  // Asked for and not yet seen with bars.
  std::set<std::string> without(spec.symbols.begin(), spec.symbols.end());
  const auto keep = [&](quant::Series series) -> absl::Status {
    if (series.empty()) {
      without.insert(series.key.symbol);
    } else {
      without.erase(series.key.symbol);
      bars.push_back(std::move(series));
    }
    return absl::OkStatus();
  };
  BF_RETURN_IF_ERROR(clients::ReadEachBars(data_, query, keep, scope));
  if (without.empty() && !bars.empty()) return bars;
  base::Violations violations;
  for (const std::string& symbol : without) violations.Add(symbol, "has no bars in the range");
  return base::MakeError(absl::StatusCode::kNotFound,
                         fmt::format("{} symbols of {} have no bars in the range", without.size(), spec.snapshot),
                         {.reason = "NO_BARS", .violations = violations.list()});
}

absl::StatusOr<jobs::Effects> TrainingRunner::Run(jobs::JobContext& context) {
  context.Progress(0, "reading bars");
  BF_ASSIGN_OR_RETURN(const TrainingRun run, store_.GetRun(context.job().id, absl::InfiniteFuture()));
  BF_ASSIGN_OR_RETURN(const ModelEntry* entry, models_.Find(run.spec.model.name));
  BF_ASSIGN_OR_RETURN(const component::Params params, component::Params::Check(entry->params, run.spec.model.params));
  BF_ASSIGN_OR_RETURN(const std::vector<quant::Series> bars, ReadBars(run.spec, context));

  context.Progress(kReadShare, "training");
  FitOptions options;
  options.cancel = context.cancel();
  options.progress = [&context](double share) { context.Progress(kReadShare + share * (1 - kReadShare), "training"); };
  BF_ASSIGN_OR_RETURN(TrainedModel trained, TrainModel(run.spec, bars, *entry->make(params), options));
  return TrainingStore::SaveModel(Record(run.id, run.spec, std::move(trained)));
}

}  // namespace breadthflow::training
