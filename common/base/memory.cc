#include "common/base/memory.h"

#include <cstdlib>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace breadthflow::base {

void KeepFreedMemory() {
#if defined(__GLIBC__)
  // Both are fixed by being set: else they follow the sizes of blocks that were freed.
  // NOLINTBEGIN(concurrency-mt-unsafe)
  static_cast<void>(mallopt(M_MMAP_THRESHOLD, 4 << 20));
  static_cast<void>(mallopt(M_TRIM_THRESHOLD, 64 << 20));
  // NOLINTEND(concurrency-mt-unsafe)
#endif
}

}  // namespace breadthflow::base
