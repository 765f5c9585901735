#include <span>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/bar.h"
#include "common/quant/indicators/catalog.h"
#include "common/quant/strategies/strategy.h"

namespace breadthflow::quant {
namespace {

constexpr size_t kRowsBetweenCancelChecks = 1024;

void AddCopy(Series& frame, const char* name, std::span<const double> values) {
  frame.Add(name, std::vector<double>(values.begin(), values.end()));
}

absl::Status AddIndicator(Series& frame, const component::ComponentRef& ref, const BarColumns& bars) {
  BF_ASSIGN_OR_RETURN(const IndicatorEntry* entry, Indicators().Find(ref.name));
  BF_ASSIGN_OR_RETURN(IndicatorColumns columns, ComputeIndicator(*entry, ref.params, bars));
  // Two uses of one indicator may share an output name: the position tells them apart.
  for (size_t k = 0; k < columns.size(); ++k)
    frame.Add(fmt::format("{}:{}.{}", frame.columns.size(), entry->info.name, entry->outputs[k].name),
              std::move(columns[k]));
  return absl::OkStatus();
}

// The column `name` of `extra` at the rows of the frame that have the same time; the other rows are missing.
absl::Status AddExtra(Series& frame, const std::string& name, const Series* extra) {
  const Column* source = extra == nullptr ? nullptr : extra->Find(name);
  if (source == nullptr || source->type() != ColumnType::kDouble) {
    return base::MakeError(
        absl::StatusCode::kInvalidArgument, "MISSING_COLUMN",
        fmt::format("the strategy needs a column of doubles named '{}' for {}", name, frame.key.symbol));
  }
  const auto& values = std::get<std::vector<double>>(source->values);
  Column column{.name = fmt::format("{}:{}", frame.columns.size(), name),
                .values = std::vector<double>(frame.size()),
                .valid = std::vector<bool>(frame.size())};
  auto& target = std::get<std::vector<double>>(column.values);
  size_t from = 0;
  for (size_t row = 0; row < frame.size(); ++row) {
    while (from < extra->size() && extra->times[from] < frame.times[row]) ++from;
    if (from == extra->size()) break;
    if (extra->times[from] != frame.times[row] || !source->present(from)) continue;
    target[row] = values[from];
    column.valid[row] = true;
  }
  frame.columns.push_back(std::move(column));
  return absl::OkStatus();
}

absl::StatusOr<Series> BuildFrame(const StrategyNeeds& needs, const Series& bars, const Series* extra) {
  BF_ASSIGN_OR_RETURN(const BarColumns columns, BarColumns::Of(bars));
  Series frame{.key = bars.key, .basis = bars.basis, .times = bars.times, .columns = {}};
  AddCopy(frame, "open", columns.open);
  AddCopy(frame, "high", columns.high);
  AddCopy(frame, "low", columns.low);
  AddCopy(frame, "close", columns.close);
  AddCopy(frame, "volume", columns.volume);
  for (const component::ComponentRef& ref : needs.indicators) BF_RETURN_IF_ERROR(AddIndicator(frame, ref, columns));
  for (const std::string& name : needs.extra) BF_RETURN_IF_ERROR(AddExtra(frame, name, extra));
  return frame;
}

}  // namespace

absl::StatusOr<Series> GenerateSignals(const Strategy& strategy, const Series& bars, const Series* extra,
                                       const GenerateOptions& options) {
  BF_ASSIGN_OR_RETURN(const Series frame, BuildFrame(strategy.Needs(), bars, extra));
  std::vector<int64_t> times;
  std::vector<int64_t> direction;
  std::vector<double> score;
  std::vector<std::string> reason;
  const size_t warm_up = strategy.WarmUp();
  const size_t expected = frame.size() > warm_up ? frame.size() - warm_up : 0;
  times.reserve(expected);
  direction.reserve(expected);
  score.reserve(expected);
  reason.reserve(expected);

  for (size_t row = warm_up; row < frame.size(); ++row) {
    if (row % kRowsBetweenCancelChecks == 0) BF_RETURN_IF_ERROR(options.cancel.Check());
    if (!options.range.Contains(frame.times[row])) continue;
    std::optional<Decision> decision = strategy.Decide(SeriesView(frame, row + 1));
    if (!decision) continue;
    times.push_back(frame.times[row]);
    direction.push_back(decision->direction);
    score.push_back(decision->score);
    reason.push_back(std::move(decision->reason));
  }
  SeriesKey key = bars.key;
  key.variant = options.variant;
  return SignalSeries(std::move(key), std::move(times), std::move(direction), std::move(score), std::move(reason));
}

}  // namespace breadthflow::quant
