#include "common/columnar/commit_position.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/status.h"

namespace breadthflow::columnar {

absl::StatusOr<CommitPosition> CommitPosition::Parse(std::string_view text) {
  const absl::Status bad =
      base::MakeError(absl::StatusCode::kInvalidArgument, "BAD_POSITION", "not a position in the log of commits");
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  const auto number = [&](uint64_t& value) {
    const auto [next, error] = std::from_chars(at, end, value);
    at = next;
    return error == std::errc();
  };
  const auto skip = [&](char c) {
    if (at == end || *at != c) return false;
    ++at;
    return true;
  };
  CommitPosition position;
  if (!number(position.first_running_) || !skip(':') || !number(position.next_) || !skip(':')) return bad;
  uint64_t least = position.first_running_;
  while (at != end) {
    uint64_t running = 0;
    if (!position.running_.empty() && !skip(',')) return bad;
    if (!number(running) || running < least || running >= position.next_) return bad;
    position.running_.push_back(running);
    least = running + 1;
  }
  if (position.first_running_ == 0 || position.first_running_ > position.next_) return bad;
  return position;
}

std::string CommitPosition::ToText() const {
  return fmt::format("{}:{}:{}", first_running_, next_, fmt::join(running_, ","));
}

bool CommitPosition::Sees(uint64_t transaction) const {
  if (transaction < first_running_) return true;
  if (transaction >= next_) return false;
  return !std::binary_search(running_.begin(), running_.end(), transaction);
}

bool CommitPosition::Covers(const CommitPosition& other) const {
  if (std::any_of(running_.begin(), running_.end(), [&](uint64_t one) { return other.Sees(one); })) return false;
  // What began behind us must have been running there.
  const auto late = std::lower_bound(other.running_.begin(), other.running_.end(), next_);
  return other.next_ <= next_ || static_cast<uint64_t>(other.running_.end() - late) == other.next_ - next_;
}

}  // namespace breadthflow::columnar
