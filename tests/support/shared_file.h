#pragma once

#include <cstdlib>
#include <filesystem>
#include <string_view>

namespace breadthflow::testing {

// A file or folder of the collection of real data that may stand beside the repository (../shared, or where
// BREADTHFLOW_SHARED_DIR points); an empty path when it is not there: such tests skip.
inline std::filesystem::path SharedFile(std::string_view relative) {
  const char* given =
      std::getenv("BREADTHFLOW_SHARED_DIR");  // NOLINT(concurrency-mt-unsafe): nothing here sets the environment
  const std::filesystem::path root =
      given != nullptr ? std::filesystem::path(given) : std::filesystem::path(BREADTHFLOW_SOURCE_DIR) / "../shared";
  const std::filesystem::path path = root / relative;
  return std::filesystem::exists(path) ? path : std::filesystem::path();
}

}  // namespace breadthflow::testing
