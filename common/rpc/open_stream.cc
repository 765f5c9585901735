#include "common/rpc/open_stream.h"

#include <utility>

#include "absl/time/clock.h"

#include "common/base/status.h"
#include "common/rpc/handler.h"
#include "common/rpc/scheduler.h"
#include "common/rpc/status_bridge.h"

namespace breadthflow::rpc {

void OpenStream::Join(Call call, Scheduler& scheduler, Watchdog& watchdog, Ended ended) {
  call_ = std::move(call);
  scheduler_ = &scheduler;
  watchdog_ = &watchdog;
  ended_ = std::move(ended);
  self_ = shared_from_this();
  {
    absl::MutexLock lock(&mutex_);
    moved_ = absl::Now();
  }
  entry_ = watchdog.Add(self_);
}

void OpenStream::Refuse(const absl::Status& status, Ended ended) {
  ended_ = std::move(ended);
  self_ = shared_from_this();
  {
    absl::MutexLock lock(&mutex_);
    finished_ = true;
    status_ = status;
  }
  End(ToGrpc(status));
}

absl::Status OpenStream::Ask(std::string_view where, absl::FunctionRef<absl::Status()> body) {
  return RunHandler(call_, where, [&]() -> absl::Status {
    if (!opened_) {
      BF_RETURN_IF_ERROR(Open(call_));
      opened_ = true;
    }
    return body();
  });
}

void OpenStream::Later(std::function<void()> task, absl::Duration delay) {
  scheduler_->RunAfter(delay, [task = std::move(task), alive = self_] { task(); });
}

void OpenStream::Look(absl::Time now) {
  if (now >= call_.deadline) call_.cancel.Cancel(base::CancelReason::kDeadline);
  Watch(now);
}

void OpenStream::Done() {
  if (watchdog_ != nullptr) watchdog_->Remove(entry_);
  absl::Status status;
  int64_t messages = 0;
  {
    absl::MutexLock lock(&mutex_);
    status = status_;
    messages = messages_;
  }
  ended_(status, messages);
  const std::shared_ptr<OpenStream> last = std::move(self_);
}

}  // namespace breadthflow::rpc
