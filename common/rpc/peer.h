#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include <google/protobuf/message.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/sync_stream.h>

#include "common/base/cancel.h"
#include "common/rpc/channels.h"

namespace breadthflow::rpc {

// What an outgoing call inherits. Made from anything that has these three members, as
// clients::CallScope has.
struct Outgoing {
  absl::Time deadline = absl::InfiniteFuture();  // of the work it is done for; infinite: the method's own default
  std::string traceparent;                       // empty: the trace of this thread (telemetry::Scope), else a new one
  base::CancelToken cancel;                      // cancelling it ends the call

  Outgoing() = default;
  template <typename Scope>
  requires requires(const Scope& scope) {
    scope.deadline;
    std::string(scope.traceparent);
    scope.cancel;
  }
  Outgoing(const Scope& scope) : deadline(scope.deadline), traceparent(scope.traceparent), cancel(scope.cancel) {}
};

// INVALID_ARGUMENT MALFORMED_API_KEY when a key can not be sent: it has line ends or other control characters, or is
// not ASCII. Does not show the key.
absl::Status CheckApiKeyText(std::string_view key);

// One call in flight: a ClientContext with deadline (50 ms less than the caller has left), trace and service key, that
// is cancelled when the token is, and counted in grpc_client_* when it ends. Used by Peer.
class ClientCall {
 public:
  // kUpload: this side sends; nothing is known of the other until it answers.
  enum class Kind { kUnary, kStream, kUpload };
  ClientCall(Channels& channels, const google::protobuf::Descriptor* request, const Outgoing& options, Kind kind);
  ~ClientCall();
  grpc::ClientContext& context();
  // Not OK when it can not even begin: cancelled, or no time left.
  absl::Status Ready() const;
  // A message of a stream came or went: nothing for 60 s ends the stream with DEADLINE_EXCEEDED `STREAM_IDLE`. `grace`
  // is added to that once: for an answer that takes longer.
  void Moved(absl::Duration grace = absl::ZeroDuration());
  // The result, with details; metrics. Once.
  absl::Status Finish(const grpc::Status& status);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// A typed way to call one service of a peer. What the clients in common/clients are made of:
//
//   rpc::Peer<data::v1::DataService> peer_{channels, "data"};
//   using Stub = data::v1::DataService::Stub;
//   BF_ASSIGN_OR_RETURN(data::v1::FetchRun run, peer_.Call(&Stub::GetFetchRun, request, scope));
//   BF_RETURN_IF_ERROR(peer_.Read(&Stub::ReadSeries, request, scope,
//                                 [&](const common::v1::SeriesMessage& message) -> absl::Status { ... }));
//
// Errors are those of the service, with their details. Thread-safe. Makes its stub on first use.
template <typename Service>
class Peer {
 public:
  using Stub = typename Service::Stub;

  Peer(Channels& channels, std::string name) : channels_(channels), name_(std::move(name)) {}

  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                const Request& request, const Outgoing& options = {}) {
    absl::StatusOr<Stub*> stub = GetStub();
    if (!stub.ok()) return stub.status();
    ClientCall call(channels_, Request::descriptor(), options, ClientCall::Kind::kUnary);
    if (absl::Status ready = call.Ready(); !ready.ok()) return ready;
    Response response;
    absl::Status status = call.Finish(((*stub)->*method)(&call.context(), request, &response));
    if (!status.ok()) return status;
    return response;
  }

  // Calls `fn` with each message of a server stream; stops with the first error that it returns, or the stream's own.
  template <typename Request, typename Response>
  absl::Status Read(std::unique_ptr<grpc::ClientReader<Response>> (Stub::*method)(grpc::ClientContext*, const Request&),
                    const Request& request, const Outgoing& options,
                    const std::function<absl::Status(std::type_identity_t<Response>&)>& fn) {
    absl::StatusOr<Stub*> stub = GetStub();
    if (!stub.ok()) return stub.status();
    ClientCall call(channels_, Request::descriptor(), options, ClientCall::Kind::kStream);
    if (absl::Status ready = call.Ready(); !ready.ok()) return ready;
    std::unique_ptr<grpc::ClientReader<Response>> reader = ((*stub)->*method)(&call.context(), request);
    Response message;
    absl::Status stopped;
    while (stopped.ok() && reader->Read(&message)) {
      call.Moved();
      stopped = fn(message);
      call.Moved();
    }
    if (!stopped.ok()) call.context().TryCancel();
    absl::Status status = call.Finish(reader->Finish());
    return stopped.ok() ? status : stopped;
  }

  // Sends what `next` puts into its argument until it returns false, then takes the answer. Stops with the first error
  // that `next` returns, which cancels the call, or with the answer when that comes before the end.
  template <typename Request, typename Response>
  absl::StatusOr<Response> Write(std::unique_ptr<grpc::ClientWriter<Request>> (Stub::*method)(grpc::ClientContext*,
                                                                                              Response*),
                                 const Outgoing& options,
                                 const std::function<absl::StatusOr<bool>(std::type_identity_t<Request>&)>& next) {
    constexpr absl::Duration kAnswer = absl::Minutes(10);
    absl::StatusOr<Stub*> stub = GetStub();
    if (!stub.ok()) return stub.status();
    ClientCall call(channels_, Request::descriptor(), options, ClientCall::Kind::kUpload);
    if (absl::Status ready = call.Ready(); !ready.ok()) return ready;
    Response response;
    std::unique_ptr<grpc::ClientWriter<Request>> writer = ((*stub)->*method)(&call.context(), &response);
    Request message;
    absl::StatusOr<bool> more = true;
    while (true) {
      message.Clear();
      more = next(message);
      if (!more.ok() || !*more) break;
      call.Moved();
      if (!writer->Write(message)) break;  // the answer is there, or the way is gone
    }
    if (!more.ok()) {
      call.context().TryCancel();
    } else {
      writer->WritesDone();  // fails when the answer is there
      call.Moved(kAnswer);
    }
    absl::Status status = call.Finish(writer->Finish());
    if (!more.ok()) return more.status();
    if (!status.ok()) return status;
    return response;
  }

 private:
  absl::StatusOr<Stub*> GetStub() {
    absl::MutexLock lock(&mutex_);
    if (!stub_) {
      absl::StatusOr<std::shared_ptr<grpc::Channel>> channel = channels_.Get(name_);
      if (!channel.ok()) return channel.status();
      stub_ = Service::NewStub(*std::move(channel));
    }
    return stub_.get();
  }

  Channels& channels_;
  const std::string name_;
  absl::Mutex mutex_;
  std::unique_ptr<Stub> stub_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace breadthflow::rpc
