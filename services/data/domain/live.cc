#include "services/data/domain/live.h"

#include <algorithm>
#include <utility>

namespace breadthflow::data {
namespace {

using quant::Session;

// Bars of a session, the last of which may be short.
int64_t BarsIn(const Session& session, int64_t length_ns) {
  return (session.close_ns - session.open_ns + length_ns - 1) / length_ns;
}

// Bars of a session that are complete at or before `time_ns`.
int64_t BarsBy(const Session& session, int64_t length_ns, int64_t time_ns) {
  if (time_ns >= session.close_ns) return BarsIn(session, length_ns);
  return time_ns <= session.open_ns ? 0 : (time_ns - session.open_ns) / length_ns;
}

int64_t EndOfBar(const Session& session, int64_t length_ns, int64_t bar) {
  return std::min(session.open_ns + bar * length_ns, session.close_ns);
}

bool EndsABar(const quant::Calendar& calendar, int64_t length_ns, int64_t time_ns) {
  if (length_ns == 0) return calendar.ClosingAt(time_ns) != nullptr;
  const Session* session = calendar.At(time_ns - 1);
  return session != nullptr && (time_ns == session->close_ns || (time_ns - session->open_ns) % length_ns == 0);
}

// The instant since which the exchange has been open for that long; nothing while it is closed, and before that.
std::optional<int64_t> OpenSince(const quant::Calendar& calendar, int64_t now_ns, int64_t left) {
  const Session* session = calendar.At(now_ns);
  if (session == nullptr) return std::nullopt;
  for (int64_t end = now_ns;; end = session->close_ns) {
    const int64_t open = std::min(end, session->close_ns) - session->open_ns;
    if (open >= left) return session->open_ns + open - left;
    left -= open;
    if (session == calendar.sessions().data()) return std::nullopt;
    --session;
  }
}

}  // namespace

std::optional<MissingRows> MissingBetween(const quant::Calendar& calendar, quant::Timeframe timeframe,
                                          int64_t earlier_ns, int64_t later_ns) {
  const int64_t length_ns = absl::ToInt64Nanoseconds(quant::IntradayLength(timeframe));
  if (length_ns == 0 && timeframe != quant::Timeframe::kDay) return std::nullopt;
  if (!EndsABar(calendar, length_ns, earlier_ns) || !EndsABar(calendar, length_ns, later_ns)) return std::nullopt;
  return ExpectedBetween(calendar, timeframe, earlier_ns, later_ns);
}

std::optional<MissingRows> ExpectedBetween(const quant::Calendar& calendar, quant::Timeframe timeframe,
                                           int64_t earlier_ns, int64_t later_ns) {
  const bool daily = timeframe == quant::Timeframe::kDay;
  const int64_t length_ns = absl::ToInt64Nanoseconds(quant::IntradayLength(timeframe));
  if (earlier_ns >= later_ns || (length_ns == 0 && !daily) || !calendar.says_hours()) return std::nullopt;
  MissingRows missing{.range = {earlier_ns, earlier_ns}};
  const auto add = [&](int64_t first_ns, int64_t last_ns, int64_t rows) {
    if (missing.rows == 0) missing.range.start_ns = first_ns;
    missing.range.end_ns = last_ns + 1;
    missing.rows += rows;
  };
  const Session* session = calendar.FirstClosingAfter(earlier_ns);
  const Session* const end = calendar.sessions().data() + calendar.sessions().size();
  for (; session != nullptr && session != end && session->open_ns < later_ns; ++session) {
    if (daily) {
      if (session->close_ns < later_ns) add(session->close_ns, session->close_ns, 1);
      continue;
    }
    const int64_t first = BarsBy(*session, length_ns, earlier_ns) + 1;
    const int64_t last = BarsBy(*session, length_ns, later_ns - 1);
    if (first > last) continue;
    add(EndOfBar(*session, length_ns, first), EndOfBar(*session, length_ns, last), last - first + 1);
  }
  if (missing.rows == 0) return std::nullopt;
  return missing;
}

SilenceWatch::SilenceWatch(std::vector<const quant::Calendar*> calendars, absl::Duration after, absl::Time start)
    : calendars_(std::move(calendars)),
      after_ns_(absl::ToInt64Nanoseconds(after)),
      heard_ns_(calendars_.size(), quant::ToNanos(start)),
      silent_(calendars_.size(), false) {}

void SilenceWatch::Heard(size_t series, absl::Time now) {
  heard_ns_[series] = std::max(heard_ns_[series], quant::ToNanos(now));
  silent_[series] = false;
}

std::vector<size_t> SilenceWatch::Look(absl::Time now) {
  const int64_t now_ns = quant::ToNanos(now);
  std::vector<std::pair<const quant::Calendar*, std::optional<int64_t>>> since;  // a few at most
  std::vector<size_t> found;
  for (size_t i = 0; i < heard_ns_.size(); ++i) {
    if (silent_[i]) continue;
    auto known = std::find_if(since.begin(), since.end(), [&](const auto& one) { return one.first == calendars_[i]; });
    if (known == since.end()) {
      known = since.insert(since.end(), {calendars_[i], OpenSince(*calendars_[i], now_ns, after_ns_)});
    }
    if (!known->second || heard_ns_[i] > *known->second) continue;
    silent_[i] = true;
    found.push_back(i);
  }
  return found;
}

absl::Time Pace::Due(int64_t time_ns) const {
  if (speed_ <= 0 || time_ns <= first_ns_) return start_;
  return start_ + absl::Nanoseconds(static_cast<double>(time_ns - first_ns_) / speed_);
}

}  // namespace breadthflow::data
