#include "services/data/app/run_upstream.h"

#include "common/base/status.h"

namespace breadthflow::data {

absl::StatusOr<RawBody> RunUpstream::Get(const UpstreamRequest& request, const base::CancelToken& cancel) {
  {
    absl::MutexLock lock(&mutex_);
    const auto known = unreachable_.find(request.provider);
    if (known != unreachable_.end()) return known->second;
  }
  UpstreamRequest told = request;
  told.waits = tell_;
  absl::StatusOr<RawBody> body = inner_.Get(told, cancel);
  if (base::DetailsOf(body.status()).reason == kUnreachable) {
    absl::MutexLock lock(&mutex_);
    unreachable_.try_emplace(request.provider, body.status());
  }
  return body;
}

}  // namespace breadthflow::data
