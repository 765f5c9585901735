#include "common/base/ids.h"

#include <array>
#include <cctype>
#include <cstdint>
#include <cstdlib>

#include <sys/random.h>

#include "common/base/hash.h"

namespace breadthflow::base {
namespace {

// Prefix of every name: keeps our version 5 ids apart from those of other systems.
constexpr std::string_view kNamespace = "breadthflow.dev/ids/";

void FillRandom(uint8_t* out, size_t size) {
  size_t done = 0;
  while (done < size) {
    const ssize_t got = getrandom(out + done, size - done, 0);
    if (got > 0) done += static_cast<size_t>(got);
  }
}

std::string Hex(const uint8_t* bytes, size_t size) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(size * 2);
  for (size_t i = 0; i < size; ++i) {
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

std::string Format(std::array<uint8_t, 16> bytes, int version) {
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0f) | (version << 4));
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3f) | 0x80);
  std::string text = Hex(bytes.data(), bytes.size());
  for (const size_t at : {8, 13, 18, 23}) text.insert(at, "-");
  return text;
}

}  // namespace

std::string NewUuid(absl::Time now) {
  std::array<uint8_t, 16> bytes;
  FillRandom(bytes.data(), bytes.size());
  const uint64_t millis = static_cast<uint64_t>(absl::ToUnixMillis(now));
  for (int i = 0; i < 6; ++i) bytes[static_cast<size_t>(i)] = static_cast<uint8_t>(millis >> (8 * (5 - i)));
  return Format(bytes, 7);
}

std::string NameUuid(std::string_view name) {
  const auto digest = Sha1Of(std::string(kNamespace) + std::string(name));
  std::array<uint8_t, 16> bytes;
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = digest[i];
  return Format(bytes, 5);
}

bool IsUuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : std::isxdigit(static_cast<unsigned char>(text[i])) == 0) return false;
  }
  return true;
}

std::string RandomHex(size_t size) {
  std::string bytes(size, '\0');
  FillRandom(reinterpret_cast<uint8_t*>(bytes.data()), size);
  return Hex(reinterpret_cast<const uint8_t*>(bytes.data()), size);
}

}  // namespace breadthflow::base
