#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include <google/protobuf/message.h>
#include <grpcpp/support/server_callback.h>

#include "common/rpc/call.h"
#include "common/rpc/sink.h"
#include "common/rpc/watchdog.h"

namespace breadthflow::rpc {

class Scheduler;

// One open client stream: hands message after message to its sink on the scheduler's threads, and ends with the sink's
// answer, with its error as soon as there is one, with the deadline, when the caller leaves, or when no message comes
// for `idle`. One message is in memory at a time; the rest waits in the flow control of the connection.
//
// The end of the messages alone does not say that the caller has sent everything: they also end when it breaks off. So
// the headers of the answer are sent first, which fails when the call is over; only then the sink is told to finish.
// Made by Guard::Receive only.
class ReceiveCore : public Watched, public std::enable_shared_from_this<ReceiveCore> {
 public:
  struct Limits {
    absl::Duration idle = absl::Seconds(60);
    int64_t max_message_bytes = 4 << 20;
  };
  // How it ended and how many messages came, told once, before the stream is destroyed.
  using Ended = std::function<void(const absl::Status& status, int64_t messages)>;

  // Begins to read. `ended` runs on a gRPC thread after the answer left.
  void Begin(Call call, Limits limits, Scheduler& scheduler, Watchdog& watchdog, Ended ended);
  // Ends at once with `status`, without having read anything: a call that was refused.
  void Refuse(const absl::Status& status, Ended ended);

  // Ends it soon with UNAVAILABLE `SHUTTING_DOWN`.
  void Stop() { call_.cancel.Cancel(base::CancelReason::kShuttingDown); }

  void Look(absl::Time now) override;

 protected:
  virtual absl::Status Open(const Call& call) = 0;
  virtual const google::protobuf::Message& message() const = 0;
  virtual absl::Status Take() = 0;      // the message
  virtual absl::Status Complete() = 0;  // fills the response
  virtual void Read() = 0;
  virtual void Announce() = 0;  // sends the headers
  virtual void End(const grpc::Status& status) = 0;

  void Received(bool ok);
  void Announced(bool ok);
  void Cancelled() { call_.cancel.Cancel(base::CancelReason::kCancelled); }
  void Done();

 private:
  void Work(bool last);
  absl::Status Ask(bool last);
  // gRPC is told to read or to send headers outside of the lock; until it has returned nothing may end the call.
  void Start(void (ReceiveCore::*what)());
  void Fail(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Call call_;
  Limits limits_;
  Scheduler* scheduler_ = nullptr;
  Watchdog* watchdog_ = nullptr;
  Watchdog::Entry entry_;
  Ended ended_;
  std::shared_ptr<ReceiveCore> self_;  // gRPC holds a plain pointer until Done()
  bool opened_ = false;                // only Work() touches it

  absl::Mutex mutex_;
  int starting_ ABSL_GUARDED_BY(mutex_) = 0;
  bool working_ ABSL_GUARDED_BY(mutex_) = false;   // the sink is asked, or about to be
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;  // the call was told how it ended
  int64_t messages_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Time moved_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

// The part that knows the types of the messages.
template <typename Request, typename Response>
class ReceiveReactor final : public ReceiveCore, public grpc::ServerReadReactor<Request> {
 public:
  using Opener = std::function<absl::StatusOr<std::unique_ptr<Sink<Request, Response>>>(const Call&)>;
  ReceiveReactor(Response& response, Opener opener) : response_(response), opener_(std::move(opener)) {}

  void OnReadDone(bool ok) override { Received(ok); }
  void OnSendInitialMetadataDone(bool ok) override { Announced(ok); }
  void OnCancel() override { Cancelled(); }
  void OnDone() override { Done(); }

 private:
  absl::Status Open(const Call& call) override {
    absl::StatusOr<std::unique_ptr<Sink<Request, Response>>> sink = opener_(call);
    if (!sink.ok()) return sink.status();
    sink_ = *std::move(sink);
    return absl::OkStatus();
  }
  const google::protobuf::Message& message() const override { return message_; }
  absl::Status Take() override { return sink_->Take(message_); }
  absl::Status Complete() override { return sink_->Finish(response_); }
  void Read() override {
    message_.Clear();
    this->StartRead(&message_);
  }
  void Announce() override { this->StartSendInitialMetadata(); }
  void End(const grpc::Status& status) override { this->Finish(status); }

  Response& response_;  // gRPC's own
  Opener opener_;
  std::unique_ptr<Sink<Request, Response>> sink_;
  Request message_;
};

}  // namespace breadthflow::rpc
