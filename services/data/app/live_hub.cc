#include "services/data/app/live_hub.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/telemetry/log.h"

namespace breadthflow::data {
namespace {

constexpr absl::Duration kLookAgain = absl::Seconds(1);
constexpr int kChangesAtOnce = 32;
// How long a subscriber whose queue is full may hold up the others, before it has to read from the store by itself.
constexpr absl::Duration kPatience = absl::Milliseconds(50);

std::string IndexOf(const std::string& resource, quant::Timeframe timeframe, const std::string& symbol) {
  return fmt::format("{}\n{}\n{}", resource, static_cast<int>(timeframe), symbol);
}

}  // namespace

LiveHub::LiveHub(LiveLog& log, SeriesStore& series, telemetry::Metrics& metrics, const base::Clock& clock,
                 EncodeRows encode)
    : log_(log),
      clock_(clock),
      encode_(std::move(encode)),
      subscribers_(metrics.Gauge("bf_live_subscribers", "Open streams of live rows.")),
      rows_published_(
          metrics.Counter("bf_live_rows_published_total", "Live rows handed to subscribers, each counted.")),
      rows_read_(
          metrics.Counter("bf_live_rows_read_total", "Live rows read from the store, once for all subscribers.")),
      failures_(metrics.Counter("bf_live_scan_failures_total", "Looks for new rows that failed.")),
      lag_(metrics.Histogram("bf_live_lag_seconds", "From when rows were stored until they were published.")),
      calendar_queries_(metrics.Counter("bf_live_calendar_queries_total",
                                        "Questions which calendars were named for series of live rows.")),
      calendars_([this, &series](const std::vector<quant::SeriesKey>& keys) {
        calendar_queries_.Increment();
        return series.Calendars(keys, absl::InfiniteFuture(), absl::InfiniteFuture());
      }) {}

void LiveHub::Start() {
  const auto hint = [this] {
    absl::MutexLock lock(&mutex_);
    hint_ = true;
  };
  listener_ = log_.Listen(hint, [this] { calendars_.Forget(); });
  thread_ = std::thread([this] { Work(); });
}

void LiveHub::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  listener_.reset();
  if (thread_.joinable()) thread_.join();
}

void LiveHub::Work() {
  bool failed = false;
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      const auto due = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return stopping_ || (hint_ && queues_ > 0); };
      mutex_.AwaitWithTimeout(absl::Condition(&due), kLookAgain);
      if (stopping_) return;
      hint_ = false;
    }
    const absl::Status scanned = Scan();
    // One line when it begins to fail; the counter says for how long.
    if (!scanned.ok()) {
      absl::MutexLock lock(&mutex_);
      if (stopping_) return;
      failures_.Increment();
      if (!failed) telemetry::LogWarning("live rows can not be read", {{"error", base::Message(scanned)}});
      const auto stop = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return stopping_; };
      mutex_.AwaitWithTimeout(absl::Condition(&stop), kLookAgain);
    }
    failed = !scanned.ok();
  }
}

absl::StatusOr<columnar::CommitPosition> LiveHub::Join(const std::shared_ptr<LiveQueue>& queue, const LiveSpec& spec,
                                                       columnar::CommitPosition seen) {
  // Wherever it is now; needed only when nobody has been listening.
  BF_ASSIGN_OR_RETURN(const columnar::LogHead head, log_.Head());
  absl::MutexLock lock(&mutex_);
  if (!position_) position_ = head.position;
  queue->Begin(batch_number_ + 1, std::move(seen));
  if (all_.emplace(queue.get(), queue).second) {
    for (const std::string& symbol : spec.symbols) {
      by_series_[IndexOf(spec.resource, spec.timeframe, symbol)].push_back(queue);
    }
    ++queues_;
    subscribers_.Add(1);
  }
  hint_ = true;
  return batch_ ? *batch_->to : *position_;
}

void LiveHub::Leave(const std::shared_ptr<LiveQueue>& queue, const LiveSpec& spec) {
  absl::MutexLock lock(&mutex_);
  if (all_.erase(queue.get()) == 0) return;
  for (const std::string& symbol : spec.symbols) {
    const auto found = by_series_.find(IndexOf(spec.resource, spec.timeframe, symbol));
    if (found == by_series_.end()) continue;
    std::erase(found->second, queue);
    if (found->second.empty()) by_series_.erase(found);
  }
  --queues_;
  subscribers_.Add(-1);
}

absl::Status LiveHub::Scan() {
  absl::MutexLock scanning(&scanning_);
  {
    absl::MutexLock lock(&mutex_);
    if (queues_ == 0 && !batch_) {
      position_.reset();
      calendars_.Forget();
      return absl::OkStatus();
    }
  }
  if (!batch_) {
    BF_ASSIGN_OR_RETURN(columnar::LogHead head, log_.Head());
    absl::MutexLock lock(&mutex_);
    if (!position_ || *position_ == head.position) return absl::OkStatus();
    ++batch_number_;
    batch_ =
        Batch{.from = *position_, .to = std::make_shared<const columnar::CommitPosition>(std::move(head.position))};
  }
  BF_RETURN_IF_ERROR(PublishBatch());
  absl::MutexLock lock(&mutex_);
  for (const auto& [pointer, queue] : all_) queue->EndBatch(batch_number_, batch_->to);
  position_ = *batch_->to;
  batch_.reset();
  return absl::OkStatus();
}

