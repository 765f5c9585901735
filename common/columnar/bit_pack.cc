#include "common/columnar/bit_pack.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>
#include <vector>

namespace breadthflow::columnar {
namespace {

constexpr size_t kGroup = 8;  // values; they end with a byte whatever the width
constexpr unsigned kMaxWidth = 64;
constexpr size_t kOverread = 9;  // bytes that reading a group may touch behind it

size_t PackedBytes(size_t count, unsigned width) { return (count * width + 7) / 8; }

uint64_t LowBits(unsigned width) { return width == kMaxWidth ? ~uint64_t{0} : (uint64_t{1} << width) - 1; }

void Pack(std::span<const uint64_t> values, unsigned width, ByteWriter& out) {
  if (width == 0) return;
  uint64_t pending = 0;
  unsigned bits = 0;
  for (uint64_t value : values) {
    value &= LowBits(width);
    pending |= value << bits;
    if (bits + width < kMaxWidth) {
      bits += width;
      continue;
    }
    out.Put(pending);
    pending = bits == 0 ? 0 : value >> (kMaxWidth - bits);
    bits = bits + width - kMaxWidth;
  }
  out.Raw({reinterpret_cast<const char*>(&pending), (bits + 7) / 8});
}

// One value of a group: where it begins is known when this is compiled.
template <unsigned kWidth, size_t kPlace>
uint64_t At(const char* group) {
  constexpr size_t kByte = kPlace * kWidth / 8;
  constexpr unsigned kShift = kPlace * kWidth % 8;
  constexpr uint64_t kMask = kWidth == kMaxWidth ? ~uint64_t{0} : (uint64_t{1} << kWidth) - 1;
  uint64_t word = 0;
  std::memcpy(&word, group + kByte, sizeof(word));
  word >>= kShift;
  if constexpr (kShift + kWidth > kMaxWidth) {
    word |= uint64_t{static_cast<uint8_t>(group[kByte + 8])} << (kMaxWidth - kShift);
  }
  return word & kMask;
}

// Groups that may be read kOverread bytes beyond their end.
template <unsigned kWidth>
void UnpackGroups(const char* from, size_t groups, uint64_t* to) {
  for (size_t group = 0; group < groups; ++group, from += kWidth, to += kGroup) {
    [&]<size_t... kPlaces>(std::index_sequence<kPlaces...>) { ((to[kPlaces] = At<kWidth, kPlaces>(from)), ...); }
    (std::make_index_sequence<kGroup>());
  }
}

using Unpacker = void (*)(const char*, size_t, uint64_t*);
template <size_t... kWidths>
constexpr std::array<Unpacker, sizeof...(kWidths)> AllUnpackers(std::index_sequence<kWidths...>) {
  return {UnpackGroups<static_cast<unsigned>(kWidths)>...};
}
constexpr std::array<Unpacker, kMaxWidth + 1> kUnpackers = AllUnpackers(std::make_index_sequence<kMaxWidth + 1>());

bool Unpack(ByteReader& in, unsigned width, std::span<uint64_t> values) {
  const std::string_view packed = in.Raw(PackedBytes(values.size(), width));
  if (!in.ok()) return false;
  if (width == 0) {
    std::fill(values.begin(), values.end(), uint64_t{0});
    return true;
  }
  // What follows in the input may be read too.
  const size_t readable = packed.size() + in.remaining();
  const size_t safe = readable < kOverread ? 0 : (readable - kOverread) / width;
  const size_t groups = std::min(values.size() / kGroup, safe);
  kUnpackers[width](packed.data(), groups, values.data());
  // The last ones from a copy that has room behind it.
  for (size_t done = groups * kGroup; done < values.size(); done += kGroup) {
    std::array<char, kMaxWidth + kOverread> copy{};
    std::array<uint64_t, kGroup> last;
    const size_t at = done / kGroup * width;
    std::memcpy(copy.data(), packed.data() + at, std::min<size_t>(width, packed.size() - at));
    kUnpackers[width](copy.data(), 1, last.data());
    std::copy_n(last.begin(), std::min(kGroup, values.size() - done), values.begin() + static_cast<ptrdiff_t>(done));
  }
  return true;
}

}  // namespace

Packing PackingOf(std::span<const uint64_t> values) {
  std::array<size_t, kMaxWidth + 1> of_width{};
  for (const uint64_t value : values) ++of_width[static_cast<size_t>(std::bit_width(value))];
  unsigned widest = kMaxWidth;
  while (widest > 0 && of_width[widest] == 0) --widest;
  Packing best{.width = widest, .bytes = 4 + PackedBytes(values.size(), widest)};
  size_t wider = 0;
  for (unsigned width = widest; width-- > 0;) {
    wider += of_width[width + 1];
    const size_t bytes =
        4 + PackedBytes(values.size(), width) + wider * sizeof(uint16_t) + PackedBytes(wider, widest - width);
    if (bytes < best.bytes) best = {width, widest - width, wider, bytes};
  }
  return best;
}

void PutPacked(std::span<const uint64_t> values, const Packing& packing, ByteWriter& out) {
  out.Put(static_cast<uint8_t>(packing.width));
  out.Put(static_cast<uint8_t>(packing.upper_width));
  out.Put(static_cast<uint16_t>(packing.exceptions));
  Pack(values, packing.width, out);
  if (packing.exceptions == 0) return;
  std::vector<uint64_t> upper;
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] <= LowBits(packing.width)) continue;
    out.Put(static_cast<uint16_t>(i));
    upper.push_back(values[i] >> packing.width);
  }
  Pack(upper, packing.upper_width, out);
}

bool GetPacked(ByteReader& in, std::span<uint64_t> values) {
  const unsigned width = in.Get<uint8_t>();
  const unsigned upper_width = in.Get<uint8_t>();
  const size_t exceptions = in.Get<uint16_t>();
  if (!in.ok() || width + upper_width > kMaxWidth || (exceptions > 0) != (upper_width > 0)) return false;
  if (exceptions > values.size() || !Unpack(in, width, values)) return false;
  if (exceptions == 0) return true;
  ByteReader places(in.Raw(exceptions * sizeof(uint16_t)));
  thread_local std::vector<uint64_t> upper;
  upper.resize(exceptions);
  if (!in.ok() || !Unpack(in, upper_width, upper)) return false;
  for (const uint64_t part : upper) {
    const size_t place = places.Get<uint16_t>();
    if (place >= values.size()) return false;
    values[place] |= part << width;
  }
  return true;
}

}  // namespace breadthflow::columnar
