#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "services/cli/series_file.h"
#include "services/cli/temporary_file.h"

namespace breadthflow::cli {

// One file of an import.
struct ImportFile {
  std::string path;
  int64_t bytes = 0;
  bool text = false;       // for the server to read, by its layouts; else rows that we read by `format`
  bool described = false;  // it may say what its rows are; see DescriptionOf
  SeriesFormat format = SeriesFormat::kCsv;
  std::shared_ptr<const TemporaryFile> piped;  // what came through a pipe; null: `path` is read

  // Under which its bytes are read.
  std::string place() const { return piped != nullptr ? piped->path() : path; }
};

// The files that `arguments` name: a file, a folder (its .csv, .jsonl, .ndjson and .columnar files, also with .gz
// behind it) or a pattern with * ? [ ]; each once, those of a folder or pattern ordered by name. `format` is the value
// of --format. CSV files are texts unless they begin like a file that `data export` wrote; with `layouts` all of them
// are, so that what is said of layouts holds for exports too. What is no file but a pipe is read to its end and kept.
// INVALID_ARGUMENT USAGE with every argument that names no file; errors of CopyPipe.
absl::StatusOr<std::vector<ImportFile>> FindImportFiles(const std::vector<std::string>& arguments,
                                                        const std::string& format, bool layouts);

}  // namespace breadthflow::cli
