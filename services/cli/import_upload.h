#pragma once

#include <cstdint>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "breadthflow/data/v1/import.pb.h"

#include "common/base/status.h"
#include "services/cli/import_files.h"
#include "services/cli/progress.h"
#include "services/cli/series_reader.h"

namespace breadthflow::cli {

// The rows of files as messages of an import, one file after the other, as they are read: a part at a time is in
// memory.
class ImportUpload {
 public:
  // `symbol`: that of all rows of texts, and the only one to take from other files; empty: as the files say. `types`
  // are those of the resource. Progress is by bytes.
  ImportUpload(std::vector<ImportFile> files, std::string symbol, ColumnTypes types, Progress& progress);

  // The next message; false at the end. INVALID_ARGUMENT INVALID_FILE with what is wrong with any of the files of rows;
  // those of texts are for the server to judge. Where there are both, the last message is one that the server refuses,
  // and InFiles of its answer has the mistakes of all files.
  absl::StatusOr<bool> Next(data::v1::ImportSeriesRequest& request);

  // An error of the server with the places in the files, where it only knows the number of a message and of a row in
  // it, behind what Next found.
  absl::Status InFiles(const absl::Status& status) const;

  int64_t all_bytes() const { return all_bytes_; }

 private:
  struct Origin {
    size_t file = 0;
    std::vector<int64_t> lines;
  };
  absl::StatusOr<bool> NextPart(const ImportFile& file, data::v1::ImportSeriesRequest& request);
  absl::StatusOr<bool> NextRows(const ImportFile& file, data::v1::ImportSeriesRequest& request);
  struct Place {
    std::string line;  // "FILE:LINE"
    std::string of;    // what is wrong there, if it is not the row: "symbol "
  };
  std::optional<Place> PlaceOf(const std::string& field) const;

  const std::vector<ImportFile> files_;
  const std::string symbol_;
  const ColumnTypes types_;
  Progress& progress_;
  size_t file_ = 0;
  std::ifstream text_;
  bool begun_ = false;  // a part of the text was sent
  std::unique_ptr<SeriesReader> reader_;
  std::vector<Origin> origins_;  // by number of the message
  bool rows_ = false;            // the file at hand had some
  base::Violations faults_;      // of files before this one
  base::Violations empty_;       // files without rows
  bool sent_ = false;            // something was
  bool texts_sent_ = false;
  std::optional<size_t> refused_;  // the message by which nothing is stored, since files had mistakes
  int64_t all_bytes_ = 0;
  int64_t done_bytes_ = 0;  // of the files before this one
  int64_t position_ = 0;    // in this one
};

}  // namespace breadthflow::cli
