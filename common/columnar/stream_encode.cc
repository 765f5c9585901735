// Blocks, doubles and texts: how they are written. The inner loops have no branches, so that they become vectors.
#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <zstd.h>

#include "common/columnar/decimal.h"
#include "common/columnar/stream.h"

namespace breadthflow::columnar {
namespace {

constexpr int kLevel = 1;
constexpr size_t kSmallestCompressed = 48;  // below, the frame costs more than it saves
constexpr double kLargestScaled = 0x1p50;

ZSTD_CCtx* Compressor() {
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };
  thread_local const std::unique_ptr<ZSTD_CCtx, Free> context(ZSTD_createCCtx());
  if (context == nullptr) std::abort();
  return context.get();
}

// 0 exactly when `value`, scaled by a power of ten to `scaled`, leads back to the same bits.
uint64_t Scale(double value, double power, int64_t& scaled) {
  const double product = value * power;
  const double shifted = product + kShift;
  scaled = static_cast<int64_t>(std::bit_cast<uint64_t>(shifted) - std::bit_cast<uint64_t>(kShift));
  const auto back = std::bit_cast<uint64_t>((shifted - kShift) / power);
  const uint64_t large = product > -kLargestScaled && product < kLargestScaled ? 0 : 1;
  return (back ^ std::bit_cast<uint64_t>(value)) | large;
}

// The exponent that suits nearly all of a sample, or kMaxExponent + 1 when none does.
int ExponentOf(std::span<const double> values) {
  constexpr size_t kSample = 128;
  const size_t step = std::max<size_t>(1, values.size() / kSample);
  std::array<double, 2 * kSample> sample{};
  std::array<uint64_t, 2 * kSample> fails{};
  size_t sampled = 0;
  for (size_t i = 0; i < values.size(); i += step, ++sampled) {
    sample[sampled] = values[i];
    fails[sampled] = 1;
  }
  for (int exponent = 0; exponent <= kMaxExponent; ++exponent) {
    const double power = kPowers[static_cast<size_t>(exponent)];
    uint64_t beyond = 0;
    const auto look = [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) {
        int64_t scaled = 0;
        fails[i] = Scale(sample[i], power, scaled) == 0 ? 0 : fails[i];
        beyond += fails[i];
      }
      return beyond * 64 <= sampled;
    };
    // A few say no as well as all.
    const size_t few = std::min(sampled, kSample / 8);
    if (look(0, few) && look(few, sampled)) return exponent;
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
  const double* const from = values.data();
  int64_t* const to = scaled.data();
  uint64_t fails = 0;
  for (size_t i = 0; i < values.size(); ++i) fails |= Scale(from[i], power, to[i]);
  if (fails == 0) return true;
  int64_t last = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    if (Scale(from[i], power, to[i]) != 0) {
      exceptions.rows.push_back(static_cast<uint32_t>(i));
      exceptions.bits.push_back(std::bit_cast<uint64_t>(from[i]));
      if (exceptions.rows.size() > most) return false;
      to[i] = last;
    }
    last = to[i];
  }
  return true;
}

void PutRaw(std::string_view raw, ByteWriter& out) {
  out.Put(static_cast<uint32_t>(raw.size()));
  out.Raw(raw);
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
  PutRaw(raw, out);
}

void PutDoubles(std::span<const double> values, ByteWriter& out) {
  thread_local std::vector<int64_t> integers;
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

}  // namespace breadthflow::columnar
