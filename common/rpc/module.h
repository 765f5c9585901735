#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include <grpcpp/impl/service_type.h>

#include "common/base/cancel.h"
#include "common/component/catalog.h"

namespace breadthflow::rpc {

// One service of the suite, assembled: owns its stores, use cases, jobs and gRPC services. The process that holds it
// calls, in this order: the constructor (no I/O, no peer called: the database may be down and the server not up yet),
// services(), Start() until it succeeds, and at the end Drain() once and the destructor. See process/run_module.h.
class Module {
 public:
  virtual ~Module() = default;

  // "data", "signal" ...: also the name of its database schema and of its channel.
  virtual std::string name() const = 0;

  // What to register. Owned by the module. Calls are answered UNAVAILABLE `NOT_READY` until Start() succeeded.
  virtual std::vector<grpc::Service*> services() = 0;

  // Applies migrations and starts the workers. UNAVAILABLE (the database is not there) makes the process try again;
  // any other error ends it. A failed Start() left nothing running. `cancel` is set when the process is to stop: then
  // it returns soon, with any status.
  virtual absl::Status Start(const base::CancelToken& cancel) = 0;

  // Takes no new work, cancels or finishes what runs within `grace` and gives leases back. Called also when Start()
  // never succeeded.
  virtual void Drain(absl::Duration grace) = 0;

  // The components that the process announces to the registry once the module has started; constant. One
  // `component::Announce(quant::Indicators(), out)` per catalogue.
  virtual std::vector<component::Announcement> announcements() const = 0;
};

}  // namespace breadthflow::rpc
