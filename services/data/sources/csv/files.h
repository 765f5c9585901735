#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "services/data/domain/source.h"
#include "services/data/sources/csv/read.h"

// Which files a query is about, and how several of them travel as one body.
namespace breadthflow::data::csv {

// Whether `name` is what `pattern` says, in which * stands for any characters.
bool Matches(std::string_view name, std::string_view pattern);

// The files of `folder` whose names match `pattern`, ordered by name; without a star the file of that name, or the one
// with ".gz" after it. NOT_FOUND UNKNOWN_SYMBOL when there is none, UNAVAILABLE READ_FAILED when the folder can not be
// read.
absl::StatusOr<std::vector<std::filesystem::path>> FindFiles(const std::filesystem::path& folder,
                                                             const std::string& pattern, const std::string& symbol);

// One body of all files: before the bytes of each a line "<bytes> <name>". Split gives them back and unpacks them.
// INVALID_ARGUMENT INVALID_CSV as Unpack, and for a body that is none.
void Join(std::string& body, const std::string& name, std::string_view bytes);
absl::StatusOr<std::vector<File>> Split(std::string_view body);

}  // namespace breadthflow::data::csv
