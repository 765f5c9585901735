#include "common/quant/model/artefact.h"

#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "common/base/hash.h"
#include "common/quant/stats/random.h"
#include "tests/support/matchers.h"

namespace breadthflow::quant {
namespace {

using testing::IsOk;
using testing::StatusIs;

Artefact Sample() {
  Artefact artefact;
  artefact.model_type = "random_forest";
  artefact.feature_set = "technical_v1";
  artefact.schema_hash = std::string(64, 'a');
  artefact.columns = {"x", "y"};
  artefact.trees.first = {0, 3};
  artefact.trees.nodes = {{0.5f, 1, 1, 1}, {-0.25f, 0, 0, 0}, {0.75f, 0, 0, 0}, {0.125f, 0, 0, 0}};
  artefact.cut_off_ns = 1000;
  artefact.valid_from_ns = 2000;
  artefact.metadata = {{"library", "xgboost 1.7.4"}, {"seed", "1"}};
  return artefact;
}

// Gives hostile content the right hash, so that only the checks behind it can refuse it.
std::string Rehashed(std::string bytes) {
  bytes.resize(bytes.size() - 32);
  const base::Sha256Digest digest = base::Sha256Of(bytes);
  return bytes.append(reinterpret_cast<const char*>(digest.data()), digest.size());
}

TEST(Artefact, ComesBackFromItsBytes) {
  EXPECT_THAT(DecodeArtefact(EncodeArtefact(Sample())), testing::IsOkAndHolds(Sample()));
}

TEST(Artefact, AlwaysHasTheSameBytes) {
  // A promise to models that are already stored; the hash is of bytes written from the description of the format.
  const std::string bytes = EncodeArtefact(Sample());
  const std::string body = bytes.substr(0, bytes.size() - 32);
  EXPECT_EQ(base::Sha256HexOf(body), "92cbefc4ad9a4d563c2a05dc70c339e8d23e84dc71ffcaf88201069dff4d8255");
}

TEST(Artefact, EveryChangedBitIsDataLoss) {
  const std::string good = EncodeArtefact(Sample());
  for (size_t at = 0; at < good.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      ASSERT_THAT(DecodeArtefact(bad), StatusIs(absl::StatusCode::kDataLoss, "BAD_ARTEFACT")) << at << " " << bit;
    }
  }
}

TEST(Artefact, EveryTruncationAndAnyTailIsDataLoss) {
  const std::string good = EncodeArtefact(Sample());
  for (size_t size = 0; size < good.size(); ++size)
    ASSERT_THAT(DecodeArtefact(good.substr(0, size)), StatusIs(absl::StatusCode::kDataLoss)) << size;
  EXPECT_THAT(DecodeArtefact(good + "x"), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(DecodeArtefact(Rehashed(good + std::string(32, 'x'))), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(Artefact, HostileBytesWithARightHashAreRefusedOrWellFormed) {
  const std::string good = EncodeArtefact(Sample());
  stats::RandomSequence random(1, "hostile");
  size_t accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string bad = good;
    const uint64_t changes = 1 + random.Below(4);
    for (uint64_t i = 0; i < changes; ++i)
      bad[random.Below(bad.size() - 32)] = static_cast<char>(random.Below(2) == 0 ? random.Below(256) : 0xff);
    const auto decoded = DecodeArtefact(Rehashed(bad));
    if (decoded.ok()) {
      ++accepted;
      ASSERT_THAT(CheckArtefact(*decoded), IsOk());
    } else {
      ASSERT_TRUE(decoded.status().code() == absl::StatusCode::kDataLoss ||
                  decoded.status().code() == absl::StatusCode::kUnimplemented);
    }
  }
  EXPECT_GT(accepted, 0u);
}

TEST(Artefact, AnotherVersionIsUnimplemented) {
  std::string bytes = EncodeArtefact(Sample());
  bytes[8] = 2;
  EXPECT_THAT(DecodeArtefact(Rehashed(bytes)), StatusIs(absl::StatusCode::kUnimplemented, "ARTEFACT_VERSION"));
}

class Malformed : public ::testing::Test {
 protected:
  void ExpectRefused(const Artefact& artefact) {
    EXPECT_THAT(CheckArtefact(artefact), StatusIs(absl::StatusCode::kDataLoss, "BAD_ARTEFACT"));
    EXPECT_THAT(DecodeArtefact(EncodeArtefact(artefact)), StatusIs(absl::StatusCode::kDataLoss, "BAD_ARTEFACT"));
  }
  Artefact bad_ = Sample();
};

TEST_F(Malformed, ChildrenBeforeTheirParentWouldNeverEnd) {
  bad_.trees.nodes[1] = {0.5f, 1, 0, 0};
  ExpectRefused(bad_);
}

TEST_F(Malformed, ChildrenInAnotherTree) {
  bad_.trees.nodes[0].left = 2;
  ExpectRefused(bad_);
  bad_.trees.nodes[0].left = std::numeric_limits<uint32_t>::max();
  ExpectRefused(bad_);
}

TEST_F(Malformed, FeatureBeyondTheColumns) {
  bad_.trees.nodes[0].feature = 2;
  ExpectRefused(bad_);
}

TEST_F(Malformed, ValuesThatAreNotFinite) {
  bad_.trees.nodes[3].value = std::numeric_limits<float>::quiet_NaN();
  ExpectRefused(bad_);
  bad_ = Sample();
  bad_.base_margin = std::numeric_limits<float>::infinity();
  ExpectRefused(bad_);
}

TEST_F(Malformed, TreesOutOfOrderOrEmpty) {
  bad_.trees.first = {0, 3, 3};
  ExpectRefused(bad_);
  bad_.trees.first = {0, 5};
  ExpectRefused(bad_);
  bad_.trees.first = {};
  ExpectRefused(bad_);
  bad_.trees.first = {1};
  ExpectRefused(bad_);
}

TEST_F(Malformed, NoColumns) {
  bad_.columns.clear();
  ExpectRefused(bad_);
}

TEST_F(Malformed, ValidBeforeTrainingEnded) {
  bad_.valid_from_ns = bad_.cut_off_ns;
  ExpectRefused(bad_);
}

}  // namespace
}  // namespace breadthflow::quant
