#pragma once

#include <string>
#include <vector>

#include "services/cli/session.h"

namespace breadthflow::cli {

// What grpc.health.v1 says about one service. `status` is SERVING, NOT_SERVING, UNREACHABLE, or UNKNOWN where the
// process at the address does not have this service.
struct ServiceHealth {
  std::string service;  // full name; empty: the process as a whole
  std::string status;
  std::string detail;
};

// Every service of the suite, and each process as a whole. Never fails: what can not be asked is UNREACHABLE.
std::vector<ServiceHealth> CheckHealth(const Session& session);

// Whether each service of the suite serves.
bool ServesEverything(const std::vector<ServiceHealth>& health);

// "every service serves", or which of them the addresses given serve and which not.
std::string DescribeServed(const std::vector<ServiceHealth>& health);

// OK when every process that was asked serves; else UNAVAILABLE with what does not.
absl::Status Verdict(const std::vector<ServiceHealth>& health);

}  // namespace breadthflow::cli
