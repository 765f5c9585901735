#pragma once

#include <span>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/quant/series.h"
#include "services/data/domain/price_anchor.h"
#include "services/data/domain/quality/gate.h"
#include "services/data/store/series_store.h"

namespace breadthflow::data {

// What is stored that may explain what a gate finds in rows that came: the splits (StoredSplits), as of when prices
// were adjusted where the rows do not say it (`said` empty), and which of these steps are accepted: both rows are
// stored with the same closes, as after rows that were kept apart have been released. Of more than 32 steps none is:
// then nothing of them is read.
absl::StatusOr<GateKnowledge> KnowledgeForGate(SeriesStore& store, const quant::Series& rows, const PriceAnchors& said,
                                               std::span<const LevelStep> steps, absl::Time deadline);

}  // namespace breadthflow::data
