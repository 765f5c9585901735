#pragma once

#include <array>
#include <cstdint>

// How doubles stand in a chunk: what its writer and its reader have to agree on.
namespace breadthflow::columnar {

inline constexpr uint8_t kDecimal = 0;  // integers, to be divided by a power of ten
inline constexpr uint8_t kBits = 1;     // bit patterns
inline constexpr int kMaxExponent = 12;
inline constexpr std::array<double, kMaxExponent + 1> kPowers = {1e0, 1e1, 1e2, 1e3,  1e4,  1e5, 1e6,
                                                                 1e7, 1e8, 1e9, 1e10, 1e11, 1e12};
// Adding this to a double of magnitude below 2^51 leaves the nearest integer in its low bits.
inline constexpr double kShift = 0x1.8p52;

}  // namespace breadthflow::columnar
