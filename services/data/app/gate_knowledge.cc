#include "services/data/app/gate_knowledge.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "common/base/status.h"
#include "services/data/app/stored_splits.h"

namespace breadthflow::data {
namespace {

constexpr size_t kMostSteps = 32;  // that are looked for among the stored rows

absl::StatusOr<std::vector<int64_t>> Accepted(SeriesStore& store, const quant::SeriesKey& key,
                                              std::span<const LevelStep> steps, absl::Time deadline) {
  std::vector<int64_t> accepted;
  if (steps.empty() || steps.size() > kMostSteps) return accepted;
  const absl::StatusOr<columnar::SeriesHead> head = store.chunks().Head(key, {.deadline = deadline});
  if (absl::IsNotFound(head.status())) return accepted;
  BF_RETURN_IF_ERROR(head.status());
  for (const LevelStep& step : steps) {
    const columnar::ReadOptions options{.range = {step.before_ns, step.time_ns + 1},
                                        .version = head->version,
                                        .columns = {"close"},
                                        .deadline = deadline};
    BF_ASSIGN_OR_RETURN(const quant::Series stored, store.chunks().Read(key, options));
    const std::span<const double> close = stored.Doubles("close");
    if (close.size() < 2 || close.size() != stored.size()) continue;
    if (stored.times.front() != step.before_ns || stored.times.back() != step.time_ns) continue;
    if (close.front() == step.before_close && close.back() == step.close) accepted.push_back(step.time_ns);
  }
  std::sort(accepted.begin(), accepted.end());
  return accepted;
}

}  // namespace

absl::StatusOr<GateKnowledge> KnowledgeForGate(SeriesStore& store, const quant::Series& rows, const PriceAnchors& said,
                                               std::span<const LevelStep> steps, absl::Time deadline) {
  GateKnowledge known{.anchors = said};
  if (known.anchors.empty() && rows.basis == quant::PriceBasis::kSplitAdjusted) {
    BF_ASSIGN_OR_RETURN(const auto stored, store.anchors().Find({rows.key}, absl::InfiniteFuture(), deadline));
    if (!stored.empty()) known.anchors = stored.begin()->second.anchors;
  }
  BF_ASSIGN_OR_RETURN(known.splits, StoredSplits(store, rows, deadline));
  BF_ASSIGN_OR_RETURN(known.accepted, Accepted(store, rows.key, steps, deadline));
  return known;
}

}  // namespace breadthflow::data
