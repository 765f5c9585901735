#include "common/rpc/stream_reactor.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/rpc/status_bridge.h"

namespace breadthflow::rpc {
namespace {

// A waiting stream looks at its token this often.
constexpr absl::Duration kMaxNap = absl::Milliseconds(100);
// How long a message may still be on its way after the call was cancelled from our side.
constexpr absl::Duration kLastMessage = absl::Seconds(1);
// Messages sent without a pause before other streams get the thread.
constexpr int kBurst = 16;

}  // namespace

void StreamCore::Begin(Call call, Limits limits, Scheduler& scheduler, Watchdog& watchdog, Ended ended) {
  limits_ = limits;
  {
    absl::MutexLock lock(&mutex_);
    producing_ = true;
  }
  Join(std::move(call), scheduler, watchdog, std::move(ended));
  Later([this] { Pump(); });
}

void StreamCore::Pump() {
  for (int asked = 0;; ++asked) {
    int slot = 0;
    {
      absl::MutexLock lock(&mutex_);
      const absl::Duration left = ask_again_ - absl::Now();
      if (!call().cancel.cancelled() && (left > absl::ZeroDuration() || asked >= kBurst)) {
        Later([this] { Pump(); }, std::clamp(left, absl::ZeroDuration(), kMaxNap));
        return;
      }
      slot = sending_ ? 1 - sending_slot_ : 0;
    }
    const absl::Status cancelled = call().cancel.Check();
    const absl::StatusOr<Step> step = cancelled.ok() ? Next(slot) : absl::StatusOr<Step>(cancelled);
    Action action;
    bool go_on = false;
    {
      absl::MutexLock lock(&mutex_);
      Take(slot, step, action);
      Settle(action);
      go_on = producing_;
    }
    Apply(action);
    if (!go_on) return;
  }
}

absl::StatusOr<Step> StreamCore::Next(int slot) {
  Step step;
  BF_RETURN_IF_ERROR(Ask("exception in a stream", [&]() -> absl::Status {
    BF_ASSIGN_OR_RETURN(step, Produce(slot));
    return absl::OkStatus();
  }));
  return step;
}

// What becomes of the answer of the source.
void StreamCore::Take(int slot, const absl::StatusOr<Step>& step, Action& action) {
  if (over_) {
    producing_ = false;
  } else if (!step.ok()) {
    producing_ = false;
    Fail(step.status());
  } else if (step->kind == Step::Kind::kEnd) {
    producing_ = false;
    over_ = true;
  } else if (step->kind == Step::Kind::kWait) {
    ask_again_ = absl::Now() + step->wait;
  } else if (sending_) {
    producing_ = false;  // Sent() sends it and goes on
    ready_slot_ = slot;
  } else {
    sending_ = true;
    sending_slot_ = slot;
    moved_ = absl::Now();
    action.send = slot;
  }
}

void StreamCore::Sent(bool ok) {
  Action action;
  {
    absl::MutexLock lock(&mutex_);
    sending_ = false;
    moved_ = absl::Now();
    if (ok) {
      ++messages_;
    } else {
      const absl::Status cancelled = call().cancel.Check();
      Fail(cancelled.ok() ? base::MakeError(absl::StatusCode::kCancelled, "CANCELLED", "the reader is gone")
                          : cancelled);
      ready_slot_ = -1;
    }
    if (ready_slot_ >= 0) {
      sending_ = true;
      sending_slot_ = ready_slot_;
      action.send = ready_slot_;
      ready_slot_ = -1;
      if (!over_ && !producing_) {
        producing_ = true;
        action.pump = true;
      }
    }
    Settle(action);
  }
  Apply(action);
}

void StreamCore::Watch(absl::Time now) {
  Action action;
  {
    absl::MutexLock lock(&mutex_);
    if (finished_) return;
    const absl::Duration still = now - moved_;
    if (sending_ && still > limits_.slow_reader) {
      Fail(base::MakeError(
          absl::StatusCode::kDeadlineExceeded, "SLOW_READER",
          fmt::format("the reader took no message for {} s", absl::ToInt64Seconds(limits_.slow_reader))));
      action.abort = true;
    } else if (sending_ && call().cancel.cancelled() && still > kLastMessage) {
      Fail(call().cancel.Check());
      action.abort = true;
    } else if (!sending_ && still > limits_.idle) {
      Fail(base::MakeError(absl::StatusCode::kUnavailable, "STREAM_IDLE",
                           fmt::format("nothing to send for {} s", absl::ToInt64Seconds(limits_.idle))));
      ask_again_ = absl::InfinitePast();
    }
    if (action.abort && !aborted_) {
      aborted_ = true;
      aborting_ = true;
    } else {
      action.abort = false;
    }
  }
  // Not from here: the watchdog's lock is held, and what Abort() causes ends with removing this entry.
  if (action.abort) {
    Later([this] {
      Abort();
      Action after;
      {
        absl::MutexLock lock(&mutex_);
        aborting_ = false;
        Settle(after);
      }
      Apply(after);
    });
  }
}

// The first failure is the one that is told.
void StreamCore::Fail(const absl::Status& status) {
  if (status_.ok() && !finished_) status_ = status;
  over_ = true;
}

void StreamCore::Settle(Action& action) {
  if (over_ && !sending_ && !producing_ && !aborting_ && !finished_) {
    finished_ = true;
    action.finish = true;
  }
}

void StreamCore::Apply(const Action& action) {
  if (action.pump) Later([this] { Pump(); });
  if (action.send >= 0) Send(action.send);
  if (action.finish) {
    absl::Status status;
    {
      absl::MutexLock lock(&mutex_);
      status = status_;
    }
    End(ToGrpc(status));
  }
}

}  // namespace breadthflow::rpc
