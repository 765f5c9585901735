#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Building blocks of the chunk codec: byte cursors and streams of integers.
namespace breadthflow::columnar {

// Appends little-endian numbers to a string.
class ByteWriter {
 public:
  template <typename T>
  void Put(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  void Raw(std::string_view bytes) { bytes_.append(bytes); }
  // Reserves a 32-bit length and returns its place; CloseLength writes how many bytes came after it.
  size_t OpenLength();
  void CloseLength(size_t place);
  std::string& bytes() { return bytes_; }

 private:
  std::string bytes_;
};

// Reads what ByteWriter wrote. Every read is bounds-checked: past the end it returns zeros or nothing and `ok()` is
// false from then on.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  template <typename T>
  T Get() {
    T value{};
    if (!Has(sizeof(T))) return value;
    std::memcpy(&value, at_, sizeof(T));
    at_ += sizeof(T);
    return value;
  }
  std::string_view Raw(size_t size) {
    if (!Has(size)) return {};
    const std::string_view out(at_, size);
    at_ += size;
    return out;
  }
  size_t remaining() const { return static_cast<size_t>(end_ - at_); }
  bool ok() const { return ok_; }

 private:
  bool Has(size_t size) {
    if (ok_ && remaining() >= size) return true;
    ok_ = false;
    return false;
  }
  const char* at_;
  const char* end_;
  bool ok_ = true;
};

// zstd level 1 where that is smaller, else as it is; the lengths say which. A block of zeros takes four bytes.
void PutBlock(std::string_view raw, ByteWriter& out);
// A view of `size` bytes: into the input, into `scratch`, or empty with `in.ok()` or the result's size telling of
// damage.
std::string_view GetBlock(ByteReader& in, size_t size, std::string& scratch);

// Integers as first value, common divisor of the differences, and the zigzag differences, packed or in byte planes (see
// integers.cc). All arithmetic is modulo 2^64, so any integers survive. At most kMaxChunkRows of them.
void PutIntegers(std::span<const int64_t> values, ByteWriter& out);
// Fills `values`; false when the input is damaged.
bool GetIntegers(ByteReader& in, std::span<int64_t> values);

// Doubles, bit for bit: decimal-scaled integers with exceptions, or bit patterns, whichever suits the values.
void PutDoubles(std::span<const double> values, ByteWriter& out);
bool GetDoubles(ByteReader& in, std::span<double> values);

// Texts: lengths as integers, then all bytes as one block. Encoding gives false when they hold more than
// kMaxTextBytes.
inline constexpr size_t kMaxTextBytes = size_t{64} << 20;
bool PutTexts(std::span<const std::string> values, ByteWriter& out);
bool GetTexts(ByteReader& in, std::span<std::string> values);

}  // namespace breadthflow::columnar
