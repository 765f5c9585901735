#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "common/columnar/stream.h"

// Unsigned integers of a fixed width in bits, back to back, lowest bit first, with the few that are wider kept apart:
// what takes noticeably more than zstd's entropy coding of byte planes only where values repeat, and a tenth of its
// time to read.
//   1  width of all values in bits, 0 to 64
//   1  width of what the exceptions have above that, 0 when there is none
//   2  exceptions
//   packed values; then, when there are exceptions, their places (2 bytes each, ascending) and packed upper parts
namespace breadthflow::columnar {

inline constexpr size_t kMaxPacked = 65535;  // values in one stream

// How values would be packed, in the fewest bytes.
struct Packing {
  unsigned width = 0;
  unsigned upper_width = 0;
  size_t exceptions = 0;
  size_t bytes = 0;  // all of it
};
// At most kMaxPacked values.
Packing PackingOf(std::span<const uint64_t> values);

void PutPacked(std::span<const uint64_t> values, const Packing& packing, ByteWriter& out);
// Fills `values`; false when the input is damaged.
bool GetPacked(ByteReader& in, std::span<uint64_t> values);

}  // namespace breadthflow::columnar
