#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "services/data/app/live.h"

namespace breadthflow::data {

// What lies between the hub and one subscriber: a few pieces that all subscribers share, and never many. A subscriber
// that does not keep up loses its queue and reads from the store what it missed; a conflating one keeps the newest row
// of each series, a count of the others, and what was withdrawn. Thread-safe.
class LiveQueue {
 public:
  struct Limits {
    size_t pieces = 64;
    size_t bytes = size_t{8} << 20;
    absl::Duration slow = absl::Seconds(1);  // conflate when the oldest piece has waited for so long
  };

  // `sources`: symbol -> the source that it is of. For a symbol that is not there it is `source`, or, when that is
  // empty, the first that comes.
  LiveQueue(bool conflate, std::string source, std::unordered_map<std::string, std::string> sources, Limits limits)
      : conflate_(conflate), source_(std::move(source)), limits_(limits), sources_(std::move(sources)) {}

  // Whether a change is of a series that the subscriber wants.
  bool Accepts(const quant::SeriesKey& key);

  // --- the hub

  // From batch `batch` on, and only what `seen` does not see. Empties the queue.
  void Begin(int64_t batch, columnar::CommitPosition seen);
  // Whether a change of that batch is to be pushed.
  bool Wants(int64_t batch, const columnar::Change& change);
  // Whether a piece pushed now would be lost.
  bool Full() const;
  void Push(std::shared_ptr<const LivePiece> piece, const std::shared_ptr<const columnar::CommitPosition>& target,
            absl::Time now);
  // The batch that ends at `target` is whole.
  void EndBatch(int64_t batch, const std::shared_ptr<const columnar::CommitPosition>& target);

  // --- the subscriber

  struct Popped {
    std::shared_ptr<const LivePiece> piece;  // null: only the position moves
    int64_t conflated_rows = 0;              // left out before its last row, or before what it withdraws
    // Where the stream stands then; absent while there are rows left that were taken out of their order.
    std::shared_ptr<const columnar::CommitPosition> target;
    std::optional<columnar::ChangePlace> place;  // absent: the batch is whole
    int64_t told_rows = 0;                       // of the instant behind `place`
  };
  // The next one; nullopt when there is none.
  std::optional<Popped> Pop();
  // Whether something was lost since Begin.
  bool overflowed() const;

 private:
  struct Item {
    std::shared_ptr<const LivePiece> piece;
    std::shared_ptr<const columnar::CommitPosition> target;
    std::optional<columnar::ChangePlace> place;
    absl::Time at;
    int64_t told_rows = 0;
  };
  struct Newest {
    std::shared_ptr<const LivePiece> piece;  // its last row at most
    int64_t rows = 0;                        // that came
    std::set<int64_t> withdrawn;             // instants without rows now
  };
  void Clear() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The subscriber has to read from the store what it misses.
  void Lose() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // False when it would have to remember too much.
  bool Collapse(const Item& item) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const bool conflate_;
  const std::string source_;
  const Limits limits_;
  mutable absl::Mutex mutex_;
  std::unordered_map<std::string, std::string> sources_ ABSL_GUARDED_BY(mutex_);
  int64_t from_batch_ ABSL_GUARDED_BY(mutex_) = 0;
  columnar::CommitPosition seen_ ABSL_GUARDED_BY(mutex_);
  bool overflowed_ ABSL_GUARDED_BY(mutex_) = true;  // until Begin
  std::deque<Item> items_ ABSL_GUARDED_BY(mutex_);
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  // Conflated: by series, in the order in which they began to wait.
  std::unordered_map<int64_t, Newest> newest_ ABSL_GUARDED_BY(mutex_);
  std::deque<int64_t> order_ ABSL_GUARDED_BY(mutex_);
  size_t withdrawn_ ABSL_GUARDED_BY(mutex_) = 0;  // instants of all of them
  Item last_ ABSL_GUARDED_BY(mutex_);             // position of the last that was collapsed
};

}  // namespace breadthflow::data
