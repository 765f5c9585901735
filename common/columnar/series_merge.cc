#include "common/columnar/series_merge.h"

#include <algorithm>
#include <utility>

#include "absl/time/time.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/columnar/chunk_codec.h"
#include "common/columnar/row_match.h"
#include "common/columnar/series_rows.h"

namespace breadthflow::columnar {
namespace {

using quant::Series;

constexpr auto kRows = static_cast<int64_t>(kRowsPerChunk);

// Parts [begin, end) take part in the merge; from `absorb` on whether they change or not.
struct Affected {
  size_t begin = 0;
  size_t end = 0;
  size_t absorb = 0;
};

bool Overlaps(const StoredPart& part, int64_t first, int64_t last) {
  return part.last_time_ns >= first && part.first_time_ns <= last;
}

Affected FindAffected(const std::vector<StoredPart>& parts, const Series& fresh,
                      const std::optional<quant::TimeRange>& replaces) {
  Affected affected{parts.size(), parts.size(), parts.size()};
  int64_t first = INT64_MAX;
  int64_t last = INT64_MIN;
  if (!fresh.empty()) {
    first = fresh.times.front();
    last = fresh.times.back();
  }
  if (replaces && replaces->start_ns < replaces->end_ns) {
    first = std::min(first, replaces->start_ns);
    last = std::max(last, replaces->end_ns - 1);
  }
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!Overlaps(parts[i], first, last)) continue;
    affected.begin = std::min(affected.begin, i);
    affected.end = i + 1;
  }
  if (affected.begin == parts.size()) {
    // Nothing overlaps: the rows stand in the gap before this part.
    affected.begin = affected.end =
        static_cast<size_t>(std::partition_point(parts.begin(), parts.end(),
                                                 [&](const StoredPart& part) { return part.last_time_ns < first; }) -
                            parts.begin());
  }
  if (parts.empty() || fresh.empty() || affected.end != parts.size()) return affected;
  const auto behind = std::upper_bound(fresh.times.begin(), fresh.times.end(), parts.back().last_time_ns);
  auto rows = static_cast<int64_t>(fresh.times.end() - behind);
  while (rows > 0 && affected.absorb > 0) {
    const StoredPart& part = parts[affected.absorb - 1];
    if (part.rows > 2 * rows || part.rows + rows > kRows) break;
    rows += part.rows;
    --affected.absorb;
  }
  affected.begin = std::min(affected.begin, affected.absorb);
  return affected;
}

absl::Status CheckInstants(const Series& fresh) {
  if (!fresh.repeats) return absl::OkStatus();
  for (size_t row = 0; row < fresh.size();) {
    const size_t end = InstantEnd(fresh.times, row);
    if (end - row > kMaxChunkRows) {
      return base::MakeError(
          absl::StatusCode::kInvalidArgument, "INSTANT_TOO_LARGE",
          fmt::format("at most {} rows may share an instant, {} have {} ns ({})", kMaxChunkRows, end - row,
                      fresh.times[row], absl::FormatTime(quant::FromNanos(fresh.times[row]), absl::UTCTimeZone())));
    }
    row = end;
  }
  return absl::OkStatus();
}

class Merger {
 public:
  Merger(const Series& fresh, std::optional<quant::TimeRange> replaces,
         const std::function<absl::Status(const Series&, size_t, size_t)>& emit)
      : fresh_(fresh), replaces_(replaces), emit_(emit) {
    pending_.repeats = fresh.repeats;
  }

  // The new rows before `time` are next.
  absl::Status TakeGap(int64_t time) {
    const size_t begin = next_;
    while (next_ < fresh_.size() && fresh_.times[next_] < time) ++next_;
    return TakeFresh(begin);
  }

  absl::Status TakeRest() {
    const size_t begin = next_;
    next_ = fresh_.size();
    BF_RETURN_IF_ERROR(TakeFresh(begin));
    return Flush(true);
  }

  // Takes the part without its rows when these are surely what they will be; false when they have to be looked at.
  absl::StatusOr<bool> TakeUnread(const StoredPart& part) {
    if (!pending_.empty() && pending_.size() + static_cast<size_t>(part.rows) <= kRowsPerChunk) return false;
    const size_t begin = next_;
    size_t end = next_;
    while (end < fresh_.size() && fresh_.times[end] <= part.last_time_ns) ++end;
    const bool touched = begin != end || (replaces_ && replaces_->start_ns <= part.last_time_ns &&
                                          replaces_->end_ns > part.first_time_ns);
    if (touched && (static_cast<int64_t>(end - begin) != part.rows || fresh_.times[begin] != part.first_time_ns ||
                    fresh_.times[end - 1] != part.last_time_ns || !part.digest ||
                    RowsDigest(fresh_, begin, end) != *part.digest)) {
      return false;
    }
    next_ = end;
    BF_RETURN_IF_ERROR(Flush(true));
    return true;
  }

