#include "services/data/app/live_queue.h"

#include <utility>

namespace breadthflow::data {

bool LiveQueue::Accepts(const quant::SeriesKey& key) {
  if (!source_.empty()) return key.variant == source_;
  absl::MutexLock lock(&mutex_);
  return sources_.emplace(key.symbol, key.variant).first->second == key.variant;
}

void LiveQueue::Begin(int64_t batch, columnar::CommitPosition seen) {
  absl::MutexLock lock(&mutex_);
  from_batch_ = batch;
  seen_ = std::move(seen);
  overflowed_ = false;
  items_.clear();
  bytes_ = 0;
  newest_.clear();
  order_.clear();
}

bool LiveQueue::Wants(int64_t batch, const columnar::Change& change) {
  {
    absl::MutexLock lock(&mutex_);
    if (overflowed_ || batch < from_batch_ || seen_.Sees(change.transaction)) return false;
  }
  return Accepts(change.key);
}

bool LiveQueue::Full() const {
  absl::MutexLock lock(&mutex_);
  return !conflate_ && !overflowed_ && (items_.size() >= limits_.pieces || bytes_ >= limits_.bytes);
}

void LiveQueue::Push(std::shared_ptr<const LivePiece> piece,
                     const std::shared_ptr<const columnar::CommitPosition>& target, absl::Time now) {
  absl::MutexLock lock(&mutex_);
  if (overflowed_) return;
  const columnar::ChangePlace place = piece->place;
  const bool full = items_.size() >= limits_.pieces || bytes_ >= limits_.bytes;
  const bool slow = !items_.empty() && now - items_.front().at > limits_.slow;
  if (conflate_ && (full || slow || !order_.empty())) {
    for (const Item& item : items_) Collapse(item);
    items_.clear();
    bytes_ = 0;
    Collapse({std::move(piece), target, place, now});
    return;
  }
  if (full) {
    overflowed_ = true;
    items_.clear();
    bytes_ = 0;
    return;
  }
  bytes_ += piece->Bytes();
  items_.push_back({std::move(piece), target, place, now});
}

void LiveQueue::EndBatch(int64_t batch, const std::shared_ptr<const columnar::CommitPosition>& target) {
  absl::MutexLock lock(&mutex_);
  if (overflowed_ || batch < from_batch_) return;
  if (!order_.empty()) {
    last_ = {nullptr, target, std::nullopt, absl::InfiniteFuture()};
  } else if (!items_.empty() && items_.back().piece == nullptr) {
    items_.back().target = target;
  } else {
    items_.push_back({nullptr, target, std::nullopt, absl::InfiniteFuture()});
  }
}

void LiveQueue::Collapse(const Item& item) {
  last_ = {nullptr, item.target, item.place, item.at};
  if (item.piece == nullptr) return;
  const quant::Series& rows = item.piece->rows;
  Newest& newest = newest_[item.piece->change.series_id];
  if (newest.piece == nullptr) order_.push_back(item.piece->change.series_id);
  newest.rows += static_cast<int64_t>(rows.size());
  if (newest.piece != nullptr && rows.times.back() < newest.piece->rows.times.back()) return;
  auto last = std::make_shared<LivePiece>();
  last->rows = rows.Rows(rows.size() - 1, rows.size());
  last->arrival = item.piece->arrival;
  last->change = item.piece->change;
  last->place = item.piece->place;
  newest.piece = std::move(last);
}

std::optional<LiveQueue::Popped> LiveQueue::Pop() {
  absl::MutexLock lock(&mutex_);
  if (!order_.empty()) {
    const auto found = newest_.find(order_.front());
    Popped popped{.piece = std::move(found->second.piece), .conflated_rows = found->second.rows - 1};
    newest_.erase(found);
    order_.pop_front();
    if (order_.empty()) {
      popped.target = last_.target;
      popped.place = last_.place;
    }
    return popped;
  }
  if (items_.empty()) return std::nullopt;
  Item item = std::move(items_.front());
  items_.pop_front();
  if (item.piece != nullptr) bytes_ -= item.piece->Bytes();
  return Popped{.piece = std::move(item.piece), .target = std::move(item.target), .place = item.place};
}

bool LiveQueue::overflowed() const {
  absl::MutexLock lock(&mutex_);
  return overflowed_;
}

}  // namespace breadthflow::data
