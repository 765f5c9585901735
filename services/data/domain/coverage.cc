#include "services/data/domain/coverage.h"

#include <algorithm>
#include <utility>

#include "common/base/hash.h"
#include "common/component/fingerprint.h"

namespace breadthflow::data {
namespace {

using quant::TimeRange;

bool Answered(const Coverage& one) { return one.outcome == Outcome::kOk || one.outcome == Outcome::kEmptyConfirmed; }

bool Overlap(const TimeRange& a, const TimeRange& b) { return a.start_ns < b.end_ns && b.start_ns < a.end_ns; }

// For how long a young answer is not asked for again.
absl::Duration RecheckAfter(quant::Timeframe timeframe, const CoveragePolicy& policy) {
  const absl::Duration bar = quant::IntradayLength(timeframe);
  return bar == absl::ZeroDuration() ? policy.recheck_after : std::min(bar, policy.recheck_after);
}

// The pieces of `known` outside `taken`, each with as many rows as are still certain.
void AddPieces(const Coverage& known, const std::vector<TimeRange>& taken, std::vector<Coverage>& out) {
  for (const TimeRange& range : Outside(known.range, taken)) {
    Coverage piece = known;
    if (!(range == known.range) && known.outcome == Outcome::kOk) piece.rows = std::nullopt;
    piece.range = range;
    out.push_back(std::move(piece));
  }
}

}  // namespace

std::vector<TimeRange> Outside(const TimeRange& range, std::vector<TimeRange> ranges) {
  std::sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) { return a.start_ns < b.start_ns; });
  std::vector<TimeRange> left;
  int64_t at = range.start_ns;
  for (const TimeRange& part : ranges) {
    if (part.end_ns <= at || part.start_ns >= range.end_ns) continue;
    if (part.start_ns > at) left.push_back({at, part.start_ns});
    at = part.end_ns;
  }
  if (at < range.end_ns) left.push_back({at, range.end_ns});
  return left;
}

bool RemembersAnswers(std::string_view resource) { return resource == "split" || resource == "dividend"; }

std::string RowParameters(const SourceEntry& entry, const component::RawParams& params) {
  component::ComponentRef ref{entry.info.name, params};
  for (const std::string& name : entry.access_params) ref.params.erase(name);
  base::Sha256 hash;
  hash.Text(entry.info.version);
  component::Append(ref, hash);
  return hash.FinishHex().substr(0, 32);
}

std::vector<TimeRange> StillThere(const Answers& answers, const DroppedSince& dropped) {
  std::vector<TimeRange> left;
  for (const KnownAnswer& one : answers.each) {
    const int64_t start = std::max(one.range.start_ns, dropped(one.known_at));
    if (start < one.range.end_ns) left.push_back({start, one.range.end_ns});
  }
  // A later cut may have put the beginnings into another order.
  std::sort(left.begin(), left.end(), [](const auto& a, const auto& b) { return a.start_ns < b.start_ns; });
  std::vector<TimeRange> there;
  for (const TimeRange& range : left) {
    if (!there.empty() && range.start_ns <= there.back().end_ns) {
      there.back().end_ns = std::max(there.back().end_ns, range.end_ns);
    } else {
      there.push_back(range);
    }
  }
  return there;
}

std::optional<int64_t> EndOfDropped(const Answers& answers, const DroppedSince& dropped) {
  const std::vector<TimeRange> there = StillThere(answers, dropped);
  std::optional<int64_t> end;
  for (const TimeRange& range : answers.ranges) {
    for (const TimeRange& gone : Outside(range, there)) end = gone.end_ns;
  }
  return end;
}

std::vector<Coverage> Since(std::span<const Coverage> known, int64_t from_ns) {
  std::vector<Coverage> since;
  for (const Coverage& one : known) {
    if (one.range.end_ns <= from_ns) continue;
    if (one.range.start_ns >= from_ns) {
      since.push_back(one);
    } else {
      AddPieces(one, {{INT64_MIN, from_ns}}, since);
    }
  }
  return since;
}

std::vector<TimeRange> WithoutDropped(std::span<const TimeRange> ranges, std::span<const Coverage> known,
                                      int64_t before_ns, std::span<const TimeRange> back) {
  const std::vector<TimeRange> there(back.begin(), back.end());
  std::vector<TimeRange> dropped;
  for (const Coverage& one : known) {
    if (!Answered(one) || one.range.start_ns >= before_ns) continue;
    const std::vector<TimeRange> gone = Outside({one.range.start_ns, std::min(one.range.end_ns, before_ns)}, there);
    dropped.insert(dropped.end(), gone.begin(), gone.end());
  }
  std::vector<TimeRange> left;
  for (const TimeRange& range : ranges) {
    const std::vector<TimeRange> parts = Outside(range, dropped);
    left.insert(left.end(), parts.begin(), parts.end());
  }
  return left;
}

