#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/columnar/chunk_store.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"

namespace breadthflow::columnar {

inline constexpr int64_t kStep = 3'600'000'000'000;

inline quant::Series Bars(const std::string& symbol, int64_t begin, int64_t end, double shift = 0) {
  quant::Series series{.key = {"stock_price", symbol, quant::Timeframe::kDay, ""},
                       .basis = quant::PriceBasis::kSplitAdjusted};
  std::vector<double> close, volume;
  for (int64_t day = begin; day < end; ++day) {
    series.times.push_back(day * kStep);
    close.push_back(std::round((100 + std::sin(static_cast<double>(day) / 10) * 20 + shift) * 100) / 100);
    volume.push_back(static_cast<double>(1000 + day % 7 * 100));
  }
  series.Add("close", std::move(close));
  series.Add("volume", std::move(volume));
  return series;
}

// A chunk store on a database of its own.
class ChunkStoreTest : public ::testing::Test {
 protected:
  ChunkStoreTest() { EXPECT_THAT(postgres::Migrate(*database_, Migrations()), testing::IsOk()); }

  absl::StatusOr<int64_t> Commit(const WrittenSeries& written) {
    int64_t version = 0;
    const absl::Status status = database_->Transact([&](postgres::Transaction& tx) -> absl::Status {
      BF_ASSIGN_OR_RETURN(version, store_.Commit(tx, written));
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
    return version;
  }

  int64_t Count(const std::string& table) { return std::stoll(server_.Sql("SELECT count(*) FROM data." + table)); }

  // The database's clock, later than everything committed and earlier than everything that follows.
  absl::Time Now() {
    absl::Time now;
    EXPECT_THAT(database_->Transact([&](postgres::Transaction& tx) -> absl::Status {
      BF_ASSIGN_OR_RETURN(const auto rows, tx.Query("SELECT clock_timestamp(), pg_sleep(0.002)"));
      now = rows[0].Time(0);
      return absl::OkStatus();
    }),
                testing::IsOk());
    return now;
  }

  testing::TestDatabase server_;
  std::unique_ptr<postgres::Database> database_ =
      postgres::Database::Open({.url = server_.url(), .schema = "data", .pool_size = 5});
  ChunkStore store_{*database_};
};

}  // namespace breadthflow::columnar
