// PutIntegers and GetIntegers (stream.h).
//   8  the first value
//   8  common divisor of the differences
//   1  how the zigzag differences over that divisor follow: their number of byte planes, 0 to 8, or kPackedBits
//   byte planes, each as a block (PutBlock), lowest first; or packed (bit_pack.h)
#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/columnar/bit_pack.h"
#include "common/columnar/stream.h"

namespace breadthflow::columnar {
namespace {

constexpr uint8_t kPackedBits = 0x80;

uint64_t ZigZag(uint64_t difference) { return (difference << 1) ^ (0 - (difference >> 63)); }
uint64_t UnZigZag(uint64_t coded) { return (coded >> 1) ^ (0 - (coded & 1)); }

// Division by one number, of what it divides without rest: a multiplication by its inverse modulo 2^64.
class ExactDivision {
 public:
  explicit ExactDivision(uint64_t unit) : zeros_(std::countr_zero(unit)), largest_(UINT64_MAX / unit) {
    const uint64_t odd = unit >> zeros_;
    inverse_ = odd;  // right in 3 bits, and in twice as many after each step
    for (int step = 0; step < 5; ++step) inverse_ *= 2 - odd * inverse_;
  }
  bool Divides(uint64_t magnitude) const { return std::rotr(magnitude * inverse_, zeros_) <= largest_; }
  // Of a number in two's complement.
  uint64_t Of(uint64_t difference) const {
    return static_cast<uint64_t>(static_cast<int64_t>(difference * inverse_) >> zeros_);
  }

 private:
  int zeros_;
  uint64_t largest_;
  uint64_t inverse_;
};

// The greatest common divisor of the magnitudes; 1 when all are zero.
uint64_t UnitOf(std::span<const uint64_t> differences) {
  uint64_t unit = 0;
  ExactDivision division(1);
  for (const uint64_t difference : differences) {
    const uint64_t magnitude = difference >> 63 ? 0 - difference : difference;
    if (unit == 0 ? magnitude == 0 : division.Divides(magnitude)) continue;
    unit = std::gcd(unit, magnitude);
    if (unit == 1) return 1;
    division = ExactDivision(unit);
  }
  return std::max<uint64_t>(unit, 1);
}

constexpr size_t kLargestJudged = 4096;

// 2^16 times the binary logarithm of 1 .. kLargestJudged, rounded down; the same on every machine.
const std::array<uint32_t, kLargestJudged + 1>& Logarithms() {
  static const auto* const logarithms = [] {
    auto* table = new std::array<uint32_t, kLargestJudged + 1>();
    for (size_t n = 1; n <= kLargestJudged; ++n) {
      const int whole = std::bit_width(n) - 1;
      auto log = static_cast<uint32_t>(whole);
      uint64_t mantissa = (uint64_t{n} << 31) >> whole;  // in [1, 2), 31 binary places
      for (int bit = 0; bit < 16; ++bit) {
        mantissa = (mantissa * mantissa) >> 31;
        log = log << 1 | (mantissa >> 32 ? 1 : 0);
        if (mantissa >> 32) mantissa >>= 1;
      }
      (*table)[n] = log;
    }
    return table;
  }();
  return *logarithms;
}

// Whether the bytes of a plane are so evenly spread that compression would hardly make them smaller: to try it takes
// seven times as long as to see it.
bool LooksRandom(std::string_view plane) {
  const size_t size = plane.size();
  if (size < 256 || size > kLargestJudged) return false;
  std::array<std::array<uint16_t, 256>, 4> seen{};
  size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    uint64_t word = 0;
    std::memcpy(&word, plane.data() + i, sizeof(word));
    for (size_t b = 0; b < 8; ++b) ++seen[b % 4][word >> (8 * b) & 0xff];
  }
  for (; i < size; ++i) ++seen[0][static_cast<uint8_t>(plane[i])];
  const auto& log = Logarithms();
  uint64_t known = 0;  // bits by which the frequencies make the bytes shorter than log2(size) each
  for (size_t byte = 0; byte < 256; ++byte) {
    const uint32_t count = uint32_t{seen[0][byte]} + seen[1][byte] + seen[2][byte] + seen[3][byte];
    known += uint64_t{count} * log[count];
  }
  const uint64_t bits = (size * log[size] - known) >> 16;
  return bits > size * 8 * 13 / 16;
}

// Zigzag differences over their common divisor, which is returned.
uint64_t Differences(std::span<const int64_t> values, std::span<uint64_t> coded) {
  for (size_t i = 0; i < coded.size(); ++i) {
    coded[i] = static_cast<uint64_t>(values[i + 1]) - static_cast<uint64_t>(values[i]);
  }
  const uint64_t unit = UnitOf(coded);
  if (unit != 1) {
    const ExactDivision division(unit);
    for (uint64_t& difference : coded) difference = division.Of(difference);
  }
  for (uint64_t& difference : coded) difference = ZigZag(difference);
  return unit;
}

void PutPlane(std::span<const uint64_t> coded, size_t plane, ByteWriter& out) {
  thread_local std::string bytes;
  bytes.resize(coded.size());
  const uint64_t* const from = coded.data();
  char* const to = bytes.data();
  for (size_t i = 0; i < coded.size(); ++i) to[i] = static_cast<char>(from[i] >> (8 * plane));
  if (!LooksRandom(bytes)) return PutBlock(bytes, out);
  out.Put(static_cast<uint32_t>(bytes.size()));
  out.Raw(bytes);
}

// Whether so many bytes of byte planes are worth the time that reading them takes.
bool WorthPlanes(size_t planes, size_t packed) { return packed > planes + planes / 4; }

template <size_t kWidth>
void Join(const std::array<const uint8_t*, 8>& planes, std::span<uint64_t> coded) {
  for (size_t i = 0; i < coded.size(); ++i) {
    uint64_t value = 0;
    for (size_t b = 0; b < kWidth; ++b) value |= uint64_t{planes[b][i]} << (8 * b);
    coded[i] = value;
  }
}

bool GetPlanes(ByteReader& in, size_t width, std::span<uint64_t> coded) {
  thread_local std::array<std::string, 8> scratch;
  std::array<const uint8_t*, 8> planes{};
  for (size_t b = 0; b < width; ++b) {
    const std::string_view plane = GetBlock(in, coded.size(), scratch[b]);
    if (!in.ok() || plane.size() != coded.size()) return false;
    planes[b] = reinterpret_cast<const uint8_t*>(plane.data());
  }
  using Joiner = void (*)(const std::array<const uint8_t*, 8>&, std::span<uint64_t>);
  constexpr std::array<Joiner, 9> kJoiners = {Join<0>, Join<1>, Join<2>, Join<3>, Join<4>,
                                              Join<5>, Join<6>, Join<7>, Join<8>};
  kJoiners[width](planes, coded);
  return true;
}

}  // namespace

