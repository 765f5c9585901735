#include "services/registry/app/components.h"

#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/postgres/migrate.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"

namespace breadthflow::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAndHolds;
using ::testing::Not;
using testing::StatusIs;

class ComponentsTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_THAT(postgres::Migrate(*database_, Migrations()), IsOk()); }

  static Offer Make(const std::string& kind, const std::string& name, const std::string& version = "1.0.0",
                    int64_t default_value = 14) {
    return {{.kind = kind, .name = name, .version = version, .description = "What it is."},
            {component::IntParam("period", default_value, 2, 500, "bars", "Window.")}};
  }
  std::vector<std::string> Names(const std::string& kind, int page_size) {
    std::vector<std::string> names;
    std::optional<ComponentKey> after;
    do {
      const auto page = components_.List(kind, after, page_size, absl::InfiniteFuture());
      EXPECT_THAT(page, IsOk());
      EXPECT_LE(page->components.size(), static_cast<size_t>(page_size));
      for (const Component& component : page->components) names.push_back(NameOf(KeyOf(component.offer.info)));
      after = page->next;
    } while (after);
    return names;
  }

  testing::TestDatabase test_database_;
  std::unique_ptr<postgres::Database> database_ =
      postgres::Database::Open({.url = test_database_.url(), .schema = "registry"});
  ComponentStore store_{*database_};
  Components components_{store_};
};

TEST_F(ComponentsTest, AreKnownOnceAnnounced) {
  EXPECT_THAT(
      components_.Announce("signal", {Make("indicator", "rsi"), Make("indicator", "ema")}, absl::InfiniteFuture()),
      IsOkAndHolds(2));
  BF_ASSERT_OK_AND_ASSIGN(const Component rsi,
                          components_.Get("components/indicator/rsi/1.0.0", absl::InfiniteFuture()));
  EXPECT_EQ(rsi.service, "signal");
  EXPECT_EQ(rsi.offer.info.description, "What it is.");
  EXPECT_EQ(Fingerprint(rsi.offer.params), Fingerprint(Make("indicator", "rsi").params));
  EXPECT_EQ(rsi.offer.params[0].unit, "bars");
  EXPECT_LT(absl::Now() - rsi.create_time, absl::Minutes(1));
}

TEST_F(ComponentsTest, WriteNothingWhenNothingChanged) {
  const std::vector<Offer> offers = {Make("indicator", "rsi"), Make("indicator", "ema")};
  ASSERT_THAT(components_.Announce("signal", offers, absl::InfiniteFuture()), IsOkAndHolds(2));
  const std::string versions = "SELECT string_agg(xmin::text || ctid::text, ' ' ORDER BY name) FROM registry.component";
  const std::string before = test_database_.Sql(versions);
  for (int i = 0; i < 3; ++i)
    EXPECT_THAT(components_.Announce("signal", offers, absl::InfiniteFuture()), IsOkAndHolds(0));
  EXPECT_EQ(test_database_.Sql(versions), before);

  test_database_.Sql(
      "UPDATE registry.component SET create_time = now() - interval '1 hour', "
      "announce_time = now() - interval '61 seconds'");
  const absl::Time seen = components_.Get("components/indicator/rsi", absl::InfiniteFuture())->announce_time;
  EXPECT_THAT(components_.Announce("signal", offers, absl::InfiniteFuture()), IsOkAndHolds(0));
  EXPECT_GT(components_.Get("components/indicator/rsi", absl::InfiniteFuture())->announce_time,
            seen + absl::Seconds(30));
}

TEST_F(ComponentsTest, AreRefusedWithOtherParametersUnderAKnownVersionAndThenNothingIsStored) {
  ASSERT_THAT(
      components_.Announce("signal", {Make("indicator", "rsi"), Make("indicator", "ema")}, absl::InfiniteFuture()),
      IsOkAndHolds(2));
  const absl::Status status = components_
                                  .Announce("signal",
                                            {Make("indicator", "rsi", "1.0.0", 15), Make("indicator", "sma"),
                                             Make("indicator", "ema", "1.0.0", 16)},
                                            absl::InfiniteFuture())
                                  .status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kAlreadyExists, "COMPONENT_CHANGED"));
  EXPECT_THAT(base::DetailsOf(status).violations,
              ElementsAre(::testing::Field(&base::FieldViolation::field, "components/indicator/rsi/1.0.0"),
                          ::testing::Field(&base::FieldViolation::field, "components/indicator/ema/1.0.0")));
  EXPECT_THAT(base::Message(status), HasSubstr("default 15, min 2, max 500; was integer, default 14"));
  EXPECT_THAT(components_.Get("components/indicator/sma", absl::InfiniteFuture()),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(components_.Announce("signal", {Make("indicator", "rsi", "1.1.0", 15)}, absl::InfiniteFuture()),
              IsOkAndHolds(1));
}

