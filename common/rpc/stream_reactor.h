#pragma once

#include <array>
#include <functional>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "common/rpc/call.h"
#include "common/rpc/open_stream.h"
#include "common/rpc/source.h"
#include "common/rpc/watchdog.h"

namespace breadthflow::rpc {

// One open server stream: asks its source for messages on the scheduler's threads, sends them one at a time, and ends
// with the source's status, with the deadline, when the caller leaves, when the reader takes no message for
// `slow_reader`, or when nothing moves for `idle`. Two messages are in memory at most: one being sent and the next.
// Made by Guard::Stream only.
class StreamCore : public OpenStream {
 public:
  struct Limits {
    absl::Duration slow_reader = absl::Seconds(30);
    absl::Duration idle = absl::Seconds(60);
  };

  // Begins asking.
  void Begin(Call call, Limits limits, Scheduler& scheduler, Watchdog& watchdog, Ended ended);

 protected:
  virtual absl::StatusOr<Step> Produce(int slot) = 0;
  virtual void Send(int slot) = 0;
  virtual void Abort() = 0;  // makes a pending Send fail

  void Sent(bool ok);

 private:
  // What must happen after the lock is left.
  struct Action {
    int send = -1;
    bool pump = false;
    bool abort = false;
    bool finish = false;
  };
  void Pump();
  absl::StatusOr<Step> Next(int slot);
  void Watch(absl::Time now) override;
  void Take(int slot, const absl::StatusOr<Step>& step, Action& action) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Fail(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Settle(Action& action) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Apply(const Action& action);

  Limits limits_;
  bool producing_ ABSL_GUARDED_BY(mutex_) = false;  // a pump is running or scheduled
  bool sending_ ABSL_GUARDED_BY(mutex_) = false;
  bool aborting_ ABSL_GUARDED_BY(mutex_) = false;  // Abort() is under way: the call must stay until it returns
  bool aborted_ ABSL_GUARDED_BY(mutex_) = false;
  bool over_ ABSL_GUARDED_BY(mutex_) = false;  // nothing more is asked for
  int sending_slot_ ABSL_GUARDED_BY(mutex_) = 0;
  int ready_slot_ ABSL_GUARDED_BY(mutex_) = -1;  // a message that waits for the one before it
  absl::Time ask_again_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
};

// The part that knows the type of the messages.
template <typename Message>
class StreamReactor final : public StreamCore, public grpc::ServerWriteReactor<Message> {
 public:
  using Opener = std::function<absl::StatusOr<std::unique_ptr<Source<Message>>>(const Call&)>;
  StreamReactor(grpc::CallbackServerContext& context, Opener opener) : context_(context), opener_(std::move(opener)) {}

  void OnWriteDone(bool ok) override { Sent(ok); }
  void OnCancel() override { Cancelled(); }
  void OnDone() override { Done(); }

 private:
  absl::Status Open(const Call& call) override {
    absl::StatusOr<std::unique_ptr<Source<Message>>> source = opener_(call);
    if (!source.ok()) return source.status();
    source_ = *std::move(source);
    return absl::OkStatus();
  }
  absl::StatusOr<Step> Produce(int slot) override {
    slots_[slot].Clear();
    return source_->Next(&slots_[slot]);
  }
  void Send(int slot) override { this->StartWrite(&slots_[slot]); }
  void End(const grpc::Status& status) override { this->Finish(status); }
  void Abort() override { context_.TryCancel(); }

  grpc::CallbackServerContext& context_;
  Opener opener_;
  std::unique_ptr<Source<Message>> source_;
  std::array<Message, 2> slots_;
};

}  // namespace breadthflow::rpc
