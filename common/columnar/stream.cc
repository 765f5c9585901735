#include "common/columnar/stream.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <memory>
#include <numeric>

#include <zstd.h>

namespace breadthflow::columnar {
namespace {

constexpr int kLevel = 1;
constexpr size_t kSmallestCompressed = 48;  // below, the frame costs more than it saves
constexpr uint8_t kDecimal = 0;
constexpr uint8_t kBits = 1;
constexpr int kMaxExponent = 12;
constexpr std::array<double, kMaxExponent + 1> kPowers = {1e0, 1e1, 1e2, 1e3,  1e4,  1e5, 1e6,
                                                          1e7, 1e8, 1e9, 1e10, 1e11, 1e12};
// Adding this to a double of magnitude below 2^51 leaves the nearest integer in its low bits.
constexpr double kShift = 0x1.8p52;
constexpr double kLargestScaled = 0x1p50;

uint64_t ZigZag(uint64_t difference) { return (difference << 1) ^ (0 - (difference >> 63)); }
uint64_t UnZigZag(uint64_t coded) { return (coded >> 1) ^ (0 - (coded & 1)); }

ZSTD_CCtx* Compressor() {
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };
  thread_local const std::unique_ptr<ZSTD_CCtx, Free> context(ZSTD_createCCtx());
  if (context == nullptr) std::abort();
  return context.get();
}

ZSTD_DCtx* Decompressor() {
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  thread_local const std::unique_ptr<ZSTD_DCtx, Free> context(ZSTD_createDCtx());
  if (context == nullptr) std::abort();
  return context.get();
}

// Scales `value` by a power of ten; false when that does not lead back to the same bits.
bool Scale(double value, double power, int64_t& scaled) {
  const double product = value * power;
  if (!(product > -kLargestScaled && product < kLargestScaled)) return false;
  const double shifted = product + kShift;
  scaled = std::bit_cast<int64_t>(shifted) - std::bit_cast<int64_t>(kShift);
  return std::bit_cast<uint64_t>((shifted - kShift) / power) == std::bit_cast<uint64_t>(value);
}

// The exponent that suits nearly all of a sample, or kMaxExponent + 1 when none does.
int ExponentOf(std::span<const double> values) {
  std::array<size_t, kMaxExponent + 2> needed{};
  const size_t step = std::max<size_t>(1, values.size() / 128);
  size_t sampled = 0;
  for (size_t i = 0; i < values.size(); i += step, ++sampled) {
    int exponent = 0;
    int64_t scaled = 0;
    while (exponent <= kMaxExponent && !Scale(values[i], kPowers[static_cast<size_t>(exponent)], scaled)) ++exponent;
    ++needed[static_cast<size_t>(exponent)];
  }
  size_t beyond = sampled;
  for (int exponent = 0; exponent <= kMaxExponent; ++exponent) {
    beyond -= needed[static_cast<size_t>(exponent)];
    if (beyond * 64 <= sampled) return exponent;
  }
  return kMaxExponent + 1;
}

struct Exceptions {
  std::vector<uint32_t> rows;
  std::vector<uint64_t> bits;
};

// Scales all values; those that do not survive it are kept aside. False when they are more than one in 32.
bool ScaleAll(std::span<const double> values, int exponent, std::vector<int64_t>& scaled, Exceptions& exceptions) {
  const double power = kPowers[static_cast<size_t>(exponent)];
  const size_t most = values.size() / 32 + 1;
  exceptions = {};
  scaled.resize(values.size());
  int64_t last = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    int64_t integer = 0;
    if (Scale(values[i], power, integer)) {
      last = integer;
    } else {
      exceptions.rows.push_back(static_cast<uint32_t>(i));
      exceptions.bits.push_back(std::bit_cast<uint64_t>(values[i]));
      if (exceptions.rows.size() > most) return false;
    }
    scaled[i] = last;
  }
  return true;
}

template <size_t kWidth>
void Join(const std::array<const uint8_t*, 8>& planes, uint64_t unit, std::span<int64_t> values) {
  uint64_t sum = static_cast<uint64_t>(values[0]);
  for (size_t i = 0; i + 1 < values.size(); ++i) {
    uint64_t coded = 0;
    for (size_t b = 0; b < kWidth; ++b) coded |= uint64_t{planes[b][i]} << (8 * b);
    sum += UnZigZag(coded) * unit;
    values[i + 1] = static_cast<int64_t>(sum);
  }
}

}  // namespace

