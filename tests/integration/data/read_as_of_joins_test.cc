// ReadSeries with columns of other resources beside the rows, as they were known at each row, through a real server.
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/data/read_series_fixture.h"

namespace breadthflow::data {
namespace {

using absl::CivilDay;
using clients::Adjustment;
using quant::Series;
using ::testing::ElementsAre;
using testing::IsOk;

TEST_F(ReadSeriesTest, JoinedColumnsAreThoseKnownAtTheTimeOfTheRow) {
  PutAaa();
  Series statements = Statements({{CivilDay(2020, 8, 3), "2020-06-30"},
                                  {CivilDay(2020, 8, 31), "2020-03-31"},
                                  {CivilDay(2020, 9, 2), "2020-06-30"}},
                                 1);
  statements.columns[3].valid = {true, true, false};
  Put(statements);
  const double august = 945, monday = 973, wednesday = 975;  // days since 2018
  const auto joined = [&](clients::AsOfJoin join, std::string_view column, quant::TimeRange range = {}) {
    const auto read = ReadOne("AAA", {.range = range, .joins = {std::move(join)}});
    EXPECT_THAT(read, IsOk());
    std::vector<std::optional<double>> values;
    if (!read.ok()) return values;
    const quant::Column* found = read->Find(column);
    EXPECT_NE(found, nullptr);
    for (size_t row = 0; found != nullptr && row < read->size(); ++row) {
      values.push_back(found->present(row) ? std::optional(read->Doubles(column)[row]) : std::nullopt);
    }
    return values;
  };
  const clients::AsOfJoin plain{.resource = "earnings", .fields = {"eps_diluted", "net_income"}};
  EXPECT_THAT(joined(plain, "earnings.eps_diluted"), ElementsAre(august, august, monday, monday, wednesday));
  EXPECT_THAT(joined(plain, "earnings.net_income"), ElementsAre(1, 1, 1, 1, std::nullopt));
  clients::AsOfJoin other = plain;
  other.skip_missing = true;
  EXPECT_THAT(joined(other, "earnings.net_income"), ElementsAre(1, 1, 1, 1, 1));
  other = plain;
  other.replace_by = "period_end";
  EXPECT_THAT(joined(other, "earnings.eps_diluted"), ElementsAre(august, august, august, august, wednesday))
      << "a restatement of an earlier quarter hides nothing";
  other = plain;
  other.ttl = absl::Hours(25 * 24);
  EXPECT_THAT(joined(other, "earnings.eps_diluted"), ElementsAre(august, std::nullopt, monday, monday, wednesday));
  EXPECT_THAT(joined(other, "earnings.eps_diluted", {CloseOf(CivilDay(2020, 8, 28)), INT64_MAX}),
              ElementsAre(std::nullopt, monday, monday, wednesday));
  Put(Events("dividend", "AAA", {{CivilDay(2020, 9, 1), 1}}));
  BF_ASSERT_OK_AND_ASSIGN(
      const Series several,
      ReadOne("AAA", {.fields = {"close"},
                      .adjustment = Adjustment::kForward,
                      .joins = {plain, {.resource = "dividend", .fields = {"amount", "ex_date"}}}}));
  std::vector<std::string> names;
  for (const quant::Column& column : several.columns) names.push_back(column.name);
  EXPECT_THAT(names, ElementsAre("close", "earnings.eps_diluted", "earnings.net_income", "dividend.amount",
                                 "dividend.ex_date"));
  EXPECT_FALSE(several.Find("dividend.amount")->present(2));
  EXPECT_EQ(several.Doubles("dividend.amount")[3], 1);
}

// As of any instant, no row shows a value that was published after it, or learnt after the instant.
TEST_F(ReadSeriesTest, AJoinNeverLooksAhead) {
  std::mt19937 random(11);
  Put(TwoYears(3));
  Series bars = TwoYears(3);
  bars.key.symbol = "AAA";
  Put(bars);
  std::set<CivilDay> days;
  std::vector<absl::Time> learnt;
  for (int version = 1; version <= 4; ++version) {
    for (int i = 0; i < 12; ++i) days.insert(CivilDay(2017, 12, 1) + static_cast<int>(random() % 800));
    std::vector<std::pair<CivilDay, std::string>> published;
    for (const CivilDay day : days) published.emplace_back(day, std::string(absl::FormatCivilTime(day - 20)));
    Put(Statements(published, version));
    const std::string known =
        database_server_.Sql("SELECT (extract(epoch FROM max(known_at)) * 1000000)::bigint FROM data.series_version");
    learnt.push_back(absl::FromUnixMicros(std::stoll(known)));
  }
  clients::ReadQuery query{.joins = {{.resource = "earnings", .fields = {"eps_diluted", "net_income"}}}};
  size_t shown = 0;
  for (int version = 1; version <= 4; ++version) {
    query.as_of = learnt[static_cast<size_t>(version) - 1];
    for (const std::optional<clients::Resampling>& resampling :
         {std::optional<clients::Resampling>(),
          std::optional<clients::Resampling>({.timeframe = quant::Timeframe::kWeek})}) {
      query.resampling = resampling;
      BF_ASSERT_OK_AND_ASSIGN(const Series rows, ReadOne("AAA", query));
      const quant::Column& eps = *rows.Find("earnings.eps_diluted");
      for (size_t row = 0; row < rows.size(); ++row) {
        if (!eps.present(row)) continue;
        ++shown;
        const CivilDay day = CivilDay(2018, 1, 1) + static_cast<int>(rows.Doubles("earnings.eps_diluted")[row]);
        ASSERT_LE(quant::Xnys().DayStart(day), rows.times[row]);
        ASSERT_LE(rows.Doubles("earnings.net_income")[row], version) << "learnt later";
        for (const CivilDay other : days) {
          if (version < 4 || other <= day) continue;
          ASSERT_GT(quant::Xnys().DayStart(other), rows.times[row]) << "a newer one was known";
        }
      }
    }
  }
  EXPECT_GT(shown, 1000u);
}

}  // namespace
}  // namespace breadthflow::data
