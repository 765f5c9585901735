#pragma once

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#include "common/base/cancel.h"
#include "common/clients/registry_client.h"
#include "common/component/catalog.h"

namespace breadthflow::clients {

// Announces the components of one service to the registry, on a thread of its own, until it has succeeded: a service is
// ready without the registry. Retries after 0.2 s, doubling up to 30 s; what can not be cured by waiting
// (ALREADY_EXISTS, INVALID_ARGUMENT, PERMISSION_DENIED ...) ends it.
class ComponentAnnouncer {
 public:
  // `attempted` is told the outcome of every attempt on the announcer's thread; it may log, and must not block.
  // `registry` must outlive the announcer.
  ComponentAnnouncer(RegistryClient& registry, std::string service, std::vector<component::Announcement> components,
                     std::function<void(const absl::Status&)> attempted = nullptr);
  ~ComponentAnnouncer();  // stops
  ComponentAnnouncer(const ComponentAnnouncer&) = delete;
  ComponentAnnouncer& operator=(const ComponentAnnouncer&) = delete;

  // Starts the thread; once.
  void Start();
  // Ends a call in flight and the thread. Idempotent.
  void Stop();
  // The announcement was accepted.
  bool done() const;

 private:
  void Run();

  RegistryClient& registry_;
  const std::string service_;
  const std::vector<component::Announcement> components_;
  const std::function<void(const absl::Status&)> attempted_;
  base::CancelToken cancel_;
  mutable absl::Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace breadthflow::clients
