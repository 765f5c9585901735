#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "common/base/cancel.h"

namespace breadthflow::data {

// How often a write that other writers of the same series are faster than is made, the first time included.
inline constexpr int kWriteAttempts = 12;

// Before a write that has failed so often, last with `failure`, is made again: a pause of up to some seconds, longer
// each time, and of chance, so that writers who stand in each other's way part. A cancelled token ends it, with its
// error.
absl::Status PauseBeforeWrite(int failures, const absl::Status& failure, const base::CancelToken& cancel);

// Of a write that failed with `failure` at its attempt of this number, from 1: OK, after such a pause, when it is to be
// made again, since others were first (SERIES_MOVED, QUARANTINE_MOVED). Otherwise the failure; after the last attempt,
// and when another could not begin before `deadline`, with the advice to try again and after how long. A cancelled
// token ends the pause, with its error. Imports and fetches both write by it.
absl::Status WaitToWriteAgain(const absl::Status& failure, int attempt, absl::Time deadline,
                              const base::CancelToken& cancel);

}  // namespace breadthflow::data
