#include "common/columnar/chunk_codec.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/columnar/bit_pack.h"
#include "common/columnar/checksum.h"
#include "tests/support/matchers.h"
#include "tests/support/shared_file.h"

namespace breadthflow::columnar {
namespace {

using quant::Column;
using quant::Series;
using testing::IsOk;
using testing::StatusIs;

// Equal rows, bit for bit; an absent list of presence flags equals one that is all true.
void ExpectSame(const Series& want, const Series& got) {
  ASSERT_EQ(want.times, got.times);
  ASSERT_EQ(got.repeats, std::adjacent_find(want.times.begin(), want.times.end()) != want.times.end());
  ASSERT_EQ(want.columns.size(), got.columns.size());
  for (size_t c = 0; c < want.columns.size(); ++c) {
    const Column& a = want.columns[c];
    const Column& b = got.columns[c];
    ASSERT_EQ(a.name, b.name);
    ASSERT_EQ(a.type(), b.type());
    for (size_t row = 0; row < want.size(); ++row) {
      ASSERT_EQ(a.present(row), b.present(row)) << a.name << " row " << row;
      if (!a.present(row)) continue;
      if (const auto* doubles = std::get_if<std::vector<double>>(&a.values)) {
        ASSERT_EQ(std::bit_cast<uint64_t>((*doubles)[row]),
                  std::bit_cast<uint64_t>(std::get<std::vector<double>>(b.values)[row]))
            << a.name << " row " << row << " " << (*doubles)[row];
      } else if (const auto* ints = std::get_if<std::vector<int64_t>>(&a.values)) {
        ASSERT_EQ((*ints)[row], std::get<std::vector<int64_t>>(b.values)[row]);
      } else {
        ASSERT_EQ(std::get<std::vector<std::string>>(a.values)[row], std::get<std::vector<std::string>>(b.values)[row]);
      }
    }
  }
}

void ExpectRoundTrip(const Series& series) {
  BF_ASSERT_OK_AND_ASSIGN(const std::string bytes, EncodeChunk(series));
  BF_ASSERT_OK_AND_ASSIGN(const Series back, DecodeChunk(bytes));
  ExpectSame(series, back);
  BF_ASSERT_OK_AND_ASSIGN(const ChunkInfo info, InspectChunk(bytes));
  EXPECT_EQ(info.rows, series.size());
  EXPECT_EQ(info.first_time_ns, series.times.front());
  EXPECT_EQ(info.last_time_ns, series.times.back());
  EXPECT_EQ(info.columns.size(), series.columns.size());
  EXPECT_EQ(EncodeChunk(back).value(), bytes) << "encoding is a function of the rows";
}

Series OfDoubles(std::vector<double> values) {
  Series series;
  for (size_t i = 0; i < values.size(); ++i) series.times.push_back(static_cast<int64_t>(i) * 86'400'000'000'000);
  series.Add("value", std::move(values));
  return series;
}

// One of many shapes of a series, by seed.
Series Shape(uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](uint64_t bound) { return random() % bound; };
  const size_t sizes[] = {1, 2, 3, 7, 8, 9, 47, 48, 49, 50, 255, 256, 1000, 4095, 8191, 8192};
  const size_t rows = sizes[below(std::size(sizes))];
  Series series{.repeats = below(3) == 0};
  int64_t time = static_cast<int64_t>(random()) / 16;
  const uint64_t steps[] = {1, 2, 86'400'000'000'000, 3'600'000'000'000, 1'000'000'007};
  const uint64_t step = steps[below(std::size(steps))];
  const bool regular = below(2) == 0;
  for (size_t i = 0; i < rows; ++i) {
    series.times.push_back(time);
    if (series.repeats && below(2) == 0) continue;
    time += static_cast<int64_t>(step * (regular ? 1 : 1 + below(10)));
  }
  const size_t columns = below(7);
  for (size_t c = 0; c < columns; ++c) {
    Column column{"c" + std::to_string(c), {}, {}};
    const uint64_t kind = below(9);
    double walk = 100;
    if (kind < 6) {
      std::vector<double> values(rows);
      for (double& value : values) {
        walk *= 1 + (static_cast<double>(below(2001)) - 1000) / 20000;
        switch (kind) {
          case 0:
            value = std::round(walk * 100) / 100;
            break;
          case 1:
            value = walk;
            break;
          case 2:
            value = std::bit_cast<double>(random());
            break;
          case 3:
            value = static_cast<double>(static_cast<float>(walk));
            break;
          case 4:
            value = static_cast<double>(below(1u << 30)) * 100;
            break;
          default:
            value = below(100) == 0 ? walk / 3 : std::round(walk * 1e6) / 1e6;
            break;
        }
      }
      column.values = std::move(values);
    } else if (kind < 8) {
      std::vector<int64_t> values(rows);
      for (int64_t& value : values) {
        value = kind == 6 ? static_cast<int64_t>(random()) : static_cast<int64_t>(below(3)) - 1;
      }
      column.values = std::move(values);
    } else {
      std::vector<std::string> values(rows);
      for (std::string& value : values) value = std::string(below(20), static_cast<char>(below(256)));
      column.values = std::move(values);
    }
    if (below(3) == 0) {
      for (size_t i = 0; i < rows; ++i) column.valid.push_back(below(4) != 0);
    }
    series.columns.push_back(std::move(column));
  }
  return series;
}

TEST(Xxh64, MatchesThePublishedVectors) {
  EXPECT_EQ(Xxh64(""), 0xEF46DB3751D8E999u);
  EXPECT_EQ(Xxh64("a"), 0xD24EC4F1A98C6E5Bu);
  EXPECT_EQ(Xxh64("abc"), 0x44BC2CF5AD770999u);
  EXPECT_EQ(Xxh64("Nobody inspects the spammish repetition"), 0xFBCEA83C8A378BF1u);
}

TEST(BitPack, GivesBackIntegersOfEveryWidthAndTheWiderOnesAmongThem) {
  std::mt19937_64 random(3);
  for (unsigned width = 0; width <= 64; ++width) {
    const uint64_t mask = width == 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1;
    for (const size_t count : {0, 1, 7, 8, 9, 63, 64, 65, 1023, 65535}) {
      for (const size_t wider : {0, 1, 50}) {
        std::vector<uint64_t> values(count);
        for (uint64_t& value : values) value = random() & mask;
        for (size_t i = 0; i < wider && count > 0; ++i) values[random() % count] = random() >> (random() % 64);
        const Packing packing = PackingOf(values);
        ByteWriter out;
        PutPacked(values, packing, out);
        ASSERT_EQ(out.bytes().size(), packing.bytes) << "width " << width << " count " << count;
        // What follows is another's.
        for (const size_t behind : {0, 3, 100}) {
          const std::string bytes = out.bytes() + std::string(behind, '\xff');
          // On the heap to the byte, so that a sanitizer sees a read beyond.
          const std::vector<char> exact(bytes.begin(), bytes.end());
          ByteReader in({exact.data(), exact.size()});
          std::vector<uint64_t> back(count, 1);
          ASSERT_TRUE(GetPacked(in, back));
          ASSERT_EQ(back, values) << "width " << width << " count " << count;
          ASSERT_EQ(in.remaining(), behind);
        }
      }
    }
  }
}

TEST(BitPack, RefusesWhatDoesNotFit) {
  const auto fits = [](std::string bytes, size_t count) {
    ByteReader in(bytes);
    std::vector<uint64_t> values(count);
    return GetPacked(in, values);
  };
  using namespace std::string_literals;
  EXPECT_TRUE(fits("\x08\x00\x00\x00\x05\x06"s, 2));
  EXPECT_FALSE(fits("\x08\x00\x00"s, 2)) << "no header";
  EXPECT_FALSE(fits("\x08\x00\x00\x00\x05"s, 2)) << "too few values";
  EXPECT_FALSE(fits("\x41\x00\x00\x00\x05\x06"s, 0)) << "65 bits";
  EXPECT_FALSE(fits("\x40\x01\x01\x00"s, 0)) << "64 bits and one";
  EXPECT_FALSE(fits("\x08\x00\x01\x00\x05\x06\x00\x00"s, 2)) << "an exception without a part";
  EXPECT_FALSE(fits("\x08\x01\x01\x00\x05\x06\x02\x00\x01"s, 2)) << "an exception behind the end";
  EXPECT_FALSE(fits("\x08\x01\x03\x00\x05\x06\x00\x00\x01\x00\x01\x00\x07"s, 2)) << "more exceptions than values";
  EXPECT_TRUE(fits("\x08\x01\x01\x00\x05\x06\x01\x00\x01"s, 2));
}

TEST(ChunkCodec, KeepsEveryBitOfManyShapes) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    ExpectRoundTrip(Shape(seed));
    if (HasFatalFailure()) return;
  }
}

