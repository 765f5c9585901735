#include "common/rpc/receive_reactor.h"

#include <utility>

#include "absl/time/clock.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/rpc/handler.h"
#include "common/rpc/request_check.h"
#include "common/rpc/status_bridge.h"

namespace breadthflow::rpc {

void ReceiveCore::Begin(Call call, Limits limits, Scheduler& scheduler, Watchdog& watchdog, Ended ended) {
  limits_ = limits;
  Join(std::move(call), scheduler, watchdog, std::move(ended));
  Start(&ReceiveCore::Read);
}

void ReceiveCore::Start(void (ReceiveCore::*what)()) {
  const std::shared_ptr<OpenStream> alive = shared_from_this();
  {
    absl::MutexLock lock(&mutex_);
    ++starting_;
  }
  (this->*what)();
  absl::MutexLock lock(&mutex_);
  --starting_;
}

void ReceiveCore::Received(bool ok) {
  {
    absl::MutexLock lock(&mutex_);
    if (finished_) return;
    moved_ = absl::Now();
    if (ok) {
      ++messages_;
      working_ = true;
    }
  }
  if (ok) {
    Later([this] { Work(false); });
  } else {
    Later([this] {
      {
        absl::MutexLock lock(&mutex_);
        if (finished_) return;
        ++starting_;  // nothing may end the call before the headers are on their way
      }
      Start(&ReceiveCore::Announce);
      absl::MutexLock lock(&mutex_);
      --starting_;
    });
  }
}

void ReceiveCore::Announced(bool ok) {
  if (!ok) Cancelled();  // what the messages ended with was no end of theirs; Work() says so
  {
    absl::MutexLock lock(&mutex_);
    if (finished_) return;
    working_ = true;
  }
  Later([this] { Work(true); });
}

void ReceiveCore::Work(bool last) {
  absl::Status status = call().cancel.Check();
  if (status.ok()) {
    status = Ask("exception in a client stream", [&]() -> absl::Status {
      if (last) return Complete();
      BF_RETURN_IF_ERROR(CheckRequest(message(), limits_.max_message_bytes));
      return Take();
    });
    status = WithReason(std::move(status), call());
  }
  if (status.ok() && !last) {
    {
      absl::MutexLock lock(&mutex_);
      ++starting_;
      working_ = false;
      moved_ = absl::Now();
    }
    Start(&ReceiveCore::Read);
    absl::MutexLock lock(&mutex_);
    --starting_;
    return;
  }
  {
    absl::MutexLock lock(&mutex_);
    finished_ = true;
    status_ = status;
  }
  End(ToGrpc(status));
}

void ReceiveCore::Watch(absl::Time now) {
  absl::MutexLock lock(&mutex_);
  if (finished_ || working_ || starting_ > 0) return;
  if (call().cancel.cancelled()) {
    Fail(call().cancel.Check());
  } else if (now - moved_ > limits_.idle) {
    Fail(base::MakeError(absl::StatusCode::kDeadlineExceeded, "UPLOAD_IDLE",
                         fmt::format("no message came for {} s", absl::ToInt64Seconds(limits_.idle))));
  }
}

// Not from where it is called: the watchdog's lock is held, and what End() causes ends with removing this entry.
void ReceiveCore::Fail(const absl::Status& status) {
  finished_ = true;
  status_ = status;
  Later([this, status] { End(ToGrpc(status)); });
}

}  // namespace breadthflow::rpc
