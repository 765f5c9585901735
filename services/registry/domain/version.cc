#include "services/registry/domain/version.h"

#include <charconv>

#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::registry {

absl::StatusOr<Version> ParseVersion(std::string_view text) {
  const auto wrong = [&] {
    return base::MakeError(
        absl::StatusCode::kInvalidArgument, "INVALID_VERSION",
        fmt::format("version must be MAJOR.MINOR.PATCH, three whole numbers in [0, 999999], was '{}'", text));
  };
  Version version;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  for (int64_t* part : {&version.major, &version.minor, &version.patch}) {
    if (part != &version.major) {
      if (at == end || *at != '.') return wrong();
      ++at;
    }
    const auto [next, error] = std::from_chars(at, end, *part);
    const bool leading_zero = *part != 0 ? *at == '0' : next - at > 1;
    if (error != std::errc() || *at == '-' || leading_zero || *part > 999'999) return wrong();
    at = next;
  }
  if (at != end) return wrong();
  return version;
}

}  // namespace breadthflow::registry
