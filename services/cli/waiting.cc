#include "services/cli/waiting.h"

#include <utility>

#include <fmt/format.h>

#include "services/cli/values.h"

namespace breadthflow::cli {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(2);
constexpr absl::Duration kTick = absl::Milliseconds(200);

}  // namespace

Waiting::Waiting(Progress::Style style, std::ostream& out, const base::Clock& clock, std::string title)
    : style_(style), out_(out), clock_(clock), title_(std::move(title)), start_(clock.Now()), next_(kPatience) {}

void Waiting::Start() {
  if (style_ == Progress::Style::kSilent) return;
  thread_ = std::thread([this] {
    const auto finished = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return finished_; };
    absl::MutexLock lock(&mutex_);
    while (!mutex_.AwaitWithTimeout(absl::Condition(&finished), kTick)) Look();
  });
}

void Waiting::Look() {
  const absl::Duration passed = clock_.Now() - start_;
  if (style_ == Progress::Style::kSilent || passed < next_) return;
  const std::string line = fmt::format("{}: {}", title_, Seconds(passed));
  if (style_ == Progress::Style::kBar) {
    next_ = absl::Floor(passed, absl::Seconds(1)) + absl::Seconds(1);
    out_ << '\r' << line << std::flush;
    drawn_ = line.size();
  } else {
    next_ = 2 * passed;
    out_ << line << '\n' << std::flush;
  }
}

void Waiting::Finish() {
  {
    absl::MutexLock lock(&mutex_);
    finished_ = true;
  }
  if (thread_.joinable()) thread_.join();
  if (drawn_ > 0) out_ << '\r' << std::string(drawn_, ' ') << '\r' << std::flush;
  drawn_ = 0;
}

}  // namespace breadthflow::cli
