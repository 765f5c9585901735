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
#include "common/rpc/open_stream.h"
#include "common/rpc/sink.h"
#include "common/rpc/watchdog.h"

namespace breadthflow::rpc {

// One open client stream: hands message after message to its sink on the scheduler's threads, and ends with the sink's
// answer, with its error as soon as there is one, with the deadline, when the caller leaves, or when no message comes
// for `idle`. One message is in memory at a time; the rest waits in the flow control of the connection.
//
// The end of the messages alone does not say that the caller has sent everything: they also end when it breaks off. So
// the headers of the answer are sent first, which fails when the call is over; only then the sink is told to finish.
// Made by Guard::Receive only.
class ReceiveCore : public OpenStream {
 public:
  struct Limits {
    absl::Duration idle = absl::Seconds(60);
    int64_t max_message_bytes = 4 << 20;
  };

  // Begins to read.
  void Begin(Call call, Limits limits, Scheduler& scheduler, Watchdog& watchdog, Ended ended);

 protected:
  virtual const google::protobuf::Message& message() const = 0;
  virtual absl::Status Take() = 0;      // the message
  virtual absl::Status Complete() = 0;  // fills the response
  virtual void Read() = 0;
  virtual void Announce() = 0;  // sends the headers

  void Received(bool ok);
  void Announced(bool ok);

 private:
  void Work(bool last);
  void Watch(absl::Time now) override;
  // gRPC is told to read or to send headers outside of the lock; until it has returned nothing may end the call.
  void Start(void (ReceiveCore::*what)());
  void Fail(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Limits limits_;
  int starting_ ABSL_GUARDED_BY(mutex_) = 0;
  bool working_ ABSL_GUARDED_BY(mutex_) = false;  // the sink is asked, or about to be
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
