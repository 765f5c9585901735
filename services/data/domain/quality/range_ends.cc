#include "services/data/domain/quality/range_ends.h"

#include <algorithm>
#include <optional>

#include "absl/time/time.h"
#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::data {
namespace {

constexpr int64_t kHourNs = 3'600'000'000'000;

// The rows that sessions have with times in `range`, the bars of them that begin at `begin_ns` or later.
RangeEnd ExpectedIn(const quant::Series& series, const quant::Calendar& calendar, quant::TimeRange range,
                    int64_t begin_ns) {
  RangeEnd end;
  const auto add = [&](const quant::Session& session, int64_t rows) {
    if (rows == 0) return;
    if (end.sessions == 0) end.first_close_ns = session.close_ns;
    end.last_close_ns = session.close_ns;
    ++end.sessions;
    end.rows += rows;
  };
  if (!IsIntraday(series)) {
    for (const quant::Session& session : calendar.ClosingIn(range)) add(session, 1);
    return end;
  }
  const int64_t length = absl::ToInt64Nanoseconds(quant::IntradayLength(series.key.timeframe));
  const quant::Session* session = calendar.FirstClosingAfter(range.start_ns - 1);
  if (session == nullptr) return end;
  const quant::Session* const last = calendar.sessions().data() + calendar.sessions().size();
  for (; session != last && session->open_ns < range.end_ns; ++session) {
    if (session->open_ns >= std::max(range.start_ns, begin_ns) && session->close_ns < range.end_ns) {
      add(*session, (session->close_ns - session->open_ns + length - 1) / length);
      continue;
    }
    int64_t rows = 0;
    for (int64_t begin = session->open_ns; begin < session->close_ns; begin += length) {
      rows += begin >= begin_ns && range.Contains(std::min(begin + length, session->close_ns)) ? 1 : 0;
    }
    add(*session, rows);
  }
  return end;
}

int64_t RowsIn(const quant::Series& series, quant::TimeRange range) {
  const auto begin = std::lower_bound(series.times.begin(), series.times.end(), range.start_ns);
  return std::max<int64_t>(0, std::lower_bound(series.times.begin(), series.times.end(), range.end_ns) - begin);
}

std::string Day(int64_t time_ns) {
  return absl::FormatTime("%Y-%m-%d", quant::FromNanos(time_ns), absl::UTCTimeZone());
}

// What the answers say of the rows of `hole`, which has none.
void Tell(const quant::Series& series, quant::TimeRange range, quant::TimeRange hole, int64_t as_of_ns,
          const RangeKnowledge& known, RangeEnd& end) {
  const auto error = [&](std::string why) {
    end.severity = Severity::kError;
    end.why = std::move(why);
  };
  if (known.expect_all) return error("every session of it is expected to have rows");
  std::vector<quant::TimeRange> answered;
  for (const Coverage& one : known.coverage) {
    const int64_t fetched_ns = quant::ToNanos(one.fetch_time);
    if (one.range.start_ns >= hole.end_ns || one.range.end_ns <= hole.start_ns || fetched_ns > as_of_ns) continue;
    if (one.outcome == Outcome::kFailed) {
      return error(fmt::format("the fetch of {} to {} failed: {}", Day(one.range.start_ns), Day(one.range.end_ns),
                               base::Message(one.error)));
    }
    const bool within = one.range.start_ns >= range.start_ns && one.range.end_ns <= range.end_ns;
    const int64_t rows = RowsIn(series, one.range);
    if (within && one.rows && *one.rows > rows && fetched_ns < as_of_ns - kHourNs) {
      return error(fmt::format("{} came for {} to {}, and {} are there", *one.rows, Day(one.range.start_ns),
                               Day(one.range.end_ns), rows));
    }
    const bool whole = one.outcome == Outcome::kEmptyConfirmed || one.rows;
    if (whole) answered.push_back(one.range);
  }
  if (answered.empty() || !Outside(hole, std::move(answered)).empty()) return;
  end.severity = Severity::kInfo;
  end.why = "the source was asked for them and has none";
}

}  // namespace

std::vector<RangeEnd> FindRangeEnds(const quant::Series& series, const quant::Calendar& calendar,
                                    quant::TimeRange range, int64_t as_of_ns, const RangeKnowledge& known) {
  std::vector<RangeEnd> ends;
  const bool judged = IsIntraday(series) || series.key.timeframe == quant::Timeframe::kDay;
  if (!judged || series.empty() || !calendar.says_hours()) return ends;
  const auto add = [&](bool leading, quant::TimeRange hole, int64_t begin_ns) {
    RangeEnd end = ExpectedIn(series, calendar, hole, begin_ns);
    if (end.rows == 0) return;
    end.leading = leading;
    Tell(series, range, hole, as_of_ns, known, end);
    ends.push_back(std::move(end));
  };
  const int64_t first = series.times.front();
  const int64_t last = series.times.back();
  if (range.start_ns != INT64_MIN && range.start_ns < first) add(true, {range.start_ns, first}, INT64_MIN);
  if (range.end_ns != INT64_MAX && range.end_ns <= as_of_ns && last + 1 < range.end_ns) {
    add(false, {last + 1, range.end_ns}, last);
  }
  return ends;
}

}  // namespace breadthflow::data