// May be called again after an error: it goes on where it stopped.
absl::Status LiveHub::PublishBatch() {
  for (bool more = true; more;) {
    BF_RETURN_IF_ERROR(PublishChanges());
    BF_ASSIGN_OR_RETURN(std::vector<columnar::Change> changes,
                        log_.Between(batch_->from, *batch_->to, batch_->after, {}, kChangesAtOnce));
    more = changes.size() == kChangesAtOnce;
    if (changes.empty()) return absl::OkStatus();
    const columnar::ChangePlace last = columnar::ChangePlace::Of(changes.back());
    std::erase_if(changes, [&](const columnar::Change& change) { return Interested(change).empty(); });
    absl::MutexLock lock(&mutex_);
    batch_->after = last;
    batch_->changes = std::move(changes);
    batch_->next = 0;
    batch_->up_to_ns = INT64_MIN;
  }
  return PublishChanges();
}

absl::Status LiveHub::PublishChanges() {
  Batch& batch = *batch_;
  while (batch.next < batch.changes.size()) {
    // One that has been begun, or all the others.
    const bool begun = batch.up_to_ns != INT64_MIN;
    const std::vector<columnar::Change> wanted(
        batch.changes.begin() + static_cast<std::ptrdiff_t>(batch.next),
        begun ? batch.changes.begin() + static_cast<std::ptrdiff_t>(batch.next) + 1 : batch.changes.end());
    BF_ASSIGN_OR_RETURN(std::vector<columnar::ChangedRows> changed,
                        log_.Rows(wanted, std::vector<int64_t>(wanted.size(), batch.up_to_ns), 1));
    std::vector<quant::SeriesKey> keys;
    for (const columnar::Change& change : wanted) keys.push_back(change.key);
    BF_ASSIGN_OR_RETURN(const NamedCalendars named, calendars_.Of(keys));
    for (size_t i = 0; i < wanted.size(); ++i) {
      columnar::ChangedRows& one = changed[i];
      if (!one.rows.empty() || !one.withdrawn.empty()) {
        LivePiece whole;
        whole.rows = std::move(one.rows);
        whole.withdrawn = std::move(one.withdrawn);
        whole.arrival = wanted[i].known_at;
        whole.change = wanted[i];
        whole.place = columnar::ChangePlace::Of(wanted[i]);
        if (one.more) whole.place.time_ns = one.up_to_ns;
        for (std::shared_ptr<LivePiece>& piece : CutPieces(std::move(whole), 0)) {
          FindGaps(*piece, NamedFor(named, piece->rows.key));
          if (!piece->rows.empty() && piece->too_large_bytes == 0) piece->encoded = encode_(*piece);
          rows_read_.Increment(static_cast<double>(piece->rows.size()));
          Publish(std::move(piece));
        }
      }
      {
        absl::MutexLock lock(&mutex_);
        if (stopping_) return base::MakeError(absl::StatusCode::kUnavailable, "SHUTTING_DOWN", "shutting down");
        if (one.more) {
          batch.up_to_ns = one.up_to_ns;
        } else {
          ++batch.next;
          batch.up_to_ns = INT64_MIN;
        }
      }
      if (one.more) break;
    }
  }
  return absl::OkStatus();
}

std::vector<std::shared_ptr<LiveQueue>> LiveHub::Interested(const columnar::Change& change) {
  std::vector<std::shared_ptr<LiveQueue>> queues;
  absl::MutexLock lock(&mutex_);
  const auto found = by_series_.find(IndexOf(change.key.resource, change.key.timeframe, change.key.symbol));
  if (found == by_series_.end()) return queues;
  for (const std::shared_ptr<LiveQueue>& queue : found->second) {
    if (queue->Wants(batch_number_, change)) queues.push_back(queue);
  }
  return queues;
}

void LiveHub::Publish(std::shared_ptr<const LivePiece> piece) {
  const std::vector<std::shared_ptr<LiveQueue>> queues = Interested(piece->change);
  const absl::Time patience = absl::Now() + kPatience;
  const auto full = [](const std::shared_ptr<LiveQueue>& queue) { return queue->Full(); };
  while (std::any_of(queues.begin(), queues.end(), full) && absl::Now() < patience)
    absl::SleepFor(absl::Milliseconds(1));
  const absl::Time now = clock_.Now();
  lag_.Observe(std::max(0.0, absl::ToDoubleSeconds(now - piece->arrival)));
  rows_published_.Increment(static_cast<double>(piece->rows.size() * queues.size()));
  for (const std::shared_ptr<LiveQueue>& queue : queues) queue->Push(piece, batch_->to, now);
}

}  // namespace breadthflow::data
