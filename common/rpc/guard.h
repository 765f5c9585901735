#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include <google/protobuf/message.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "common/base/clock.h"
#include "common/rpc/call.h"
#include "common/rpc/method_policies.h"
#include "common/rpc/receive_reactor.h"
#include "common/rpc/sink.h"
#include "common/rpc/source.h"
#include "common/rpc/stream_reactor.h"
#include "common/security/authenticator.h"
#include "common/telemetry/metrics.h"

// What every RPC passes through: authentication and permission by the method table, a deadline, admission, trace and
// request id, the status bridge, metrics and one log line. A service is one class whose methods are one statement each.
// The method is known by the type of its request, so every method needs a request message of its own.
//
//   // services/data/rpc/data_service.h: streams by callback, the rest synchronous, in one class
//   using DataServiceBase =
//       data::v1::DataService::WithCallbackMethod_ReadSeries<
//           data::v1::DataService::WithCallbackMethod_WatchFetchRun<data::v1::DataService::Service>>;
//   class DataService final : public DataServiceBase { ... rpc::Guard& guard_; ... };
//
//   // a unary method
//   grpc::Status GetFetchRun(grpc::ServerContext* context, const GetFetchRunRequest* request, FetchRun* response)
//   override {
//     return guard_.Serve(context, request, response, [&](const rpc::Call& call) -> absl::Status {
//       BF_ASSIGN_OR_RETURN(std::string id, rpc::IdOf("fetchRuns", request->name()));
//       BF_ASSIGN_OR_RETURN(*response, runs_.Get(id, call.deadline));
//       return absl::OkStatus();
//     });
//   }
//
//   // a server stream: `open` checks the request and makes the source; both run on the Guard's stream threads
//   grpc::ServerWriteReactor<SeriesMessage>* ReadSeries(grpc::CallbackServerContext* context,
//                                                       const ReadSeriesRequest* request) override {
//     return guard_.Stream<SeriesMessage>(context, request,
//         [this](const rpc::Call& call, const ReadSeriesRequest& query)
//             -> absl::StatusOr<std::unique_ptr<rpc::Source<SeriesMessage>>> { return reader_.Open(query, call); });
//   }
//
//   // watching a run
//   grpc::ServerWriteReactor<FetchRun>* WatchFetchRun(grpc::CallbackServerContext* context,
//                                                     const WatchFetchRunRequest* request) override {
//     return guard_.Stream<FetchRun>(context, request,
//         [this](const rpc::Call&, const WatchFetchRunRequest& watch)
//             -> absl::StatusOr<std::unique_ptr<rpc::Source<FetchRun>>> {
//           BF_ASSIGN_OR_RETURN(std::string id, rpc::IdOf("fetchRuns", watch.name()));
//           return rpc::WatchRun<FetchRun>(
//               [this, id] { return GetProto(id); }, [](const FetchRun& run) { return rpc::IsFinal(run.job()); },
//               [this, id](auto changed) { return runner_.Watch(id, [changed](const jobs::Job*) { changed(); }); });
//         });
//   }
//
//   // a client stream: `open` makes the sink that takes the messages
//   grpc::ServerReadReactor<ImportSeriesRequest>* ImportSeries(grpc::CallbackServerContext* context,
//                                                              ImportSeriesResponse* response) override {
//     return guard_.Receive<ImportSeriesRequest>(context, response,
//         [this](const rpc::Call& call) -> absl::StatusOr<std::unique_ptr<rpc::Sink<...>>> { ... });
//   }
//
// The module that holds such a service is shown in process/module_context.h.
namespace breadthflow::rpc {

struct GuardOptions {
  int max_concurrent_calls = 256;  // unary calls at work; more get RESOURCE_EXHAUSTED at once
  int max_calls_per_key = 0;       // of those, by one API key; 0: no bound of its own
  int max_streams = 1000;          // open server streams
  int max_uploads = 32;            // open client streams
  int upload_threads = 2;          // that hand their messages on
  int stream_threads = 4;          // that ask sources for messages
  int64_t max_request_bytes = 4 << 20;
  absl::Duration slow_reader_timeout = absl::Seconds(30);  // a message that the reader does not take
  absl::Duration stream_idle_timeout = absl::Seconds(60);  // a stream on which nothing moves, in either direction
  MethodPolicies policies = SuitePolicies();
};

// Thread-safe. Must outlive the server. `authenticator`, `metrics` and `clock` must outlive the Guard.
class Guard {
 public:
  Guard(GuardOptions options, const security::Authenticator& authenticator, telemetry::Metrics& metrics,
        const base::Clock& clock);
  ~Guard();
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

  // Serves a unary call: body is absl::Status(const Call&). An exception becomes INTERNAL; its text goes only to the
  // log. The body polls call.cancel at least every 100 ms when it takes longer than that.
  template <typename Request, typename Response, typename Body>
  grpc::Status Serve(grpc::ServerContext* context, const Request* request, Response*, Body&& body) {
    return ServeUnary(*context, *request, std::forward<Body>(body));
  }

  // Serves a server stream: open is StatusOr<unique_ptr<Source<Response>>>(const Call&, const Request&).
  template <typename Response, typename Request, typename Open>
  grpc::ServerWriteReactor<Response>* Stream(grpc::CallbackServerContext* context, const Request* request,
                                             Open&& open) {
    auto copy = std::make_shared<const Request>(*request);
    auto opener = [copy, open = std::forward<Open>(open)](const Call& call) { return open(call, *copy); };
    auto reactor = std::make_shared<StreamReactor<Response>>(*context, std::move(opener));
    BeginStream(*context, *copy, *reactor);
    return reactor.get();
  }

  // Receives a client stream: open is StatusOr<unique_ptr<Sink<Request, Response>>>(const Call&). Every message is
  // checked like a request.
  template <typename Request, typename Response, typename Open>
  grpc::ServerReadReactor<Request>* Receive(grpc::CallbackServerContext* context, Response* response, Open&& open) {
    auto reactor = std::make_shared<ReceiveReactor<Request, Response>>(*response, std::forward<Open>(open));
    BeginReceive(*context, Request::default_instance(), *reactor);
    return reactor.get();
  }

  // Every method of these services (full names) has a policy; makes their metrics. FAILED_PRECONDITION
  // `MISSING_POLICY` that names those without. The server calls it before it serves.
  absl::Status Cover(const std::vector<std::string>& services);

  // While a service is not ready its methods answer UNAVAILABLE `NOT_READY`. Ready at first.
  void SetReady(std::string_view service, bool ready);

  // The steps of a drain, each with UNAVAILABLE `SHUTTING_DOWN`. Refuses calls that come from now on, so that clients
  // try another replica; those at work go on.
  void RefuseNew();
  // Ends open streams; unary calls go on.
  void EndStreams();
  // Refuses new calls and cancels everything in flight.
  void CancelAll();

  int calls_in_flight() const;
  int streams_open() const;  // in either direction

 private:
  struct State;

  grpc::Status ServeUnary(grpc::ServerContext& context, const google::protobuf::Message& request,
                          const std::function<absl::Status(const Call&)>& body);
  void BeginStream(grpc::CallbackServerContext& context, const google::protobuf::Message& request, StreamCore& stream);
  void BeginReceive(grpc::CallbackServerContext& context, const google::protobuf::Message& request,
                    ReceiveCore& stream);

  std::unique_ptr<State> state_;
};

}  // namespace breadthflow::rpc
