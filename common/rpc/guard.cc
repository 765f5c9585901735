#include "common/rpc/guard.h"

#include <atomic>
#include <chrono>
#include <optional>

#include "absl/time/clock.h"
#include <fmt/format.h>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/rpc/admission.h"
#include "common/rpc/handler.h"
#include "common/rpc/method_table.h"
#include "common/rpc/request_check.h"
#include "common/rpc/scheduler.h"
#include "common/rpc/status_bridge.h"
#include "common/rpc/watchdog.h"

namespace breadthflow::rpc {
namespace {

// gRPC cancels a call when its deadline passes, sometimes a moment before our own clock says so.
constexpr absl::Duration kDeadlineBlur = absl::Milliseconds(50);

absl::Status TryLater(std::string_view reason, std::string_view message) {
  return base::MakeError(
      absl::StatusCode::kUnavailable, message,
      {.reason = std::string(reason), .metadata = {}, .violations = {}, .retry_after = absl::Seconds(1)});
}

std::string_view MetadataOf(const grpc::ServerContextBase& context, const char* name) {
  const auto found = context.client_metadata().find(name);
  if (found == context.client_metadata().end()) return {};
  return {found->second.data(), found->second.size()};
}

// What stands after "Bearer " (any case, as RFC 6750 has it).
std::string_view BearerOf(std::string_view header) {
  constexpr std::string_view kBearer = "bearer ";
  if (header.size() <= kBearer.size()) return {};
  for (size_t i = 0; i < kBearer.size(); ++i) {
    const char c = header[i] >= 'A' && header[i] <= 'Z' ? static_cast<char>(header[i] - 'A' + 'a') : header[i];
    if (c != kBearer[i]) return {};
  }
  return header.substr(kBearer.size());
}

absl::Time DeadlineOf(const grpc::ServerContextBase& context) {
  const auto deadline = context.deadline();
  return deadline == std::chrono::system_clock::time_point::max() ? absl::InfiniteFuture() : absl::FromChrono(deadline);
}

// A unary call at work: passes the deadline and the caller's departure on to the token.
class UnaryCall final : public Watched {
 public:
  UnaryCall(grpc::ServerContext& context, const Call& call)
      : context_(context), cancel_(call.cancel), deadline_(call.deadline) {}
  void Look(absl::Time now) override {
    if (cancel_.cancelled()) return;
    if (now >= deadline_) {
      cancel_.Cancel(base::CancelReason::kDeadline);
    } else if (context_.IsCancelled()) {
      cancel_.Cancel(now + kDeadlineBlur >= deadline_ ? base::CancelReason::kDeadline : base::CancelReason::kCancelled);
    }
  }
  void Stop() { cancel_.Cancel(base::CancelReason::kShuttingDown); }

 private:
  grpc::ServerContext& context_;
  const base::CancelToken cancel_;
  const absl::Time deadline_;
};

// A call of a method that has a policy.
struct Arrival {
  const Method* method = nullptr;
  absl::Time begin;
  Call call;
};

}  // namespace

struct Guard::State {
  State(GuardOptions o, const security::Authenticator& a, telemetry::Metrics& m, const base::Clock& c)
      : options(std::move(o)),
        authenticator(a),
        metrics(m),
        clock(c),
        methods(options.policies),
        calls(options.max_concurrent_calls, options.max_calls_per_key),
        streams(options.max_streams, "streams", "TOO_MANY_STREAMS"),
        uploads(options.max_uploads, "uploads", "TOO_MANY_UPLOADS"),
        scheduler(options.stream_threads),
        uploaders(options.upload_threads) {}

  absl::StatusOr<Arrival> Arrive(const grpc::ServerContextBase& context, const google::protobuf::Message& request);
  absl::Status Enter(const Method& method, const grpc::ServerContextBase& context,
                     const google::protobuf::Message& request, Call& call);
  std::optional<Arrival> Admit(grpc::CallbackServerContext& context, const google::protobuf::Message& request,
                               StreamSlots& slots, OpenStream& stream);