  absl::Status TakePart(const StoredPart& part, Series stored, bool absorb) {
    const size_t begin = next_;
    while (next_ < fresh_.size() && fresh_.times[next_] <= part.last_time_ns) ++next_;
    BF_ASSIGN_OR_RETURN(const std::vector<ColumnPair> pairs, PairColumns(stored, fresh_));
    const bool join = absorb || (!pending_.empty() && pending_.size() + stored.size() <= kRowsPerChunk);
    const bool same_times =
        next_ - begin == stored.size() &&
        std::equal(stored.times.begin(), stored.times.end(), fresh_.times.begin() + static_cast<ptrdiff_t>(begin));
    const bool untouched =
        (begin == next_ && !Removes(stored)) || (same_times && SameRows(pairs, stored.size(), begin));
    if (untouched && !join) return Flush(true);
    if (untouched) {
      result_.closed_ids.push_back(part.id);
      return Add(std::move(stored));
    }
    const int64_t changes = result_.rows_inserted + result_.rows_revised + result_.rows_removed;
    const std::vector<PickedRow> picked = PickRows(stored, pairs, begin);
    const bool changed = result_.rows_inserted + result_.rows_revised + result_.rows_removed != changes;
    if (!changed && !join) return Flush(true);
    result_.closed_ids.push_back(part.id);
    Series merged{.repeats = fresh_.repeats};
    for (const PickedRow& pick : picked) {
      merged.times.push_back(pick.from_fresh ? fresh_.times[pick.row] : stored.times[pick.row]);
    }
    for (const ColumnPair& pair : pairs) merged.columns.push_back(PickColumn(pair, picked));
    return Add(std::move(merged));
  }

  MergeResult result() && { return std::move(result_); }

 private:
  // Which rows of the part and of fresh rows [begin, next_) the merged part has; counts what changes.
  std::vector<PickedRow> PickRows(const Series& stored, const std::vector<ColumnPair>& pairs, size_t begin) {
    std::vector<PickedRow> picked;
    const auto insert_until = [&](size_t end) {
      result_.rows_inserted += static_cast<int64_t>(end - begin);
      for (; begin < end; ++begin) picked.push_back({true, begin});
    };
    for (size_t row = 0; row < stored.size();) {
      const size_t row_end = InstantEnd(stored.times, row);
      size_t before = begin;
      while (before < next_ && fresh_.times[before] < stored.times[row]) ++before;
      insert_until(before);
      if (begin < next_ && fresh_.times[begin] == stored.times[row]) {
        const size_t end = std::min(InstantEnd(fresh_.times, begin), next_);
        const size_t common = std::min(end - begin, row_end - row);
        for (size_t i = 0; i < common; ++i) {
          picked.push_back({true, begin + i});
          result_.rows_revised += !SameRow(pairs, row + i, begin + i);
        }
        result_.rows_removed += static_cast<int64_t>(row_end - row - common);
        begin += common;
        insert_until(end);
      } else if (replaces_ && replaces_->Contains(stored.times[row])) {
        result_.rows_removed += static_cast<int64_t>(row_end - row);
      } else {
        for (size_t i = row; i < row_end; ++i) picked.push_back({false, i});
      }
      row = row_end;
    }
    insert_until(next_);
    return picked;
  }

  bool Removes(const Series& stored) const {
    return replaces_ && std::any_of(stored.times.begin(), stored.times.end(),
                                    [&](int64_t time) { return replaces_->Contains(time); });
  }

  absl::Status TakeFresh(size_t begin) {
    if (begin == next_) return absl::OkStatus();
    result_.rows_inserted += static_cast<int64_t>(next_ - begin);
    if (pending_.empty()) {
      // Whole chunks go out without a copy.
      while (next_ - begin >= kRowsPerChunk) {
        const size_t end = std::min(ChunkEnd(fresh_.times, begin), next_);
        BF_RETURN_IF_ERROR(emit_(fresh_, begin, end));
        begin = end;
      }
      if (begin == next_) return absl::OkStatus();
    }
    return Add(fresh_.Rows(begin, next_));
  }

  absl::Status Add(Series rows) {
    BF_RETURN_IF_ERROR(AppendRows(std::move(rows), pending_));
    return Flush(false);
  }

  // Gives out full chunks, and with `all` the rest.
  absl::Status Flush(bool all) {
    size_t done = 0;
    while (pending_.size() - done >= kRowsPerChunk || (all && done < pending_.size())) {
      const size_t end = ChunkEnd(pending_.times, done);
      BF_RETURN_IF_ERROR(emit_(pending_, done, end));
      done = end;
    }
    if (done == 0) return absl::OkStatus();
    pending_ = done == pending_.size() ? Series{.repeats = fresh_.repeats} : pending_.Rows(done, pending_.size());
    return absl::OkStatus();
  }

  const Series& fresh_;
  const std::optional<quant::TimeRange> replaces_;
  const std::function<absl::Status(const Series&, size_t, size_t)>& emit_;
  size_t next_ = 0;
  Series pending_;
  MergeResult result_;
};

}  // namespace

absl::StatusOr<MergeResult> MergeSeries(const std::vector<StoredPart>& parts, const Series& fresh,
                                        std::optional<quant::TimeRange> replaces,
                                        const std::function<absl::StatusOr<Series>(const StoredPart&)>& load,
                                        const std::function<absl::Status(const Series&, size_t, size_t)>& emit) {
  BF_RETURN_IF_ERROR(CheckInstants(fresh));
  const Affected affected = FindAffected(parts, fresh, replaces);
  Merger merger(fresh, replaces, emit);
  for (size_t i = affected.begin; i < affected.end; ++i) {
    BF_RETURN_IF_ERROR(merger.TakeGap(parts[i].first_time_ns));
    if (i < affected.absorb) {
      BF_ASSIGN_OR_RETURN(const bool taken, merger.TakeUnread(parts[i]));
      if (taken) continue;
    }
    BF_ASSIGN_OR_RETURN(Series stored, load(parts[i]));
    BF_RETURN_IF_ERROR(merger.TakePart(parts[i], std::move(stored), i >= affected.absorb));
  }
  BF_RETURN_IF_ERROR(merger.TakeRest());
  return std::move(merger).result();
}

}  // namespace breadthflow::columnar
