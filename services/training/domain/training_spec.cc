#include "services/training/domain/training_spec.h"

#include <algorithm>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "common/base/hash.h"
#include "common/base/status.h"
#include "common/component/fingerprint.h"
#include "common/quant/features/feature_set.h"

namespace breadthflow::training {
namespace {

constexpr int kMaxPurge = 500;
constexpr size_t kMaxSymbols = 5000;

bool IsModelName(std::string_view name) {
  return !name.empty() && name.size() <= 63 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

bool IsSymbol(std::string_view symbol) {
  return !symbol.empty() && symbol.size() <= 64 &&
         std::all_of(symbol.begin(), symbol.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

void CheckSymbols(const std::vector<std::string>& symbols, base::Violations& violations) {
  if (symbols.size() > kMaxSymbols)
    violations.Add("spec.symbols", fmt::format("must be at most {}, were {}", kMaxSymbols, symbols.size()));
  std::set<std::string_view> seen;
  for (size_t i = 0; i < symbols.size(); ++i) {
    const std::string field = fmt::format("spec.symbols[{}]", i);
    if (!IsSymbol(symbols[i]))
      violations.Add(field, fmt::format("must be 1 to 64 printable characters without spaces, was '{}'", symbols[i]));
    else if (!seen.insert(symbols[i]).second)
      violations.Add(field, fmt::format("{} is given more than once", symbols[i]));
  }
}

}  // namespace

absl::StatusOr<TrainingSpec> Complete(TrainingSpec spec, const std::vector<component::ParamSpec>* params,
                                      const absl::Status& unknown_model, base::Violations violations) {
  if (spec.snapshot.size() <= std::string_view("snapshots/").size() || !spec.snapshot.starts_with("snapshots/"))
    violations.Add("spec.snapshot", fmt::format("must be snapshots/{{id}}, was '{}'", spec.snapshot));
  CheckSymbols(spec.symbols, violations);
  if (spec.range && spec.range->start_ns >= spec.range->end_ns)
    violations.Add("spec.range", "must end after it starts");

  if (params == nullptr) {
    violations.Add("spec.model.name", base::Message(unknown_model));
  } else if (auto checked = component::Params::Check(*params, spec.model.params); checked.ok()) {
    spec.model.params = checked->values();
  } else {
    violations.Merge("spec.model.params", checked.status());
  }

  if (spec.feature_set.empty()) spec.feature_set = quant::TechnicalV1().name();
  if (auto found = quant::FindFeatureSet(spec.feature_set); !found.ok())
    violations.Add("spec.feature_set", base::Message(found.status()));

  if (spec.horizon_bars == 0) spec.horizon_bars = quant::LabelSpec().horizon;
  const bool has_horizon = spec.horizon_bars >= 1 && spec.horizon_bars <= 250;
  if (!has_horizon)
    violations.Add("spec.horizon_bar_count", fmt::format("must be in [1, 250], was {}", spec.horizon_bars));
  const int look_ahead = has_horizon ? spec.Label().LookAhead() : 1;
  if (spec.purge_bars == 0) spec.purge_bars = look_ahead;
  if (spec.purge_bars < look_ahead || spec.purge_bars > kMaxPurge)
    violations.Add("spec.purge_bar_count",
                   fmt::format("must be in [{}, {}] for this horizon, was {}", look_ahead, kMaxPurge, spec.purge_bars));
  if (spec.holdout_share == 0) spec.holdout_share = 0.25;
  if (!(spec.holdout_share >= 0.05 && spec.holdout_share <= 0.5))
    violations.Add("spec.holdout_share", fmt::format("must be in [0.05, 0.5], was {}", spec.holdout_share));

  if (spec.model_name.empty()) spec.model_name = spec.model.name;
  if (params != nullptr && !IsModelName(spec.model_name))
    violations.Add("spec.model_name",
                   fmt::format("must be 1 to 63 characters of a-z 0-9 _ -, was '{}'", spec.model_name));
  BF_RETURN_IF_ERROR(violations.ToStatus("training spec", "INVALID_TRAINING_SPEC"));
  return spec;
}

std::string Fingerprint(const TrainingSpec& spec) {
  base::Sha256 hash;
  hash.Text(spec.snapshot).Int(static_cast<int64_t>(spec.symbols.size()));
  for (const std::string& symbol : spec.symbols) hash.Text(symbol);
  hash.Int(spec.range ? 1 : 0);
  if (spec.range) hash.Int(spec.range->start_ns).Int(spec.range->end_ns);
  component::Append(spec.model, hash);
  hash.Text(spec.feature_set).Int(spec.horizon_bars).Double(spec.holdout_share).Int(spec.purge_bars);
  return hash.Text(spec.model_name).FinishHex();
}

}  // namespace breadthflow::training
