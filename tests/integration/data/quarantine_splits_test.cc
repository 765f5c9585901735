// What a gate says of rows beside those that are stored, where a split is stored apart from both.
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "services/data/app/quarantines.h"
#include "tests/integration/data/read_fixture.h"

namespace breadthflow::data {
namespace {

using testing::IsOk;
using QuarantineSplitsTest = ReadTest;

// Days that go on at a quarter of the price, by which a split is stored apart.
TEST_F(QuarantineSplitsTest, AMoveBesideWhatIsStoredIsNoDoubtWhereAStoredSplitExplainsIt) {
  const auto bars = [](const std::string& symbol) {
    std::vector<double> closes;
    for (int i = 0; i < 60; ++i) closes.push_back((i < 50 ? 100 : 25) + 0.1 * (i % 7));
    return FlatBars(symbol, absl::CivilDay(2017, 1, 3), closes);
  };
  SeriesStore series(*database_);
  CoverageStore coverage(*database_);
  QuarantineStore store(*database_);
  Quarantines quarantines(*database_, series, coverage, store, clock_);
  for (const bool declared : {false, true}) {
    const quant::Series all = bars(declared ? "SPLIT" : "FALL");
    if (declared) {
      const absl::CivilDay day = absl::ToCivilDay(quant::FromNanos(all.times[50]), absl::UTCTimeZone());
      ASSERT_THAT(series.chunks().Put(Events("split", "SPLIT", {{day, 4}})), IsOk());
    }
    ASSERT_THAT(series.chunks().Put(all.Rows(0, 50)), IsOk());
    const quant::Series came = all.Rows(50, 60);
    const quant::TimeRange asked{came.times.front(), came.times.back() + 1};
    BF_ASSERT_OK_AND_ASSIGN(const columnar::WrittenSeries written, series.chunks().Write(came));
    const Arrival arrival{.rows = came, .asked = asked, .replaces = {}, .origin = "fetchRuns/1", .coverage = {}};
    Verdict verdict;
    ASSERT_THAT(quarantines.ExamineBeside(arrival, written, QualityGate::kQuarantine, absl::InfiniteFuture(), verdict),
                IsOk());
    EXPECT_EQ(verdict.doubts.size(), declared ? 0u : 1u) << all.key.symbol;
    EXPECT_TRUE(verdict.impossible.empty());
  }
}

}  // namespace
}  // namespace breadthflow::data
