#include "services/data/sources/csv/files.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "services/data/sources/csv/cell.h"
#include "services/data/sources/csv/text.h"

namespace breadthflow::data::csv {
namespace {

namespace fs = std::filesystem;

absl::Status NoFile(const fs::path& path, const std::string& symbol) {
  return base::MakeError(absl::StatusCode::kNotFound,
                         fmt::format("there is no file {} for symbol {}", path.string(), symbol),
                         {.reason = "UNKNOWN_SYMBOL", .metadata = {{"symbol", symbol}}});
}

}  // namespace

bool Matches(std::string_view name, std::string_view pattern) {
  // What a star stands for grows only when the rest does not fit, and only for the last star: no pattern takes longer
  // than its length times that of the name.
  size_t at = 0;
  size_t in = 0;
  size_t star = std::string_view::npos;
  size_t from = 0;
  while (at < name.size()) {
    if (in < pattern.size() && pattern[in] == '*') {
      star = in++;
      from = at;
    } else if (in < pattern.size() && pattern[in] == name[at]) {
      ++in;
      ++at;
    } else if (star != std::string_view::npos) {
      in = star + 1;
      at = ++from;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', in) == std::string_view::npos;
}

absl::StatusOr<std::vector<fs::path>> FindFiles(const fs::path& folder, const std::string& pattern,
                                                const std::string& symbol) {
  std::error_code error;
  std::vector<fs::path> files;
  if (pattern.find('*') == std::string::npos) {
    for (const fs::path& path : {folder / pattern, folder / (pattern + ".gz")}) {
      if (fs::is_regular_file(path, error)) return std::vector<fs::path>{path};
    }
    return NoFile(folder / pattern, symbol);
  }
  fs::directory_iterator entries(folder, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    if (entries->is_regular_file(error) && Matches(entries->path().filename().string(), pattern))
      files.push_back(entries->path());
  }
  if (error) {
    return base::MakeError(absl::StatusCode::kUnavailable, "READ_FAILED",
                           fmt::format("can not read {}: {}", folder.string(), error.message()));
  }
  if (files.empty()) return NoFile(folder / pattern, symbol);
  std::sort(files.begin(), files.end());
  return files;
}

void Join(std::string& body, const std::string& name, std::string_view bytes) {
  body += fmt::format("{} {}\n", bytes.size(), name);
  body += bytes;
}

absl::StatusOr<std::vector<File>> Split(std::string_view body) {
  std::vector<File> files;
  while (!body.empty()) {
    const size_t end = body.find('\n');
    const size_t space = body.find(' ');
    const auto size = ParseInteger(body.substr(0, space));
    if (end == std::string_view::npos || space >= end || !size || *size < 0 ||
        static_cast<size_t>(*size) > body.size() - end - 1) {
      return base::MakeError(absl::StatusCode::kInvalidArgument, "INVALID_CSV", "the body is not one of files");
    }
    std::string name(body.substr(space + 1, end - space - 1));
    BF_ASSIGN_OR_RETURN(std::string text, Unpack(std::string(body.substr(end + 1, static_cast<size_t>(*size))), name));
    files.push_back({std::move(name), std::move(text)});
    body.remove_prefix(end + 1 + static_cast<size_t>(*size));
  }
  return files;
}

}  // namespace breadthflow::data::csv
