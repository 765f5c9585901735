#include "common/rpc/page_token.h"

#include <utility>

#include "absl/strings/escaping.h"
#include <fmt/format.h>

#include "common/base/hash.h"
#include "common/base/ids.h"
#include "common/base/status.h"

namespace breadthflow::rpc {
namespace {

std::string Mac(const std::string& secret, std::string_view query, std::string_view cursor) {
  const base::Sha256Digest digest = base::HmacSha256(secret, fmt::format("{}:{}{}", query.size(), query, cursor));
  return std::string(reinterpret_cast<const char*>(digest.data()), digest.size());
}

// Takes the same time wherever the difference is.
bool Same(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (size_t i = 0; i < a.size(); ++i)
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  return difference == 0;
}

}  // namespace

absl::StatusOr<int> PageSize(int32_t requested) {
  if (requested < 0) {
    base::Violations violations;
    violations.Add("page_size", fmt::format("must not be negative, was {}", requested));
    return violations.ToStatus("bad page_size");
  }
  if (requested == 0) return kDefaultPageSize;
  return requested > kMaxPageSize ? kMaxPageSize : requested;
}

PageTokens::PageTokens(std::string secret) : secret_(secret.empty() ? base::RandomHex(32) : std::move(secret)) {}

std::string PageTokens::Encode(std::string_view query, std::string_view cursor) const {
  if (cursor.empty()) return "";
  return absl::WebSafeBase64Escape(Mac(secret_, query, cursor) + std::string(cursor));
}

absl::StatusOr<std::string> PageTokens::Decode(std::string_view query, std::string_view token) const {
  if (token.empty()) return std::string();
  std::string bytes;
  if (absl::WebSafeBase64Unescape(std::string(token), &bytes) && bytes.size() > sizeof(base::Sha256Digest)) {
    const std::string cursor = bytes.substr(sizeof(base::Sha256Digest));
    if (Same(bytes.substr(0, sizeof(base::Sha256Digest)), Mac(secret_, query, cursor))) return cursor;
  }
  return base::MakeError(absl::StatusCode::kInvalidArgument, "page_token was not made by this service for this query",
                         {.reason = "INVALID_PAGE_TOKEN",
                          .metadata = {},
                          .violations = {{"page_token", "must be the next_page_token of the same query"}},
                          .retry_after = {}});
}

}  // namespace breadthflow::rpc
