#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

// What failures on the way to a provider mean, and how they are told.
namespace breadthflow::data {

// Whether the request never got there: the name has no address, or nobody took the connection. That says more about
// the network of this machine than about the provider.
bool IsOutOfReach(const absl::Status& error);

// Whether the same request may succeed later: everything but our own limits on size and redirects, and our own will.
bool MayHeal(const absl::Status& error);

// Why a request waits before it is made again, for people: "yahoo: could not resolve query1.finance.yahoo.com; next try
// in 8 s, until 07:51:10 UTC". `until`: when it is given up; InfiniteFuture: nothing is said of that.
std::string WaitText(std::string_view provider, std::string_view url, const absl::Status& error, absl::Duration wait,
                     absl::Time until);

// UNAVAILABLE PROVIDER_UNREACHABLE after nothing but such failures (IsOutOfReach) for so long: which host, and what to
// look at.
absl::Status Unreachable(std::string_view provider, std::string_view url, const absl::Status& error,
                         absl::Duration spent);

}  // namespace breadthflow::data