void PutIntegers(std::span<const int64_t> values, ByteWriter& out) {
  out.Put(values.empty() ? int64_t{0} : values[0]);
  thread_local std::vector<uint64_t> coded;
  coded.resize(values.empty() ? 0 : values.size() - 1);
  const uint64_t unit = Differences(values, coded);
  out.Put(unit);
  uint64_t all = 0;
  for (const uint64_t difference : coded) all |= difference;
  const auto width = static_cast<size_t>((std::bit_width(all) + 7) / 8);
  const Packing packing = PackingOf(coded);
  std::string& bytes = out.bytes();
  const size_t at = bytes.size();
  const auto packed = [&] {
    bytes.resize(at);
    out.Put(kPackedBits);
    PutPacked(coded, packing, out);
  };
  out.Put(static_cast<uint8_t>(width));
  for (size_t b = 0; b < width; ++b) {
    PutPlane(coded, b, out);
    const size_t planes = bytes.size() - at;
    // The planes to come are at least as regular as this one, the lowest: when it is noise, so much of the difference
    // is that the others can not make up for it.
    const bool noise = b == 0 && width > 1 && planes > coded.size() - coded.size() / 8;
    if (noise || !WorthPlanes(planes, packing.bytes)) return packed();
  }
}

bool GetIntegers(ByteReader& in, std::span<int64_t> values) {
  const auto first = in.Get<int64_t>();
  const auto unit = in.Get<uint64_t>();
  const auto form = in.Get<uint8_t>();
  if (!in.ok() || values.empty()) return false;
  values[0] = first;
  thread_local std::vector<uint64_t> coded;
  coded.resize(values.size() - 1);
  if (form == kPackedBits ? !GetPacked(in, coded) : form > 8 || !GetPlanes(in, form, coded)) return false;
  // Apart from the sums, which wait for each other, this is done for several at once.
  if (unit == 1) {
    for (uint64_t& difference : coded) difference = UnZigZag(difference);
  } else {
    for (uint64_t& difference : coded) difference = UnZigZag(difference) * unit;
  }
  auto sum = static_cast<uint64_t>(first);
  const uint64_t* from = coded.data();
  int64_t* to = values.data() + 1;
  for (size_t i = 0; i < coded.size(); ++i) to[i] = static_cast<int64_t>(sum += from[i]);
  return true;
}

}  // namespace breadthflow::columnar