size_t ByteWriter::OpenLength() {
  Put(uint32_t{0});
  return bytes_.size();
}

void ByteWriter::CloseLength(size_t place) {
  const auto size = static_cast<uint32_t>(bytes_.size() - place);
  std::memcpy(bytes_.data() + place - sizeof(size), &size, sizeof(size));
}

void PutBlock(std::string_view raw, ByteWriter& out) {
  if (std::all_of(raw.begin(), raw.end(), [](char byte) { return byte == 0; })) {
    out.Put(uint32_t{0});
    return;
  }
  if (raw.size() >= kSmallestCompressed) {
    const size_t place = out.OpenLength();
    std::string& bytes = out.bytes();
    bytes.resize(place + ZSTD_compressBound(raw.size()));
    const size_t size =
        ZSTD_compressCCtx(Compressor(), bytes.data() + place, bytes.size() - place, raw.data(), raw.size(), kLevel);
    if (!ZSTD_isError(size) && size < raw.size() - raw.size() / 32) {
      bytes.resize(place + size);
      out.CloseLength(place);
      return;
    }
    bytes.resize(place - sizeof(uint32_t));
  }
  out.Put(static_cast<uint32_t>(raw.size()));
  out.Raw(raw);
}

std::string_view GetBlock(ByteReader& in, size_t size, std::string& scratch) {
  const auto stored = in.Get<uint32_t>();
  if (stored == 0) {
    scratch.assign(size, '\0');
    return scratch;
  }
  const std::string_view bytes = in.Raw(stored);
  if (stored == size) return bytes;
  if (ZSTD_getFrameContentSize(bytes.data(), bytes.size()) != size) return {};
  scratch.resize(size);
  const size_t got = ZSTD_decompressDCtx(Decompressor(), scratch.data(), size, bytes.data(), bytes.size());
  return got == size ? std::string_view(scratch) : std::string_view();
}

void PutIntegers(std::span<const int64_t> values, ByteWriter& out) {
  out.Put(values.empty() ? int64_t{0} : values[0]);
  const size_t count = values.empty() ? 0 : values.size() - 1;
  std::vector<uint64_t> coded(count);
  for (size_t i = 0; i < count; ++i) coded[i] = static_cast<uint64_t>(values[i + 1]) - static_cast<uint64_t>(values[i]);
  uint64_t unit = 0;
  for (const uint64_t difference : coded) {
    const uint64_t magnitude = difference >> 63 ? 0 - difference : difference;
    if (unit == 0 || magnitude % unit != 0) unit = std::gcd(unit, magnitude);
    if (unit == 1) break;
  }
  if (unit == 0) unit = 1;
  uint64_t all = 0;
  for (uint64_t& difference : coded) {
    if (unit != 1) {
      const bool negative = difference >> 63;
      difference = (negative ? 0 - difference : difference) / unit;
      if (negative) difference = 0 - difference;
    }
    difference = ZigZag(difference);
    all |= difference;
  }
  const auto width = static_cast<size_t>((std::bit_width(all) + 7) / 8);
  out.Put(unit);
  out.Put(static_cast<uint8_t>(width));
  std::string plane(count, '\0');
  for (size_t b = 0; b < width; ++b) {
    for (size_t i = 0; i < count; ++i) plane[i] = static_cast<char>(coded[i] >> (8 * b));
    PutBlock(plane, out);
  }
}

