// Backtests that are run again after their data was revised.
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "common/clients/bars.h"
#include "common/columnar/chunk_compactor.h"
#include "services/backtest/app/backtester.h"
#include "services/backtest/domain/outcome.h"
#include "tests/integration/data/point_in_time_fixture.h"
#include "tests/support/fake_signal_client.h"
#include "tests/support/scale.h"
#include "tests/unit/services/backtest/simulation.h"

namespace breadthflow::data {
namespace {

using quant::Series;
using testing::IsOk;

// A backtest as it is run for a snapshot: bars by the data service, signals of what these bars say.
struct Backtested {
  std::string digest;
  Series curve;
  size_t fills = 0;
};

class RevisedBacktestTest : public PointInTimeTest {
 protected:
  Backtested Run(const std::string& snapshot) {
    Backtested out;
    clients::ReadQuery query;
    query.snapshot = snapshot;
    const auto bars = clients::ReadBars(*client_, query, {});
    EXPECT_THAT(bars, IsOk());
    if (!bars.ok()) return out;
    std::vector<Series> signals;
    for (const Series& one : *bars) signals.push_back(backtest::testing::TrendSignals(one));
    testing::FakeSignalClient signal_client;
    signal_client.AddRun("signalRuns/one", snapshot, std::move(signals));
    backtest::BacktestSpec spec;
    spec.snapshot = snapshot;
    spec.signal_run = "signalRuns/one";
    spec.risk.name = "none";  // it would stop trading after the first split that is none
    const auto outcome = backtest::Backtester(*client_, signal_client).Run(spec, [](double, std::string_view) {}, {});
    EXPECT_THAT(outcome, IsOk());
    if (!outcome.ok()) return out;
    out.digest = outcome->digest;
    out.curve = backtest::CurveSeries(*outcome, "");
    out.fills = outcome->result.fills.size();
    return out;
  }
};

TEST_F(RevisedBacktestTest, OldBacktestsRunAgainGiveTheSameBytes) {
  const int backtests = testing::AtScale(8, 50);
  const int revisions = testing::AtScale(300, 10'000);
  const std::vector<std::string> symbols = {"AAA", "BBB", "CCC"};
  for (const std::string& symbol : symbols) Found(symbol);
  std::vector<std::pair<std::string, Backtested>> old;
  for (int i = 0; i < backtests; ++i) {
    for (int k = 0; k < 3; ++k) Revise(symbols[static_cast<size_t>(Below(3))]);
    BF_ASSERT_OK_AND_ASSIGN(const auto snapshot, client_->CreateSnapshot({.symbols = symbols}, "", {}));
    old.emplace_back(snapshot.name, Run(snapshot.name));
    ASSERT_GT(old.back().second.fills, 10u) << "a backtest of nothing";
  }
  columnar::ChunkCompactor compactor(*database_, 2);
  for (int i = 0; i < revisions; ++i) {
    Revise(symbols[static_cast<size_t>(Below(3))]);
    if (i % 100 == 99) {
      ASSERT_THAT(compactor.Run(1000), IsOk());
    }
  }
  for (const auto& [snapshot, before] : old) {
    const Backtested after = Run(snapshot);
    EXPECT_EQ(after.digest, before.digest) << snapshot;
    EXPECT_EQ(after.curve, before.curve) << snapshot;
  }
  BF_ASSERT_OK_AND_ASSIGN(const auto now, client_->CreateSnapshot({.symbols = symbols}, "", {}));
  EXPECT_NE(Run(now.name).digest, old.back().second.digest) << "the revisions changed nothing";
}

}  // namespace
}  // namespace breadthflow::data
