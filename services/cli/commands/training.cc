#include "absl/strings/numbers.h"

#include "common/base/text.h"
#include "services/cli/bars.h"
#include "services/cli/models.h"
#include "services/cli/rehearsal.h"
#include "services/cli/runs.h"
#include "services/cli/snapshots.h"
#include "services/cli/values.h"

namespace breadthflow::cli {
namespace {

using Stub = training::v1::TrainingService::Stub;

absl::StatusOr<training::v1::Model> GetModel(Session& session, const std::string& text) {
  training::v1::GetModelRequest request;
  BF_ASSIGN_OR_RETURN(*request.mutable_name(), ModelName(session, text));
  return session.training().Call(&Stub::GetModel, request, session.scope());
}

absl::StatusOr<training::v1::CreateTrainingRunRequest> ReadRequest(Session& session, const Arguments& arguments) {
  base::Violations violations;
  training::v1::CreateTrainingRunRequest request;
  training::v1::TrainingSpec& spec = *request.mutable_spec();
  spec.set_snapshot("snapshots/-");  // made once everything else is known to be right
  for (std::string& symbol : ParseSymbols(arguments.Text("symbols"), "--symbols", violations))
    spec.add_symbols(std::move(symbol));
  if (arguments.Has("start") || arguments.Has("end")) *spec.mutable_range() = ParseBarRange(arguments, violations);
  spec.mutable_model()->set_name(arguments.Text("model-type"));
  ParseParams(arguments, "param", *spec.mutable_model(), violations);
  spec.set_feature_set(arguments.Text("features"));
  spec.set_model_name(arguments.Text("model-name"));
  if (arguments.Has("horizon")) spec.set_horizon_bar_count(ParseCount(arguments, "horizon", 1, 250, violations));
  if (arguments.Has("holdout")) spec.set_holdout_share(ParseNumber(arguments, "holdout", violations));
  if (arguments.Has("holdout") && arguments.Text("holdout") == "0") violations.Add("--holdout", "must not be 0");
  CheckSnapshotFlags(arguments, violations);
  BF_RETURN_IF_ERROR(Rehearse(session, session.training(), &Stub::CreateTrainingRun, request,
                              {{"spec.symbols", "--symbols"},
                               {"spec.range", "--end"},
                               {"spec.model.name", "--model-type"},
                               {"spec.model.params", "--param"},
                               {"spec.feature_set", "--features"},
                               {"spec.horizon_bar_count", "--horizon"},
                               {"spec.holdout_share", "--holdout"},
                               {"spec.model_name", "--model-name"}},
                              violations));
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong flags", "USAGE"));
  return request;
}

absl::Status Train(Session& session, const Arguments& arguments) {
  BF_ASSIGN_OR_RETURN(training::v1::CreateTrainingRunRequest request, ReadRequest(session, arguments));
  BF_ASSIGN_OR_RETURN(*request.mutable_spec()->mutable_snapshot(), SnapshotFor(session, arguments));
  BF_RETURN_IF_ERROR(SayBarsOf(session, request.spec().snapshot()));
  request.set_request_id(NewRequestId());
  BF_ASSIGN_OR_RETURN(training::v1::TrainingRun run,
                      session.training().Call(&Stub::CreateTrainingRun, request, session.scope()));
  absl::Status outcome;
  if (!arguments.Switch("detach")) {
    outcome =
        FollowRun(session, session.training(), "training", &Stub::WatchTrainingRun, &Stub::CancelTrainingRun, run);
  }
  training::v1::Model model;
  if (outcome.ok() && !run.model().empty()) {
    BF_ASSIGN_OR_RETURN(model, GetModel(session, run.model()));
  }
  session.out().Result(run, [&] {
    session.out().Say(fmt::format("{}  {}", run.name(), StateText(run.job())));
    if (!model.name().empty()) DescribeModel(session.out(), model);
  });
  return outcome;
}

absl::Status List(Session& session, const Arguments& arguments) {
  base::Violations violations;
  const int limit = ParseCount(arguments, "limit", 1, 100000, violations);
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong flags", "USAGE"));
  training::v1::ListModelsRequest request;
  request.set_model_name(arguments.Text("model-name"));
  training::v1::ListModelsResponse all;
  BF_RETURN_IF_ERROR(ListPages(session, session.training(), &Stub::ListModels, request, limit, [&](const auto& page) {
    all.mutable_models()->MergeFrom(page.models());
    return page.models_size();
  }));
  session.out().Result(all, [&] {
    Table table{.columns = {"model", "name", "version", "kind", "rows", "trained up to", "created"}};
    for (const training::v1::Model& model : all.models()) {
      table.rows.push_back({model.name(), model.model_name(), std::to_string(model.version()),
                            model.spec().model().name(), Grouped(model.row_count()), Day(model.cut_off_time()),
                            Instant(model.create_time())});
    }
    session.out().Show(table);
  });
  return absl::OkStatus();
}

absl::Status Show(Session& session, const Arguments& arguments) {
  BF_ASSIGN_OR_RETURN(const training::v1::Model model, GetModel(session, arguments.argument()));
  session.out().Result(model, [&] { DescribeModel(session.out(), model); });
  return absl::OkStatus();
}

absl::Status Predict(Session& session, const Arguments& arguments) {
  BF_ASSIGN_OR_RETURN(const training::v1::Model model, GetModel(session, arguments.argument()));
  base::Violations violations;
  training::v1::PredictRequest request;
  request.set_name(model.name());
  request.set_feature_schema_sha256(model.feature_schema_sha256());
  for (const std::string& row : arguments.All("row")) {
    int count = 0;
    for (const std::string_view text : base::Split(row, ",")) {
      double value = 0;
      if (!absl::SimpleAtod(std::string(text), &value))
        violations.Add("--row", fmt::format("'{}' is not a number", text));
      request.add_values(value);
      ++count;
    }
    if (count != model.features_size()) {
      violations.Add("--row", fmt::format("needs {} values, one per feature of {}, had {}", model.features_size(),
                                          model.name(), count));
    }
  }
  BF_RETURN_IF_ERROR(violations.ToStatus("wrong flags", "USAGE"));
  BF_ASSIGN_OR_RETURN(const training::v1::PredictResponse response,
                      session.training().Call(&Stub::Predict, request, session.scope()));
  session.out().Result(response, [&] {
    Table table{.columns = {"row", "probability of an upward move"}};
    for (int i = 0; i < response.probabilities_size(); ++i) {
      table.rows.push_back({std::to_string(i), fmt::format("{:.6f}", response.probabilities(i))});
    }
    session.out().Show(table);
  });
  return absl::OkStatus();
}

}  // namespace

Command TrainingTrain() {
  return {
      .group = "training",
      .verb = "train",
      .summary = "train a model on stored bars",
      .flags = {{.name = "model-type",
                 .value = "KIND",
                 .description = "see components list --kind model",
                 .required = true,
                 .component = "model"},
                SymbolsFlag(false),
                TimeframeFlag(),
                SourceFlag("bars of this source, where several have them"),
                SnapshotFlag(),
                {.name = "strategy",
                 .value = "TASK",
                 .description = "what is learnt",
                 .default_value = "classification",
                 .choices = {"classification"}},
                StartFlag("", "to learn from"),
                EndFlag("", "learnt from: the cut-off"),
                ParamFlag("model"),
                {.name = "features", .value = "SET", .description = "set of features", .default_value = "technical_v1"},
                {.name = "horizon", .value = "BARS", .description = "bars from entry to exit of the label"},
                {.name = "holdout", .value = "SHARE", .description = "last share that is held out for scores"},
                {.name = "model-name", .value = "NAME", .description = "name under which versions are counted"},
                {.name = "detach", .description = "do not wait for the end"}},
      .run = Train};
}

Command TrainingList() {
  return {.group = "training",
          .verb = "list",
          .summary = "trained models",
          .flags = {{.name = "model-name", .value = "NAME", .description = "only its versions"}, PageFlag()},
          .run = List};
}

Command TrainingShow() {
  return {.group = "training",
          .verb = "show",
          .summary = "scores and features of a model",
          .argument = "MODEL",
          .argument_default = "the newest; else NAME, NAME/VERSION, or an id",
          .run = Show};
}

Command TrainingPredict() {
  return {.group = "training",
          .verb = "predict",
          .summary = "predict for rows of features",
          .argument = "MODEL",
          .argument_default = "the newest; else NAME, NAME/VERSION, or an id",
          .flags = {{.name = "row",
                     .value = "V1,V2,...",
                     .description = "one value per feature, in the model's order",
                     .required = true,
                     .repeated = true}},
          .run = Predict};
}

}  // namespace breadthflow::cli
