// What a poll for live rows asks for: each symbol from its own last row.
#include <optional>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/telemetry/metrics.h"
#include "services/data/app/live_poller.h"
#include "services/data/store/live_poll_store.h"
#include "tests/integration/data/fetch_fixture.h"

namespace breadthflow::data {
namespace {

using breadthflow::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::SizeIs;

class LivePolls : public FetchFixture {
 protected:
  // Submissions have a deadline, which is a time of this machine.
  LivePolls() { clock_.Advance(absl::Now() - clock_.Now()); }

  std::vector<FetchRun> Runs() {
    auto runs = runs_.List(std::nullopt, 100, absl::InfiniteFuture());
    EXPECT_THAT(runs, IsOk());
    return runs.value_or(std::vector<FetchRun>());
  }

  static LiveSpec Poll(std::vector<std::string> symbols, quant::Timeframe timeframe) {
    return {.symbols = std::move(symbols), .timeframe = timeframe, .poll = PollSpec{.source = {"yahoo", {}}}};
  }

  telemetry::Metrics metrics_;
  LivePollStore polls_{*database_};
  LivePoller poller_{fetcher_, runs_, series_, polls_, metrics_, clock_};
};

TEST_F(LivePolls, ASymbolThatLagsBehindDoesNotMakeTheOthersReachBackAsFar) {
  Fetch(Yahoo({"NEW", "NEWER"}, "2020-05-01", "2020-06-04"));
  Fetch(Yahoo({"OLD"}, "2019-01-01", "2019-02-01"));
  const int64_t last_of_new = Stored("NEW").times.back();
  const int64_t last_of_old = Stored("OLD").times.back();
  const auto polling = poller_.Poll(Poll({"NEW", "NEWER", "OLD"}, quant::Timeframe::kDay));
  ASSERT_THAT(polling, IsOk());
  std::vector<FetchRun> runs = Runs();
  ASSERT_THAT(runs, SizeIs(4));
  runs.resize(2);
  for (const FetchRun& run : runs) {
    if (run.spec.symbols.front() == "OLD") {
      EXPECT_THAT(run.spec.symbols, ElementsAre("OLD"));
      EXPECT_EQ(run.spec.range.start_ns, last_of_old);
    } else {
      EXPECT_THAT(run.spec.symbols, ElementsAre("NEW", "NEWER"));
      EXPECT_EQ(run.spec.range.start_ns, last_of_new);
    }
    Await(run.id);
  }
}

TEST_F(LivePolls, ASymbolThatLagsBehindForTooLongIsAskedForFromAsFarBackAsTheSourceAllows) {
  quant::Series minute{.key = {"stock_price", "OLD", quant::Timeframe::kMin1, "yahoo"},
                       .basis = quant::PriceBasis::kSplitAdjusted};
  minute.times = {Ns("2001-02-01")};
  for (const char* name : {"open", "high", "low", "close", "volume"}) minute.Add(name, std::vector<double>{1});
  ASSERT_THAT(series_.chunks().Put(minute), IsOk());
  const auto polling = poller_.Poll(Poll({"OLD"}, quant::Timeframe::kMin1));
  ASSERT_THAT(polling, IsOk());
  const std::vector<FetchRun> runs = Runs();
  ASSERT_THAT(runs, SizeIs(1));
  EXPECT_GT(runs[0].spec.range.start_ns, minute.times.back());
  const absl::Duration length = absl::Nanoseconds(runs[0].spec.range.end_ns - runs[0].spec.range.start_ns);
  EXPECT_GT(length, absl::Hours(24 * 365));
  Await(runs[0].id);
}

}  // namespace
}  // namespace breadthflow::data