bool GetIntegers(ByteReader& in, std::span<int64_t> values) {
  const auto first = in.Get<int64_t>();
  const auto unit = in.Get<uint64_t>();
  const size_t width = in.Get<uint8_t>();
  if (!in.ok() || width > 8 || values.empty()) return false;
  values[0] = first;
  const size_t count = values.size() - 1;
  thread_local std::array<std::string, 8> scratch;
  std::array<const uint8_t*, 8> planes{};
  for (size_t b = 0; b < width; ++b) {
    const std::string_view plane = GetBlock(in, count, scratch[b]);
    if (!in.ok() || plane.size() != count) return false;
    planes[b] = reinterpret_cast<const uint8_t*>(plane.data());
  }
  using Joiner = void (*)(const std::array<const uint8_t*, 8>&, uint64_t, std::span<int64_t>);
  constexpr std::array<Joiner, 9> kJoiners = {Join<0>, Join<1>, Join<2>, Join<3>, Join<4>,
                                              Join<5>, Join<6>, Join<7>, Join<8>};
  kJoiners[width](planes, unit, values);
  return true;
}

void PutDoubles(std::span<const double> values, ByteWriter& out) {
  std::vector<int64_t> integers;
  Exceptions exceptions;
  int exponent = ExponentOf(values);
  while (exponent <= kMaxExponent && !ScaleAll(values, exponent, integers, exceptions)) ++exponent;
  if (exponent <= kMaxExponent) {
    out.Put(kDecimal);
    out.Put(static_cast<uint8_t>(exponent));
    out.Put(static_cast<uint32_t>(exceptions.rows.size()));
    for (size_t i = 0; i < exceptions.rows.size(); ++i) {
      out.Put(exceptions.rows[i]);
      out.Put(exceptions.bits[i]);
    }
  } else {
    out.Put(kBits);
    integers.resize(values.size());
    if (!values.empty()) std::memcpy(integers.data(), values.data(), values.size() * sizeof(double));
  }
  PutIntegers(integers, out);
}

bool GetDoubles(ByteReader& in, std::span<double> values) {
  const auto encoding = in.Get<uint8_t>();
  thread_local std::vector<int64_t> integers;
  if (encoding == kBits) {
    integers.resize(values.size());
    if (!in.ok() || !GetIntegers(in, integers)) return false;
    std::memcpy(values.data(), integers.data(), values.size() * sizeof(double));
    return true;
  }
  const size_t exponent = in.Get<uint8_t>();
  const size_t count = in.Get<uint32_t>();
  if (!in.ok() || encoding != kDecimal || exponent > kMaxExponent || count > values.size()) return false;
  const std::string_view exceptions = in.Raw(count * (sizeof(uint32_t) + sizeof(uint64_t)));
  integers.resize(values.size());
  if (!in.ok() || !GetIntegers(in, integers)) return false;
  const double power = kPowers[exponent];
  const auto shift = std::bit_cast<uint64_t>(kShift);
  const int64_t* from = integers.data();
  double* to = values.data();
  for (size_t i = 0; i < values.size(); ++i) {
    to[i] = (std::bit_cast<double>(static_cast<uint64_t>(from[i]) + shift) - kShift) / power;
  }
  ByteReader patches(exceptions);
  for (size_t i = 0; i < count; ++i) {
    const size_t row = patches.Get<uint32_t>();
    const auto bits = patches.Get<uint64_t>();
    if (row >= values.size()) return false;
    values[row] = std::bit_cast<double>(bits);
  }
  return true;
}

bool PutTexts(std::span<const std::string> values, ByteWriter& out) {
  std::vector<int64_t> lengths;
  std::string all;
  lengths.reserve(values.size());
  for (const std::string& value : values) {
    lengths.push_back(static_cast<int64_t>(value.size()));
    if (value.size() > kMaxTextBytes - all.size()) return false;
    all += value;
  }
  PutIntegers(lengths, out);
  PutBlock(all, out);
  return true;
}

bool GetTexts(ByteReader& in, std::span<std::string> values) {
  std::vector<int64_t> lengths(values.size());
  if (!GetIntegers(in, lengths)) return false;
  size_t total = 0;
  for (const int64_t length : lengths) {
    if (length < 0 || static_cast<uint64_t>(length) > kMaxTextBytes - total) return false;
    total += static_cast<size_t>(length);
  }
  std::string scratch;
  const std::string_view all = GetBlock(in, total, scratch);
  if (!in.ok() || all.size() != total) return false;
  size_t at = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    values[i].assign(all.substr(at, static_cast<size_t>(lengths[i])));
    at += static_cast<size_t>(lengths[i]);
  }
  return true;
}

}  // namespace breadthflow::columnar
