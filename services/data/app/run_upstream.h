#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

#include "common/base/cancel.h"
#include "services/data/domain/upstream.h"

namespace breadthflow::data {

// The way to providers as one run goes it: what its requests wait for is told, and a provider that was out of reach
// once is not asked again by this run, so that many symbols end as soon as one does. Thread-safe.
class RunUpstream final : public Upstream {
 public:
  // `inner` must outlive it. `tell` may be called by several threads at once.
  RunUpstream(Upstream& inner, std::function<void(const std::string&)> tell) : inner_(inner), tell_(std::move(tell)) {}

  absl::Status CheckReady(std::string_view provider) const override { return inner_.CheckReady(provider); }
  UpstreamInfo Describe(std::string_view provider) const override { return inner_.Describe(provider); }
  absl::StatusOr<RawBody> Get(const UpstreamRequest& request, const base::CancelToken& cancel) override;

 private:
  Upstream& inner_;
  const std::function<void(const std::string&)> tell_;
  absl::Mutex mutex_;
  std::map<std::string, absl::Status> unreachable_ ABSL_GUARDED_BY(mutex_);  // by provider
};

}  // namespace breadthflow::data
