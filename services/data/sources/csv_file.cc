#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/file.h"
#include "common/base/status.h"
#include "services/data/sources/catalog.h"
#include "services/data/sources/csv/files.h"
#include "services/data/sources/csv/options.h"
#include "services/data/sources/csv/read.h"
#include "services/data/sources/csv/text.h"

namespace breadthflow::data {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSymbol = "{symbol}";

constexpr size_t kLongestName = 40;

// Empty: no name.
bool IsName(std::string_view text) {
  return text.size() <= kLongestName &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-.") == std::string_view::npos;
}

bool Below(const fs::path& path, const fs::path& root) {
  std::error_code error;
  const fs::path relative = fs::relative(fs::weakly_canonical(path, error), fs::weakly_canonical(root, error), error);
  return !error && !relative.empty() && *relative.begin() != "..";
}

// Whether what `path` leads to, links followed, may be read.
bool MayRead(const fs::path& path, const SourceEntry::Environment& env) {
  return env.csv_anywhere || std::any_of(env.csv_roots.begin(), env.csv_roots.end(),
                                         [&](const std::string& root) { return Below(path, root); });
}

class CsvFileSource final : public Source {
 public:
  CsvFileSource(fs::path path, std::string pattern, std::string name, csv::ReadOptions options, bool replace,
                SourceEntry::Environment environment)
      : path_(std::move(path)),
        pattern_(std::move(pattern)),
        name_(std::move(name)),
        options_(std::move(options)),
        replace_(replace),
        environment_(std::move(environment)) {}

  absl::StatusOr<SourceRequest> TransformQuery(const SourceQuery& query) const override {
    BF_RETURN_IF_ERROR(csv::CheckQuery(query, options_));
    if (pattern_.empty()) return SourceRequest{query, path_.string()};
    std::string name = pattern_;
    const size_t at = name.find(kSymbol);
    if (at != std::string::npos) name.replace(at, kSymbol.size(), query.symbol);
    return SourceRequest{query, (path_ / name).string()};
  }

  absl::StatusOr<RawBody> Extract(const SourceRequest& request, const base::CancelToken& cancel) const override {
    BF_RETURN_IF_ERROR(cancel.Check());
    const fs::path wanted = request.locator;
    std::vector<fs::path> files{wanted};
    if (!pattern_.empty()) {
      BF_ASSIGN_OR_RETURN(files,
                          csv::FindFiles(wanted.parent_path(), wanted.filename().string(), request.query.symbol));
    }
    RawBody body;
    for (const fs::path& file : files) {
      // A file may be a link to somewhere else, whatever its folder is.
      if (!MayRead(file, environment_)) {
        return base::MakeError(absl::StatusCode::kInvalidArgument, "FORBIDDEN_PATH",
                               fmt::format("{} leads out of the folders that this server may read", file.string()));
      }
      BF_ASSIGN_OR_RETURN(const std::string bytes, base::ReadFile(file.string(), csv::kMaxFileBytes, cancel));
      csv::Join(body.bytes, file.filename().string(), bytes);
    }
    return body;
  }

  absl::StatusOr<SourceData> TransformData(const SourceRequest& request, const RawBody& body) const override {
    BF_ASSIGN_OR_RETURN(const std::vector<csv::File> files, csv::Split(body.bytes));
    return csv::Read(files, request.query, options_);
  }

  bool authoritative() const override { return replace_; }
  std::string Market() const override { return name_; }

 private:
  const fs::path path_;        // a folder, or the file itself when there is no pattern
  const std::string pattern_;  // name of the files in the folder
  const std::string name_;     // of their rows; empty: they have none of their own
  const csv::ReadOptions options_;
  const bool replace_;
  const SourceEntry::Environment environment_;
};

absl::StatusOr<std::unique_ptr<Source>> Make(const component::Params& params, const SourceEntry::Environment& env) {
  const fs::path path = params.String("path");
  std::string pattern = params.String("file");
  base::Violations violations;
  std::error_code error;
  if (!MayRead(path, env)) {
    violations.Add("path", fmt::format("{} is not below a folder that this server may read", path.string()));
  } else if (fs::is_regular_file(path, error)) {
    pattern.clear();
  } else if (!fs::is_directory(path, error)) {
    violations.Add("path", fmt::format("{} is neither a folder nor a file", path.string()));
  } else if (pattern.empty() || pattern.find('/') != std::string::npos) {
    violations.Add("file", fmt::format("must be the name of a file in the folder, was '{}'", pattern));
  }
  std::string name = params.String(std::string(kNameOfFiles));
  if (!IsName(name)) {
    violations.Add(kNameOfFiles, fmt::format("must be at most {} of the characters a-z, 0-9, _, - and ., was '{}'",
                                             kLongestName, name));
  }
  absl::StatusOr<csv::ReadOptions> options = csv::OptionsOf(params);
  if (!options.ok()) violations.Merge("", options.status());
  BF_RETURN_IF_ERROR(violations.ToStatus("csv_file can not be used"));
  return std::make_unique<CsvFileSource>(path, std::move(pattern), std::move(name), *std::move(options),
                                         params.Bool("replace"), env);
}

}  // namespace

// CSV files of a folder of the server; see csv::Read.
SourceEntry CsvFile();

SourceEntry CsvFile() {
  SourceEntry entry;
  entry.info = {
      "data_source", "csv_file", "2.4.0",
      "Any resource from CSV files of the server (also packed by gzip), in one of many layouts or with columns "
      "mapped by hand. A file with any mistake is refused whole, with every mistake by file and line."};
  entry.params = {
      component::Required(component::StringParam(
          "path", "", "Folder of the files, or one file for all symbols asked for, as the server sees it.")),
      component::StringParam("file", "{symbol}.csv",
                             "Name of the files in the folder; {symbol} is the symbol, * any characters: then all that "
                             "match are read together. A name without * is also looked for with .gz after it."),
      component::StringParam(std::string(kNameOfFiles), "",
                             "Name under which the rows of these files are kept apart, as csv_file:NAME, from those "
                             "of other folders and vendors; empty: all are of csv_file."),
      component::BoolParam("replace", true,
                           "Rows stored earlier that lie in the range and are not in the files are removed.")};
  for (component::ParamSpec& spec : csv::ReadParams()) entry.params.push_back(std::move(spec));
  entry.any_resource = true;
  entry.revisions = Revisions::kAnytime;
  entry.authoritative = true;
  entry.make = Make;
  return entry;
}

}  // namespace breadthflow::data
