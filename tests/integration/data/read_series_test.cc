// ReadSeries in every shape, through a real server: adjusted, made into other bars, joined, resumed.
#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "absl/time/clock.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/clients/bars.h"
#include "common/rpc/convert.h"
#include "tests/integration/data/read_fixture.h"

namespace breadthflow::data {
namespace {

using absl::CivilDay;
using clients::Adjustment;
using quant::PriceBasis;
using quant::Series;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;
using ::testing::UnorderedElementsAre;

constexpr CivilDay kThursday(2020, 8, 27);  // then Friday, Monday 31, Tuesday, Wednesday 2 September
const std::vector<double> kCloses = {500, 504, 128, 132, 130};

class ReadSeriesTest : public ReadTest {
 protected:
  // A 4:1 split on Monday and a dividend of 1 on Tuesday.
  void PutAaa(const std::string& events_source = "test") {
    Put(FlatBars("AAA", kThursday, kCloses));
    Put(Events("split", "AAA", {{CivilDay(2020, 8, 31), 4}}, events_source));
    Put(Events("dividend", "AAA", {{CivilDay(2020, 9, 1), 1}}, events_source));
  }
  std::vector<double> Closes(Adjustment adjustment, quant::TimeRange range = {}) {
    const auto read = ReadOne("AAA", {.range = range, .adjustment = adjustment});
    EXPECT_THAT(read, IsOk());
    if (!read.ok()) return {};
    const auto close = read->Doubles("close");
    return {close.begin(), close.end()};
  }
};

MATCHER_P(AreNear, expected, "") {
  if (arg.size() != expected.size()) return false;
  for (size_t i = 0; i < arg.size(); ++i) {
    if (std::abs(arg[i] - expected[i]) > 1e-12 * std::abs(expected[i])) {
      *result_listener << "row " << i << " is " << arg[i] << ", not " << expected[i];
      return false;
    }
  }
  return true;
}
using Doubles = std::vector<double>;

constexpr double kKept = 1.0 - 1.0 / 128.0;  // what the dividend leaves of the close before it

TEST_F(ReadSeriesTest, EachAdjustmentIsWhatAHandComputes) {
  PutAaa();
  EXPECT_THAT(Closes(Adjustment::kRaw), AreNear(kCloses));
  EXPECT_THAT(Closes(Adjustment::kSplit), AreNear(Doubles{125, 126, 128, 132, 130}));
  EXPECT_THAT(Closes(Adjustment::kSplitDividend), AreNear(Doubles{125 * kKept, 126 * kKept, 127, 132, 130}));
  EXPECT_THAT(Closes(Adjustment::kTotalReturn), AreNear(Doubles{500, 504, 512, 532, 4 * (1 + 1 / 132.0) * 130}));
  EXPECT_THAT(Closes(Adjustment::kForwardSplit), AreNear(Doubles{500, 504, 512, 528, 520}));
  EXPECT_THAT(Closes(Adjustment::kForward), AreNear(Doubles{500, 504, 512, 528 / kKept, 520 / kKept}));
  BF_ASSERT_OK_AND_ASSIGN(const Series split, ReadOne("AAA", {.adjustment = Adjustment::kSplit}));
  EXPECT_THAT(split.Doubles("volume"), ElementsAre(400, 400, 100, 100, 100));
  EXPECT_EQ(split.basis, PriceBasis::kSplitAdjusted);
}

TEST_F(ReadSeriesTest, EventsAfterTheRangeCountAsInTheWholeRead) {
  PutAaa();
  const quant::TimeRange two_days{INT64_MIN, CloseOf(CivilDay(2020, 8, 31))};
  EXPECT_THAT(Closes(Adjustment::kSplit, two_days), AreNear(Doubles{125, 126}));
  EXPECT_THAT(Closes(Adjustment::kSplitDividend, two_days), AreNear(Doubles{125 * kKept, 126 * kKept}));
  EXPECT_THAT(Closes(Adjustment::kForward, two_days), AreNear(Doubles{500, 504})) << "no later event changes it";
  const quant::TimeRange from_friday{CloseOf(CivilDay(2020, 8, 28)), INT64_MAX};
  EXPECT_THAT(Closes(Adjustment::kForwardSplit, from_friday), AreNear(Doubles{504, 512, 528, 520}));
}

TEST_F(ReadSeriesTest, TheNewestRowIsAsItTradedWhateverIsAnnounced) {
  PutAaa();
  Put(Events("split", "AAA", {{CivilDay(2020, 8, 31), 4}, {CivilDay(2020, 12, 1), 10}}));
  Put(Events("dividend", "AAA", {{CivilDay(2020, 9, 1), 1}, {CivilDay(2020, 12, 4), 2}}));
  EXPECT_THAT(Closes(Adjustment::kSplit), AreNear(Doubles{125, 126, 128, 132, 130}));
  EXPECT_THAT(Closes(Adjustment::kSplitDividend), AreNear(Doubles{125 * kKept, 126 * kKept, 127, 132, 130}));
}

TEST_F(ReadSeriesTest, EventsAreReadAsOfTheSameInstantAndInASnapshotAsOfThat) {
  PutAaa();
  clients::SnapshotSpec spec;
  spec.symbols = {"AAA"};
  spec.range.end_ns = CloseOf(CivilDay(2020, 9, 1));
  BF_ASSERT_OK_AND_ASSIGN(const auto snapshot, client_->CreateSnapshot(spec, "", {}));
  const absl::Time before = snapshot.spec.as_of;
  Put(Events("split", "AAA", {{CivilDay(2020, 8, 31), 5}}));
  EXPECT_THAT(Closes(Adjustment::kSplit), AreNear(Doubles{100, 100.8, 128, 132, 130}));
  BF_ASSERT_OK_AND_ASSIGN(const Series then, ReadOne("AAA", {.as_of = before, .adjustment = Adjustment::kSplit}));
  EXPECT_THAT(then.Doubles("close"), ElementsAre(125, 126, 128, 132, 130));
  BF_ASSERT_OK_AND_ASSIGN(const Series frozen,
                          ReadOne("AAA", {.snapshot = snapshot.name, .adjustment = Adjustment::kSplitDividend}));
  EXPECT_THAT(frozen.Doubles("close"), AreNear(Doubles{125 * kKept, 126 * kKept, 127}))
      << "the dividend behind the snapshot's range counts";
}

TEST_F(ReadSeriesTest, PricesAdjustedBeforeAreNotAdjustedTwice) {
  Put(FlatBars("BBB", kThursday, kCloses, PriceBasis::kSplitAndDividendAdjusted));
  EXPECT_THAT(ReadOne("BBB", {.adjustment = Adjustment::kSplit}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "ALREADY_ADJUSTED"));
  EXPECT_THAT(ReadOne("BBB", {.basis = PriceBasis::kRaw}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "ALREADY_ADJUSTED"));
  EXPECT_THAT(ReadOne("BBB", {.adjustment = Adjustment::kSplitDividend}), IsOk()) << "is what is stored";
}

// What simulations, signals and models read: each series in its own way, whichever others are asked for with it.
TEST_F(ReadSeriesTest, BarsThatAreAdjustedMoreChangeNothingForOthers) {
  PutAaa();
  Put(FlatBars("BBB", kThursday, {50, 50, 50, 50, 50}, PriceBasis::kSplitAndDividendAdjusted));
  const std::vector<std::vector<std::string>> orders = {{"AAA", "BBB"}, {"BBB", "AAA"}};
  for (const std::vector<std::string>& symbols : orders) {
    clients::ReadQuery query;
    query.symbols = symbols;
    query.fields = {"close"};
    BF_ASSERT_OK_AND_ASSIGN(const std::vector<Series> all, clients::ReadBars(*client_, query, {}));
    std::vector<Series> each;
    const auto keep = [&](Series series) {
      each.push_back(std::move(series));
      return absl::OkStatus();
    };
    ASSERT_THAT(clients::ReadEachBars(*client_, query, keep, {}), IsOk());
    ASSERT_EQ(each, all);
    ASSERT_EQ(all.size(), 2u);
    for (size_t i = 0; i < 2; ++i) {
      const bool raw = symbols[i] == "AAA";
      EXPECT_EQ(all[i].key.symbol, symbols[i]);
      EXPECT_EQ(all[i].basis, raw ? PriceBasis::kSplitAdjusted : PriceBasis::kSplitAndDividendAdjusted);
      EXPECT_EQ(all[i].Doubles("close")[0], raw ? 125 : 50) << "no crash at the split";
    }
  }
  v1::ReadSeriesRequest request;
  request.add_symbols("AAA");
  request.set_keep_adjusted(true);
  EXPECT_THAT(Messages(request), StatusIs(absl::StatusCode::kInvalidArgument)) << "more than what?";
}

// Daily bars of two years, with two splits known apart.
Series TwoYears(uint32_t seed) {
  std::mt19937 random(seed);
  Doubles closes;
  double price = 100;
  for (int i = 0; i < 500; ++i) closes.push_back(price *= 0.98 + 0.04 * (random() % 1000) / 1000.0);
  return FlatBars("YYY", CivilDay(2018, 1, 2), closes);
}

TEST_F(ReadSeriesTest, APartOfBarsMadeIsThatPartOfTheWhole) {
  Series bars = TwoYears(1);
  // A month without a row, and some days: intervals without a trade.
  Series holes = bars.Rows(0, 100);
  ASSERT_THAT(quant::Append(holes, bars.Rows(125, 300)), IsOk());
  ASSERT_THAT(quant::Append(holes, bars.Rows(303, 500)), IsOk());
  Put(holes);
  Put(Events("split", "YYY", {{CivilDay(2018, 3, 7), 2}, {CivilDay(2019, 2, 14), 3}}));
  std::vector<clients::Resampling> all = {{.timeframe = quant::Timeframe::kDay, .fill_forward = true},
                                          {.timeframe = quant::Timeframe::kWeek},
                                          {.timeframe = quant::Timeframe::kWeek, .fill_forward = true},
                                          {.timeframe = quant::Timeframe::kMonth},
                                          {.timeframe = quant::Timeframe::kMonth, .fill_forward = true},
                                          {.rule = quant::BarRule::kVolume, .size = 700},
                                          {.rule = quant::BarRule::kDollar, .size = 123456},
                                          {.rule = quant::BarRule::kRange, .size = 3}};
  std::mt19937 random(7);
  for (const clients::Resampling& resampling : all) {
    for (const std::optional<Adjustment> adjustment :
         {std::optional<Adjustment>(), std::optional<Adjustment>(Adjustment::kSplit)}) {
      SCOPED_TRACE(fmt::format("{} {} fill {} adjusted {}", quant::ToText(resampling.rule),
                               quant::ToText(resampling.timeframe), resampling.fill_forward, adjustment.has_value()));
      clients::ReadQuery query{.adjustment = adjustment, .resampling = resampling};
      BF_ASSERT_OK_AND_ASSIGN(const Series whole, ReadOne("YYY", query));
      ASSERT_GT(whole.size(), 5u);
      for (int i = 0; i < 8; ++i) {
        int64_t a = whole.times[random() % whole.size()] + static_cast<int64_t>(random() % 3) - 1;
        int64_t b = whole.times[random() % whole.size()] + static_cast<int64_t>(random() % 3) - 1;
        if (a == b) continue;
        query.range = {std::min(a, b), std::max(a, b)};
        BF_ASSERT_OK_AND_ASSIGN(const Series part, ReadOne("YYY", query));
        const Series expected = whole.Slice(query.range);
        EXPECT_EQ(part.times, expected.times);
        if (!expected.empty()) {
          EXPECT_EQ(part.columns, expected.columns);
        }
      }
    }
  }
}

TEST_F(ReadSeriesTest, BarsAreMadeAfterTheAdjustmentAndOnlyWholeOnes) {
  PutAaa();
  clients::ReadQuery query{.adjustment = Adjustment::kSplit,
                           .resampling = clients::Resampling{.timeframe = quant::Timeframe::kWeek}};
  BF_ASSERT_OK_AND_ASSIGN(const Series weeks, ReadOne("AAA", query));
  EXPECT_THAT(weeks.times, ElementsAre(CloseOf(CivilDay(2020, 8, 28)))) << "the second week ends on Friday";
  EXPECT_EQ(weeks.key.timeframe, quant::Timeframe::kWeek);
  EXPECT_THAT(weeks.Doubles("open"), ElementsAre(125));
  EXPECT_THAT(weeks.Doubles("close"), ElementsAre(126));
  EXPECT_THAT(weeks.Doubles("volume"), ElementsAre(800));
  Put(FlatBars("AAA", CivilDay(2020, 9, 3), {131, 133}));
  BF_ASSERT_OK_AND_ASSIGN(const Series more, ReadOne("AAA", query));
  ASSERT_EQ(more.size(), 2u);
  EXPECT_EQ(more.Doubles("open")[1], 128);
  EXPECT_EQ(more.Doubles("high")[1], 133);
  EXPECT_EQ(more.Doubles("volume")[1], 500);
  query.range.start_ns = CloseOf(CivilDay(2020, 9, 4));
  BF_ASSERT_OK_AND_ASSIGN(const Series second, ReadOne("AAA", query));
  EXPECT_EQ(second.columns, more.Rows(1, 2).columns) << "the whole week, though the range begins at its end";
}

TEST_F(ReadSeriesTest, TradesMakeBars) {
  Series trades{.key = {"trade", "TTT", quant::Timeframe::kTick, "test"}, .repeats = true};
  const quant::Session& day = *quant::Xnys().Find(CivilDay(2020, 8, 31));
  Doubles price, size;
  for (int i = 0; i < 300; ++i) {
    trades.times.push_back(day.open_ns + (i / 2) * int64_t{2'000'000'000});
    price.push_back(100 + i % 7);
    size.push_back(1 + i % 3);
  }
  trades.Add("price", price);
  trades.Add("size", size);
  Put(trades);
  clients::ReadQuery query{.resource = "trade",
                           .timeframe = quant::Timeframe::kTick,
                           .resampling = clients::Resampling{.timeframe = quant::Timeframe::kMin1}};
  BF_ASSERT_OK_AND_ASSIGN(const Series minutes, ReadOne("TTT", query));
  EXPECT_EQ(minutes.key, (quant::SeriesKey{"stock_price", "TTT", quant::Timeframe::kMin1, ""}));
  ASSERT_EQ(minutes.size(), 5u);
  EXPECT_EQ(minutes.times[0], day.open_ns + int64_t{60'000'000'000});
  EXPECT_THAT(minutes.Ints("trade_count"), ElementsAre(60, 60, 60, 60, 60));
  EXPECT_EQ(minutes.Doubles("volume")[0], 120);
  query.resampling = clients::Resampling{.rule = quant::BarRule::kTicks, .size = 100};
  BF_ASSERT_OK_AND_ASSIGN(const Series ticks, ReadOne("TTT", query));
  EXPECT_THAT(ticks.Ints("trade_count"), ElementsAre(100, 100, 100));
  query.range.start_ns = ticks.times[1];
  BF_ASSERT_OK_AND_ASSIGN(const Series part, ReadOne("TTT", query));
  EXPECT_EQ(part.columns, ticks.Rows(1, 3).columns);
}

// A statement as of a day: the value is its own instant, so that a look ahead shows.
Series Statements(const std::vector<std::pair<CivilDay, std::string>>& published, double version,
                  const std::string& source = "test") {
  Series series{.key = {"earnings", "AAA", quant::Timeframe::kTick, source}, .repeats = true};
  Doubles eps, income;
  std::vector<std::string> periods, kinds;
  for (const auto& [day, period] : published) {
    series.times.push_back(quant::Xnys().DayStart(day));
    eps.push_back(static_cast<double>(day - CivilDay(2018, 1, 1)));
    income.push_back(version);
    periods.push_back(period);
    kinds.emplace_back("quarter");
  }
  series.Add("period_end", periods);
  series.Add("period", kinds);
  series.Add("eps_diluted", eps);
  series.Add("net_income", income);
  return series;
}

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

v1::ReadSeriesRequest Request(std::vector<std::string> symbols) {
  v1::ReadSeriesRequest request;
  request.mutable_symbols()->Add(symbols.begin(), symbols.end());
  return request;
}

// Whatever is written in between, the messages are those that would have come.
TEST_F(ReadSeriesTest, AReadThatBrokeOffGoesOnAsItWouldHave) {
  const auto long_bars = [](const std::string& symbol, int rows, double factor) {
    Series bars{.key = {"stock_price", symbol, quant::Timeframe::kMin1, "test"}, .basis = PriceBasis::kRaw};
    Doubles closes;
    const quant::Session& day = *quant::Xnys().Find(CivilDay(2020, 8, 27));
    for (int i = 0; i < rows; ++i) {
      bars.times.push_back(day.open_ns + i * int64_t{60'000'000'000});
      closes.push_back(factor * (100 + i % 50));
    }
    for (const char* name : {"open", "high", "low", "close", "volume"}) bars.Add(name, closes);
    return bars;
  };
  for (const char* symbol : {"AAA", "BBB", "CCC"}) Put(long_bars(symbol, 20000, 1));
  Put(Events("split", "AAA", {{CivilDay(2020, 8, 28), 4}}));
  Put(Events("split", "BBB", {{CivilDay(2020, 8, 28), 2}}));
  Put(Events("split", "CCC", {{CivilDay(2020, 8, 28), 2}}));
  Put(Statements({{CivilDay(2020, 8, 3), "2020-06-30"}}, 1));
  std::vector<v1::ReadSeriesRequest> requests;
  for (const auto encoding : {common::v1::SERIES_ENCODING_PACKED, common::v1::SERIES_ENCODING_STORED}) {
    v1::ReadSeriesRequest plain = Request({"AAA", "BBB", "CCC"});
    plain.set_timeframe(common::v1::TIMEFRAME_1MIN);
    plain.set_encoding(encoding);
    requests.push_back(plain);
    plain.set_adjustment(common::v1::ADJUSTMENT_SPLIT);
    requests.push_back(plain);
    v1::ReadSeriesRequest joined = Request({"AAA"});
    joined.set_timeframe(common::v1::TIMEFRAME_1MIN);
    joined.set_encoding(encoding);
    v1::AsOfJoin& join = *joined.add_joins();
    join.set_resource("earnings");
    join.add_fields("eps_diluted");
    requests.push_back(joined);
  }
  std::vector<std::vector<Message>> wholes;
  for (const v1::ReadSeriesRequest& request : requests) {
    BF_ASSERT_OK_AND_ASSIGN(wholes.emplace_back(), Messages(request));
    ASSERT_GT(wholes.back().size(), 2u);
  }
  for (const char* symbol : {"AAA", "BBB", "CCC"}) Put(long_bars(symbol, 30000, 2));
  Put(Events("split", "AAA", {{CivilDay(2020, 8, 28), 7}}));
  Put(Events("split", "BBB", {{CivilDay(2020, 8, 28), 7}}, "another"));
  Put(Statements({{CivilDay(2020, 8, 2), "2020-06-30"}}, 2));
  Put(Statements({{CivilDay(2020, 8, 2), "2020-06-30"}}, 2, "another"));
  for (size_t i = 0; i < requests.size(); ++i) {
    const std::vector<Message>& whole = wholes[i];
    for (size_t broken = 0; broken < whole.size(); ++broken) {
      v1::ReadSeriesRequest request = requests[i];
      request.set_resume_token(whole[broken].resume_token());
      BF_ASSERT_OK_AND_ASSIGN(const auto rest, Messages(request));
      ASSERT_EQ(rest.size(), whole.size() - broken - 1) << "request " << i << " after message " << broken;
      for (size_t m = 0; m < rest.size(); ++m) {
        ASSERT_EQ(rest[m].SerializeAsString(), whole[broken + 1 + m].SerializeAsString());
      }
    }
  }
  v1::ReadSeriesRequest other = requests[0];
  other.set_resume_token(wholes[1][0].resume_token());
  EXPECT_THAT(Messages(other), StatusIs(absl::StatusCode::kInvalidArgument)) << "of another read";
  std::string forged = wholes[0][0].resume_token();
  forged[10] = forged[10] == 'A' ? 'B' : 'A';
  other.set_resume_token(forged);
  EXPECT_THAT(Messages(other), StatusIs(absl::StatusCode::kInvalidArgument));
}

std::vector<std::string> FieldsOf(const absl::Status& status) {
  std::vector<std::string> fields;
  for (const auto& violation : base::DetailsOf(status).violations) fields.push_back(violation.field);
  return fields;
}

TEST_F(ReadSeriesTest, EveryViolationIsNamedAtOnce) {
  PutAaa();
  v1::ReadSeriesRequest request = Request({"AAA", "AAA", "a b"});
  request.add_fields("clouds");
  request.set_encoding(static_cast<common::v1::SeriesEncoding>(9));
  request.set_adjustment(static_cast<common::v1::Adjustment>(7));
  request.mutable_resampling()->set_ticks(-1);
  request.mutable_resampling()->set_calendar("MOON");
  request.mutable_resampling()->set_fill_forward(true);
  request.add_joins()->set_resource("tulips");
  v1::AsOfJoin& join = *request.add_joins();
  join.set_resource("earnings");
  join.add_fields("eps_diluted");
  join.add_fields("weather");
  join.add_fields("eps_diluted");
  join.set_replace_by("nothing");
  join.mutable_ttl()->set_seconds(-5);
  request.set_resume_token("made up");
  const auto refused = Messages(request);
  ASSERT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(FieldsOf(refused.status()),
              UnorderedElementsAre("symbols[1]", "symbols[2]", "fields[0]", "encoding", "adjustment",
                                   "resampling.ticks", "resampling.calendar", "resampling.fill_forward",
                                   "joins[0].resource", "joins[0].fields", "joins[1].fields[1]", "joins[1].fields[2]",
                                   "joins[1].replace_by", "joins[1].ttl", "resume_token"));
}

TEST_F(ReadSeriesTest, WhatDoesNotGoTogetherIsRefused) {
  PutAaa();
  const auto refused = [&](v1::ReadSeriesRequest request) {
    const auto answer = Messages(request);
    EXPECT_THAT(answer, StatusIs(absl::StatusCode::kInvalidArgument));
    return FieldsOf(answer.status());
  };
  clients::SnapshotSpec spec;
  spec.symbols = {"AAA"};
  BF_ASSERT_OK_AND_ASSIGN(const auto snapshot, client_->CreateSnapshot(spec, "", {}));
  v1::ReadSeriesRequest request;
  request.set_snapshot(snapshot.name);
  request.set_resource("earnings");
  request.set_timeframe(common::v1::TIMEFRAME_1WEEK);
  request.set_source("test");
  EXPECT_THAT(refused(request), UnorderedElementsAre("resource", "timeframe", "source"));
  request.set_resource("stock_price");
  request.set_timeframe(common::v1::TIMEFRAME_1DAY);
  request.clear_source();
  EXPECT_THAT(Messages(request), IsOk()) << "what it has anyway may be said";
  request = Request({"AAA"});
  request.mutable_resampling();
  EXPECT_THAT(refused(request), ElementsAre("resampling"));
  request.mutable_resampling()->set_timeframe(common::v1::TIMEFRAME_1MIN);
  EXPECT_THAT(refused(request), ElementsAre("resampling.timeframe"));
  request = Request({"AAA"});
  request.set_resource("split");
  request.set_adjustment(common::v1::ADJUSTMENT_SPLIT);
  request.mutable_resampling()->set_ticks(5);
  EXPECT_THAT(refused(request), UnorderedElementsAre("adjustment", "resampling"));
  request = Request({"AAA"});
  for (int i = 0; i < 17; ++i) request.add_joins()->set_resource("earnings");
  EXPECT_THAT(refused(request), ElementsAre("joins"));
  v1::ListSeriesRequest list;
  list.set_resource("tulips");
  grpc::ClientContext context;
  v1::ListSeriesResponse listed;
  EXPECT_THAT(rpc::FromGrpc(stub_->ListSeries(&context, list, &listed)),
              StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_RESOURCE"));
}

TEST_F(ReadSeriesTest, SeriesOfJoinsThatAreNotThereAreNamed) {
  PutAaa();
  v1::ReadSeriesRequest request = Request({"AAA"});
  for (const char* resource : {"earnings", "revenue"}) {
    v1::AsOfJoin& join = *request.add_joins();
    join.set_resource(resource);
    join.add_fields("period_end");
  }
  const auto absent = Messages(request);
  EXPECT_THAT(absent, StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_SERIES"));
  EXPECT_THAT(FieldsOf(absent.status()), ElementsAre("joins[0].symbols[0]", "joins[1].symbols[0]"));
  EXPECT_THAT(base::Message(absent.status()), HasSubstr("AAA"));
  request.mutable_joins()->RemoveLast();
  Put(Statements({{CivilDay(2020, 8, 3), "2020-06-30"}}, 1));
  request.mutable_joins(0)->set_source("nobody");
  const auto unknown = Messages(request);
  EXPECT_THAT(unknown, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(FieldsOf(unknown.status()), ElementsAre("joins[0].source"));
  Put(Statements({{CivilDay(2020, 8, 3), "2020-06-30"}}, 2, "another"));
  request.mutable_joins(0)->clear_source();
  EXPECT_THAT(Messages(request), IsOk()) << "that of the rows";
  Put(FlatBars("AAA", kThursday, kCloses, quant::PriceBasis::kRaw, "third"));
  request.set_source("third");
  EXPECT_THAT(Messages(request), StatusIs(absl::StatusCode::kFailedPrecondition, "SEVERAL_SOURCES"));
  request.mutable_joins(0)->set_source("another");
  EXPECT_THAT(Messages(request), IsOk());
}

}  // namespace
}  // namespace breadthflow::data
