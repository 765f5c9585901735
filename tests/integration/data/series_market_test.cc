// What was named for series: before it had versions, and where something is merely concluded.
#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "common/columnar/chunk_store.h"
#include "common/jobs/store.h"
#include "common/postgres/database.h"
#include "common/postgres/migrate.h"
#include "services/data/store/fetch_store.h"
#include "services/data/store/series_store.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"

namespace breadthflow::data {
namespace {

using testing::IsOk;

TEST(SeriesMarketMigration, WhatWasThereIsKnownFromTheBeginning) {
  testing::TestDatabase server;
  const auto database = postgres::Database::Open({.url = server.url(), .schema = "data"});
  std::vector<postgres::Migration> all = jobs::JobStore::Migrations();
  for (const auto* more : {&columnar::Migrations(), &Migrations()}) all.insert(all.end(), more->begin(), more->end());
  std::vector<postgres::Migration> before;
  std::copy_if(all.begin(), all.end(), std::back_inserter(before),
               [](const postgres::Migration& one) { return one.number < 192; });
  ASSERT_LT(before.size(), all.size());
  ASSERT_THAT(postgres::Migrate(*database, before), IsOk());
  server.Sql(
      "INSERT INTO data.series_market (resource, symbol, timeframe, source, calendar, time_zone) VALUES "
      "('stock_price', 'DAX', 8, 'import', 'none', 'Europe/Berlin'), ('stock_price', 'SPY', 8, 'import', 'XNYS', "
      "'utc')");
  ASSERT_THAT(postgres::Migrate(*database, all), IsOk());
  SeriesStore store(*database);
  const quant::SeriesKey dax{"stock_price", "DAX", static_cast<quant::Timeframe>(8), "import"};
  const quant::SeriesKey spy{"stock_price", "SPY", static_cast<quant::Timeframe>(8), "import"};
  const auto known = store.Markets({dax, spy}, absl::UnixEpoch(), absl::InfiniteFuture());
  ASSERT_THAT(known, IsOk());
  ASSERT_EQ(known->size(), 2u);
  EXPECT_EQ(known->at(dax).market, (SeriesMarket{"none", "Europe/Berlin"}));
  EXPECT_EQ(known->at(dax).known_at, absl::InfinitePast());
  EXPECT_EQ(known->at(spy).market, (SeriesMarket{"XNYS", ""})) << "beside a calendar a zone says nothing";
  const auto name = [&](const quant::SeriesKey& key, const SeriesMarket& market) {
    return database->Transact([&](postgres::Transaction& tx) { return store.SetMarket(tx, key, market); });
  };
  ASSERT_THAT(name(spy, {"XNYS", ""}), IsOk());
  EXPECT_EQ(server.Sql("SELECT count(*) FROM data.series_market"), "2") << "that is known";
  ASSERT_THAT(name(spy, {"24/7", ""}), IsOk());
  const auto later = store.Markets({spy}, absl::InfiniteFuture(), absl::InfiniteFuture());
  ASSERT_THAT(later, IsOk());
  EXPECT_EQ(later->at(spy).market.calendar, "24/7");
  const auto earlier = store.Markets({spy}, absl::UnixEpoch(), absl::InfiniteFuture());
  ASSERT_THAT(earlier, IsOk());
  EXPECT_EQ(earlier->at(spy).market.calendar, "XNYS");
}

TEST(SeriesMarket, WhatWasConcludedTakesNoNameAway) {
  testing::TestDatabase server;
  const auto database = postgres::Database::Open({.url = server.url(), .schema = "data"});
  std::vector<postgres::Migration> all = jobs::JobStore::Migrations();
  for (const auto* more : {&columnar::Migrations(), &Migrations()}) all.insert(all.end(), more->begin(), more->end());
  ASSERT_THAT(postgres::Migrate(*database, all), IsOk());
  SeriesStore store(*database);
  const quant::SeriesKey key{"stock_price", "DAX", quant::Timeframe::kDay, "import"};
  quant::Series bars{.key = key, .basis = quant::PriceBasis::kRaw};
  bars.times = {1, 2};
  bars.Add("close", std::vector<double>{1, 2});
  const auto commit = [&](const SeriesMarket& market, Naming naming) -> absl::Status {
    const auto rows = store.chunks().Write(bars, {});
    if (!rows.ok()) return rows.status();
    return database->Transact(
        [&](postgres::Transaction& tx) { return store.Commit(tx, *rows, market, naming).status(); });
  };
  const auto named = [&]() -> std::string {
    const auto markets = store.Markets({key}, absl::InfiniteFuture(), absl::InfiniteFuture());
    EXPECT_THAT(markets, IsOk());
    return markets.ok() && markets->contains(key) ? ToText(markets->at(key).market) : "";
  };
  ASSERT_THAT(commit({"none", "Europe/Berlin"}, Naming::kIfNone), IsOk());
  EXPECT_EQ(named(), "none@Europe/Berlin") << "nobody named one";
  ASSERT_THAT(commit({"XETR", ""}, Naming::kInstead), IsOk());
  ASSERT_THAT(commit({"none", "Europe/Berlin"}, Naming::kIfNone), IsOk());
  EXPECT_EQ(named(), "XETR");
  EXPECT_EQ(server.Sql("SELECT count(*) FROM data.series_market"), "2");
}

}  // namespace
}  // namespace breadthflow::data
