#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace breadthflow::rpc {

// What a source did when it was asked for the next message of a stream.
struct Step {
  enum class Kind { kMessage, kEnd, kWait };
  Kind kind = Kind::kEnd;
  absl::Duration wait = absl::ZeroDuration();
  static Step Message() { return {Kind::kMessage}; }               // *message is filled
  static Step End() { return {Kind::kEnd}; }                       // nothing more; the stream ends with OK
  static Step Wait(absl::Duration d) { return {Kind::kWait, d}; }  // nothing now; ask again after `d`
};

// Where the messages of a server stream come from. Next() is called by one thread at a time, never by two, on a thread
// of the Guard's stream pool: it may read from the database but should return within a second or so; a source that has
// to wait for something says Step::Wait instead. It is asked for the next message while the one before it is being
// sent, so two messages are in memory at most. A non-OK status ends the stream with it.
template <typename Message>
class Source {
 public:
  virtual ~Source() = default;
  virtual absl::StatusOr<Step> Next(Message* message) = 0;
};

// A source from a function of the same contract.
template <typename Message>
std::unique_ptr<Source<Message>> MakeSource(std::function<absl::StatusOr<Step>(Message*)> next) {
  class FunctionSource final : public Source<Message> {
   public:
    explicit FunctionSource(std::function<absl::StatusOr<Step>(Message*)> function) : function_(std::move(function)) {}
    absl::StatusOr<Step> Next(Message* message) override { return function_(message); }

   private:
    std::function<absl::StatusOr<Step>(Message*)> function_;
  };
  return std::make_unique<FunctionSource>(std::move(next));
}

// Calls its argument, from any thread, whenever the run may have changed, until what it returned dies. The call is
// cheap.
using Subscribe = std::function<std::shared_ptr<void>(std::function<void()> changed)>;

// A source that watches one run: `get` returns the run as it is now, `subscribe` tells when to look again (a service
// passes jobs::Runner::Watch). Sends the run at once and after every change, and again every 20 s so that the reader
// knows the stream is alive; ends after `is_final` was true. A run that does not change is not read but for those 20 s:
// in between only a flag is looked at, every `interval`.
template <typename Run>
std::unique_ptr<Source<Run>> WatchRun(std::function<absl::StatusOr<Run>()> get,
                                      std::function<bool(const Run&)> is_final, const Subscribe& subscribe,
                                      absl::Duration interval = absl::Milliseconds(50),
                                      absl::Duration repeat = absl::Seconds(20)) {
  struct State {
    std::shared_ptr<std::atomic<bool>> changed = std::make_shared<std::atomic<bool>>(true);
    std::shared_ptr<void> subscription;
    bool ended = false;
    std::optional<std::string> last;  // what was sent
    absl::Duration unchanged;         // since a message was sent
  };
  auto state = std::make_shared<State>();
  state->subscription = subscribe([changed = state->changed] { *changed = true; });
  return MakeSource<Run>([=](Run* message) -> absl::StatusOr<Step> {
    if (state->ended) return Step::End();
    const bool due = !state->last || state->unchanged >= repeat;
    if (!state->changed->exchange(false) && !due) {
      state->unchanged += interval;
      return Step::Wait(interval);
    }
    absl::StatusOr<Run> run = get();
    if (!run.ok()) return run.status();
    std::string bytes = run->SerializeAsString();
    state->ended = is_final(*run);
    if (bytes == state->last && !due && !state->ended) {
      state->unchanged += interval;
      return Step::Wait(interval);
    }
    state->last = std::move(bytes);
    state->unchanged = absl::ZeroDuration();
    *message = *std::move(run);
    return Step::Message();
  });
}

}  // namespace breadthflow::rpc
