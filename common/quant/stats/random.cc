#include "common/quant/stats/random.h"

#include <bit>

#include "common/quant/stats/elementary.h"

namespace breadthflow::quant::stats {
namespace {

// Finaliser of splitmix64 (Steele, Lea, Flood 2014).
uint64_t Mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

// FNV-1a.
uint64_t HashText(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3ULL;
  return hash;
}

uint32_t Low(uint64_t x) { return static_cast<uint32_t>(x); }
uint32_t High(uint64_t x) { return static_cast<uint32_t>(x >> 32); }

}  // namespace

std::array<uint32_t, 4> Philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{0xD2511F53} * counter[0];
    const uint64_t b = uint64_t{0xCD9E8D57} * counter[2];
    counter = {High(b) ^ counter[1] ^ key[0], Low(b), High(a) ^ counter[3] ^ key[1], Low(a)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

CounterRandom::CounterRandom(uint64_t seed, std::string_view stream) {
  const uint64_t key = Mix(Mix(seed) ^ HashText(stream));
  key_ = {Low(key), High(key)};
}

uint64_t CounterRandom::Bits(int64_t counter, uint64_t lane) const {
  const uint64_t count = std::bit_cast<uint64_t>(counter);
  const std::array<uint32_t, 4> bits = Philox4x32({Low(count), High(count), Low(lane), High(lane)}, key_);
  return uint64_t{bits[1]} << 32 | bits[0];
}

double CounterRandom::Uniform(int64_t counter, uint64_t lane) const {
  return (static_cast<double>(Bits(counter, lane) >> 12) + 0.5) * 0x1p-52;
}

double CounterRandom::Normal(int64_t counter, uint64_t lane) const { return NormalQuantile(Uniform(counter, lane)); }

uint64_t CounterRandom::Below(uint64_t bound, int64_t counter, uint64_t lane) const {
  __extension__ using Wide = unsigned __int128;
  return static_cast<uint64_t>(Wide{Bits(counter, lane)} * bound >> 64);
}

}  // namespace breadthflow::quant::stats
