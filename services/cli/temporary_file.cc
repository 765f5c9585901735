#include "services/cli/temporary_file.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "common/base/status.h"

namespace breadthflow::cli {
namespace {

namespace fs = std::filesystem;

absl::Status CannotKeep(const fs::path& folder, int error) {
  return base::MakeError(absl::StatusCode::kFailedPrecondition, "CANNOT_WRITE",
                         fmt::format("can not keep what was read in a file of {} for the moment: {}", folder.string(),
                                     std::generic_category().message(error)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<TemporaryFile>> TemporaryFile::Make(const fs::path& folder) {
  std::string name = (folder / ".breadthflow-XXXXXX").string();
  const int file = mkostemp(name.data(), O_CLOEXEC);
  if (file < 0) return CannotKeep(folder, errno);
  unlink(name.c_str());  // the bytes stay until the last who has it open closes it
  return std::unique_ptr<TemporaryFile>(new TemporaryFile(file, folder));
}

TemporaryFile::~TemporaryFile() { close(file_); }

absl::Status TemporaryFile::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return CannotKeep(folder_, errno);
    bytes_ += written;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

std::string TemporaryFile::path() const { return fmt::format("/proc/self/fd/{}", file_); }

absl::StatusOr<std::unique_ptr<TemporaryFile>> CopyPipe(const std::string& path) {
  std::ifstream pipe(path, std::ios::binary);
  if (!pipe) {
    return base::MakeError(absl::StatusCode::kNotFound, "NO_SUCH_FILE", fmt::format("can not open {}", path));
  }
  std::error_code error;
  const fs::path folder = fs::temp_directory_path(error);
  if (error) return CannotKeep("the folder of temporary files", error.value());
  BF_ASSIGN_OR_RETURN(std::unique_ptr<TemporaryFile> copy, TemporaryFile::Make(folder));
  std::array<char, 1 << 16> buffer;
  while (pipe) {
    pipe.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    BF_RETURN_IF_ERROR(copy->Append({buffer.data(), static_cast<size_t>(pipe.gcount())}));
  }
  if (pipe.bad()) {
    return base::MakeError(absl::StatusCode::kUnavailable, "READ_FAILED", fmt::format("can not read {}", path));
  }
  return copy;
}

}  // namespace breadthflow::cli
