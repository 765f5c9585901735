#include "services/data/app/polled_stream.h"

#include <utility>

#include "common/base/status.h"

namespace breadthflow::data {
namespace {

constexpr absl::Duration kLook = absl::Milliseconds(200);

}  // namespace

// Symbols that failed in the same way are told together.
void PolledStream::Look() {
  std::map<std::string, absl::Status> failed = poller_.Failures(polling_.feed, symbols_);
  std::map<std::string, size_t> places;  // by what is wrong
  for (const std::string& symbol : symbols_) {
    const auto found = failed.find(symbol);
    if (found == failed.end()) continue;
    const auto before = told_.find(symbol);
    if (before != told_.end() && before->second == found->second) continue;
    const auto [place, is_new] = places.emplace(found->second.ToString(), out_.size());
    if (is_new) {
      LiveEvent event{.kind = LiveEvent::Kind::kPollFailure, .cursor = cursor_};
      event.poll_failure.error = found->second;
      out_.push_back(std::move(event));
    }
    out_[place->second].poll_failure.symbols.push_back(symbol);
  }
  told_ = std::move(failed);
}

absl::StatusOr<LiveStep> PolledStream::Next(LiveEvent& event) {
  const absl::Time now = clock_.Now();
  if (begun_ && out_.empty() && now >= next_look_) {
    next_look_ = now + kLook;
    Look();
  }
  if (!out_.empty()) {
    event = std::move(out_.front());
    out_.pop_front();
    return LiveStep::Event();
  }
  BF_ASSIGN_OR_RETURN(const LiveStep step, inner_->Next(event));
  if (step.kind == LiveStep::Kind::kEvent) {
    begun_ = true;
    cursor_ = event.cursor;
  }
  return step;
}

}  // namespace breadthflow::data
