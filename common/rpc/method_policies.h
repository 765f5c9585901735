#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

#include "common/security/scope.h"

namespace breadthflow::rpc {

// What every method is subject to. The one table is in method_policies.cc: the Guard, the clients' retry configuration
// and the tests read it. A server that registers a method without an entry does not start.
struct MethodPolicy {
  std::string method;  // "breadthflow.data.v1.DataService/GetResource"
  security::Scope scope = security::Scope::kAdmin;
  // May be sent again after UNAVAILABLE: it only reads, or carries a request_id, or repeating it changes nothing.
  bool retry_safe = false;
  // For unary calls whose caller gave no deadline.
  absl::Duration default_deadline = absl::Seconds(30);
};

using MethodPolicies = std::vector<MethodPolicy>;

// The table of the suite's own services.
const MethodPolicies& SuitePolicies();

}  // namespace breadthflow::rpc