std::vector<TimeRange> Missing(const TimeRange& range, std::span<const Coverage> known, const std::string& parameters,
                               Revisions revisions, const CoveragePolicy& policy, absl::Time now) {
  if (revisions == Revisions::kAnytime) return {range};
  std::vector<TimeRange> covered;
  for (const Coverage& one : known) {
    if (!Answered(one) || one.parameters != parameters) continue;
    TimeRange part = one.range;
    if (revisions == Revisions::kRecent) {
      const absl::Duration recheck = RecheckAfter(one.key.timeframe, policy);
      const bool to_the_end = part.end_ns == quant::ToNanos(one.fetch_time);
      if (now - one.fetch_time < recheck) {
        if (to_the_end) part.end_ns = INT64_MAX;
      } else {
        part.end_ns = std::min(part.end_ns, quant::ToNanos(one.fetch_time - policy.revision_window));
      }
    }
    if (part.start_ns < part.end_ns) covered.push_back(part);
  }
  return Outside(range, std::move(covered));
}

std::vector<Coverage> Covered(const Coverage& like, const TimeRange& asked, std::span<const int64_t> times,
                              Revisions revisions, const CoveragePolicy& policy) {
  std::vector<TimeRange> ranges = {asked};
  if (revisions == Revisions::kRecent) {
    const int64_t end = std::min(asked.end_ns, quant::ToNanos(like.fetch_time));
    if (end <= asked.start_ns) return {};
    const int64_t border = quant::ToNanos(like.fetch_time - policy.revision_window);
    if (border > asked.start_ns && border < end && like.outcome != Outcome::kFailed) {
      ranges = {{asked.start_ns, border}, {border, end}};
    } else {
      ranges = {{asked.start_ns, end}};
    }
  }
  std::vector<Coverage> entries;
  for (const TimeRange& range : ranges) {
    Coverage entry = like;
    entry.range = range;
    entry.rows = std::count_if(times.begin(), times.end(), [&](int64_t time) { return range.Contains(time); });
    if (like.outcome != Outcome::kFailed) entry.outcome = *entry.rows > 0 ? Outcome::kOk : Outcome::kEmptyConfirmed;
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::vector<Coverage> Merge(std::vector<Coverage> known, const std::vector<Coverage>& added) {
  for (const Coverage& one : added) {
    std::vector<Coverage> merged;
    std::vector<TimeRange> kept;  // answers that a failure leaves alone
    for (const Coverage& old : known) {
      if (one.outcome == Outcome::kFailed && Answered(old)) {
        kept.push_back(old.range);
        merged.push_back(old);
      } else if (Overlap(old.range, one.range)) {
        AddPieces(old, {one.range}, merged);
      } else {
        merged.push_back(old);
      }
    }
    AddPieces(one, kept, merged);
    known = std::move(merged);
  }
  std::sort(known.begin(), known.end(),
            [](const auto& a, const auto& b) { return a.range.start_ns < b.range.start_ns; });
  return known;
}

std::vector<Coverage> Fused(std::vector<Coverage> known, const CoveragePolicy& policy) {
  absl::Time newest = absl::InfinitePast();
  for (const Coverage& one : known) {
    if (Answered(one)) newest = std::max(newest, one.fetch_time);
  }
  const auto stale = [&](const Coverage& one) {
    return Answered(one) && newest - one.fetch_time >= RecheckAfter(one.key.timeframe, policy) &&
           one.range.start_ns >= quant::ToNanos(one.fetch_time - policy.revision_window);
  };
  std::vector<Coverage> fused;
  for (Coverage& one : known) {
    Coverage* before = fused.empty() ? nullptr : &fused.back();
    // Not when the later part was answered first: what was young of it then is older than what comes before.
    if (before == nullptr || before->range.end_ns != one.range.start_ns || !stale(*before) || !stale(one) ||
        before->parameters != one.parameters || before->basis != one.basis || one.fetch_time < before->fetch_time) {
      fused.push_back(std::move(one));
      continue;
    }
    before->range.end_ns = one.range.end_ns;
    before->outcome =
        before->outcome == Outcome::kOk || one.outcome == Outcome::kOk ? Outcome::kOk : Outcome::kEmptyConfirmed;
    before->rows = before->rows && one.rows ? std::optional<int64_t>(*before->rows + *one.rows) : std::nullopt;
    before->run = std::move(one.run);
    before->body_sha256 = std::move(one.body_sha256);
  }
  return fused;
}

std::optional<bool> HasRows(const TimeRange& range, std::span<const Coverage> known) {
  bool maybe = false;
  for (const Coverage& one : known) {
    if (one.outcome != Outcome::kOk || !Overlap(one.range, range)) continue;
    const bool within = one.range.start_ns >= range.start_ns && one.range.end_ns <= range.end_ns;
    if (within && one.rows.value_or(0) > 0) return true;
    maybe = true;
  }
  return maybe ? std::nullopt : std::optional<bool>(false);
}

double CoveredShare(const TimeRange& range, std::span<const Coverage> known, const std::string& parameters) {
  std::vector<TimeRange> covered;
  for (const Coverage& one : known) {
    if (Answered(one) && one.parameters == parameters) covered.push_back(one.range);
  }
  double missing = 0;
  for (const TimeRange& part : Outside(range, std::move(covered))) {
    missing += static_cast<double>(part.end_ns) - static_cast<double>(part.start_ns);
  }
  return 1 - missing / (static_cast<double>(range.end_ns) - static_cast<double>(range.start_ns));
}

}  // namespace breadthflow::data
