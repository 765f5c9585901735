#include "services/data/app/provider_reach.h"

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/base/transient.h"
#include "services/data/domain/upstream.h"

namespace breadthflow::data {
namespace {

// "query1.finance.yahoo.com", "127.0.0.1:8080".
std::string HostOf(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  return std::string(url.substr(0, url.find_first_of("/?#")));
}

std::string WhatFailed(std::string_view url, const absl::Status& error) {
  const std::string reason = base::DetailsOf(error).reason;
  if (reason == "NAME_NOT_RESOLVED") return "could not resolve " + HostOf(url);
  if (reason == "CONNECT_FAILED") return "could not connect to " + HostOf(url);
  return base::Message(error);
}

int64_t WholeSeconds(absl::Duration duration) { return absl::ToInt64Seconds(absl::Ceil(duration, absl::Seconds(1))); }

}  // namespace

bool IsOutOfReach(const absl::Status& error) {
  const std::string reason = base::DetailsOf(error).reason;
  return reason == "NAME_NOT_RESOLVED" || reason == "CONNECT_FAILED";
}

bool MayHeal(const absl::Status& error) {
  return base::IsTransient(error) && base::DetailsOf(error).reason != "BODY_TOO_LARGE" &&
         error.code() != absl::StatusCode::kCancelled && error.code() != absl::StatusCode::kAborted;
}

std::string WaitText(std::string_view provider, std::string_view url, const absl::Status& error, absl::Duration wait,
                     absl::Time until) {
  std::string text = fmt::format("{}: {}; next try in {} s", provider, WhatFailed(url, error), WholeSeconds(wait));
  if (until != absl::InfiniteFuture()) text += absl::FormatTime(", until %H:%M:%S UTC", until, absl::UTCTimeZone());
  return text;
}

absl::Status Unreachable(std::string_view provider, std::string_view url, const absl::Status& error,
                         absl::Duration spent) {
  return base::MakeError(
      absl::StatusCode::kUnavailable,
      fmt::format("{} is out of reach: {} for {} s; see to the network, name service and proxy (https_proxy) of the "
                  "machine that the data service runs on, then ask again",
                  provider, WhatFailed(url, error), WholeSeconds(spent)),
      {.reason = std::string(kUnreachable), .metadata = {{"provider", std::string(provider)}, {"host", HostOf(url)}}});
}

}  // namespace breadthflow::data
