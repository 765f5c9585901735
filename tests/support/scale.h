#pragma once

#include <cstdlib>
#include <string_view>

namespace breadthflow::testing {

// How much a test of reliability does: little where all tests run, what is promised with BF_REL_SCALE=release.
inline int AtScale(int ci, int release) {
  const char* scale = std::getenv("BF_REL_SCALE");
  return scale != nullptr && std::string_view(scale) == "release" ? release : ci;
}

}  // namespace breadthflow::testing
