#include "services/data/app/live_queue.h"

#include <utility>

namespace breadthflow::data {
namespace {

// Instants that a conflating queue remembers to be withdrawn; with more its subscriber reads them from the store.
constexpr size_t kMostWithdrawn = 65'536;

}  // namespace

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
  Clear();
}

void LiveQueue::Clear() {
  items_.clear();
  bytes_ = 0;
  newest_.clear();
  order_.clear();
  withdrawn_ = 0;
}

void LiveQueue::Lose() {
  overflowed_ = true;
  Clear();
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
  const int64_t told_rows = piece->told_rows;
  const bool full = items_.size() >= limits_.pieces || bytes_ >= limits_.bytes;
  const bool slow = !items_.empty() && now - items_.front().at > limits_.slow;
  if (conflate_ && (full || slow || !order_.empty())) {
    bool fits = true;
    for (const Item& item : items_) fits = fits && Collapse(item);
    items_.clear();
    bytes_ = 0;
    if (!fits || !Collapse({std::move(piece), target, place, now, told_rows})) Lose();
    return;
  }
  if (full) return Lose();
  bytes_ += piece->Bytes();
  items_.push_back({std::move(piece), target, place, now, told_rows});
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

bool LiveQueue::Collapse(const Item& item) {
  last_ = {nullptr, item.target, item.place, item.at, item.told_rows};
  if (item.piece == nullptr) return true;
  const quant::Series& rows = item.piece->rows;
  const auto [found, is_new] = newest_.try_emplace(item.piece->change.series_id);
  Newest& newest = found->second;
  if (is_new) order_.push_back(item.piece->change.series_id);
  withdrawn_ -= newest.withdrawn.size();
  newest.withdrawn.insert(item.piece->withdrawn.begin(), item.piece->withdrawn.end());
  for (const int64_t time_ns : rows.times) newest.withdrawn.erase(time_ns);
  withdrawn_ += newest.withdrawn.size();
  newest.rows += static_cast<int64_t>(rows.size());
  const bool has_row = newest.piece != nullptr && !newest.piece->rows.empty() &&
                       !newest.withdrawn.contains(newest.piece->rows.times.back());
  const bool takes = !rows.empty() && !(has_row && rows.times.back() < newest.piece->rows.times.back());
  if (takes || !has_row) {
    auto last = std::make_shared<LivePiece>();
    last->rows = takes ? rows.Rows(rows.size() - 1, rows.size()) : quant::Series{.key = item.piece->change.key};
    last->arrival = item.piece->arrival;
    last->change = item.piece->change;
    last->place = item.piece->place;
    if (takes) last->too_large_bytes = item.piece->too_large_bytes;
    FindGaps(*last, item.piece->named ? item.piece->calendar : nullptr);
    newest.piece = std::move(last);
  }
  return withdrawn_ <= kMostWithdrawn;
}

std::optional<LiveQueue::Popped> LiveQueue::Pop() {
  absl::MutexLock lock(&mutex_);
  if (!order_.empty()) {
    const auto found = newest_.find(order_.front());
    Newest& newest = found->second;
    const auto told = static_cast<int64_t>(newest.piece->rows.size());
    Popped popped{.piece = std::move(newest.piece), .conflated_rows = newest.rows - told};
    if (!newest.withdrawn.empty()) {
      auto whole = std::make_shared<LivePiece>(*popped.piece);
      whole->withdrawn.assign(newest.withdrawn.begin(), newest.withdrawn.end());
      popped.piece = std::move(whole);
    }
    withdrawn_ -= newest.withdrawn.size();
    newest_.erase(found);
    order_.pop_front();
    if (order_.empty()) {
      popped.target = last_.target;
      popped.place = last_.place;
      popped.told_rows = last_.told_rows;
    }
    return popped;
  }
  if (items_.empty()) return std::nullopt;
  Item item = std::move(items_.front());
  items_.pop_front();
  if (item.piece != nullptr) bytes_ -= item.piece->Bytes();
  return Popped{.piece = std::move(item.piece),
                .target = std::move(item.target),
                .place = item.place,
                .told_rows = item.told_rows};
}

bool LiveQueue::overflowed() const {
  absl::MutexLock lock(&mutex_);
  return overflowed_;
}

}  // namespace breadthflow::data
