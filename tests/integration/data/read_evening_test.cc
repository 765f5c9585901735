// Days made of minutes whose evening is stored too: the row that begins at the close is then none of the day.
#include <string>
#include <vector>

#include "absl/time/time.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/clients/data_client.h"
#include "tests/integration/data/read_fixture.h"

namespace breadthflow::data {
namespace {

using quant::Series;
using ::testing::ElementsAre;
using testing::IsOk;

class ReadEveningTest : public ReadTest {
 protected:
  static constexpr int64_t kMinute = int64_t{60'000'000'000};
  static constexpr absl::CivilDay kMonday{2020, 8, 31};

  // The minutes of two sessions, and so many after each; the price is that of the minute.
  static Series Minutes(int after) {
    Series bars{.key = {"stock_price", "SPY", quant::Timeframe::kMin1, "test"}, .basis = quant::PriceBasis::kRaw};
    std::vector<double> prices;
    for (const quant::Session& day : quant::Xnys().Between(kMonday, kMonday + 2)) {
      for (int64_t minute = 1; minute <= 390 + after; ++minute) {
        bars.times.push_back(day.open_ns + minute * kMinute);
        prices.push_back(1000 + static_cast<double>(minute));
      }
    }
    for (const char* name : {"open", "high", "low", "close"}) bars.Add(name, prices);
    bars.Add("volume", std::vector<double>(bars.size(), 1));
    return bars;
  }

  // The closes of the days that end before `end_ns`.
  std::vector<double> Closes(int64_t end_ns, absl::Time as_of = absl::InfiniteFuture()) {
    const absl::StatusOr<Series> days =
        ReadOne("SPY", {.timeframe = quant::Timeframe::kMin1,
                        .range = {INT64_MIN, end_ns},
                        .as_of = as_of,
                        .resampling = clients::Resampling{.timeframe = quant::Timeframe::kDay, .calendar = "XNYS"}});
    EXPECT_THAT(days, IsOk());
    if (!days.ok()) return {};
    const auto closes = days->Doubles("close");
    return {closes.begin(), closes.end()};
  }
};

TEST_F(ReadEveningTest, ADayEndsAtTheCloseWhereverTheReadEnds) {
  Put(Minutes(200));
  const int64_t close = CloseOf(kMonday);
  for (const int64_t after : {int64_t{1}, kMinute, kMinute + 1, 2 * kMinute, 199 * kMinute, 300 * kMinute}) {
    EXPECT_THAT(Closes(close + after), ElementsAre(1390)) << after;
  }
  EXPECT_THAT(Closes(INT64_MAX), ElementsAre(1390, 1390));
}

TEST_F(ReadEveningTest, TheAuctionIsOfTheDayAndStaysSoForReadsAsOfBeforeTheEveningCame) {
  Put(Minutes(1));
  const int64_t close = CloseOf(kMonday);
  EXPECT_THAT(Closes(close + 1), ElementsAre(1391));
  EXPECT_THAT(Closes(INT64_MAX), ElementsAre(1391, 1391));
  const absl::Time before = absl::FromUnixMicros(std::stoll(
      database_server_.Sql("SELECT (extract(epoch FROM max(known_at)) * 1000000)::bigint FROM data.series_version")));
  Put(Minutes(30));
  EXPECT_THAT(Closes(close + 1), ElementsAre(1390));
  EXPECT_THAT(Closes(close + 1, before), ElementsAre(1391));
  EXPECT_THAT(Closes(INT64_MAX, before), ElementsAre(1391, 1391));
}

}  // namespace
}  // namespace breadthflow::data
