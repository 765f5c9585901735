#pragma once

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace breadthflow::testing {

// How much a test of reliability does: little where all tests run, what is promised with BF_REL_SCALE=release.
inline int AtScale(int ci, int release) {
  const char* scale = std::getenv("BF_REL_SCALE");
  return scale != nullptr && std::string_view(scale) == "release" ? release : ci;
}

// What a test that measures memory may see of `bytes`: AddressSanitizer keeps what is freed, and room around it.
constexpr int64_t SeenMemory(int64_t bytes) {
#ifdef __SANITIZE_ADDRESS__
  return 4 * bytes;
#else
  return bytes;
#endif
}

}  // namespace breadthflow::testing
