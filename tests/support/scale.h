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

// Whether the memory that a process has says what its program keeps: AddressSanitizer keeps what is freed, and room
// around all of it.
#ifdef __SANITIZE_ADDRESS__
inline constexpr bool kMemoryTells = false;
#else
inline constexpr bool kMemoryTells = true;
#endif

// What a test may see of `bytes` whose bound is far from what it must not have: four times as much, where memory does
// not tell.
constexpr int64_t SeenMemory(int64_t bytes) { return kMemoryTells ? bytes : 4 * bytes; }

}  // namespace breadthflow::testing
