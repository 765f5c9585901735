#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace breadthflow::rpc {

inline constexpr int kDefaultPageSize = 50;
inline constexpr int kMaxPageSize = 1000;

// AIP-158: 0 is the default, more than the maximum is the maximum, INVALID_ARGUMENT when negative.
absl::StatusOr<int> PageSize(int32_t requested);

// Page tokens: a cursor (the sort key of the last row of a page) that the caller can not change, or use with another
// query. Token = base64url(HMAC-SHA256(secret, query, cursor) + cursor). Thread-safe.
class PageTokens {
 public:
  // Replicas of one service must share `secret`. Empty: a random one, good for one process.
  explicit PageTokens(std::string secret);

  // `query` identifies method and filter: everything but page_size and page_token, e.g. "ListFetchRuns|state=RUNNING".
  // An empty cursor (no further page) gives the empty token.
  std::string Encode(std::string_view query, std::string_view cursor) const;

  // The cursor; empty for an empty token (the first page). INVALID_ARGUMENT `INVALID_PAGE_TOKEN` when the token was
  // changed, or was made for another query.
  absl::StatusOr<std::string> Decode(std::string_view query, std::string_view token) const;

 private:
  std::string secret_;
};

}  // namespace breadthflow::rpc
