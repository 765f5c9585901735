#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"

#include "common/quant/features/matrix.h"

namespace breadthflow::training {

// Rows of a matrix to fit on and rows to score on, both ascending. Every training decision and the whole window of its
// label lie before the first held-out decision.
struct Split {
  std::vector<uint32_t> train;
  std::vector<uint32_t> holdout;
  int64_t holdout_start_ns = 0;  // first held-out decision
  size_t purged = 0;             // rows in neither, because their label reaches into the held-out period
};

// Splits by time: the latest `holdout_share` of the distinct UTC dates, all symbols together, are held out; the
// `purge_bars` distinct times before them are dropped, and so is any earlier row whose label ends at or after the first
// held-out decision (a symbol with missing bars). A random split of overlapping labels scores .67 on a random walk.
// No embargo is needed: no training row follows a held-out one.
//
// FAILED_PRECONDITION `TOO_FEW_ROWS` when fewer than 50 training rows or 20 held-out rows are left, or the training
// rows are of one class; the message has the counts.
absl::StatusOr<Split> SplitByTime(const quant::Matrix& rows, double holdout_share, int purge_bars);

}  // namespace breadthflow::training