TEST(ChunkCodec, KeepsTheStrangestDoubles) {
  const double huge = std::numeric_limits<double>::max();
  ExpectRoundTrip(OfDoubles({0.0,
                             -0.0,
                             1.0,
                             -1.0,
                             huge,
                             -huge,
                             std::numeric_limits<double>::denorm_min(),
                             std::numeric_limits<double>::infinity(),
                             -std::numeric_limits<double>::infinity(),
                             std::numeric_limits<double>::quiet_NaN(),
                             0x1p50,
                             0x1p51,
                             0x1p52,
                             0x1p53,
                             0.1,
                             0.3,
                             1e22,
                             1e-12,
                             1e-13,
                             123456789.123456}));
}

TEST(ChunkCodec, SetsAsideFewExceptionsInsteadOfGivingUpTheScale) {
  std::vector<double> values;
  for (int i = 0; i < 4096; ++i) values.push_back(100 + i * 0.01 - i % 7);
  for (double& value : values) value = std::round(value * 100) / 100;
  const size_t clean = EncodeChunk(OfDoubles(values))->size();
  values[100] = 1.0 / 3;
  values[3000] = std::numeric_limits<double>::quiet_NaN();
  ExpectRoundTrip(OfDoubles(values));
  EXPECT_LT(EncodeChunk(OfDoubles(values))->size(), clean + 200);
}

