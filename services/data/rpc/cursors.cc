#include "services/data/rpc/cursors.h"

#include <charconv>

#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::data {

std::string ToCursor(absl::Time time, const std::string& id) {
  return fmt::format("{} {}", absl::ToUnixMicros(time), id);
}

absl::StatusOr<std::optional<ListPosition>> FromCursor(const std::string& cursor) {
  if (cursor.empty()) return std::nullopt;
  int64_t micros = 0;
  const auto [end, error] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), micros);
  if (error != std::errc() || end == cursor.data() + cursor.size()) {
    return base::MakeError(absl::StatusCode::kInvalidArgument, "INVALID_PAGE_TOKEN", "page_token is not a page token");
  }
  return ListPosition{absl::FromUnixMicros(micros), std::string(end + 1, cursor.data() + cursor.size())};
}

}  // namespace breadthflow::data
