#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace breadthflow::base {

using Sha256Digest = std::array<uint8_t, 32>;

// Incremental SHA-256 with typed appends. Numbers are hashed as little-endian bytes and text with its length, so that
// two different sequences of appends never hash alike. -0.0 hashes as 0.0. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  Sha256& Bytes(const void* data, size_t size);  // raw, without a length
  Sha256& Text(std::string_view text);
  Sha256& Int(int64_t value);
  Sha256& Double(double value);
  Sha256Digest Finish();    // once
  std::string FinishHex();  // once; 64 lower-case digits

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Sha256Digest Sha256Of(std::string_view bytes);
std::string Sha256HexOf(std::string_view bytes);
// HMAC-SHA-256 (RFC 2104) of `message` under `key`, both of any length.
Sha256Digest HmacSha256(std::string_view key, std::string_view message);
std::string ToHex(const Sha256Digest& digest);
std::array<uint8_t, 20> Sha1Of(std::string_view bytes);  // UUID version 5 only

}  // namespace breadthflow::base
