#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include <grpcpp/support/status.h>

#include "common/rpc/call.h"
#include "common/rpc/watchdog.h"

namespace breadthflow::rpc {

class Scheduler;

// One open stream, in either direction: what StreamCore and ReceiveCore have in common. It keeps itself alive from
// Join() or Refuse() to Done(), for gRPC holds a plain pointer until then. Made by the Guard only.
class OpenStream : public Watched, public std::enable_shared_from_this<OpenStream> {
 public:
  // How it ended and how many messages went over it, told once, before the stream is destroyed.
  using Ended = std::function<void(const absl::Status& status, int64_t messages)>;

  // Ends at once with `status`, without having done anything: a call that was refused.
  void Refuse(const absl::Status& status, Ended ended);

  // Ends it soon with UNAVAILABLE `SHUTTING_DOWN`.
  void Stop() { call_.cancel.Cancel(base::CancelReason::kShuttingDown); }

  void Look(absl::Time now) final;

 protected:
  virtual absl::Status Open(const Call& call) = 0;  // before the first Ask()
  virtual void End(const grpc::Status& status) = 0;
  virtual void Watch(absl::Time now) = 0;  // Look(), after the deadline was passed on

  // Takes its place among what is in flight. `ended` runs on a gRPC thread after everything left.
  void Join(Call call, Scheduler& scheduler, Watchdog& watchdog, Ended ended);
  // Runs `body`, on one thread at a time; see RunHandler().
  absl::Status Ask(std::string_view where, absl::FunctionRef<absl::Status()> body);
  void Cancelled() { call_.cancel.Cancel(base::CancelReason::kCancelled); }
  void Done();

  const Call& call() const { return call_; }
  // Runs `task` on the scheduler's threads; the stream lives until then.
  void Later(std::function<void()> task, absl::Duration delay = absl::ZeroDuration());

  absl::Mutex mutex_;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;  // the call was told how it ended
  int64_t messages_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Time moved_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  absl::Status status_ ABSL_GUARDED_BY(mutex_);

 private:
  Call call_;
  Scheduler* scheduler_ = nullptr;
  Watchdog* watchdog_ = nullptr;
  Watchdog::Entry entry_;
  Ended ended_;
  std::shared_ptr<OpenStream> self_;
  bool opened_ = false;  // only Ask() touches it
};

}  // namespace breadthflow::rpc
