#include "common/rpc/receive_reactor.h"

#include <exception>
#include <string>

#include "absl/time/clock.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/rpc/request_check.h"
#include "common/rpc/scheduler.h"
#include "common/rpc/status_bridge.h"
#include "common/telemetry/log.h"
#include "common/telemetry/scope.h"

namespace breadthflow::rpc {

void ReceiveCore::Begin(Call call, Limits limits, Scheduler& scheduler, Watchdog& watchdog, Ended ended) {
  call_ = std::move(call);
  limits_ = limits;
  scheduler_ = &scheduler;
  watchdog_ = &watchdog;
  ended_ = std::move(ended);
  self_ = shared_from_this();
  {
    absl::MutexLock lock(&mutex_);
    moved_ = absl::Now();
  }
  entry_ = watchdog.Add(self_);
  Start(&ReceiveCore::Read);
}

void ReceiveCore::Refuse(const absl::Status& status, Ended ended) {
  ended_ = std::move(ended);
  self_ = shared_from_this();
  {
    absl::MutexLock lock(&mutex_);
    finished_ = true;
    status_ = status;
  }
  End(ToGrpc(status));
}

void ReceiveCore::Start(void (ReceiveCore::*what)()) {
  const std::shared_ptr<ReceiveCore> alive = self_;
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
    scheduler_->Run([self = self_] { self->Work(false); });
  } else {
    scheduler_->Run([self = self_] {
      {
        absl::MutexLock lock(&self->mutex_);
        if (self->finished_) return;
        ++self->starting_;  // nothing may end the call before the headers are on their way
      }
      self->Start(&ReceiveCore::Announce);
      absl::MutexLock lock(&self->mutex_);
      --self->starting_;
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
  scheduler_->Run([self = self_] { self->Work(true); });
}

void ReceiveCore::Work(bool last) {
  absl::Status status = call_.cancel.Check();
  if (status.ok()) status = Ask(last);
  // Work that was told to stop says CANCELLED; the reason is what the caller should see.
  if (status.code() == absl::StatusCode::kCancelled && call_.cancel.cancelled()) status = call_.cancel.Check();
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

absl::Status ReceiveCore::Ask(bool last) {
  telemetry::Scope scope({.trace = call_.trace,
                          .request_id = call_.request_id,
                          .run_id = {},
                          .step_id = {},
                          .principal_key_id = call_.principal.key_id});
  try {
    if (!opened_) {
      BF_RETURN_IF_ERROR(Open(call_));
      opened_ = true;
    }
    if (last) return Complete();
    BF_RETURN_IF_ERROR(CheckRequest(message(), limits_.max_message_bytes));
    return Take();
  } catch (const std::exception& error) {
    telemetry::LogError("exception in a client stream", {{"error", error.what()}});
  }
  return base::MakeError(
      absl::StatusCode::kInternal, "internal error",
      {.reason = "INTERNAL", .metadata = {{"trace_id", call_.trace.trace_id}}, .violations = {}, .retry_after = {}});
}

void ReceiveCore::Look(absl::Time now) {
  if (now >= call_.deadline) call_.cancel.Cancel(base::CancelReason::kDeadline);
  absl::MutexLock lock(&mutex_);
  if (finished_ || working_ || starting_ > 0) return;
  if (call_.cancel.cancelled()) {
    Fail(call_.cancel.Check());
  } else if (now - moved_ > limits_.idle) {
    Fail(base::MakeError(absl::StatusCode::kDeadlineExceeded, "UPLOAD_IDLE",
                         fmt::format("no message came for {} s", absl::ToInt64Seconds(limits_.idle))));
  }
}

// Not from where it is called: the watchdog's lock is held, and what End() causes ends with removing this entry.
void ReceiveCore::Fail(const absl::Status& status) {
  finished_ = true;
  status_ = status;
  scheduler_->Run([self = self_, status] { self->End(ToGrpc(status)); });
}

void ReceiveCore::Done() {
  if (watchdog_ != nullptr) watchdog_->Remove(entry_);
  absl::Status status;
  int64_t messages = 0;
  {
    absl::MutexLock lock(&mutex_);
    status = status_;
    messages = messages_;
  }
  ended_(status, messages);
  const std::shared_ptr<ReceiveCore> last = std::move(self_);
}

}  // namespace breadthflow::rpc
