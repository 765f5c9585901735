// Bars that are made of rows which were adjusted as of two days.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "tests/integration/data/import_fixture.h"

namespace breadthflow::data {
namespace {

using absl::CivilDay;
using clients::Adjustment;
using quant::Series;
using quant::Timeframe;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;
using Doubles = std::vector<double>;

// Friday | the split of Monday 2020-08-31, four for one.
constexpr CivilDay kFriday(2020, 8, 28);
constexpr CivilDay kMonday(2020, 8, 31);

class PriceAnchorBarsTest : public ::testing::Test {
 protected:
  // Hours [begin, end) of a session of seven, all at one price, adjusted as of a day.
  void ImportHours(const std::string& symbol, CivilDay day, int begin, int end, double price,
                   const std::string& adjusted_as_of) {
    Series bars{.key = {"stock_price", symbol, Timeframe::kHour1, ""}, .basis = quant::PriceBasis::kSplitAdjusted};
    const quant::Session& session = quant::Xnys().Between(day, day + 1).front();
    for (int hour = begin; hour < end; ++hour) {
      bars.times.push_back(std::min(session.open_ns + (hour + 1) * 3'600'000'000'000, session.close_ns));
    }
    for (const char* name : {"open", "high", "low", "close"}) bars.Add(name, Doubles(bars.size(), price));
    bars.Add("volume", Doubles(bars.size(), 100));
    ImportServer::Request spec = ImportServer::Spec("", Timeframe::kHour1);
    (*spec.mutable_spec()->mutable_csv_params())["calendar"].set_string_value("XNYS");
    spec.mutable_spec()->set_adjusted_as_of(adjusted_as_of);
    ASSERT_THAT(server_.Import({spec, ImportServer::Packed(bars)}), IsOk());
  }
  void ImportSplit(const std::string& symbol) {
    Series splits{.key = {"split", symbol, Timeframe::kTick, ""}, .repeats = true};
    splits.times = {quant::Xnys().DayStart(kMonday)};
    splits.Add("ex_date", std::vector<std::string>{std::string(absl::FormatCivilTime(kMonday))});
    splits.Add("ratio", Doubles{4});
    ASSERT_THAT(server_.Import({ImportServer::Spec("split", Timeframe::kTick), ImportServer::Packed(splits)}), IsOk());
  }
  static clients::ReadQuery Days() {
    clients::ReadQuery query{.timeframe = Timeframe::kHour1};
    query.resampling = clients::Resampling{.timeframe = Timeframe::kDay};
    return query;
  }
  ImportServer server_;
};

TEST_F(PriceAnchorBarsTest, ADayOfTwoDownloadsIsRefusedUnlessItIsBroughtToOneDay) {
  ImportHours("AAA", kFriday, 0, 3, 500, "2020-08-28");
  ImportHours("AAA", kFriday, 3, 7, 125, "2020-09-01");
  const auto refused = server_.Read("AAA", Days());
  ASSERT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition, "SEVERAL_ANCHORS"));
  EXPECT_THAT(base::Message(refused.status()),
              AllOf(HasSubstr("the 1day bar of AAA that begins at 2020-08-28 13:30:00Z"),
                    HasSubstr("as of 2020-08-28 to 2020-09-01"), HasSubstr("with an adjustment")));
  ImportSplit("AAA");
  clients::ReadQuery split = Days();
  split.adjustment = Adjustment::kSplit;
  BF_ASSERT_OK_AND_ASSIGN(const Series adjusted, server_.Read("AAA", split));
  // Up to the last row, which is of Friday, nothing was split: all of it as it traded.
  EXPECT_THAT(adjusted.Doubles("open"), ElementsAre(500));
  EXPECT_THAT(adjusted.Doubles("low"), ElementsAre(500));
  EXPECT_THAT(adjusted.Doubles("close"), ElementsAre(500));
}

TEST_F(PriceAnchorBarsTest, DaysOfOneDownloadEachComeAsTheyAreStored) {
  ImportHours("BBB", kFriday, 0, 7, 500, "2020-08-28");
  ImportHours("BBB", kMonday, 0, 7, 125, "2020-09-01");
  BF_ASSERT_OK_AND_ASSIGN(const Series stored, server_.Read("BBB", Days()));
  EXPECT_THAT(stored.Doubles("close"), ElementsAre(500, 125));
  ImportSplit("BBB");
  clients::ReadQuery split = Days();
  split.adjustment = Adjustment::kSplit;
  BF_ASSERT_OK_AND_ASSIGN(const Series adjusted, server_.Read("BBB", split));
  EXPECT_THAT(adjusted.Doubles("open"), ElementsAre(125, 125));
  EXPECT_THAT(adjusted.Doubles("volume"), ElementsAre(4 * 700, 700));
}

}  // namespace
}  // namespace breadthflow::data
