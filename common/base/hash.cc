#include "common/base/hash.h"

#include <algorithm>
#include <bit>
#include <utility>

#include <openssl/evp.h>

namespace breadthflow::base {

static_assert(std::endian::native == std::endian::little, "digests are defined over little-endian bytes");

namespace {

// Fetched once: EVP_sha256() looks the implementation up each time, which costs more than a short digest.
const EVP_MD* Algorithm() {
  static const EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return algorithm;
}

}  // namespace

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  State() { EVP_DigestInit_ex(context, Algorithm(), nullptr); }
  ~State() { EVP_MD_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

Sha256& Sha256::Bytes(const void* data, size_t size) {
  EVP_DigestUpdate(state_->context, data, size);
  return *this;
}

Sha256& Sha256::Text(std::string_view text) {
  Int(static_cast<int64_t>(text.size()));
  return Bytes(text.data(), text.size());
}

Sha256& Sha256::Int(int64_t value) { return Bytes(&value, sizeof(value)); }

Sha256& Sha256::Double(double value) {
  const double canonical = value == 0.0 ? 0.0 : value;
  return Bytes(&canonical, sizeof(canonical));
}

Sha256Digest Sha256::Finish() {
  Sha256Digest digest;
  EVP_DigestFinal_ex(state_->context, digest.data(), nullptr);
  return digest;
}

std::string Sha256::FinishHex() { return ToHex(Finish()); }

Sha256Digest Sha256Of(std::string_view bytes) {
  Sha256Digest digest;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, Algorithm(), nullptr);
  return digest;
}

std::string Sha256HexOf(std::string_view bytes) { return ToHex(Sha256Of(bytes)); }

Sha256Digest HmacSha256(std::string_view key, std::string_view message) {
  std::array<uint8_t, 64> block{};
  if (key.size() > block.size()) {
    const Sha256Digest digest = Sha256Of(key);
    std::copy(digest.begin(), digest.end(), block.begin());
  } else {
    std::copy(key.begin(), key.end(), block.begin());
  }
  const auto hash = [&](uint8_t pad, const void* data, size_t size) {
    std::array<uint8_t, 64> padded;
    for (size_t i = 0; i < block.size(); ++i) padded[i] = block[i] ^ pad;
    return std::move(Sha256().Bytes(padded.data(), padded.size()).Bytes(data, size)).Finish();
  };
  const Sha256Digest inner = hash(0x36, message.data(), message.size());
  return hash(0x5c, inner.data(), inner.size());
}

std::string ToHex(const Sha256Digest& digest) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::array<uint8_t, 20> Sha1Of(std::string_view bytes) {
  std::array<uint8_t, 20> digest;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha1(), nullptr);
  return digest;
}

}  // namespace breadthflow::base
