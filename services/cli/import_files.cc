#include "services/cli/import_files.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <span>
#include <string_view>
#include <system_error>

#include <fmt/format.h>
#include <glob.h>

#include "common/base/status.h"
#include "services/cli/series_reader.h"

namespace breadthflow::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 8> kEndings = {".csv",    ".csv.gz",    ".jsonl",    ".jsonl.gz",
                                                      ".ndjson", ".ndjson.gz", ".columnar", ".columnar.gz"};
constexpr std::array<std::string_view, 4> kAnswerEndings = {".json", ".json.gz", ".csv", ".csv.gz"};

std::vector<std::string> InFolder(const std::string& folder, std::span<const std::string_view> endings,
                                  std::error_code& error) {
  std::vector<std::string> files;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string path = entry->path().string();
    const bool known = std::any_of(endings.begin(), endings.end(), [&](auto end) { return path.ends_with(end); });
    if (known && entry->is_regular_file(error)) files.push_back(path);
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<std::string> ByPattern(const std::string& pattern) {
  std::vector<std::string> files;
  glob_t found{};
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    for (size_t i = 0; i < found.gl_pathc; ++i) files.emplace_back(found.gl_pathv[i]);
  }
  globfree(&found);
  std::error_code error;
  std::erase_if(files, [&](const std::string& file) { return fs::is_directory(file, error); });
  return files;
}

}  // namespace

absl::StatusOr<std::vector<ImportFile>> FindImportFiles(const std::vector<std::string>& arguments,
                                                        const ImportForm& form) {
  base::Violations violations;
  std::vector<ImportFile> files;
  std::set<std::string> seen;
  const std::span<const std::string_view> endings =
      form.answers ? std::span<const std::string_view>(kAnswerEndings) : kEndings;
  const std::string_view kinds = form.answers ? ".json or .csv" : ".csv, .jsonl, .ndjson or .columnar";
  for (const std::string& argument : arguments) {
    std::error_code error;
    std::vector<std::string> paths;
    if (fs::is_directory(argument, error)) {
      paths = InFolder(argument, endings, error);
      if (paths.empty()) {
        violations.Add(argument, error ? fmt::format("can not be read: {}", error.message())
                                       : fmt::format("the folder has no files {}, nor such with .gz behind it", kinds));
      }
    } else if (fs::exists(argument, error)) {
      paths.push_back(argument);
    } else {
      paths = ByPattern(argument);
      if (paths.empty()) violations.Add(argument, "there is no such file or folder");
    }
    for (const std::string& path : paths) {
      if (!seen.insert(path).second) continue;
      const uintmax_t bytes = fs::file_size(path, error);
      ImportFile file{.path = path,
                      .bytes = error ? 0 : static_cast<int64_t>(bytes),
                      .text = form.answers,
                      .answer = form.answers,
                      .described = !form.answers,
                      .format = FormatOf(form.format, path)};
      if (!fs::is_regular_file(path, error)) {
        BF_ASSIGN_OR_RETURN(file.piped, CopyPipe(path));
        file.bytes = file.piped->bytes();
      }
      if (!form.answers && file.format == SeriesFormat::kCsv) {
        file.described = IsSeriesCsv(file.place());
        file.text = form.layouts || !file.described;
      }
      files.push_back(std::move(file));
    }
  }
  BF_RETURN_IF_ERROR(violations.ToStatus("nothing to import", "USAGE"));
  return files;
}

}  // namespace breadthflow::cli
