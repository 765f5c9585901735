#include "services/cli/read_flags.h"

#include "tests/support/matchers.h"

namespace breadthflow::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The request that flags make; what is wrong with them goes to `found`.
data::v1::ReadSeriesRequest Parsed(const std::vector<std::string>& words, base::Violations* found = nullptr) {
  const Command command{.group = "data", .verb = "read", .flags = ReadShapeFlags()};
  const auto arguments = Arguments::Parse(command, words);
  EXPECT_THAT(arguments, testing::IsOk());
  data::v1::ReadSeriesRequest request;
  base::Violations violations;
  if (arguments.ok()) ParseReadShape(*arguments, request, violations);
  if (found != nullptr) {
    *found = violations;
  } else {
    EXPECT_THAT(violations.ToStatus("flags"), testing::IsOk());
  }
  return request;
}

TEST(ReadFlags, AdjustmentsHaveTheirNames) {
  EXPECT_EQ(Parsed({}).adjustment(), common::v1::ADJUSTMENT_UNSPECIFIED);
  EXPECT_EQ(Parsed({"--adjustment", "raw"}).adjustment(), common::v1::ADJUSTMENT_RAW);
  EXPECT_EQ(Parsed({"--adjustment", "total_return"}).adjustment(), common::v1::ADJUSTMENT_TOTAL_RETURN);
  EXPECT_EQ(Parsed({"--adjustment", "forward"}).adjustment(), common::v1::ADJUSTMENT_FORWARD);
}

TEST(ReadFlags, ResamplesByTheClockOrByTrading) {
  EXPECT_FALSE(Parsed({}).has_resampling());
  const auto week = Parsed({"--resample", "1week", "--calendar", "FX", "--fill-forward"}).resampling();
  EXPECT_EQ(week.timeframe(), common::v1::TIMEFRAME_1WEEK);
  EXPECT_EQ(week.calendar(), "FX");
  EXPECT_TRUE(week.fill_forward());
  EXPECT_EQ(Parsed({"--resample", "ticks:100"}).resampling().ticks(), 100);
  EXPECT_EQ(Parsed({"--resample", "volume:1e6"}).resampling().volume(), 1e6);
  EXPECT_EQ(Parsed({"--resample", "dollars:1e8"}).resampling().dollars(), 1e8);
  EXPECT_EQ(Parsed({"--resample", "range:2.5"}).resampling().range(), 2.5);
}

TEST(ReadFlags, BarsThatThereAreNotAreRefusedWithThoseThereAre) {
  for (const char* wrong :
       {"weekly", "tick", "ticks", "ticks:", "ticks:0", "volume:-1", "dollars:nan", "range:1x", "1week:3", "frogs:5"}) {
    base::Violations found;
    Parsed({"--resample", wrong}, &found);
    ASSERT_EQ(found.list().size(), 1u) << wrong;
    EXPECT_EQ(found.list()[0].field, "--resample");
    EXPECT_THAT(found.list()[0].description, HasSubstr("1week")) << wrong;
  }
  base::Violations found;
  Parsed({"--calendar", "FX", "--fill-forward"}, &found);
  EXPECT_EQ(found.list().size(), 2u);
}

TEST(ReadFlags, AColumnOfAnotherSymbolIsNamedInBrackets) {
  const auto request = Parsed({"--join", "interest_rate[US10Y].rate,interest_rate[US2Y].rate,trade[BRK.B].price",
                               "--join-period", "annual", "--actions-from", "yahoo"});
  ASSERT_EQ(request.joins_size(), 3);
  EXPECT_EQ(request.joins(0).resource(), "interest_rate");
  EXPECT_EQ(request.joins(0).symbol(), "US10Y");
  EXPECT_THAT(request.joins(0).fields(), ElementsAre("rate"));
  EXPECT_EQ(request.joins(1).symbol(), "US2Y");
  EXPECT_EQ(request.joins(2).symbol(), "BRK.B");
  EXPECT_EQ(request.joins(2).period(), "annual");
  EXPECT_EQ(request.actions_from(), "yahoo");
  for (const char* wrong :
       {"interest_rate[US10Y]", "interest_rate[].rate", "interest_rate[US10Y.rate", "[US10Y].rate"}) {
    base::Violations found;
    Parsed({"--join", wrong}, &found);
    EXPECT_EQ(found.list().size(), 1u) << wrong;
  }
}

TEST(ReadFlags, ColumnsOfOneResourceAreOneJoin) {
  const auto request = Parsed({"--join", "earnings.eps_diluted,revenue.revenue", "--join", "earnings.sec_edgar.x",
                               "--join-ttl", "90d", "--join-ttl", "revenue=36h", "--join-source", "revenue=sec_edgar",
                               "--join-replace-by", "period_end", "--join-skip-missing"});
  ASSERT_EQ(request.joins_size(), 2);
  EXPECT_EQ(request.joins(0).resource(), "earnings");
  EXPECT_THAT(request.joins(0).fields(), ElementsAre("eps_diluted", "sec_edgar.x"));
  EXPECT_EQ(request.joins(0).ttl().seconds(), 90 * 86400);
  EXPECT_EQ(request.joins(0).source(), "");
  EXPECT_EQ(request.joins(0).replace_by(), "period_end");
  EXPECT_TRUE(request.joins(0).skip_missing());
  EXPECT_THAT(request.joins(1).fields(), ElementsAre("revenue"));
  EXPECT_EQ(request.joins(1).ttl().seconds(), 36 * 3600);
  EXPECT_EQ(request.joins(1).source(), "sec_edgar");
}

TEST(ReadFlags, WhatIsWrongWithJoinsIsAllNamed) {
  base::Violations found;
  Parsed({"--join", "earnings,.x,y.", "--join", "earnings.eps_diluted", "--join-ttl", "soon", "--join-ttl", "news=3d",
          "--join-source", "=x"},
         &found);
  std::vector<std::string> fields;
  for (const auto& violation : found.list()) fields.push_back(violation.field);
  EXPECT_THAT(fields, ElementsAre("--join", "--join", "--join", "--join-ttl", "--join-ttl", "--join-source"));
  base::Violations without;
  Parsed({"--join-ttl", "3d", "--join-skip-missing"}, &without);
  EXPECT_EQ(without.list().size(), 2u);
}

}  // namespace
}  // namespace breadthflow::cli
