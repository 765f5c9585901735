#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "common/rpc/call.h"
#include "common/rpc/method_policies.h"
#include "common/telemetry/metrics.h"

namespace breadthflow::rpc {

// A method as the Guard knows it.
struct Method {
  MethodPolicy policy;
  const google::protobuf::MethodDescriptor* descriptor = nullptr;
  const std::atomic<bool>* ready = nullptr;  // its service's
  bool streams = false;                      // in either direction
  // Made by MethodTable::Cover(); before that they do nothing.
  telemetry::Counter started;
  telemetry::Counter received;
  telemetry::Counter sent;
  telemetry::Histogram seconds;
  std::array<telemetry::Counter, 17> handled;  // by code

  // Counts a call that ended after it sent so many messages, and writes its line to the log.
  void Finish(const Call& call, absl::Time begin, const absl::Status& status, int64_t sent_messages) const;
};

// The methods that have a policy and that this program links, by the type of their request. Find() and SetReady() are
// thread-safe once Cover() has returned.
class MethodTable {
 public:
  explicit MethodTable(const MethodPolicies& policies);

  // See Guard::Cover().
  absl::Status Cover(const std::vector<std::string>& services, telemetry::Metrics& metrics);

  const Method* Find(const google::protobuf::Message& request) const;
  // Ready at first. Of a service that is not in the table: nothing.
  void SetReady(std::string_view service, bool ready);

 private:
  std::unordered_map<const google::protobuf::Descriptor*, std::unique_ptr<Method>> methods_;
  std::map<std::string, std::unique_ptr<std::atomic<bool>>, std::less<>> ready_;  // by service
  std::vector<std::string> ambiguous_;  // methods whose request another method has too
};

}  // namespace breadthflow::rpc
