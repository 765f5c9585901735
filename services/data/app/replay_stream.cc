#include "services/data/app/replay_stream.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "common/base/status.h"
#include "services/data/domain/market_hours.h"
#include "services/data/domain/row_pieces.h"

namespace breadthflow::data {
namespace {

constexpr absl::Duration kNap = absl::Milliseconds(50);
constexpr size_t kSeriesAtOnce = 64;

// Half-open ranges of int64 that do not leave it.
int64_t Plus(int64_t time_ns, int64_t length_ns) {
  return time_ns > INT64_MAX - length_ns ? INT64_MAX : time_ns + length_ns;
}

}  // namespace

ReplayStream::ReplayStream(SeriesStore& series, const base::Clock& clock, LiveSpec spec, bool bars,
                           std::vector<columnar::SeriesState> states, const NamedCalendars& calendars,
                           LiveCursor cursor, Options options)
    : series_(series),
      clock_(clock),
      spec_(std::move(spec)),
      bars_(bars),
      states_(std::move(states)),
      options_(options),
      cursor_(std::move(cursor)),
      told_(cursor_.told_rows),
      left_(spec_.replay->range),
      last_time_ns_(states_.size(), INT64_MIN),
      calendars_(states_.size(), nullptr),
      sent_(clock.Now()) {
  for (const columnar::SeriesState& state : states_) {
    named_.push_back(spec_.calendar != nullptr ? spec_.calendar : NamedFor(calendars, state.key));
  }
  int64_t first = INT64_MAX;
  int64_t last = INT64_MIN;
  int64_t rows = 0;
  for (const columnar::SeriesState& state : states_) {
    if (state.rows == 0) continue;
    first = std::min(first, state.first_time_ns);
    last = std::max(last, state.last_time_ns);
    rows += state.rows;
  }
  left_.start_ns = std::max({left_.start_ns, first, cursor_.time_ns});
  left_.end_ns = rows == 0 ? left_.start_ns : std::min(left_.end_ns, Plus(last, 1));
  if (left_.start_ns >= left_.end_ns) return;
  // As if the rows were evenly spread, and narrow: a small one, ReadWindow learns better.
  const double share = static_cast<double>(options_.window_rows) / 16 / static_cast<double>(rows);
  const double span = static_cast<double>(last) - static_cast<double>(first) + 1;
  length_ns_ = static_cast<int64_t>(std::clamp(share * span, 1.0, 4e18));
}

absl::Status ReplayStream::ReadWindow() {
  const quant::TimeRange range{left_.start_ns, std::min(left_.end_ns, Plus(left_.start_ns, length_ns_))};
  window_.clear();
  order_.clear();
  next_ = 0;
  int64_t rows = 0;
  int64_t bytes = 0;
  for (size_t begin = 0; begin < states_.size(); begin += kSeriesAtOnce) {
    std::vector<columnar::SeriesVersion> wanted;
    for (size_t i = begin; i < std::min(states_.size(), begin + kSeriesAtOnce); ++i) {
      wanted.push_back({states_[i].key, states_[i].version});
    }
    BF_ASSIGN_OR_RETURN(std::vector<quant::Series> read, series_.chunks().ReadMany(wanted, {.range = range}));
    for (quant::Series& one : read) {
      rows += static_cast<int64_t>(one.size());
      const RowBytes row_bytes(one);
      for (size_t row = 0; row < one.size() && row_bytes.varies(); ++row) {
        bytes += static_cast<int64_t>(row_bytes.Of(row));
      }
      const size_t i = window_.size();
      if (!one.empty()) calendars_[i] = &CalendarOf(one.key, one.times, named_[i]);
      window_.push_back(std::move(one));
    }
    // Too many, and there is a shorter window.
    if ((rows > 2 * options_.window_rows || bytes > 2 * options_.window_bytes) && range.end_ns - range.start_ns > 1) {
      window_.clear();
      length_ns_ = std::max<int64_t>(1, (range.end_ns - range.start_ns) / 4);
      return absl::OkStatus();
    }
  }
  order_.reserve(static_cast<size_t>(rows));
  for (size_t i = 0; i < window_.size(); ++i) {
    for (size_t row = 0; row < window_[i].size(); ++row) {
      const int64_t time_ns = window_[i].times[row];
      if (time_ns == cursor_.time_ns && static_cast<int64_t>(i) <= cursor_.symbol) continue;  // played before
      order_.push_back({time_ns, static_cast<uint32_t>(i), static_cast<uint32_t>(row)});
    }
  }
  std::sort(order_.begin(), order_.end(), [](const Place& a, const Place& b) {
    return std::tie(a.time_ns, a.series, a.row) < std::tie(b.time_ns, b.series, b.row);
  });
  // Of the first instant.
  const auto told = std::min(static_cast<int64_t>(order_.size()), std::exchange(told_, 0));
  order_.erase(order_.begin(), order_.begin() + told);
  left_.start_ns = range.end_ns;
  const double fit =
      std::min(static_cast<double>(options_.window_rows) / static_cast<double>(std::max<int64_t>(1, rows)),
               static_cast<double>(options_.window_bytes) / static_cast<double>(std::max<int64_t>(1, bytes)));
  length_ns_ =
      static_cast<int64_t>(std::clamp(static_cast<double>(length_ns_) * std::clamp(fit, 0.25, 4.0), 1.0, 4e18));
  return absl::OkStatus();
}

// The rows of one series that come next, are due and fit a message. Null when none is due.
std::shared_ptr<const LivePiece> ReplayStream::TakePiece(absl::Time now) {
  const Place first = order_[next_];
  if (!pace_) pace_.emplace(spec_.replay->speed, now, first.time_ns);
  if (pace_->Due(first.time_ns) > now) return nullptr;
  size_t end = next_ + 1;
  while (end < order_.size() && order_[end].series == first.series) {
    const bool same_instant = order_[end].time_ns == order_[end - 1].time_ns;
    if (!same_instant && (end - next_ >= columnar::kRowsPerChunk || pace_->Due(order_[end].time_ns) > now)) break;
    ++end;
  }
  // Rows of one series that follow each other in playing order follow each other in it.
  const quant::Series& rows = window_[first.series];
  const CutPiece cut = CutAt(rows, first.row, first.row + (end - next_));
  auto piece = std::make_shared<LivePiece>();
  piece->rows = rows.Rows(first.row, cut.end);
  piece->arrival = now;
  piece->continues = cut.continues;
  piece->too_large_bytes = cut.too_large_bytes;
  next_ += cut.end - first.row;
  const int64_t last_ns = piece->rows.times.back();
  cursor_.symbol = first.series;
  cursor_.time_ns = last_ns;
  if (cut.within) {
    const auto instant = std::lower_bound(rows.times.begin(), rows.times.end(), last_ns);
    --cursor_.symbol;
    piece->told_rows = static_cast<int64_t>(cut.end) - (instant - rows.times.begin());
  }
  cursor_.told_rows = piece->told_rows;
  return piece;
}

absl::StatusOr<LiveStep> ReplayStream::Next(LiveEvent& event) {
  const absl::Time now = clock_.Now();
  if (piece_ == nullptr && gaps_.empty()) {
    if (next_ == order_.size()) {
      if (left_.start_ns >= left_.end_ns) return LiveStep::End();
      BF_RETURN_IF_ERROR(ReadWindow());
      if (order_.empty()) return LiveStep::Wait(absl::ZeroDuration());
    }
    const size_t series = order_[next_].series;
    const LiveCursor before = cursor_;
    piece_ = TakePiece(now);
    if (piece_ == nullptr) {
      if (now - sent_ >= kHeartbeat) {
        event = {.kind = LiveEvent::Kind::kHeartbeat, .heartbeat = now, .cursor = cursor_};
        sent_ = now;
        return LiveStep::Event();
      }
      return LiveStep::Wait(std::clamp(pace_->Due(order_[next_].time_ns) - now, absl::Milliseconds(1), kNap));
    }
    for (const int64_t time_ns : piece_->rows.times) {
      const int64_t last_ns = std::exchange(last_time_ns_[series], time_ns);
      if (!bars_ || last_ns == INT64_MIN) continue;
      const auto missing = MissingBetween(*calendars_[series], spec_.timeframe, last_ns, time_ns);
      if (!missing) continue;
      LiveEvent gap{.kind = LiveEvent::Kind::kGap, .cursor = before};
      gap.gap = {piece_->rows.key, missing->range, missing->rows, "not stored"};
      gaps_.insert(gaps_.begin(), std::move(gap));
    }
    if (piece_->too_large_bytes > 0) {
      LiveEvent gap{.kind = LiveEvent::Kind::kGap, .cursor = cursor_};
      const int64_t time_ns = piece_->rows.times.front();
      gap.gap = {piece_->rows.key, {time_ns, time_ns + 1}, 1, TooLargeText(piece_->too_large_bytes)};
      gaps_.insert(gaps_.begin(), std::move(gap));
      piece_ = nullptr;
    }
  }
  sent_ = now;
  if (!gaps_.empty()) {
    event = std::move(gaps_.back());
    gaps_.pop_back();
    return LiveStep::Event();
  }
  event = {.kind = LiveEvent::Kind::kRows, .cursor = cursor_};
  event.rows = std::move(piece_);
  piece_ = nullptr;
  return LiveStep::Event();
}

}  // namespace breadthflow::data
