#include "services/cli/models.h"

#include <algorithm>

#include <fmt/format.h>

#include "services/cli/values.h"

namespace breadthflow::cli {

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
