#include "common/rpc/admission.h"

#include <string_view>

#include "absl/time/time.h"
#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::rpc {
namespace {

constexpr absl::Duration kCallRetry = absl::Milliseconds(250);
constexpr absl::Duration kStreamRetry = absl::Seconds(1);

absl::Status Full(std::string_view reason, std::string_view message, int limit, absl::Duration retry) {
  return base::MakeError(absl::StatusCode::kResourceExhausted, message,
                         {.reason = std::string(reason),
                          .metadata = {{"limit", std::to_string(limit)}},
                          .violations = {},
                          .retry_after = retry});
}

}  // namespace

absl::Status CallSlots::Take(const std::string& key_id) {
  if (taken_.fetch_add(1) >= total_) {
    --taken_;
    return Full("OVERLOADED", fmt::format("{} calls are being served, which is the limit", total_), total_, kCallRetry);
  }
  if (per_key_ > 0) {
    absl::MutexLock lock(&mutex_);
    if (by_key_[key_id] >= per_key_) {
      --taken_;
      return Full("TOO_MANY_CALLS", fmt::format("{} calls of this key are being served, which is its limit", per_key_),
                  per_key_, kCallRetry);
    }
    ++by_key_[key_id];
  }
  return absl::OkStatus();
}

void CallSlots::Give(const std::string& key_id) {
  --taken_;
  if (per_key_ == 0) return;
  absl::MutexLock lock(&mutex_);
  if (--by_key_[key_id] == 0) by_key_.erase(key_id);
}

absl::Status StreamSlots::Take() {
  if (taken_.fetch_add(1) < total_) return absl::OkStatus();
  --taken_;
  return Full(reason_, fmt::format("{} {} are open, which is the limit", total_, noun_), total_, kStreamRetry);
}

}  // namespace breadthflow::rpc
