#include "common/clients/component_announcer.h"

#include <algorithm>
#include <utility>

#include "common/base/transient.h"

namespace breadthflow::clients {

ComponentAnnouncer::ComponentAnnouncer(RegistryClient& registry, std::string service,
                                       std::vector<component::Announcement> components,
                                       std::function<void(const absl::Status&)> attempted)
    : registry_(registry),
      service_(std::move(service)),
      components_(std::move(components)),
      attempted_(std::move(attempted)) {}

ComponentAnnouncer::~ComponentAnnouncer() { Stop(); }

void ComponentAnnouncer::Start() {
  thread_ = std::thread([this] { Run(); });
}

void ComponentAnnouncer::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
  }
  cancel_.Cancel(base::CancelReason::kShuttingDown);
  if (thread_.joinable()) thread_.join();
}

bool ComponentAnnouncer::done() const {
  absl::MutexLock lock(&mutex_);
  return done_;
}

void ComponentAnnouncer::Run() {
  absl::Duration pause = absl::Milliseconds(200);
  for (;;) {
    const absl::Status status =
        registry_.AnnounceComponents(service_, components_, {.traceparent = {}, .cancel = cancel_}).status();
    absl::MutexLock lock(&mutex_);
    if (stopped_) return;
    done_ = status.ok();
    mutex_.Unlock();
    if (attempted_) attempted_(status);
    mutex_.Lock();
    if (!base::IsTransient(status)) return;
    mutex_.AwaitWithTimeout(absl::Condition(&stopped_), pause);
    if (stopped_) return;
    pause = std::min(pause * 2, absl::Seconds(30));
  }
}

}  // namespace breadthflow::clients
