#include "services/cli/series_spool.h"

#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "services/cli/series_file.h"
#include "tests/support/matchers.h"

namespace breadthflow::cli {
namespace {

using common::v1::SeriesMessage;
using ::testing::ElementsAre;
using testing::IsOk;
using testing::StatusIs;

// A message of one row, each of whose columns holds its own place, from 1.
SeriesMessage Row(const std::string& symbol, int64_t time, const std::vector<std::string>& columns) {
  SeriesMessage message;
  message.mutable_packed()->mutable_key()->set_symbol(symbol);
  message.mutable_packed()->add_times_unix_ns(time);
  for (const std::string& name : columns) {
    common::v1::Column& column = *message.mutable_packed()->add_columns();
    column.set_name(name);
    column.add_int_values(message.packed().columns_size());
  }
  return message;
}

std::unique_ptr<SeriesSpool> Spooled(const std::vector<SeriesMessage>& messages,
                                     std::vector<std::string> columns = {}) {
  auto spool = SeriesSpool::Make(std::filesystem::temp_directory_path(), std::move(columns));
  EXPECT_THAT(spool, IsOk());
  for (const SeriesMessage& message : messages) EXPECT_THAT((*spool)->Take(message), IsOk());
  return *std::move(spool);
}

TEST(SeriesSpool, ATableHasTheColumnsOfAllBatchesAndSeries) {
  const auto spool =
      Spooled({Row("LL", 0, {"open", "close"}), Row("LL", 1'000'000'000, {"open", "vwap", "close", "count"}),
               Row("SPY", 0, {"close", "dividend"})});
  EXPECT_THAT(spool->columns(), ElementsAre("open", "vwap", "close", "dividend", "count"));
  EXPECT_FALSE(spool->says().calendar);
  std::ostringstream out;
  SeriesWriter writer(out, SeriesFormat::kCsv, spool->columns());
  ASSERT_THAT(spool->Replay([&](const SeriesMessage& message) { return writer.Take(message); }), IsOk());
  EXPECT_EQ(out.str(),
            "symbol,time,resource,timeframe,price_basis,open,vwap,close,dividend,count\n"
            "LL,1970-01-01T00:00:00Z,,,,1,,2,,\n"
            "LL,1970-01-01T00:00:01Z,,,,1,2,3,,4\n"
            "SPY,1970-01-01T00:00:00Z,,,,,,1,2,\n");
}

TEST(SeriesSpool, TheOrderOfSeriesDoesNotMatter) {
  const SeriesMessage apple = Row("AAPL", 0, {"open", "close", "vwap"}), spy = Row("SPY", 0, {"open", "close"});
  EXPECT_THAT(Spooled({apple, spy})->columns(), ElementsAre("open", "close", "vwap"));
  EXPECT_THAT(Spooled({spy, apple})->columns(), ElementsAre("open", "close", "vwap"));
  EXPECT_THAT(Spooled({spy, apple}, {"close"})->columns(), ElementsAre("close", "open", "vwap"))
      << "what was named comes first, and once";
}

TEST(SeriesSpool, SaysWhetherACalendarWasNamedForAnyOfThem) {
  SeriesMessage coin = Row("BTC", 0, {"close"});
  coin.mutable_first_of()->set_symbol("BTC");
  coin.mutable_origin()->set_calendar("24/7");
  EXPECT_TRUE(Spooled({Row("A", 0, {"close"}), coin})->says().calendar);
  coin.mutable_packed()->mutable_columns(0)->set_name("calendar");
  EXPECT_FALSE(Spooled({coin})->says().calendar) << "a field of that resource";
}

TEST(SeriesSpool, GivesBackEveryMessageUntilOneIsNotTaken) {
  SeriesMessage none;
  none.mutable_first_of()->set_symbol("NONE");
  const auto spool = Spooled({Row("A", 0, {"a"}), none, Row("B", 0, {"b"})});
  for (int pass = 0; pass < 2; ++pass) {
    std::vector<std::string> seen;
    EXPECT_THAT(spool->Replay([&](const SeriesMessage& message) {
      seen.push_back(message.packed().key().symbol() + message.first_of().symbol());
      return absl::OkStatus();
    }),
                IsOk());
    EXPECT_THAT(seen, ElementsAre("A", "NONE", "B"));
  }
  int seen = 0;
  const absl::Status full = spool->Replay([&](const SeriesMessage&) {
    return ++seen < 2 ? absl::OkStatus()
                      : base::MakeError(absl::StatusCode::kFailedPrecondition, "CANNOT_WRITE", "full");
  });
  EXPECT_THAT(full, StatusIs(absl::StatusCode::kFailedPrecondition, "CANNOT_WRITE"));
  EXPECT_EQ(seen, 2);
  EXPECT_THAT(Spooled({})->Replay([](const SeriesMessage&) { return absl::OkStatus(); }), IsOk());
}

}  // namespace
}  // namespace breadthflow::cli
