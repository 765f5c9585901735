#include "common/base/file.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::base {

absl::StatusOr<std::string> ReadFile(const std::string& path, int64_t limit, const CancelToken& cancel) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) {
    return MakeError(absl::StatusCode::kNotFound, "NO_SUCH_FILE", fmt::format("there is no file {}", path));
  }
  if (status.type() == std::filesystem::file_type::none) {
    return MakeError(absl::StatusCode::kUnavailable, "READ_FAILED",
                     fmt::format("can not read {}: {}", path, error.message()));
  }
  if (status.type() != std::filesystem::file_type::regular && status.type() != std::filesystem::file_type::fifo) {
    return MakeError(absl::StatusCode::kInvalidArgument, "NOT_A_FILE", fmt::format("{} is not a file", path));
  }
  std::ifstream in(path, std::ios::binary);
  std::string text;
  while (in) {
    BF_RETURN_IF_ERROR(cancel.Check());
    constexpr size_t kBlock = size_t{1} << 18;
    const size_t size = text.size();
    text.resize(size + kBlock);
    in.read(text.data() + size, kBlock);
    text.resize(size + static_cast<size_t>(in.gcount()));
    if (static_cast<int64_t>(text.size()) > limit) {
      return MakeError(absl::StatusCode::kInvalidArgument, "FILE_TOO_LARGE",
                       fmt::format("{} is larger than {} bytes", path, limit));
    }
  }
  if (!in.eof()) {
    return MakeError(absl::StatusCode::kUnavailable, "READ_FAILED",
                     fmt::format("can not read {}: {}", path, std::generic_category().message(errno)));
  }
  return text;
}

}  // namespace breadthflow::base