TEST_F(ComponentsTest, TakeOverTextsForPeopleAndTheService) {
  ASSERT_THAT(components_.Announce("signal", {Make("strategy", "ml_model")}, absl::InfiniteFuture()), IsOkAndHolds(1));
  Offer better = Make("strategy", "ml_model");
  better.info.description = "Better words.";
  better.params[0].description = "Better words, too.";
  EXPECT_THAT(components_.Announce("backtest", {better}, absl::InfiniteFuture()), IsOkAndHolds(0));
  BF_ASSERT_OK_AND_ASSIGN(const Component found,
                          components_.Get("components/strategy/ml_model", absl::InfiniteFuture()));
  EXPECT_EQ(found.offer.info.description, "Better words.");
  EXPECT_EQ(found.offer.params[0].description, "Better words, too.");
  EXPECT_EQ(found.service, "backtest");
}

TEST_F(ComponentsTest, AreRefusedWithEveryViolation) {
  EXPECT_THAT(components_.Announce("Signal", {Make("indicator", "RSI", "1")}, absl::InfiniteFuture()),
              StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_ANNOUNCEMENT"));
  EXPECT_EQ(test_database_.Sql("SELECT count(*) FROM registry.component"), "0");
}

TEST_F(ComponentsTest, AreFoundByNameWithTheNewestVersionFirst) {
  ASSERT_THAT(components_.Announce("signal",
                                   {Make("indicator", "rsi", "1.9.0"), Make("indicator", "rsi", "1.10.0"),
                                    Make("indicator", "rsi", "1.2.0"), Make("strategy", "pairs")},
                                   absl::InfiniteFuture()),
              IsOk());
  EXPECT_EQ(components_.Get("components/indicator/rsi", absl::InfiniteFuture())->offer.info.version, "1.10.0");
  const auto message = [&](const std::string& name) {
    return base::Message(components_.Get(name, absl::InfiniteFuture()).status());
  };
  EXPECT_THAT(message("components/indicator/rsi/2.0.0"),
              HasSubstr("known are components/indicator/rsi/1.10.0, components/indicator/rsi/1.2.0"));
  EXPECT_THAT(message("components/indicator/cci"), HasSubstr("known are components/indicator/rsi"));
  EXPECT_THAT(message("components/model/forest"), HasSubstr("known are components/indicator, components/strategy"));
  EXPECT_THAT(components_.Get("components/model/forest", absl::InfiniteFuture()),
              StatusIs(absl::StatusCode::kNotFound, "COMPONENT_NOT_FOUND"));
  EXPECT_THAT(components_.Get("rsi", absl::InfiniteFuture()), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(ComponentsTest, AreListedByKindNameAndVersionPageByPage) {
  ASSERT_THAT(components_.Announce("signal",
                                   {Make("strategy", "b"), Make("indicator", "b", "1.10.0"),
                                    Make("indicator", "b", "1.9.0"), Make("indicator", "a_b"), Make("indicator", "ab")},
                                   absl::InfiniteFuture()),
              IsOk());
  const std::vector<std::string> indicators = {"components/indicator/a_b/1.0.0", "components/indicator/ab/1.0.0",
                                               "components/indicator/b/1.9.0", "components/indicator/b/1.10.0"};
  std::vector<std::string> all = indicators;
  all.push_back("components/strategy/b/1.0.0");
  for (const int page_size : {1, 2, 3, 4, 5, 100}) {
    EXPECT_EQ(Names("", page_size), all) << page_size;
    EXPECT_EQ(Names("indicator", page_size), indicators) << page_size;
  }
  EXPECT_THAT(Names("model", 10), ElementsAre());
}

TEST_F(ComponentsTest, AreAnnouncedByManyReplicasAtOnce) {
  std::vector<Offer> offers;
  for (int i = 0; i < 200; ++i) offers.push_back(Make("indicator", "i" + std::to_string(i)));
  std::vector<std::thread> replicas;
  std::atomic<int64_t> total = 0;
  for (int i = 0; i < 8; ++i) {
    replicas.emplace_back([&, i] {
      std::vector<Offer> mine = offers;
      if (i % 2 == 1) std::reverse(mine.begin(), mine.end());
      const auto inserted = components_.Announce("signal", mine, absl::InfiniteFuture());
      EXPECT_THAT(inserted, IsOk());
      total += inserted.value_or(0);
    });
  }
  for (std::thread& replica : replicas) replica.join();
  EXPECT_EQ(total, 200);
  EXPECT_EQ(test_database_.Sql("SELECT count(*) FROM registry.component"), "200");
}

TEST_F(ComponentsTest, FitIntoOneAnnouncementByTheThousands) {
  std::vector<Offer> offers;
  for (int i = 0; i < 10'000; ++i) offers.push_back(Make("indicator", "i" + std::to_string(i)));
  EXPECT_THAT(components_.Announce("signal", offers, absl::InfiniteFuture()), IsOkAndHolds(10'000));
  EXPECT_THAT(components_.Announce("signal", offers, absl::InfiniteFuture()), IsOkAndHolds(0));
}

}  // namespace
}  // namespace breadthflow::registry
