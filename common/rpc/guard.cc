#include "common/rpc/guard.h"

#include <array>
#include <exception>
#include <map>
#include <unordered_map>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <google/protobuf/descriptor.h>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/rpc/request_check.h"
#include "common/rpc/scheduler.h"
#include "common/rpc/status_bridge.h"
#include "common/rpc/watchdog.h"
#include "common/telemetry/log.h"
#include "common/telemetry/scope.h"

namespace breadthflow::rpc {
namespace {

constexpr int kCodes = 17;
// gRPC cancels a call when its deadline passes, sometimes a moment before our own clock says so.
constexpr absl::Duration kDeadlineBlur = absl::Milliseconds(50);
constexpr absl::Duration kOverloadRetry = absl::Milliseconds(250);

absl::Status Error(absl::StatusCode code, std::string_view reason, std::string_view message,
                   std::map<std::string, std::string> metadata, std::optional<absl::Duration> retry = {}) {
  return base::MakeError(
      code, message,
      {.reason = std::string(reason), .metadata = std::move(metadata), .violations = {}, .retry_after = retry});
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

telemetry::Severity SeverityOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDataLoss:
      return telemetry::Severity::kError;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return telemetry::Severity::kWarning;
    default:
      return telemetry::Severity::kInfo;
  }
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

}  // namespace

struct Guard::Method {
  MethodPolicy policy;
  const google::protobuf::MethodDescriptor* descriptor = nullptr;
  std::atomic<bool>* ready = nullptr;
  // Made by Cover(); before that they do nothing.
  bool streams = false;  // in either direction
  telemetry::Counter started;
  telemetry::Counter received;
  telemetry::Counter sent;
  telemetry::Histogram seconds;
  std::array<telemetry::Counter, kCodes> handled;
};

struct Guard::State {
  State(GuardOptions o, const security::Authenticator& a, telemetry::Metrics& m, const base::Clock& c)
      : options(std::move(o)),
        authenticator(a),
        metrics(m),
        clock(c),
        scheduler(options.stream_threads),
        uploaders(options.upload_threads) {}

  absl::Status Enter(const Method& method, const grpc::ServerContextBase& context,
                     const google::protobuf::Message& request, Call& call);
  absl::Status Admit(const std::string& key_id);
  void Leave(const std::string& key_id);
  void Finish(const Method& method, const Call& call, absl::Time begin, const absl::Status& status, int64_t sent);
  absl::Status Run(const std::function<absl::Status(const Call&)>& body, const Call& call);
  const Method* Find(const google::protobuf::Message& request) const {
    const auto found = methods.find(request.GetDescriptor());
    return found == methods.end() ? nullptr : found->second.get();
  }

