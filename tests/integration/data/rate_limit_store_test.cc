#include "services/data/store/rate_limit_store.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/postgres/migrate.h"
#include "services/data/store/fetch_store.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"

namespace breadthflow::data {
namespace {

using resilience::RateLimit;
using testing::IsOk;
using testing::IsOkAndHolds;

class RateLimitStoreTest : public ::testing::Test {
 protected:
  RateLimitStoreTest() {
    test_database_.Sql("CREATE SCHEMA data");
    for (int replica = 0; replica < 3; ++replica) {
      databases_.push_back(postgres::Database::Open({.url = test_database_.url(), .schema = "data", .pool_size = 2}));
      stores_.push_back(std::make_unique<RateLimitStore>(*databases_.back(), &clock_));
    }
    std::vector<postgres::Migration> limits;
    for (const postgres::Migration& migration : Migrations()) {
      if (migration.sql.find("CREATE TABLE rate_limit ") != std::string::npos) limits.push_back(migration);
    }
    EXPECT_EQ(limits.size(), 1u);
    EXPECT_THAT(postgres::Migrate(*databases_[0], limits), IsOk());
  }

  // The instants at which three replicas that ask whenever they may get a token, over `span`.
  std::vector<absl::Time> Grants(const RateLimit& limit, absl::Duration span) {
    std::vector<absl::Time> granted;
    const absl::Time end = clock_.Now() + span;
    while (clock_.Now() < end) {
      absl::Duration shortest = absl::InfiniteDuration();
      for (const auto& store : stores_) {
        const absl::StatusOr<absl::Duration> wait = store->TryTake("provider:1", limit);
        EXPECT_THAT(wait, IsOk());
        if (!wait.ok()) return granted;
        if (*wait == absl::ZeroDuration()) granted.push_back(clock_.Now());
        shortest = std::min(shortest, *wait);
      }
      clock_.Advance(shortest);
    }
    return granted;
  }

  // The most that any half-open window of this length holds.
  static size_t Most(const std::vector<absl::Time>& times, absl::Duration window) {
    size_t most = 0;
    std::deque<absl::Time> inside;
    for (const absl::Time time : times) {
      inside.push_back(time);
      while (inside.front() <= time - window) inside.pop_front();
      most = std::max(most, inside.size());
    }
    return most;
  }

  base::FakeClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  testing::TestDatabase test_database_;
  std::vector<std::unique_ptr<postgres::Database>> databases_;
  std::vector<std::unique_ptr<RateLimitStore>> stores_;
};

TEST_F(RateLimitStoreTest, NoWindowOfThreeReplicasHoldsMoreThanTheLimitsAndTheyAreUsed) {
  const std::vector<absl::Time> granted =
      Grants({.per_second = 4.0 / 60, .burst = 1, .per_day = 25}, absl::Hours(3 * 24));
  EXPECT_LE(Most(granted, absl::Minutes(1)), 4u);
  EXPECT_LE(Most(granted, absl::Hours(24)), 25u);
  EXPECT_GE(granted.size(), 68u);  // 90 % of 75
}

TEST_F(RateLimitStoreTest, ABurstIsSpentOnceAndTheRateIsUsedUp) {
  const std::vector<absl::Time> granted = Grants({.per_second = 0.5, .burst = 5}, absl::Minutes(5));
  EXPECT_LE(Most(granted, absl::Minutes(1)), 35u);
  EXPECT_GE(granted.size(), 135u);  // 90 % of 150
}

TEST_F(RateLimitStoreTest, WhatTheProviderAskedForBindsEveryReplicaAndNoOtherKey) {
  const RateLimit limit{.per_second = 10, .burst = 10};
  EXPECT_THAT(stores_[0]->TryTake("provider:1", limit), IsOkAndHolds(absl::ZeroDuration()));
  EXPECT_THAT(stores_[0]->Block("provider:1", absl::Seconds(120)), IsOk());
  clock_.Advance(absl::Seconds(20));
  EXPECT_THAT(stores_[1]->TryTake("provider:1", limit), IsOkAndHolds(absl::Seconds(100)));
  EXPECT_THAT(stores_[1]->TryTake("provider:2", limit), IsOkAndHolds(absl::ZeroDuration()));
  clock_.Advance(absl::Seconds(100));
  EXPECT_THAT(stores_[2]->TryTake("provider:1", limit), IsOkAndHolds(absl::ZeroDuration()));
}

TEST_F(RateLimitStoreTest, ManyWhoAskAtOnceByTheDatabasesClockGetTheBurstAndNoMore) {
  const RateLimit slow{.per_second = 1e-6, .burst = 1};
  std::atomic<int> granted{0};
  std::vector<std::thread> askers;
  for (int i = 0; i < 12; ++i) {
    askers.emplace_back([&, i] {
      RateLimitStore store(*databases_[i % 3]);
      const auto wait = store.TryTake("provider:3", slow);
      EXPECT_THAT(wait, IsOk());
      granted += wait.ok() && *wait == absl::ZeroDuration() ? 1 : 0;
    });
  }
  for (std::thread& asker : askers) asker.join();
  EXPECT_EQ(granted, 1);
}

}  // namespace
}  // namespace breadthflow::data
