#include "services/cli/models.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "services/cli/runs.h"
#include "services/cli/values.h"

namespace breadthflow::cli {

namespace {

using Stub = training::v1::TrainingService::Stub;

const auto& Models(const training::v1::ListModelsResponse& page) { return page.models(); }

}  // namespace

absl::StatusOr<std::string> ModelName(Session& session, const std::string& text) {
  const std::string id = text.rfind("models/", 0) == 0 ? text.substr(7) : text;
  if (text.empty() || text == "latest" || id.size() == 36)
    return NameOrLatest(session, session.training(), "models", text, &Stub::ListModels, Models);
  const size_t slash = id.find('/');
  const std::string name = id.substr(0, slash);
  std::string found;
  std::set<std::string> versions;  // of that name
  std::set<std::string> names;
  BF_RETURN_IF_ERROR(ListPages(session, session.training(), &Stub::ListModels, training::v1::ListModelsRequest(),
                               100000, [&](const auto& page) {
                                 for (const training::v1::Model& model : page.models()) {
                                   names.insert(model.model_name());
                                   if (model.model_name() != name) continue;
                                   const std::string version = std::to_string(model.version());
                                   versions.insert(version);
                                   const bool wanted = slash == std::string::npos || id.substr(slash + 1) == version;
                                   if (wanted && found.empty()) found = model.name();
                                 }
                                 return page.models_size();
                               }));
  if (!found.empty()) return found;
  if (versions.empty() && IsIdPrefix(id))
    return NameOrLatest(session, session.training(), "models", id, &Stub::ListModels, Models);
  const std::string known =
      versions.empty() ? names.empty() ? "there are none yet" : fmt::format("known are {}", fmt::join(names, ", "))
                       : fmt::format("versions of {} are {}", name, fmt::join(versions, ", "));
  return base::MakeError(absl::StatusCode::kNotFound, "UNKNOWN_MODEL",
                         fmt::format("there is no model '{}'; {}", text, known));
}

Table ScoreTable(const training::v1::Model& model) {
  Table table{.title = fmt::format("model {} version {}: {}, {} rows, trained up to {}, acts from {}",
                                   model.model_name(), model.version(), model.spec().model().name(),
                                   Grouped(model.row_count()), Day(model.cut_off_time()), Day(model.valid_from_time())),
              .columns = {"score", "train", "held out", "baseline"}};
  for (const training::v1::Score& score : model.scores()) {
    table.rows.push_back({score.name(), fmt::format("{:.4f}", score.train()), fmt::format("{:.4f}", score.holdout()),
                          score.has_baseline() ? fmt::format("{:.4f}", score.baseline()) : "-"});
  }
  return table;
}

void DescribeModel(Printer& out, const training::v1::Model& model) {
  out.Say(model.name());
  out.Show(ScoreTable(model));
  Table table{.columns = {"feature", "share of gain"}};
  for (int i = 0; i < std::min(10, model.importances_size()); ++i) {
    table.rows.push_back({model.importances(i).feature(), Percent(model.importances(i).gain_share())});
  }
  if (!table.rows.empty()) out.Show(table);
}

}  // namespace breadthflow::cli
