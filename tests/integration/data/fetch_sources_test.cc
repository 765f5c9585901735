// Several sources for one fetch: which is asked first, and what happens when it can not give a symbol.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "tests/integration/data/fetch_fixture.h"

namespace breadthflow::data {
namespace {

using breadthflow::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class FetchSources : public FetchFixture {
 protected:
  FetchSources() {
    answer_ = [this](const breadthflow::testing::ChartQuestion& question) -> Answer {
      if (question.symbol == "NONE") return {Fault::kNone, breadthflow::testing::YahooNotFound()};
      if (question.symbol == "AWAY") return {Fault::kUnavailable, ""};
      if (question.symbol == "WRONG") {
        std::string body = breadthflow::testing::YahooChart(question, clock_.Now());
        body.replace(body.find("\"USD\""), 5, "\"EUR\"");
        return {Fault::kNone, body};
      }
      return {Fault::kNone, breadthflow::testing::YahooChart(question, clock_.Now())};
    };
  }

  static FetchSpec WithFallback(std::vector<std::string> symbols, const std::string& fallback = "simulated") {
    FetchSpec spec = Yahoo(std::move(symbols), "2019-01-01", "2019-02-01");
    spec.alternatives = {{fallback, {}}};
    return spec;
  }
};

TEST_F(FetchSources, WhatTheFirstCanNotGiveTheNextIsAskedFor) {
  const FetchRun run = Fetch(WithFallback({"FINE", "NONE", "AWAY", "WRONG"}));
  ASSERT_THAT(run.results, SizeIs(4));
  EXPECT_EQ(run.results[0].source, "yahoo");
  ASSERT_THAT(run.results[0].attempts, SizeIs(1));
  EXPECT_EQ(run.results[1].source, "simulated");
  ASSERT_THAT(run.results[1].attempts, SizeIs(2));
  EXPECT_THAT(run.results[1].attempts[0].error, StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_SYMBOL"));
  EXPECT_THAT(run.results[1].attempts[1].reason, HasSubstr("yahoo could not give it (UNKNOWN_SYMBOL)"));
  EXPECT_TRUE(run.results[1].attempts[1].error.ok());
  EXPECT_EQ(run.results[2].source, "simulated");
  EXPECT_THAT(run.results[2].attempts[0].error, StatusIs(absl::StatusCode::kUnavailable, "PROVIDER_UNAVAILABLE"));
  EXPECT_THAT(run.results[3].error, StatusIs(absl::StatusCode::kFailedPrecondition, "WRONG_CURRENCY"));
  EXPECT_THAT(run.results[3].attempts, SizeIs(1)) << "rows that are wrong are no reason to look elsewhere";
  EXPECT_THAT(run.results[3].source, IsEmpty());
  EXPECT_FALSE(Stored("NONE", "simulated").empty());
  ASSERT_THAT(CoverageOf("AWAY"), SizeIs(2)) << "of each source that was asked";
}

TEST_F(FetchSources, ASourceWithoutAKeyIsPassedOverAndAloneRefused) {
  FetchSpec spec = WithFallback({"FINE"}, "yahoo");
  spec.source = {"polygon", {}};
  const FetchRun run = Fetch(spec);
  EXPECT_EQ(run.results.at(0).source, "yahoo");
  EXPECT_THAT(run.results.at(0).attempts.at(0).error,
              StatusIs(absl::StatusCode::kFailedPrecondition, "MISSING_CREDENTIAL"));
  spec.alternatives.clear();
  EXPECT_THAT(fetcher_.Submit(spec, {}), StatusIs(absl::StatusCode::kFailedPrecondition, "MISSING_CREDENTIAL"));
}

TEST_F(FetchSources, ThePreferenceDecidesWhoIsAskedFirst) {
  FetchSpec spec = WithFallback({"FINE"});
  spec.preference = Preference::kCost;
  FetchRun run = Fetch(spec);
  EXPECT_EQ(run.results.at(0).source, "simulated") << "it asks nobody";
  EXPECT_EQ(run.results.at(0).attempts.at(0).reason, "asks nobody");
  spec.preference = Preference::kCoverage;
  run = Fetch(spec);
  EXPECT_EQ(run.results.at(0).attempts.at(0).reason, "has 100 % of the range");
  EXPECT_EQ(run.results.at(0).source, "simulated");
  EXPECT_EQ(server_.requests(), 0);
  spec.preference = Preference::kOrder;
  EXPECT_EQ(Fetch(spec).results.at(0).source, "yahoo");
  spec.preference = Preference::kFreshness;
  EXPECT_EQ(Fetch(spec).results.at(0).source, "yahoo") << "it gave the series last";
}

TEST_F(FetchSources, ASourceThatFailedLatelyIsAskedLast) {
  Fetch(Yahoo({"AWAY", "FINE"}, "2019-01-01", "2019-02-01"));
  FetchSpec spec = WithFallback({"FINE"});
  spec.preference = Preference::kHealth;
  // Attempts are stamped by the database's clock.
  clock_.Advance(absl::Now() - clock_.Now());
  const FetchRun run = Fetch(spec);
  EXPECT_EQ(run.results.at(0).source, "simulated");
  EXPECT_EQ(run.results.at(0).attempts.at(0).reason, "failed 0 times in the last day");
}

TEST_F(FetchSources, OneSourceTwiceAndUnknownOnesAreRefusedByField) {
  FetchSpec spec = WithFallback({"FINE"}, "yahoo");
  spec.alternatives.push_back({"oracle", {}});
  spec.alternatives.push_back({"simulated", {{"seed", std::string("many")}}});
  const auto refused = fetcher_.Submit(spec, {});
  ASSERT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument));
  std::vector<std::string> fields;
  for (const auto& violation : base::DetailsOf(refused.status()).violations) fields.push_back(violation.field);
  EXPECT_THAT(fields, ::testing::IsSupersetOf({"spec.alternatives[0].name", "spec.alternatives[1].name",
                                               "spec.alternatives[2].params.seed"}));
}

TEST_F(FetchSources, EverySimulatedMarketHasSeriesOfItsOwn) {
  FetchSpec spec = Yahoo({"AAA"}, "2019-01-01", "2019-02-01");
  spec.source = {"simulated", {}};
  EXPECT_EQ(Fetch(spec).results.at(0).source, "simulated");
  spec.source.params["seed"] = int64_t{7};
  EXPECT_EQ(Fetch(spec).results.at(0).source, "simulated:7");
  EXPECT_NE(Stored("AAA", "simulated").columns, Stored("AAA", "simulated:7").columns);
  const FetchRun again = Fetch(spec);
  EXPECT_THAT(again.results.at(0).fetched_ranges, IsEmpty());
}

}  // namespace
}  // namespace breadthflow::data
