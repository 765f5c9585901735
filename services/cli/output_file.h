#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace breadthflow::cli {

// A file that appears under its name only when it is whole: until then it is NAME.part, which is removed when the
// writer goes without Finish. What a link leads to is replaced, not the link. A device or a pipe is written to as it
// is.
class OutputFile {
 public:
  // FAILED_PRECONDITION CANNOT_WRITE when it can not be made, also for a folder.
  static absl::StatusOr<std::unique_ptr<OutputFile>> Open(const std::string& path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  std::ostream& stream() { return stream_; }
  // Whether everything so far could be written. CANNOT_WRITE.
  absl::Status Check();
  // The last byte is written; the file gets its name. CANNOT_WRITE.
  absl::Status Finish();

 private:
  OutputFile() = default;

  std::filesystem::path path_;
  std::filesystem::path part_;  // empty: written to as it is
  std::ofstream stream_;
  bool finished_ = false;
};

// A whole file at once.
absl::Status WriteFile(const std::string& path, const std::string& content);

}  // namespace breadthflow::cli
