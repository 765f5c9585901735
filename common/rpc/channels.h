#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include <grpcpp/channel.h>

#include "common/rpc/method_policies.h"
#include "common/rpc/watchdog.h"
#include "common/telemetry/metrics.h"

namespace google::protobuf {
class Descriptor;
}

namespace breadthflow::rpc {

// The ways to the other services, by name: "data", "signal", "backtest", "training", "registry", "orchestrator". Over
// TCP or within the process; who calls does not see which. Thread-safe. Must outlive the clients that use it.
class Channels {
 public:
  struct Options {
    std::string service_key;  // sent as "authorization: Bearer ..."; may be empty
    MethodPolicies policies = SuitePolicies();
  };

  Channels(Options options, telemetry::Metrics& metrics);
  ~Channels();

  // Where `name` is: HOST:PORT or any gRPC target. Connects when first used and again when it broke; UNAVAILABLE is
  // retried by the channel for methods that may be (4 attempts, 0.1 s to 1 s, throttled at 10 tokens / 0.1).
  void Connect(const std::string& name, const std::string& target);
  // A channel that exists, of a server in this process. Replaces what was there.
  void Attach(const std::string& name, std::shared_ptr<grpc::Channel> channel);

  // FAILED_PRECONDITION `NO_PEER` when nobody said where `name` is.
  absl::StatusOr<std::shared_ptr<grpc::Channel>> Get(std::string_view name) const;

  // For Peer: what it needs to know about the methods of the table. Metrics of a method exist from its first call on.
  struct Instruments {
    telemetry::Counter started;
    telemetry::Histogram seconds;
    std::array<telemetry::Counter, 17> handled;  // by code
  };
  struct Method {
    std::string name = "an unknown method";
    absl::Duration default_deadline = absl::Seconds(30);
    std::function<Instruments()> instruments;
    std::unique_ptr<std::once_flag> once = std::make_unique<std::once_flag>();
    Instruments used;
    Instruments& Use();
  };
  Method& MethodOf(const google::protobuf::Descriptor* request);
  const std::string& service_key() const { return options_.service_key; }
  Watchdog& watchdog() { return watchdog_; }

 private:
  Options options_;
  Watchdog watchdog_;
  std::map<const google::protobuf::Descriptor*, Method> methods_;
  Method unknown_;
  mutable absl::Mutex mutex_;
  std::map<std::string, std::shared_ptr<grpc::Channel>, std::less<>> channels_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace breadthflow::rpc
