#include "common/base/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace breadthflow::base {

void ParallelFor(int threads, size_t count, const std::function<void(size_t)>& fn) {
  std::atomic<size_t> next{0};
  std::mutex mutex;
  std::exception_ptr thrown;
  const auto work = [&] {
    try {
      for (size_t i = next++; i < count; i = next++) fn(i);
    } catch (...) {
      next = count;
      const std::lock_guard lock(mutex);
      if (thrown == nullptr) thrown = std::current_exception();
    }
  };
  const size_t workers = std::min(count, static_cast<size_t>(std::max(threads, 1)));
  std::vector<std::thread> others;
  others.reserve(workers);
  while (others.size() + 1 < workers) {
    try {
      others.emplace_back(work);
    } catch (const std::system_error&) {
      break;  // those there are do it
    }
  }
  work();
  for (std::thread& thread : others) thread.join();
  if (thrown != nullptr) std::rethrow_exception(thrown);
}

}  // namespace breadthflow::base
