#include "services/data/rpc/cursors.h"

#include <charconv>
#include <string_view>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/base/text.h"

namespace breadthflow::data {
namespace {

constexpr size_t kKeyParts = 4;

absl::Status NoCursor() {
  return base::MakeError(absl::StatusCode::kInvalidArgument, "INVALID_PAGE_TOKEN", "page_token is not a page token");
}

// The key in the first parts of `count`.
absl::StatusOr<quant::SeriesKey> KeyOf(const std::vector<std::string_view>& parts, size_t count) {
  if (parts.size() != count || parts[2].size() != 1) return NoCursor();
  return quant::SeriesKey{std::string(parts[0]), std::string(parts[1]),
                          static_cast<quant::Timeframe>(parts[2][0] - '0'), std::string(parts[3])};
}

}  // namespace

std::string ToCursor(absl::Time time, const std::string& id) {
  return fmt::format("{} {}", absl::ToUnixMicros(time), id);
}

absl::StatusOr<std::optional<ListPosition>> FromCursor(const std::string& cursor) {
  if (cursor.empty()) return std::nullopt;
  int64_t micros = 0;
  const auto [end, error] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), micros);
  if (error != std::errc() || end == cursor.data() + cursor.size()) return NoCursor();
  return ListPosition{absl::FromUnixMicros(micros), std::string(end + 1, cursor.data() + cursor.size())};
}

std::string ToCursor(const quant::SeriesKey& key) {
  return fmt::format("{}\n{}\n{}\n{}", key.resource, key.symbol, static_cast<int>(key.timeframe), key.variant);
}

absl::StatusOr<std::optional<quant::SeriesKey>> KeyFromCursor(const std::string& cursor) {
  if (cursor.empty()) return std::nullopt;
  return KeyOf(base::Split(cursor, "\n"), kKeyParts);
}

std::string ToCursor(const CoveragePosition& position) {
  return fmt::format("{}\n{}", ToCursor(position.key), position.start_ns);
}

absl::StatusOr<std::optional<CoveragePosition>> CoverageFromCursor(const std::string& cursor) {
  if (cursor.empty()) return std::nullopt;
  const std::vector<std::string_view> parts = base::Split(cursor, "\n");
  CoveragePosition position;
  BF_ASSIGN_OR_RETURN(position.key, KeyOf(parts, kKeyParts + 1));
  const std::string_view start = parts.back();
  const auto [end, error] = std::from_chars(start.data(), start.data() + start.size(), position.start_ns);
  if (error != std::errc() || end != start.data() + start.size()) return NoCursor();
  return position;
}

}  // namespace breadthflow::data
