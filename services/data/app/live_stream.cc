// LiveStream: what comes next.
#include "services/data/app/live_stream.h"

#include <algorithm>
#include <utility>

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "services/data/domain/market_hours.h"

namespace breadthflow::data {
namespace {

constexpr absl::Duration kNap = absl::Milliseconds(10);
constexpr absl::Duration kLookForSilence = absl::Seconds(1);
constexpr size_t kOpenedAtOnce = 16;
constexpr int kChangesAtOnce = 64;
constexpr const char* kLaterRows = "later rows are there";

}  // namespace

LiveStream::~LiveStream() {
  if (queue_ != nullptr) parts_.hub.Leave(queue_, spec_);
}

quant::SeriesKey LiveStream::KeyOf(size_t symbol) const {
  if (known_[symbol].key) return *known_[symbol].key;
  return {spec_.resource, spec_.symbols[symbol], spec_.timeframe, spec_.source};
}

void LiveStream::AddGap(const std::string& symbol, const MissingRows& missing, std::string reason) {
  LiveEvent event{.kind = LiveEvent::Kind::kGap, .cursor = cursor_};
  event.gap = {KeyOf(symbol_.at(symbol)), missing.range, missing.rows, std::move(reason)};
  out_.push_back(std::move(event));
}

void LiveStream::Learn(size_t symbol, std::span<const int64_t> times) {
  Known& known = known_[symbol];
  if (known.settled || times.empty()) return;
  known.calendar = &CalendarOf(KeyOf(symbol), times);
  known.settled = spec_.timeframe == quant::Timeframe::kDay
                      ? known.calendar->ClosingAt(times.back()) != nullptr
                      : known.calendar != &quant::Xnys() && known.calendar->says_hours();
  if (silence_) silence_->Keep(symbol, *known.calendar);
}

void LiveStream::LearnNamed(size_t symbol, const quant::Calendar* named) {
  Known& known = known_[symbol];
  if (spec_.calendar != nullptr || named == nullptr || named == known.named) return;
  known.named = known.calendar = named;
  known.settled = true;
  if (silence_) silence_->Keep(symbol, *named);
}

// `cursor_` is where the stream stood before the piece; the caller moves it and sets it on the last event.
void LiveStream::Offer(std::shared_ptr<const LivePiece> piece, bool backfill, int64_t conflated) {
  const quant::Series& rows = piece->rows;
  const size_t symbol = symbol_.at(rows.key.symbol);
  Known& known = known_[symbol];
  known.key = rows.key;
  if (spec_.source.empty() && sources_[symbol].empty()) {
    sources_[symbol] = rows.key.variant;
    cursor_.sources = SourcesToText(sources_);
  }
  if (conflated > 0) parts_.conflated.Increment(static_cast<double>(conflated));
  if (!piece->withdrawn.empty()) {
    out_.push_back({.kind = LiveEvent::Kind::kWithdrawal,
                    .rows = piece,
                    .backfill = backfill,
                    .conflated_rows = rows.empty() ? conflated : 0,
                    .cursor = cursor_});
  }
  if (rows.empty()) return;
  if (piece->named) LearnNamed(symbol, piece->calendar);
  Learn(symbol, rows.times);
  known.last_arrival = std::max(known.last_arrival, piece->arrival);
  const auto later = std::upper_bound(rows.times.begin(), rows.times.end(), known.last_time_ns);
  if (bars_ && conflated == 0 && later != rows.times.end()) {
    // Rows up to the last known one are revisions.
    const auto first = static_cast<size_t>(later - rows.times.begin());
    if (known.last_time_ns != INT64_MIN) {
      const auto missing = MissingBetween(*known.calendar, spec_.timeframe, known.last_time_ns, *later);
      if (missing) AddGap(rows.key.symbol, *missing, kLaterRows);
    }
    const bool same_hours = piece->calendar == known.calendar;
    const RowGaps other = same_hours ? RowGaps() : GapsIn(rows, *known.calendar);
    for (const auto& [row, missing] : same_hours ? piece->gaps : other) {
      if (row > first) AddGap(rows.key.symbol, missing, kLaterRows);
    }
  }
  known.last_time_ns = std::max(known.last_time_ns, rows.times.back());
  if (silence_ && !backfill) silence_->Heard(symbol, parts_.clock.Now());
  if (piece->too_large_bytes > 0) {
    AddGap(rows.key.symbol, {.range = {rows.times.back(), rows.times.back() + 1}, .rows = 1},
           TooLargeText(piece->too_large_bytes));
    return;
  }
  LiveEvent event{.kind = LiveEvent::Kind::kRows, .backfill = backfill, .conflated_rows = conflated};
  event.rows = std::move(piece);
  out_.push_back(std::move(event));
}

absl::StatusOr<bool> LiveStream::NextStored() {
  if (opened_series_.empty()) {
    if (next_planned_ == planned_.size()) {
      cursor_.stored = false;
      cursor_.symbol = 0;
      cursor_.time_ns = INT64_MIN;
      cursor_.told_rows = 0;
      return true;
    }
    size_t end = next_planned_ + 1;
    while (end < planned_.size() && end - next_planned_ < kOpenedAtOnce &&
           planned_[end].second.range == planned_[next_planned_].second.range) {
      ++end;
    }
    std::vector<PlannedSeries> opening;
    for (size_t i = next_planned_; i < end; ++i) opening.push_back(planned_[i].second);
    BF_ASSIGN_OR_RETURN(std::vector<SeriesCursor> opened,
                        SeriesCursor::Open(parts_.series, opening, absl::InfiniteFuture()));
    for (SeriesCursor& one : opened) opened_series_.push_back(std::move(one));
  }
  BF_ASSIGN_OR_RETURN(std::optional<quant::Series> rows, opened_series_.front().NextRows({}));
  if (!rows) {
    opened_series_.pop_front();
    ++next_planned_;
    told_ = 0;
    return true;
  }
  const size_t symbol = planned_[next_planned_].first;
  LivePiece whole;
  whole.rows = *std::move(rows);
  whole.arrival = known_[symbol].last_arrival;
  for (std::shared_ptr<LivePiece>& piece : CutPieces(std::move(whole), std::exchange(told_, 0))) {
    if (piece->rows.empty()) continue;
    FindGaps(*piece, known_[symbol].named);
    const int64_t told_rows = piece->told_rows;
    const int64_t last_ns = piece->rows.times.back() - (told_rows > 0 ? 1 : 0);
    Offer(std::move(piece), true, 0);
    cursor_.symbol = static_cast<int64_t>(symbol);
    cursor_.time_ns = last_ns;
    cursor_.told_rows = told_rows;
    out_.back().cursor = cursor_;
  }
  return true;
}

// Everything up to `target` has been told.
void LiveStream::Reach(const columnar::CommitPosition& target) {
  if (target.Covers(cursor_.base)) cursor_.base = target;
  cursor_.target.reset();
  cursor_.place = {};
  cursor_.told_rows = 0;
}

absl::StatusOr<bool> LiveStream::NextMissed() {
  if (changes_.empty()) {
    if (!cursor_.target) {
      if (cursor_.base.Covers(*join_)) {
        missed_ = false;
        return true;
      }
      cursor_.target = join_;
      cursor_.place = {};
      cursor_.told_rows = 0;
    }
    if (changes_end_) {
      changes_end_ = false;
      Reach(*cursor_.target);
      return true;
    }
    // One of which a part has been told comes again.
    columnar::ChangePlace after = cursor_.place;
    up_to_ns_ = INT64_MIN;
    told_ = 0;
    if (after.time_ns != INT64_MAX) {
      up_to_ns_ = after.time_ns;
      told_ = cursor_.told_rows;
      --after.version;
    }
    BF_ASSIGN_OR_RETURN(const std::vector<columnar::Change> changes,
                        parts_.log.Between(cursor_.base, *cursor_.target, after,
                                           {spec_.resource, spec_.timeframe, spec_.symbols}, kChangesAtOnce));
    changes_end_ = changes.size() < kChangesAtOnce;
    changes_.assign(changes.begin(), changes.end());
    std::vector<quant::SeriesKey> keys;
    for (const columnar::Change& change : changes) {
      if (queue_->Accepts(change.key)) keys.push_back(change.key);
    }
    BF_ASSIGN_OR_RETURN(changes_named_, parts_.hub.Calendars(keys));
    return true;
  }
  const columnar::Change change = changes_.front();
  columnar::ChangedRows changed;
  if (queue_->Accepts(change.key)) {
    BF_ASSIGN_OR_RETURN(std::vector<columnar::ChangedRows> read, parts_.log.Rows({change}, {up_to_ns_}, 1));
    changed = std::move(read.front());
  }
  columnar::ChangePlace place = columnar::ChangePlace::Of(change);
  if (changed.more) {
    place.time_ns = changed.up_to_ns;
    up_to_ns_ = changed.up_to_ns;
  } else {
    changes_.pop_front();
    up_to_ns_ = INT64_MIN;
  }
  const int64_t told = std::exchange(told_, 0);
  if (!changed.rows.empty() || !changed.withdrawn.empty()) {
    LivePiece whole;
    whole.rows = std::move(changed.rows);
    whole.withdrawn = std::move(changed.withdrawn);
    whole.arrival = change.known_at;
    whole.change = change;
    whole.place = place;
    for (std::shared_ptr<LivePiece>& piece : CutPieces(std::move(whole), told)) {
      if (piece->rows.empty() && piece->withdrawn.empty()) continue;
      FindGaps(*piece, NamedFor(changes_named_, change.key));
      const columnar::ChangePlace behind = piece->place;
      const int64_t told_rows = piece->told_rows;
      Offer(std::move(piece), opened_.Sees(change.transaction), 0);
      cursor_.place = behind;
      cursor_.told_rows = told_rows;
      out_.back().cursor = cursor_;
    }
  }
  cursor_.place = place;
  cursor_.told_rows = 0;
  return true;
}

absl::StatusOr<bool> LiveStream::NextLive() {
  std::optional<LiveQueue::Popped> popped = queue_->Pop();
  if (!popped) {
    if (!queue_->overflowed()) return false;
    BF_ASSIGN_OR_RETURN(join_, parts_.hub.Join(queue_, spec_, cursor_.target.value_or(cursor_.base)));
    missed_ = true;
    return true;
  }
  const bool has_piece = popped->piece != nullptr;
  if (has_piece) {
    const bool backfill = opened_.Sees(popped->piece->change.transaction);
    Offer(std::move(popped->piece), backfill, popped->conflated_rows);
  }
  if (popped->target != nullptr) {
    if (popped->place) {
      cursor_.target = *popped->target;
      cursor_.place = *popped->place;
      cursor_.told_rows = popped->told_rows;
    } else {
      Reach(*popped->target);
    }
  }
  if (has_piece) out_.back().cursor = cursor_;
  return true;
}

void LiveStream::LookForSilence(absl::Time now) {
  if (!silence_ || now < next_look_) return;
  next_look_ = now + kLookForSilence;
  for (const size_t symbol : silence_->Look(now)) {
    LiveEvent event{.kind = LiveEvent::Kind::kSilence, .cursor = cursor_};
    event.silence.key = KeyOf(symbol);
    const Known& known = known_[symbol];
    if (known.last_time_ns != INT64_MIN) event.silence.last_time_ns = known.last_time_ns;
    if (known.last_arrival != absl::InfinitePast()) event.silence.last_arrival = known.last_arrival;
    out_.push_back(std::move(event));
  }
}

absl::StatusOr<LiveStep> LiveStream::Next(LiveEvent& event) {
  constexpr int kAtOnce = 64;  // positions that move without an event
  for (int asked = 0; out_.empty() && asked < kAtOnce; ++asked) {
    absl::StatusOr<bool> more = cursor_.stored ? NextStored() : missed_ ? NextMissed() : NextLive();
    if (!more.ok()) return more.status();
    if (!*more) break;
  }
  const absl::Time now = parts_.clock.Now();
  if (out_.empty()) LookForSilence(now);
  if (out_.empty() && now - sent_ >= kHeartbeat) {
    out_.push_back({.kind = LiveEvent::Kind::kHeartbeat, .heartbeat = now, .cursor = cursor_});
  }
  if (out_.empty()) return LiveStep::Wait(kNap);
  event = std::move(out_.front());
  out_.pop_front();
  sent_ = now;
  return LiveStep::Event();
}

}  // namespace breadthflow::data
