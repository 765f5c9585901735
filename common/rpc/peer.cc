#include "common/rpc/peer.h"

#include <algorithm>
#include <atomic>

#include "absl/time/clock.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/rpc/status_bridge.h"
#include "common/telemetry/scope.h"
#include "common/telemetry/trace.h"

namespace breadthflow::rpc {
namespace {

// What a caller keeps of its deadline, to answer in time itself.
constexpr absl::Duration kReserve = absl::Milliseconds(50);
constexpr absl::Duration kStreamIdle = absl::Seconds(60);

std::string TraceparentOf(const Outgoing& options) {
  if (!options.traceparent.empty()) return options.traceparent;
  const telemetry::TraceContext& current = telemetry::CurrentContext().trace;
  return telemetry::ToTraceparent(current.valid() ? current : telemetry::NewTrace());
}

}  // namespace

absl::Status CheckApiKeyText(std::string_view key) {
  const auto bad = std::find_if(key.begin(), key.end(), [](char c) { return c < 0x20 || c > 0x7E; });
  if (bad == key.end()) return absl::OkStatus();
  return base::MakeError(absl::StatusCode::kInvalidArgument, "MALFORMED_API_KEY",
                         fmt::format("the API key must be printable ASCII on one line: character {} of {} is not "
                                     "(a line end that came with it from a file?)",
                                     bad - key.begin() + 1, key.size()));
}

struct ClientCall::State final : public Watched {
  State(Channels& c, Channels::Method& m, const Outgoing& o, Kind k)
      : channels(c), method(m), instruments(m.Use()), cancel(o.cancel), kind(k), begin(absl::Now()) {}

  // `context` may be cancelled from here: TryCancel() is thread-safe and does not call back.
  void Look(absl::Time now) override {
    if (stopped) return;
    if (cancel.cancelled()) {
      stopped = true;
      context.TryCancel();
    } else if (kind != Kind::kUnary && now - absl::FromUnixNanos(moved) > kStreamIdle) {
      idle = true;
      stopped = true;
      context.TryCancel();
    }
  }

  Channels& channels;
  Channels::Method& method;
  Channels::Instruments& instruments;
  const base::CancelToken cancel;
  const Kind kind;
  const absl::Time begin;
  grpc::ClientContext context;
  absl::Status ready;
  absl::Time deadline = absl::InfiniteFuture();
  std::atomic<int64_t> moved{absl::ToUnixNanos(begin)};
  std::atomic<bool> stopped{false};
  std::atomic<bool> idle{false};
  bool watched = false;
  Watchdog::Entry entry;
};

ClientCall::ClientCall(Channels& channels, const google::protobuf::Descriptor* request, const Outgoing& options,
                       Kind kind)
    : state_(std::make_shared<State>(channels, channels.MethodOf(request), options, kind)) {
  State& state = *state_;
  state.deadline = options.deadline == absl::InfiniteFuture() ? options.deadline : options.deadline - kReserve;
  if (state.deadline == absl::InfiniteFuture() && kind == Kind::kUnary) {
    state.deadline = state.begin + state.method.default_deadline;
  }
  state.ready = options.cancel.Check();
  if (state.ready.ok()) state.ready = CheckApiKeyText(channels.service_key());
  if (state.ready.ok() && state.deadline <= state.begin) {
    state.ready = base::MakeError(absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED",
                                  fmt::format("no time was left to call {}", state.method.name));
  }
  if (!state.ready.ok()) return;
  if (state.deadline != absl::InfiniteFuture()) state.context.set_deadline(absl::ToChronoTime(state.deadline));
  state.context.AddMetadata("traceparent", TraceparentOf(options));
  if (!channels.service_key().empty()) {
    state.context.AddMetadata("authorization", fmt::format("Bearer {}", channels.service_key()));
  }
  state.instruments.started.Increment();
  state.entry = channels.watchdog().Add(state_);
  state.watched = true;
}

ClientCall::~ClientCall() {
  if (state_->watched) state_->channels.watchdog().Remove(state_->entry);
}

grpc::ClientContext& ClientCall::context() { return state_->context; }
absl::Status ClientCall::Ready() const { return state_->ready; }
void ClientCall::Moved(absl::Duration grace) {
  state_->moved = absl::GetCurrentTimeNanos() + absl::ToInt64Nanoseconds(grace);
}

absl::Status ClientCall::Finish(const grpc::Status& status) {
  State& state = *state_;
  state.channels.watchdog().Remove(state.entry);
  state.watched = false;
  absl::Status result = FromGrpc(status);
  if (!result.ok() && state.idle) {
    result =
        base::MakeError(absl::StatusCode::kDeadlineExceeded, "STREAM_IDLE",
                        fmt::format("{} sent nothing for {} s", state.method.name, absl::ToInt64Seconds(kStreamIdle)));
  } else if (result.code() == absl::StatusCode::kCancelled && state.cancel.cancelled()) {
    result = state.cancel.Check();
  } else if (result.code() == absl::StatusCode::kCancelled && status.error_details().empty()) {
    // Nobody here cancelled, and no handler answered: gRPC of a server that is going away.
    result = base::MakeError(absl::StatusCode::kUnavailable, "SHUTTING_DOWN",
                             fmt::format("the server ended {}", state.method.name));
  }
  const auto code = static_cast<size_t>(result.code());
  state.instruments.handled[std::min(code, state.instruments.handled.size() - 1)].Increment();
  state.instruments.seconds.Observe(absl::ToDoubleSeconds(absl::Now() - state.begin));
  return result;
}

}  // namespace breadthflow::rpc
