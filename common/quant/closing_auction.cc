#include "common/quant/closing_auction.h"

#include <algorithm>
#include <utility>

namespace breadthflow::quant {
namespace {

// So long behind a close its rows and those that may follow them lie.
int64_t Evening(const Calendar& calendar, int64_t closing_ns) {
  if (closing_ns == 0 || calendar.around().closing_alone) return closing_ns;
  return std::max(closing_ns, calendar.around().after_ns);
}

// The instant before which rows lie that are so long behind the closes before `end_ns`.
int64_t Behind(const Calendar& calendar, int64_t span_ns, bool trades, int64_t end_ns) {
  if (span_ns == 0 || end_ns == INT64_MIN) return end_ns;
  const Session* last = calendar.LastClosingBy(end_ns - 1);
  // A bar that ends with the span has its time there.
  return last == nullptr ? end_ns : std::max(end_ns, last->close_ns + span_ns + (trades ? 0 : 1));
}

}  // namespace

ClosingAuction::ClosingAuction(const Calendar& calendar, int64_t closing_ns, std::span<const int64_t> times,
                               bool trades, std::function<bool(size_t row)> passed_over)
    : calendar_(calendar),
      closing_ns_(closing_ns),
      times_(times),
      trades_(trades),
      passed_over_(std::move(passed_over)) {}

const Session* ClosingAuction::SessionOf(int64_t position_ns) {
  if (closing_ns_ == 0) return nullptr;
  const Session* last = calendar_.LastClosingBy(position_ns);
  if (last == nullptr || position_ns >= last->close_ns + closing_ns_) return nullptr;
  if (trades_) return last;
  if (last != judged_) {
    judged_ = last;
    followed_ = IsFollowed(*last);
  }
  return followed_ ? nullptr : last;
}

bool ClosingAuction::IsFollowed(const Session& session) const {
  // A bar lies before its time.
  const int64_t from = session.close_ns + closing_ns_ + 1;
  const int64_t until = session.close_ns + Evening(calendar_, closing_ns_) + 1;
  for (auto time = std::lower_bound(times_.begin(), times_.end(), from); time != times_.end() && *time < until;
       ++time) {
    if (!passed_over_ || !passed_over_(static_cast<size_t>(time - times_.begin()))) return true;
  }
  return false;
}

int64_t ClosingAuction::RowsUntil(const Calendar& calendar, int64_t closing_ns, bool trades, int64_t end_ns) {
  return Behind(calendar, closing_ns, trades, end_ns);
}

int64_t ClosingAuction::FollowedUntil(const Calendar& calendar, int64_t closing_ns, bool trades, int64_t end_ns) {
  return Behind(calendar, trades ? closing_ns : Evening(calendar, closing_ns), trades, end_ns);
}

}  // namespace breadthflow::quant