TEST(ChunkCodec, KeepsIntegersWhateverTheirDifferencesHaveInCommon) {
  std::mt19937_64 random(7);
  const int64_t least = std::numeric_limits<int64_t>::min();
  for (const uint64_t unit : {uint64_t{1}, uint64_t{2}, uint64_t{3}, uint64_t{6}, uint64_t{96}, uint64_t{1} << 62,
                              uint64_t{1} << 63, uint64_t{3} << 61, uint64_t{86'400'000'000'000}, UINT64_MAX / 2}) {
    SCOPED_TRACE(unit);
    Series series = OfDoubles(std::vector<double>(500));
    std::vector<int64_t> all(500), few(500);
    for (size_t i = 0; i < 500; ++i) {
      all[i] = static_cast<int64_t>(random() * unit);
      few[i] = static_cast<int64_t>(static_cast<uint64_t>(least) + (i == 400 ? 0 : unit * (random() % 3)));
    }
    series.Add("all", std::move(all));
    series.Add("few", std::move(few));
    ExpectRoundTrip(series);
  }
}

TEST(ChunkCodec, CompressesWhatFollowsARuleAndLeavesNoiseAsItIs) {
  std::mt19937_64 random(11);
  const auto bytes = [](const std::vector<int64_t>& differences) {
    Series series = OfDoubles(std::vector<double>(differences.size() + 1));
    std::vector<int64_t> values = {0};
    for (const int64_t difference : differences) values.push_back(values.back() + difference);
    series.Add("sum", std::move(values));
    ExpectRoundTrip(series);
    return EncodeChunk(series)->size();
  };
  std::vector<int64_t> noise(1000), rule(1000), skewed(1000);
  for (size_t i = 0; i < 1000; ++i) {
    noise[i] = static_cast<int64_t>(random() % 128);
    rule[i] = static_cast<int64_t>(i % 7 * 17 + 1);
    skewed[i] = static_cast<int64_t>(random() % 8 * (random() % 8));
  }
  const size_t nothing = bytes(std::vector<int64_t>(1000));
  EXPECT_GE(bytes(noise), nothing + 1000) << "a byte each: of eight bits seven are noise";
  EXPECT_LT(bytes(rule), 300u);
  EXPECT_LT(bytes(skewed), 900u);
}

TEST(ChunkCodec, ForgetsWhatFilledTheSlotsOfMissingValues) {
  Series a = OfDoubles({1, 77, 3});
  Series b = OfDoubles({1, 88, 3});
  a.columns[0].valid = b.columns[0].valid = {true, false, true};
  EXPECT_EQ(EncodeChunk(a).value(), EncodeChunk(b).value());
  EXPECT_EQ(std::get<std::vector<double>>(DecodeChunk(*EncodeChunk(a))->columns[0].values)[1], 0.0);
}

