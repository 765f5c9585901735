#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "breadthflow/common/v1/series.pb.h"

#include "services/cli/series_file.h"
#include "services/cli/temporary_file.h"

namespace breadthflow::cli {

// A stream of series, kept on disk until its end, when all columns are known: the head of a table has to name them
// before the first row. A message at a time is in memory.
class SeriesSpool {
 public:
  // On the disk of `folder`. `columns` come first. FAILED_PRECONDITION CANNOT_WRITE.
  static absl::StatusOr<std::unique_ptr<SeriesSpool>> Make(const std::filesystem::path& folder,
                                                           std::vector<std::string> columns);

  // The next message of packed rows. CANNOT_WRITE.
  absl::Status Take(const common::v1::SeriesMessage& message);

  // Columns of all rows so far: one that is new stands behind that which is before it in its rows.
  const std::vector<std::string>& columns() const { return columns_; }
  // What one of the series says beside its columns.
  const SaidColumns& says() const { return says_; }

  // Gives every message to `take`, in order, until that fails. UNAVAILABLE READ_FAILED.
  absl::Status Replay(const std::function<absl::Status(const common::v1::SeriesMessage&)>& take) const;

 private:
  SeriesSpool(std::unique_ptr<TemporaryFile> file, std::vector<std::string> columns)
      : file_(std::move(file)), columns_(std::move(columns)), named_(columns_.size()) {}

  const std::unique_ptr<TemporaryFile> file_;
  std::vector<std::string> columns_;
  const size_t named_;  // that come first
  SaidColumns says_;
};

}  // namespace breadthflow::cli