  const GuardOptions options;
  const security::Authenticator& authenticator;
  telemetry::Metrics& metrics;
  const base::Clock& clock;
  // By the type of the request. Complete and constant after construction.
  std::unordered_map<const google::protobuf::Descriptor*, std::unique_ptr<Method>> methods;
  std::map<std::string, std::unique_ptr<std::atomic<bool>>, std::less<>> ready;  // by service
  std::vector<std::string> ambiguous;  // methods whose request another method has too
  std::atomic<bool> streams_ended{false};
  std::atomic<bool> closed{false};     // nothing new is served
  std::atomic<bool> cancelled{false};  // and what was begun is to end
  std::atomic<int> calls{0};
  std::atomic<int> streams{0};
  std::atomic<int> uploads{0};
  absl::Mutex mutex;
  std::map<std::string, int> calls_by_key ABSL_GUARDED_BY(mutex);
  Watchdog watchdog;
  Scheduler scheduler;
  Scheduler uploaders;
};

Guard::Guard(GuardOptions options, const security::Authenticator& authenticator, telemetry::Metrics& metrics,
             const base::Clock& clock)
    : state_(std::make_unique<State>(std::move(options), authenticator, metrics, clock)) {
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  for (const MethodPolicy& policy : state_->options.policies) {
    const std::string service = policy.method.substr(0, policy.method.find('/'));
    const std::string dotted = fmt::format("{}.{}", service, policy.method.substr(service.size() + 1));
    const google::protobuf::MethodDescriptor* descriptor = pool->FindMethodByName(dotted);
    if (!descriptor) continue;  // of a service that this program does not link
    auto& ready = state_->ready[service];
    if (!ready) ready = std::make_unique<std::atomic<bool>>(true);
    auto method = std::make_unique<Method>();
    method->policy = policy;
    method->descriptor = descriptor;
    method->streams = descriptor->server_streaming() || descriptor->client_streaming();
    method->ready = ready.get();
    if (!state_->methods.emplace(descriptor->input_type(), std::move(method)).second) {
      state_->ambiguous.push_back(policy.method);
    }
  }
}

Guard::~Guard() = default;

absl::Status Guard::Cover(const std::vector<std::string>& services) {
  std::vector<std::string> missing;
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  for (const std::string& name : services) {
    const google::protobuf::ServiceDescriptor* service = pool->FindServiceByName(name);
    if (!service) {
      missing.push_back(name);
      continue;
    }
    for (int i = 0; i < service->method_count(); ++i) {
      const google::protobuf::MethodDescriptor* descriptor = service->method(i);
      const auto found = state_->methods.find(descriptor->input_type());
      if (found == state_->methods.end() || found->second->descriptor != descriptor) {
        missing.push_back(fmt::format("{}/{}", name, descriptor->name()));
        continue;
      }
      Method& method = *found->second;
      const telemetry::Labels labels = {{"grpc_type", descriptor->server_streaming()   ? "server_stream"
                                                      : descriptor->client_streaming() ? "client_stream"
                                                                                       : "unary"},
                                        {"grpc_service", name},
                                        {"grpc_method", descriptor->name()}};
      telemetry::Metrics& metrics = state_->metrics;
      method.started = metrics.Counter("grpc_server_started_total", "Calls begun.", labels);
      method.received = metrics.Counter("grpc_server_msg_received_total", "Messages received.", labels);
      method.sent = metrics.Counter("grpc_server_msg_sent_total", "Messages sent.", labels);
      method.seconds = metrics.Histogram("grpc_server_handling_seconds", "From the first byte to the status.", labels);
      for (int code = 0; code < kCodes; ++code) {
        telemetry::Labels with_code = labels;
        with_code["grpc_code"] = CodeLabel(static_cast<absl::StatusCode>(code));
        method.handled[static_cast<size_t>(code)] =
            metrics.Counter("grpc_server_handled_total", "Calls ended, by code.", with_code);
      }
    }
  }
  if (!state_->ambiguous.empty()) {
    return Error(absl::StatusCode::kFailedPrecondition, "AMBIGUOUS_REQUEST",
                 fmt::format("methods need a request message of their own: {}", fmt::join(state_->ambiguous, ", ")),
                 {});
  }
  if (missing.empty()) return absl::OkStatus();
  return Error(absl::StatusCode::kFailedPrecondition, "MISSING_POLICY",
               fmt::format("no policy in the method table: {}", fmt::join(missing, ", ")), {});
}

void Guard::SetReady(std::string_view service, bool ready) {
  const auto found = state_->ready.find(service);
  if (found != state_->ready.end()) *found->second = ready;
}

void Guard::RefuseNew() { state_->closed = true; }

void Guard::EndStreams() {
  state_->streams_ended = true;
  state_->watchdog.ForEach([](Watched& watched) {
    if (auto* stream = dynamic_cast<StreamCore*>(&watched)) stream->Stop();
    if (auto* upload = dynamic_cast<ReceiveCore*>(&watched)) upload->Stop();
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

int Guard::calls_in_flight() const { return state_->calls; }
int Guard::streams_open() const { return state_->streams + state_->uploads; }

// Everything that may refuse a call before its body runs. Fills `call`.
absl::Status Guard::State::Enter(const Method& method, const grpc::ServerContextBase& context,
                                 const google::protobuf::Message& request, Call& call) {
  BF_ASSIGN_OR_RETURN(call.principal, authenticator.Authenticate(BearerOf(MetadataOf(context, "authorization"))));
  if (!call.principal.scopes.Has(method.policy.scope)) {
    const std::string scope(security::ToText(method.policy.scope));
    return Error(absl::StatusCode::kPermissionDenied, "MISSING_SCOPE",
                 fmt::format("{} needs the scope {}", method.policy.method, scope),
                 {{"scope", scope}, {"method", method.policy.method}});
  }
  if (closed || (method.streams && streams_ended)) {
    return Error(absl::StatusCode::kUnavailable, "SHUTTING_DOWN", "the process is shutting down", {}, absl::Seconds(1));
  }
  if (!*method.ready) {
    return Error(absl::StatusCode::kUnavailable, "NOT_READY",
                 "the service has not started yet: it waits for its database", {}, absl::Seconds(1));
  }
  call.deadline = DeadlineOf(context);
  if (!method.streams && call.deadline == absl::InfiniteFuture()) {
    call.deadline = clock.Now() + method.policy.default_deadline;
  }
  if (call.deadline <= clock.Now()) {
    return Error(absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED", "the deadline had passed on arrival", {});
  }
  return CheckRequest(request, options.max_request_bytes);
}

absl::Status Guard::State::Admit(const std::string& key_id) {
  if (calls.fetch_add(1) >= options.max_concurrent_calls) {
    --calls;
    return Error(absl::StatusCode::kResourceExhausted, "OVERLOADED",
                 fmt::format("{} calls are being served, which is the limit", options.max_concurrent_calls),
                 {{"limit", std::to_string(options.max_concurrent_calls)}}, kOverloadRetry);
  }
  if (options.max_calls_per_key > 0) {
    absl::MutexLock lock(&mutex);
    if (calls_by_key[key_id] >= options.max_calls_per_key) {
      --calls;
      return Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_CALLS",
                   fmt::format("{} calls of this key are being served, which is its limit", options.max_calls_per_key),
                   {{"limit", std::to_string(options.max_calls_per_key)}}, kOverloadRetry);
    }
    ++calls_by_key[key_id];
  }
  return absl::OkStatus();
}

void Guard::State::Leave(const std::string& key_id) {
  --calls;
  if (options.max_calls_per_key == 0) return;
  absl::MutexLock lock(&mutex);
  if (--calls_by_key[key_id] == 0) calls_by_key.erase(key_id);
}

absl::Status Guard::State::Run(const std::function<absl::Status(const Call&)>& body, const Call& call) {
  std::string text = "something that is not a std::exception";
  try {
    absl::Status status = body(call);
    // Work that was told to stop says CANCELLED; the reason is what the caller should see.
    return status.code() == absl::StatusCode::kCancelled && call.cancel.cancelled() ? call.cancel.Check() : status;
  } catch (const std::exception& error) {
    text = error.what();
  } catch (...) {  // gRPC would end the process
  }
  telemetry::LogError("exception in a handler", {{"error", text}});
  return Error(absl::StatusCode::kInternal, "INTERNAL", "internal error", {{"trace_id", call.trace.trace_id}});
}

void Guard::State::Finish(const Method& method, const Call& call, absl::Time begin, const absl::Status& status,
                          int64_t sent) {
  const absl::Duration took = absl::Now() - begin;
  method.handled[static_cast<size_t>(status.code()) % kCodes].Increment();
  method.seconds.Observe(absl::ToDoubleSeconds(took));
  if (sent > 0) method.sent.Increment(static_cast<double>(sent));
  const telemetry::Severity severity = SeverityOf(status.code());
  if (!telemetry::WouldLog(severity)) return;
  telemetry::Scope scope({.trace = call.trace,
                          .request_id = call.request_id,
                          .run_id = {},
                          .step_id = {},
                          .principal_key_id = call.principal.key_id});
  const double milliseconds = absl::ToDoubleMilliseconds(took);
  const std::string_view code = CodeLabel(status.code());
  if (status.ok()) {
    telemetry::Log(severity, "call",
                   {{"grpc_method", method.policy.method}, {"grpc_code", code}, {"duration_ms", milliseconds}});
  } else {
    telemetry::Log(severity, "call",
                   {{"grpc_method", method.policy.method},
                    {"grpc_code", code},
                    {"duration_ms", milliseconds},
                    {"reason", base::DetailsOf(status).reason},
                    {"error", base::Message(status)}});
  }
}

grpc::Status Guard::ServeUnary(grpc::ServerContext& context, const google::protobuf::Message& request,
                               const std::function<absl::Status(const Call&)>& body) {
  const Method* method = state_->Find(request);
  if (!method) {
    return ToGrpc(Error(absl::StatusCode::kInternal, "NO_POLICY", "the method has no policy",
                        {{"request", request.GetTypeName()}}));
  }
  const absl::Time begin = absl::Now();
  method->started.Increment();
  method->received.Increment();
  Call call{.principal = {},
            .request_id = base::NewUuid(begin),
            .deadline = absl::InfiniteFuture(),
            .cancel = {},
            .trace = telemetry::ContinueTrace(MetadataOf(context, "traceparent"))};
  absl::Status status = state_->Enter(*method, context, request, call);
  if (status.ok()) status = state_->Admit(call.principal.key_id);
  if (status.ok()) {
    telemetry::Scope scope({.trace = call.trace,
                            .request_id = call.request_id,
                            .run_id = {},
                            .step_id = {},
                            .principal_key_id = call.principal.key_id});
    const auto entry = state_->watchdog.Add(std::make_shared<UnaryCall>(context, call));
    if (state_->cancelled) call.cancel.Cancel(base::CancelReason::kShuttingDown);
    status = state_->Run(body, call);
    state_->watchdog.Remove(entry);
    state_->Leave(call.principal.key_id);
  } else if (const auto retry = base::DetailsOf(status).retry_after) {
    context.AddTrailingMetadata("grpc-retry-pushback-ms", std::to_string(absl::ToInt64Milliseconds(*retry)));
  }
  // An answer that begins with headers counts as begun, and the client would not try again after UNAVAILABLE.
  if (status.ok()) {
    context.AddInitialMetadata("traceparent", call.traceparent());
  } else {
    context.AddTrailingMetadata("traceparent", call.traceparent());
  }
  state_->Finish(*method, call, begin, status, status.ok() ? 1 : 0);
  return ToGrpc(status);
}

void Guard::BeginStream(grpc::CallbackServerContext& context, const google::protobuf::Message& request,
                        std::shared_ptr<StreamCore> stream) {  // NOLINT(performance-unnecessary-value-param)
  const Method* method = state_->Find(request);
  if (!method) {
    stream->Refuse(Error(absl::StatusCode::kInternal, "NO_POLICY", "the method has no policy",
                         {{"request", request.GetTypeName()}}),
                   [](const absl::Status&, int64_t) {});
    return;
  }
  const absl::Time begin = absl::Now();
  method->started.Increment();
  method->received.Increment();
  Call call{.principal = {},
            .request_id = base::NewUuid(begin),
            .deadline = absl::InfiniteFuture(),
            .cancel = {},
            .trace = telemetry::ContinueTrace(MetadataOf(context, "traceparent"))};
  context.AddTrailingMetadata("traceparent", call.traceparent());
  absl::Status status = state_->Enter(*method, context, request, call);
  if (status.ok() && state_->streams.fetch_add(1) >= state_->options.max_streams) {
    --state_->streams;
    status = Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_STREAMS",
                   fmt::format("{} streams are open, which is the limit", state_->options.max_streams),
                   {{"limit", std::to_string(state_->options.max_streams)}}, absl::Seconds(1));
  }
  if (!status.ok()) {
    stream->Refuse(status, [this, method, call, begin](const absl::Status& ended, int64_t) {
      state_->Finish(*method, call, begin, ended, 0);
    });
    return;
  }
  stream->Begin(call, {.slow_reader = state_->options.slow_reader_timeout, .idle = state_->options.stream_idle_timeout},
                state_->scheduler, state_->watchdog,
                [this, method, call, begin](const absl::Status& ended, int64_t sent) {
                  --state_->streams;
                  state_->Finish(*method, call, begin, ended, sent);
                });
  if (state_->streams_ended) stream->Stop();
}

void Guard::BeginReceive(grpc::CallbackServerContext& context, const google::protobuf::Message& request,
                         std::shared_ptr<ReceiveCore> stream) {  // NOLINT(performance-unnecessary-value-param)
  const Method* method = state_->Find(request);
  if (!method) {
    stream->Refuse(Error(absl::StatusCode::kInternal, "NO_POLICY", "the method has no policy",
                         {{"request", request.GetTypeName()}}),
                   [](const absl::Status&, int64_t) {});
    return;
  }
  const absl::Time begin = absl::Now();
  method->started.Increment();
  Call call{.principal = {},
            .request_id = base::NewUuid(begin),
            .deadline = absl::InfiniteFuture(),
            .cancel = {},
            .trace = telemetry::ContinueTrace(MetadataOf(context, "traceparent"))};
  context.AddTrailingMetadata("traceparent", call.traceparent());
  absl::Status status = state_->Enter(*method, context, request, call);
  if (status.ok() && state_->uploads.fetch_add(1) >= state_->options.max_uploads) {
    --state_->uploads;
    status = Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_UPLOADS",
                   fmt::format("{} uploads are open, which is the limit", state_->options.max_uploads),
                   {{"limit", std::to_string(state_->options.max_uploads)}}, absl::Seconds(1));
  }
  if (!status.ok()) {
    stream->Refuse(status, [this, method, call, begin](const absl::Status& ended, int64_t) {
      state_->Finish(*method, call, begin, ended, 0);
    });
    return;
  }
  stream->Begin(
      call, {.idle = state_->options.stream_idle_timeout, .max_message_bytes = state_->options.max_request_bytes},
      state_->uploaders, state_->watchdog, [this, method, call, begin](const absl::Status& ended, int64_t received) {
        --state_->uploads;
        method->received.Increment(static_cast<double>(received));
        state_->Finish(*method, call, begin, ended, ended.ok() ? 1 : 0);
      });
  if (state_->streams_ended) stream->Stop();
}

}  // namespace breadthflow::rpc
