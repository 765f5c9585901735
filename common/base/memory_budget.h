#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace breadthflow::base {

// Memory that several users share: what each of them holds is counted, and one that would hold more than is left is
// told so. It counts and takes nothing itself. Thread-safe; it must outlive its holds.
class MemoryBudget {
 public:
  // What one user holds; given back at its end. Not thread-safe.
  class Hold {
   public:
    Hold() = default;
    explicit Hold(MemoryBudget& budget) : budget_(&budget) {}
    Hold(Hold&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    Hold& operator=(Hold&& other) noexcept {
      std::swap(budget_, other.budget_);
      std::swap(bytes_, other.bytes_);
      return *this;
    }
    ~Hold() {
      if (budget_ != nullptr) budget_->held_ -= bytes_;
    }

    // Holds `bytes` from now on. False, and nothing changes, when that is more than before and more than there is.
    [[nodiscard]] bool Set(int64_t bytes) {
      if (budget_ == nullptr) return true;
      const int64_t more = bytes - bytes_;
      if (budget_->held_.fetch_add(more) + more > budget_->limit_ && more > 0) {
        budget_->held_ -= more;
        return false;
      }
      bytes_ = bytes;
      return true;
    }
    int64_t bytes() const { return bytes_; }

   private:
    MemoryBudget* budget_ = nullptr;
    int64_t bytes_ = 0;
  };

  explicit MemoryBudget(int64_t limit_bytes) : limit_(limit_bytes) {}
  int64_t limit() const { return limit_; }
  // By all together.
  int64_t held() const { return held_.load(); }

 private:
  const int64_t limit_;
  std::atomic<int64_t> held_{0};
};

}  // namespace breadthflow::base