TEST(ChunkCodec, RefusesWhatIsNotAChunkOfRows) {
  EXPECT_THAT(EncodeChunk(Series{}), StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_SERIES"));
  Series unsorted = OfDoubles({1, 2});
  unsorted.times = {5, 5};
  EXPECT_THAT(EncodeChunk(unsorted), StatusIs(absl::StatusCode::kInvalidArgument));
  Series ragged = OfDoubles({1, 2});
  ragged.times.push_back(ragged.times.back() + 1);
  EXPECT_THAT(EncodeChunk(ragged), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(EncodeChunk(OfDoubles(std::vector<double>(kMaxChunkRows + 1))),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

std::string HexOf(std::string_view bytes) {
  std::string hex;
  for (const char byte : bytes) hex += fmt::format("{:02x}", static_cast<uint8_t>(byte));
  return hex;
}

std::string FromHex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

// Two bars of one column: a change of the format is seen here.
TEST(ChunkCodec, WritesTheBytesThatAreAlreadyStored) {
  BF_ASSERT_OK_AND_ASSIGN(const std::string bytes, EncodeChunk(OfDoubles({1.25, 1.5})));
  EXPECT_EQ(HexOf(bytes),
            "42464348554e4b3291988d1f11f7f77c0200000001000000000000000000000000004f91944e000016000000000000000000"
            "000000004f91944e0000800200000002050076616c756501001c0000000002000000007d0000000000000019000000000000"
            "00800200000002");
}

// As builds wrote them that did not pack.
TEST(ChunkCodec, ReadsTheBytesOfTheFormatBefore) {
  const std::string two = FromHex(
      "42464348554e4b31cd4f6c3d66c0aab10200000001000000000000000000000000004f91944e000016000000000000000000"
      "000000004f91944e0000010100000002050076616c756501001c0000000002000000007d0000000000000019000000000000"
      "00010100000002");
  BF_ASSERT_OK_AND_ASSIGN(const Series back, DecodeChunk(two));
  ExpectSame(OfDoubles({1.25, 1.5}), back);
}

TEST(ChunkCodec, SaysThatRowsShareAnInstantExactlyWhenTheyDo) {
  constexpr size_t kFlags = 22;
  Series series = OfDoubles({1, 2, 3});
  const std::string plain = EncodeChunk(series).value();
  series.repeats = true;
  EXPECT_EQ(EncodeChunk(series).value(), plain) << "a function of the rows";
  series.times = {5, 5, 6};
  const std::string shared = EncodeChunk(series).value();
  EXPECT_EQ(plain[kFlags], 0);
  EXPECT_EQ(shared[kFlags], 1);
  EXPECT_TRUE(DecodeChunk(shared)->repeats);
  EXPECT_FALSE(DecodeChunk(plain)->repeats);
  for (std::string bytes : {plain, shared}) {
    for (const int flags : {1, 2, 3}) {
      std::string bad = bytes;
      bad[kFlags] = static_cast<char>(bad[kFlags] ^ flags);
      const uint64_t checksum = Xxh64(std::string_view(bad).substr(16));
      std::memcpy(bad.data() + 8, &checksum, sizeof(checksum));
      EXPECT_THAT(DecodeChunk(bad), StatusIs(absl::StatusCode::kDataLoss, "CORRUPT_CHUNK")) << flags;
    }
  }
}

TEST(ChunkCodec, EndsAChunkOnlyBetweenInstants) {
  constexpr auto kRows = static_cast<int64_t>(kRowsPerChunk);
  const auto ascending = [](int64_t rows) {
    std::vector<int64_t> times;
    for (int64_t row = 0; row < rows; ++row) times.push_back(row);
    return times;
  };
  EXPECT_EQ(ChunkEnd(ascending(10), 3), 10u);
  EXPECT_EQ(ChunkEnd(ascending(2 * kRows), 3), kRowsPerChunk + 3);
  std::vector<int64_t> shared = ascending(2 * kRows);
  for (int64_t row = kRows - 5; row < kRows + 5; ++row) shared[static_cast<size_t>(row)] = kRows - 5;
  EXPECT_EQ(ChunkEnd(shared, 0), kRowsPerChunk - 5) << "before the instant that would be divided";
  EXPECT_EQ(ChunkEnd(std::vector<int64_t>(3 * kRowsPerChunk, 7), 0), 3 * kRowsPerChunk) << "or behind it";
}

TEST(ChunkCodec, DecodesOnlyTheColumnsAndRowsAskedFor) {
  Series series = OfDoubles({1, 2, 3, 4});
  series.Add("other", std::vector<int64_t>{5, 6, 7, 8});
  BF_ASSERT_OK_AND_ASSIGN(const std::string bytes, EncodeChunk(series));
  Series got;
  ASSERT_THAT(AppendChunk(bytes, {series.times[1], series.times[3]}, {"other", "absent"}, got), IsOk());
  EXPECT_THAT(got.times, ::testing::ElementsAre(series.times[1], series.times[2]));
  ASSERT_EQ(got.columns.size(), 1u);
  EXPECT_THAT(got.Ints("other"), ::testing::ElementsAre(6, 7));
}

TEST(ChunkCodec, ReadsAnyRunOfBlocksThatHoldsTheRowsAskedFor) {
  constexpr size_t kRows = 5 * kRowsPerBlock + 17;
  std::vector<double> values;
  for (size_t row = 0; row < kRows; ++row) values.push_back(static_cast<double>(row) / 4);
  Series series = OfDoubles(values);
  series.repeats = true;
  // One instant lies across what would be the end of the second block.
  for (size_t row = 2 * kRowsPerBlock - 3; row < 2 * kRowsPerBlock + 9; ++row) {
    series.times[row] = series.times[2 * kRowsPerBlock - 3];
  }
  BF_ASSERT_OK_AND_ASSIGN(const std::string bytes, EncodeChunk(series));
  BF_ASSERT_OK_AND_ASSIGN(const std::vector<BlockEnd> blocks, ChunkBlocks(bytes));
  ASSERT_EQ(blocks.size(), 6u);
  EXPECT_EQ(blocks[0].last_time_ns, series.times[kRowsPerBlock - 1]);
  EXPECT_EQ(blocks[1].last_time_ns, series.times[2 * kRowsPerBlock - 4]) << "an instant is not divided";
  EXPECT_EQ(blocks.back().last_time_ns, series.times.back());
  EXPECT_EQ(blocks.back().bytes, bytes.size());
  BF_ASSERT_OK_AND_ASSIGN(const ChunkInfo info, InspectChunk(bytes));
  EXPECT_EQ(info.rows, kRows);
  EXPECT_EQ(info.first_time_ns, series.times.front());
  EXPECT_EQ(info.last_time_ns, series.times.back());
  BF_ASSERT_OK_AND_ASSIGN(const Series whole, DecodeChunk(bytes));
  ExpectSame(series, whole);
  for (size_t first = 0; first < blocks.size(); ++first) {
    for (size_t last = first; last < blocks.size(); ++last) {
      const size_t begin = first == 0 ? 0 : blocks[first - 1].bytes;
      const std::string_view some = std::string_view(bytes).substr(begin, blocks[last].bytes - begin);
      // From behind the block before to the beginning of the last one: that is there.
      const quant::TimeRange range{first == 0 ? INT64_MIN : blocks[first - 1].last_time_ns + 1,
                                   blocks[last].last_time_ns};
      Series got;
      ASSERT_THAT(AppendChunk(some, range, {}, got), IsOk());
      EXPECT_EQ(got.times, series.Slice(range).times);
      EXPECT_EQ(got.ContentHash(), series.Slice(range).ContentHash());
      Series all;
      const absl::Status status = AppendChunk(some, {}, {}, all);
      EXPECT_EQ(status.ok(), last + 1 == blocks.size()) << "rows at the end are missing, and nobody excluded them";
    }
  }
  EXPECT_THAT(DecodeChunk(bytes + bytes), StatusIs(absl::StatusCode::kDataLoss, "CORRUPT_CHUNK"));
}

TEST(ChunkCodec, UnitesColumnsOfConsecutiveChunks) {
  Series first = OfDoubles({1, 2});
  Series second = OfDoubles({3, 4});
  second.times = {first.times[1] + 1, first.times[1] + 2};
  second.Add("more", std::vector<double>{30, 40});
  second.columns.erase(second.columns.begin());
  Series got;
  ASSERT_THAT(AppendChunk(*EncodeChunk(first), {}, {}, got), IsOk());
  ASSERT_THAT(AppendChunk(*EncodeChunk(second), {}, {}, got), IsOk());
  ASSERT_THAT(got.Validate(), IsOk());
  ASSERT_EQ(got.columns.size(), 2u);
  EXPECT_THAT(got.Find("value")->valid, ::testing::ElementsAre(true, true, false, false));
  EXPECT_THAT(got.Find("more")->valid, ::testing::ElementsAre(false, false, true, true));
  EXPECT_THAT(AppendChunk(*EncodeChunk(first), {}, {}, got), StatusIs(absl::StatusCode::kDataLoss, "CORRUPT_CHUNK"));
  EXPECT_EQ(got.size(), 4u) << "what did not fit is not there by halves";
  EXPECT_THAT(got.Validate(), IsOk());
}

TEST(ChunkCodec, AnswersDamagedBytesWithDataLoss) {
  BF_ASSERT_OK_AND_ASSIGN(const std::string good, EncodeChunk(Shape(5)));
  for (size_t size = 0; size < good.size(); size += 1 + size / 64) {
    EXPECT_THAT(DecodeChunk(std::string_view(good).substr(0, size)), StatusIs(absl::StatusCode::kDataLoss));
  }
  // Also where it is cut between two blocks.
  BF_ASSERT_OK_AND_ASSIGN(const std::string blocks, EncodeChunk(OfDoubles(std::vector<double>(3 * kRowsPerBlock, 1))));
  for (size_t size = 0; size < blocks.size(); ++size) {
    EXPECT_THAT(DecodeChunk(std::string_view(blocks).substr(0, size)), StatusIs(absl::StatusCode::kDataLoss));
  }
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) {
    std::string bad = good;
    bad[random() % bad.size()] ^= static_cast<char>(1 << (random() % 8));
    EXPECT_THAT(DecodeChunk(bad), StatusIs(absl::StatusCode::kDataLoss, "CORRUPT_CHUNK"));
  }
}

TEST(ChunkCodec, SurvivesHostileBytesBehindAValidChecksum) {
  std::mt19937_64 random(2);
  std::vector<std::string> good;
  for (uint64_t seed = 0; seed < 97; ++seed) good.push_back(EncodeChunk(Shape(seed)).value());
  int refused = 0;
  for (size_t i = 0; i < 3000; ++i) {
    std::string bad = good[i % good.size()];
    const int changes = 1 + static_cast<int>(random() % 4);
    for (int c = 0; c < changes; ++c) bad[16 + random() % (bad.size() - 16)] = static_cast<char>(random());
    if (random() % 4 == 0) bad.resize(16 + random() % (bad.size() - 16));
    const uint64_t checksum = Xxh64(std::string_view(bad).substr(16));
    std::memcpy(bad.data() + 8, &checksum, sizeof(checksum));
    const auto got = DecodeChunk(bad);
    if (!got.ok()) {
      ++refused;
      EXPECT_EQ(got.status().code(), absl::StatusCode::kDataLoss);
    } else {
      for (const Column& column : got->columns) EXPECT_EQ(column.size(), got->size());
    }
    (void)InspectChunk(bad);
  }
  EXPECT_GT(refused, 500);
}

// Every daily bar at hand, exact to the bit and small.
TEST(ChunkCodec, KeepsRealBarsInSixteenBytes) {
  const std::filesystem::path folder = testing::SharedFile("data/bars/daily");
  if (folder.empty()) GTEST_SKIP() << "no shared data here";
  size_t rows = 0;
  size_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path());
    std::string line;
    std::getline(file, line);
    Series series;
    std::vector<std::string> names;
    std::vector<std::vector<double>> values(5);
    for (int64_t day = 0; std::getline(file, line); ++day) {
      std::istringstream in(line);
      std::string cell;
      std::getline(in, cell, ',');
      series.times.push_back((day + day / 5 * 2) * 86'400'000'000'000 + 72'000'000'000'000);
      for (auto& column : values) {
        std::getline(in, cell, ',');
        column.push_back(std::stod(cell));
      }
    }
    for (size_t c = 0; c < values.size(); ++c) series.Add("ohlcv" + std::to_string(c), std::move(values[c]));
    ExpectRoundTrip(series);
    rows += series.size();
    bytes += EncodeChunk(series)->size();
  }
  RecordProperty("bytes_per_bar", std::to_string(static_cast<double>(bytes) / static_cast<double>(rows)));
  std::printf("%zu bars, %.2f bytes a bar\n", rows, static_cast<double>(bytes) / static_cast<double>(rows));
  EXPECT_LE(static_cast<double>(bytes) / static_cast<double>(rows), 16.0);
}

}  // namespace
}  // namespace breadthflow::columnar
