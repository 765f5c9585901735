#include "services/cli/output_file.h"

#include <cerrno>
#include <cstring>
#include <system_error>

#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::cli {
namespace {

namespace fs = std::filesystem;

absl::Status CannotWrite(const fs::path& path, const std::string& why) {
  return base::MakeError(absl::StatusCode::kFailedPrecondition, "CANNOT_WRITE",
                         fmt::format("can not write {}: {}", path.string(), why));
}

}  // namespace

absl::StatusOr<std::unique_ptr<OutputFile>> OutputFile::Open(const std::string& path, bool packed) {
  std::unique_ptr<OutputFile> file(new OutputFile);
  std::error_code error;
  const fs::path real = fs::weakly_canonical(path, error);
  file->path_ = error ? fs::path(path) : real;
  const fs::file_type type = fs::status(file->path_, error).type();
  if (type == fs::file_type::directory) return CannotWrite(path, "it is a folder");
  const bool as_it_is = type != fs::file_type::regular && type != fs::file_type::not_found;
  if (!as_it_is) file->part_ = file->path_.string() + ".part";
  file->stream_.open(as_it_is ? file->path_ : file->part_, std::ios::binary | std::ios::trunc);
  if (packed) {
    file->archive_ = std::make_unique<GzipOutput>(*file->stream_.rdbuf());
    file->packed_ = std::make_unique<std::ostream>(file->archive_.get());
  }
  BF_RETURN_IF_ERROR(file->Check());
  return file;
}

fs::path OutputFile::folder() const {
  std::error_code error;
  if (part_.empty()) return fs::temp_directory_path(error);
  return part_.has_parent_path() ? part_.parent_path() : fs::path(".");
}

OutputFile::~OutputFile() {
  if (finished_ || part_.empty()) return;
  stream_.close();
  std::error_code ignored;  // there may be nothing to remove
  fs::remove(part_, ignored);
}

absl::Status OutputFile::Check() {
  if (stream_ && (packed_ == nullptr || *packed_)) return absl::OkStatus();
  return CannotWrite(path_, std::strerror(errno));  // NOLINT(concurrency-mt-unsafe): one thread writes
}

absl::Status OutputFile::Finish() {
  if (archive_ != nullptr && !archive_->Finish()) packed_->setstate(std::ios::badbit);
  bytes_ = static_cast<int64_t>(stream_.tellp());
  stream_.close();
  BF_RETURN_IF_ERROR(Check());
  std::error_code error;
  if (!part_.empty()) fs::rename(part_, path_, error);
  if (error) return CannotWrite(path_, error.message());
  finished_ = true;
  return absl::OkStatus();
}

absl::Status WriteFile(const std::string& path, const std::string& content) {
  BF_ASSIGN_OR_RETURN(const std::unique_ptr<OutputFile> file, OutputFile::Open(path));
  file->stream() << content;
  return file->Finish();
}

}  // namespace breadthflow::cli
