#pragma once

#include <cstddef>
#include <functional>

namespace breadthflow::base {

// Calls fn(0) .. fn(count - 1) on up to `threads` threads, the caller's among them, and returns when all are done. They
// begin in order; which thread runs which index is not defined, so fn must write only to its own slot: results are then
// the same for every thread count. An exception of fn is thrown on when the calls under way have ended; no others
// begin.
void ParallelFor(int threads, size_t count, const std::function<void(size_t)>& fn);

}  // namespace breadthflow::base