  const GuardOptions options;
  const security::Authenticator& authenticator;
  telemetry::Metrics& metrics;
  const base::Clock& clock;
  MethodTable methods;
  std::atomic<bool> streams_ended{false};
  std::atomic<bool> closed{false};     // nothing new is served
  std::atomic<bool> cancelled{false};  // and what was begun is to end
  CallSlots calls;
  StreamSlots streams;
  StreamSlots uploads;
  Watchdog watchdog;
  Scheduler scheduler;
  Scheduler uploaders;
};

Guard::Guard(GuardOptions options, const security::Authenticator& authenticator, telemetry::Metrics& metrics,
             const base::Clock& clock)
    : state_(std::make_unique<State>(std::move(options), authenticator, metrics, clock)) {}

Guard::~Guard() = default;

absl::Status Guard::Cover(const std::vector<std::string>& services) {
  return state_->methods.Cover(services, state_->metrics);
}

void Guard::SetReady(std::string_view service, bool ready) { state_->methods.SetReady(service, ready); }

void Guard::RefuseNew() { state_->closed = true; }

void Guard::EndStreams() {
  state_->streams_ended = true;
  state_->watchdog.ForEach([](Watched& watched) {
    if (auto* stream = dynamic_cast<OpenStream*>(&watched)) stream->Stop();
  });
}

void Guard::CancelAll() {
  state_->closed = true;
  state_->cancelled = true;
  EndStreams();
  state_->watchdog.ForEach([](Watched& watched) {
    if (auto* call = dynamic_cast<UnaryCall*>(&watched)) call->Stop();
  });
}

int Guard::calls_in_flight() const { return state_->calls.taken(); }
int Guard::streams_open() const { return state_->streams.taken() + state_->uploads.taken(); }

absl::StatusOr<Arrival> Guard::State::Arrive(const grpc::ServerContextBase& context,
                                             const google::protobuf::Message& request) {
  const Method* method = methods.Find(request);
  if (method == nullptr) {
    return base::MakeError(
        absl::StatusCode::kInternal, "the method has no policy",
        {.reason = "NO_POLICY", .metadata = {{"request", request.GetTypeName()}}, .violations = {}, .retry_after = {}});
  }
  const absl::Time begin = absl::Now();
  method->started.Increment();
  if (!method->descriptor->client_streaming()) method->received.Increment();
  return Arrival{.method = method,
                 .begin = begin,
                 .call = {.principal = {},
                          .request_id = base::NewUuid(begin),
                          .deadline = absl::InfiniteFuture(),
                          .cancel = {},
                          .trace = telemetry::ContinueTrace(MetadataOf(context, "traceparent"))}};
}

// Everything that may refuse a call before its body runs. Fills `call`.
absl::Status Guard::State::Enter(const Method& method, const grpc::ServerContextBase& context,
                                 const google::protobuf::Message& request, Call& call) {
  BF_ASSIGN_OR_RETURN(call.principal, authenticator.Authenticate(BearerOf(MetadataOf(context, "authorization"))));
  if (!call.principal.scopes.Has(method.policy.scope)) {
    const std::string scope(security::ToText(method.policy.scope));
    return base::MakeError(absl::StatusCode::kPermissionDenied,
                           fmt::format("{} needs the scope {}", method.policy.method, scope),
                           {.reason = "MISSING_SCOPE",
                            .metadata = {{"scope", scope}, {"method", method.policy.method}},
                            .violations = {},
                            .retry_after = {}});
  }
  if (closed || (method.streams && streams_ended)) {
    return TryLater("SHUTTING_DOWN", "the process is shutting down");
  }
  if (!*method.ready) {
    return TryLater("NOT_READY", "the service has not started yet: it waits for its database");
  }
  call.deadline = DeadlineOf(context);
  if (!method.streams && call.deadline == absl::InfiniteFuture()) {
    call.deadline = clock.Now() + method.policy.default_deadline;
  }
  if (call.deadline <= clock.Now()) {
    return base::MakeError(absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED",
                           "the deadline had passed on arrival");
  }
  return CheckRequest(request, options.max_request_bytes);
}

grpc::Status Guard::ServeUnary(grpc::ServerContext& context, const google::protobuf::Message& request,
                               const std::function<absl::Status(const Call&)>& body) {
  absl::StatusOr<Arrival> arrival = state_->Arrive(context, request);
  if (!arrival.ok()) return ToGrpc(arrival.status());
  auto& [method, begin, call] = *arrival;
  absl::Status status = state_->Enter(*method, context, request, call);
  if (status.ok()) status = state_->calls.Take(call.principal.key_id);
  if (status.ok()) {
    const auto entry = state_->watchdog.Add(std::make_shared<UnaryCall>(context, call));
    if (state_->cancelled) call.cancel.Cancel(base::CancelReason::kShuttingDown);
    status = RunHandler(call, "exception in a handler", [&, &call = call] { return body(call); });
    status = WithReason(std::move(status), call);
    state_->watchdog.Remove(entry);
    state_->calls.Give(call.principal.key_id);
  } else if (const auto retry = base::DetailsOf(status).retry_after) {
    context.AddTrailingMetadata("grpc-retry-pushback-ms", std::to_string(absl::ToInt64Milliseconds(*retry)));
  }
  // An answer that begins with headers counts as begun, and the client would not try again after UNAVAILABLE.
  if (status.ok()) {
    context.AddInitialMetadata("traceparent", call.traceparent());
  } else {
    context.AddTrailingMetadata("traceparent", call.traceparent());
  }
  method->Finish(call, begin, status, status.ok() ? 1 : 0);
  return ToGrpc(status);
}

// Lets a stream in, or refuses it.
std::optional<Arrival> Guard::State::Admit(grpc::CallbackServerContext& context,
                                           const google::protobuf::Message& request, StreamSlots& slots,
                                           OpenStream& stream) {
  absl::StatusOr<Arrival> arrival = Arrive(context, request);
  if (!arrival.ok()) {
    stream.Refuse(arrival.status(), [](const absl::Status&, int64_t) {});
    return std::nullopt;
  }
  context.AddTrailingMetadata("traceparent", arrival->call.traceparent());
  absl::Status status = Enter(*arrival->method, context, request, arrival->call);
  if (status.ok()) status = slots.Take();
  if (!status.ok()) {
    stream.Refuse(status, [refused = *std::move(arrival)](const absl::Status& ended, int64_t) {
      refused.method->Finish(refused.call, refused.begin, ended, 0);
    });
    return std::nullopt;
  }
  return *std::move(arrival);
}

void Guard::BeginStream(grpc::CallbackServerContext& context, const google::protobuf::Message& request,
                        StreamCore& stream) {
  const std::optional<Arrival> admitted = state_->Admit(context, request, state_->streams, stream);
  if (!admitted) return;
  stream.Begin(admitted->call,
               {.slow_reader = state_->options.slow_reader_timeout, .idle = state_->options.stream_idle_timeout},
               state_->scheduler, state_->watchdog, [this, open = *admitted](const absl::Status& ended, int64_t sent) {
                 state_->streams.Give();
                 open.method->Finish(open.call, open.begin, ended, sent);
               });
  if (state_->streams_ended) stream.Stop();
}

void Guard::BeginReceive(grpc::CallbackServerContext& context, const google::protobuf::Message& request,
                         ReceiveCore& stream) {
  const std::optional<Arrival> admitted = state_->Admit(context, request, state_->uploads, stream);
  if (!admitted) return;
  stream.Begin(admitted->call,
               {.idle = state_->options.stream_idle_timeout, .max_message_bytes = state_->options.max_request_bytes},
               state_->uploaders, state_->watchdog,
               [this, open = *admitted](const absl::Status& ended, int64_t received) {
                 state_->uploads.Give();
                 open.method->received.Increment(static_cast<double>(received));
                 open.method->Finish(open.call, open.begin, ended, ended.ok() ? 1 : 0);
               });
  if (state_->streams_ended) stream.Stop();
}

}  // namespace breadthflow::rpc
