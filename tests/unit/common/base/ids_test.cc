#include "common/base/ids.h"

#include <set>

#include <gtest/gtest.h>

#include "common/base/cancel.h"
#include "common/base/hash.h"
#include "common/base/parallel.h"
#include "common/base/status.h"

namespace breadthflow::base {
namespace {

TEST(NewUuid, IsVersionSevenUniqueAndOrderedByTime) {
  const absl::Time start = absl::FromUnixMillis(1700000000000);
  std::set<std::string> seen;
  std::string last;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = NewUuid(start + absl::Milliseconds(i));
    EXPECT_TRUE(IsUuid(id)) << id;
    EXPECT_EQ(id[14], '7');
    EXPECT_GT(id, last);
    EXPECT_TRUE(seen.insert(id).second);
    last = id;
  }
}

TEST(NameUuid, DependsOnTheNameOnly) {
  EXPECT_EQ(NameUuid("run/step/1"), NameUuid("run/step/1"));
  EXPECT_NE(NameUuid("run/step/1"), NameUuid("run/step/2"));
  EXPECT_TRUE(IsUuid(NameUuid("")));
  EXPECT_EQ(NameUuid("x")[14], '5');
}

TEST(IsUuid, RefusesOtherText) {
  for (const char* text : {"", "x", "0190c0de-0000-7000-8000-00000000000", "0190c0de-0000-7000-8000-00000000000g",
                           "0190c0de00000-7000-8000-000000000000"}) {
    EXPECT_FALSE(IsUuid(text)) << text;
  }
}

TEST(Sha256, MatchesThePublishedVectorForAbc) {
  EXPECT_EQ(Sha256HexOf("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, TextCarriesItsLength) {
  EXPECT_NE(Sha256().Text("ab").Text("c").FinishHex(), Sha256().Text("a").Text("bc").FinishHex());
  EXPECT_EQ(Sha256().Double(-0.0).FinishHex(), Sha256().Double(0.0).FinishHex());
}

TEST(CancelToken, KeepsTheFirstReasonAndSharesIt) {
  CancelToken token;
  CancelToken copy = token;
  EXPECT_TRUE(token.Check().ok());
  copy.Cancel(CancelReason::kLeaseLost);
  token.Cancel(CancelReason::kCancelled);
  EXPECT_EQ(DetailsOf(token.Check()).reason, "LEASE_LOST");
}

TEST(CancelToken, APartStopsWithTheWholeAndAlone) {
  const CancelToken whole;
  const CancelToken part = whole.Child();
  const CancelToken other = whole.Child();
  part.Cancel(CancelReason::kCancelled);
  EXPECT_TRUE(part.cancelled());
  EXPECT_FALSE(other.cancelled());
  EXPECT_TRUE(whole.Check().ok());
  whole.Cancel(CancelReason::kLeaseLost);
  EXPECT_TRUE(other.Child().cancelled());
  EXPECT_EQ(DetailsOf(other.Check()).reason, "LEASE_LOST");
  EXPECT_EQ(DetailsOf(part.Check()).reason, "CANCELLED") << "its own came first";
}

TEST(ParallelFor, FillsEverySlotForAnyThreadCount) {
  for (const int threads : {1, 2, 7}) {
    std::vector<size_t> out(50);
    ParallelFor(threads, out.size(), [&](size_t i) { out[i] = i * i; });
    for (size_t i = 0; i < out.size(); ++i) EXPECT_EQ(out[i], i * i);
  }
}

TEST(ParallelFor, ThrowsOnWhatACallThrowsAndBeginsNoOther) {
  for (const int threads : {1, 3}) {
    std::atomic<int> calls{0};
    EXPECT_THROW(ParallelFor(threads, 1000,
                             [&](size_t) {
                               ++calls;
                               throw std::runtime_error("broken");
                             }),
                 std::runtime_error);
    EXPECT_LE(calls, threads);
  }
}

}  // namespace
}  // namespace breadthflow::base
