// Blocks, doubles and texts: how they are read. stream_encode.cc writes them, integers.cc has the integers.
#include "common/columnar/stream.h"

#include <bit>
#include <cstdlib>
#include <memory>
#include <vector>

#include <zstd.h>

#include "common/columnar/decimal.h"

namespace breadthflow::columnar {
namespace {

ZSTD_DCtx* Decompressor() {
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  thread_local const std::unique_ptr<ZSTD_DCtx, Free> context(ZSTD_createDCtx());
  if (context == nullptr) std::abort();
  return context.get();
}

}  // namespace

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
