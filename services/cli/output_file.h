#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "services/cli/gzip_stream.h"

namespace breadthflow::cli {

// A file that appears under its name only when it is whole: until then it is NAME.part, which is removed when the
// writer goes without Finish. What a link leads to is replaced, not the link. A device or a pipe is written to as it
// is.
class OutputFile {
 public:
  // With `packed` what is written becomes a gzip archive. FAILED_PRECONDITION CANNOT_WRITE when it can not be made,
  // also for a folder.
  static absl::StatusOr<std::unique_ptr<OutputFile>> Open(const std::string& path, bool packed = false);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // Where there is room for what belongs to it until it is finished: its folder; for a device or a pipe that of
  // temporary files.
  std::filesystem::path folder() const;
  std::ostream& stream() { return packed_ != nullptr ? *packed_ : stream_; }
  // Whether everything so far could be written. CANNOT_WRITE.
  absl::Status Check();
  // The last byte is written; the file gets its name. CANNOT_WRITE.
  absl::Status Finish();
  // Of the finished file.
  int64_t bytes() const { return bytes_; }

 private:
  OutputFile() = default;

  std::filesystem::path path_;
  std::filesystem::path part_;  // empty: written to as it is
  std::ofstream stream_;
  std::unique_ptr<GzipOutput> archive_;
  std::unique_ptr<std::ostream> packed_;  // into the archive
  int64_t bytes_ = 0;
  bool finished_ = false;
};

// A whole file at once.
absl::Status WriteFile(const std::string& path, const std::string& content);

}  // namespace breadthflow::cli
