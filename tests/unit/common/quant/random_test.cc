#include "common/quant/stats/random.h"

#include <cmath>
#include <limits>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "common/base/hash.h"
#include "common/quant/stats/elementary.h"

namespace breadthflow::quant::stats {
namespace {

double Ulps(double value, double expected) {
  if (value == expected) return 0;
  return std::abs(value - expected) / (std::nextafter(std::abs(expected), INFINITY) - std::abs(expected));
}

TEST(Philox, GivesThePublishedVectors) {
  // Known-answer vectors of the Random123 distribution, philox4x32-10.
  using Four = std::array<uint32_t, 4>;
  EXPECT_EQ(Philox4x32({0, 0, 0, 0}, {0, 0}), (Four{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(Philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (Four{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Four{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Elementary, LogIsWithinTwoUlp) {
  for (double x :
       {1e-320, 1e-300, 1e-12, 0.1, 0.5, 0.7071, 0.70711, 0.999999, 1.0, 1.0000001, 1.4142, 2.0, 10.0, 1e9, 1e300})
    EXPECT_LE(Ulps(Log(x), std::log(x)), 2) << x;
  for (int i = 0; i < 100000; ++i) {
    const double x = std::ldexp(1 + i / 100000.0, i % 61 - 30);
    ASSERT_LE(Ulps(Log(x), std::log(x)), 2) << x;
  }
  EXPECT_EQ(Log(1), 0);
  EXPECT_EQ(Log(0), -INFINITY);
  EXPECT_EQ(Log(INFINITY), INFINITY);
  EXPECT_TRUE(std::isnan(Log(-1)));
  EXPECT_TRUE(std::isnan(Log(NAN)));
}

TEST(Elementary, ExpIsWithinTwoUlp) {
  for (int i = -70000; i <= 70000; ++i) {
    const double x = i / 100.0 + i * 1e-7;
    ASSERT_LE(Ulps(Exp(x), std::exp(x)), 2) << x;
  }
  EXPECT_EQ(Exp(0), 1);
  EXPECT_EQ(Exp(-1000), 0);
  EXPECT_EQ(Exp(1000), INFINITY);
  EXPECT_TRUE(std::isnan(Exp(NAN)));
  EXPECT_NEAR(Exp(-744) / std::exp(-744.0), 1, 0.2);  // subnormal: few digits left
  EXPECT_LE(Ulps(Exp(709.78), std::exp(709.78)), 2);
}

TEST(Elementary, NormalCdfIsWithinItsError) {
  EXPECT_EQ(NormalCdf(0), 0.5);
  for (double x = -40; x <= 40; x += 0.01) ASSERT_NEAR(NormalCdf(x), 0.5 * std::erfc(-x / std::sqrt(2.0)), 2e-14) << x;
  for (double p = 0.01; p < 1; p += 0.01) ASSERT_NEAR(NormalCdf(NormalQuantile(p)), p, 2e-14) << p;
  EXPECT_TRUE(std::isnan(NormalCdf(std::nan(""))));
}

TEST(Elementary, NormalQuantileGivesTheTabulatedValues) {
  EXPECT_EQ(NormalQuantile(0.5), 0);
  EXPECT_NEAR(NormalQuantile(0.95), 1.6448536269514722, 1e-15);
  EXPECT_NEAR(NormalQuantile(0.975), 1.959963984540054, 1e-15);
  EXPECT_NEAR(NormalQuantile(0.99), 2.3263478740408408, 2e-15);
  EXPECT_NEAR(NormalQuantile(1e-10), -6.361340902404056, 1e-14);
  EXPECT_NEAR(NormalQuantile(1e-300), -37.0471, 1e-4);
  EXPECT_EQ(NormalQuantile(0.25), -NormalQuantile(0.75));
  EXPECT_EQ(NormalQuantile(0), -INFINITY);
  EXPECT_EQ(NormalQuantile(1), INFINITY);
  EXPECT_TRUE(std::isnan(NormalQuantile(-0.1)));
  for (double p = 0.001; p < 1; p += 0.001) {
    const double z = NormalQuantile(p);
    EXPECT_NEAR(0.5 * std::erfc(-z / std::sqrt(2.0)), p, 1e-15) << p;
  }
}

TEST(CounterRandom, DependsOnSeedStreamCounterAndLaneOnly) {
  const CounterRandom random(7, "AAPL");
  const uint64_t value = random.Bits(1234, 5);
  random.Bits(99);
  EXPECT_EQ(random.Bits(1234, 5), value);
  EXPECT_EQ(CounterRandom(7, "AAPL").Bits(1234, 5), value);
  std::set<uint64_t> others = {value,
                               random.Bits(1235, 5),
                               random.Bits(1234, 6),
                               CounterRandom(8, "AAPL").Bits(1234, 5),
                               CounterRandom(7, "AAPM").Bits(1234, 5),
                               random.Bits(-1234, 5)};
  EXPECT_EQ(others.size(), 6u);
}

TEST(CounterRandom, HasTheMomentsOfItsDistributions) {
  const CounterRandom random(1, "moments");
  constexpr int kCount = 200000;
  double uniform = 0, normal = 0, square = 0, fourth = 0, lag = 0, before = 0;
  for (int i = 0; i < kCount; ++i) {
    const double u = random.Uniform(i);
    ASSERT_GT(u, 0);
    ASSERT_LT(u, 1);
    uniform += u;
    const double z = random.Normal(i, 1);
    normal += z;
    square += z * z;
    fourth += z * z * z * z;
    lag += z * before;
    before = z;
    ASSERT_LT(random.Below(6, i, 2), 6u);
  }
  EXPECT_NEAR(uniform / kCount, 0.5, 0.003);
  EXPECT_NEAR(normal / kCount, 0, 0.01);
  EXPECT_NEAR(square / kCount, 1, 0.015);
  EXPECT_NEAR(fourth / kCount, 3, 0.1);
  EXPECT_NEAR(lag / kCount, 0, 0.01);
}

TEST(CounterRandom, GivesTheSameBitsForEver) {
  base::Sha256 hash;
  const CounterRandom random(42, "golden");
  for (int i = 0; i < 10000; ++i) hash.Double(random.Normal(i)).Double(Exp(random.Normal(i, 1)));
  // A change of this digest changes every simulated price: it needs a new version of whatever draws from here.
  EXPECT_EQ(hash.FinishHex(), "f2a774dde89b4201bc64023dacc52516f80abf8a7a2e4404f5976b7825aa279e");
}

}  // namespace
}  // namespace breadthflow::quant::stats
