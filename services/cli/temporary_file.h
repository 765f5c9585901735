#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace breadthflow::cli {

// A file without a name, which is gone when its object is, however the program ends.
class TemporaryFile {
 public:
  // On the disk of `folder`. FAILED_PRECONDITION CANNOT_WRITE.
  static absl::StatusOr<std::unique_ptr<TemporaryFile>> Make(const std::filesystem::path& folder);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  // CANNOT_WRITE, as when the disk is full.
  absl::Status Append(std::string_view bytes);
  int64_t bytes() const { return bytes_; }
  // By which this process opens it to read all of it, as often as it likes.
  std::string path() const;

 private:
  TemporaryFile(int file, std::filesystem::path folder) : file_(file), folder_(std::move(folder)) {}

  const int file_;
  const std::filesystem::path folder_;
  int64_t bytes_ = 0;
};

// What comes through a pipe (or a device), which can be read only once, to its end: with the copy it can be looked at
// and then read. NOT_FOUND NO_SUCH_FILE, UNAVAILABLE READ_FAILED, FAILED_PRECONDITION CANNOT_WRITE.
absl::StatusOr<std::unique_ptr<TemporaryFile>> CopyPipe(const std::string& path);

}  // namespace breadthflow::cli
