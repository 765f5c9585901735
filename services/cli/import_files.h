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
  bool answer = false;     // a text that a provider answered
  bool described = false;  // it may say what its rows are; see DescriptionOf
  SeriesFormat format = SeriesFormat::kCsv;
  std::shared_ptr<const TemporaryFile> piped;  // what came through a pipe; null: `path` is read

  // Under which its bytes are read.
  std::string place() const { return piped != nullptr ? piped->path() : path; }
};

// What is said of the files.
struct ImportForm {
  std::string format = "auto";  // the value of --format
  bool layouts = false;         // CSV is of a layout that the server is told of
  bool answers = false;         // they are saved answers of a provider
};

// The files that `arguments` name: a file, a folder (its .csv, .jsonl, .ndjson and .columnar files, also with .gz
// behind it; of answers .json and .csv) or a pattern with * ? [ ]; each once, those of a folder or pattern ordered by
// name. CSV files are texts unless they begin like a file that `data export` wrote; with `layouts` all of them are, so
// that what is said of layouts holds for exports too. Answers are texts, whatever they are called. What is no file but
// a pipe is read to its end and kept. INVALID_ARGUMENT USAGE with every argument that names no file; errors of
// CopyPipe.
absl::StatusOr<std::vector<ImportFile>> FindImportFiles(const std::vector<std::string>& arguments,
                                                        const ImportForm& form);

}  // namespace breadthflow::cli
