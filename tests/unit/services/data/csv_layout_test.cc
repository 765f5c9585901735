#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/data/domain/resource.h"
#include "services/data/sources/csv/layout.h"
#include "services/data/sources/csv/options.h"
#include "services/data/sources/csv/read.h"
#include "tests/support/matchers.h"
#include "tests/unit/services/data/made_resource.h"

// Small files of the layouts, in their own words.
namespace breadthflow::data::csv {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::SizeIs;
using testing::StatusIs;

absl::StatusOr<SourceData> ReadText(const std::string& text, const std::string& resource,
                                    component::RawParams given = {}, const std::string& name = "f.csv",
                                    const std::string& symbol = "AAPL") {
  BF_ASSIGN_OR_RETURN(const component::Params params, component::Params::Check(ReadParams(), given));
  BF_ASSIGN_OR_RETURN(const ReadOptions options, OptionsOf(params));
  const bool bars = FindResource(resource).value()->bars;
  const SourceQuery query{resource, symbol, bars ? quant::Timeframe::kDay : quant::Timeframe::kTick, {}};
  BF_RETURN_IF_ERROR(CheckQuery(query, options));
  const File file{name, text};
  return Read({&file, 1}, query, options);
}

std::string Faults(const absl::StatusOr<SourceData>& data) {
  std::string all;
  for (const auto& violation : base::DetailsOf(data.status()).violations)
    all += violation.field + " " + violation.description + "\n";
  return all;
}

std::string Utc(int64_t nanos) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*S", absl::FromUnixNanos(nanos), absl::UTCTimeZone());
}

std::string Cell(const SourceData& data, const std::string& column, size_t row) {
  const quant::Column* found = data.series.Find(column);
  if (found == nullptr || !found->present(row)) return "-";
  if (const auto* texts = std::get_if<std::vector<std::string>>(&found->values)) return (*texts)[row];
  if (const auto* ints = std::get_if<std::vector<int64_t>>(&found->values)) return std::to_string((*ints)[row]);
  return fmt::format("{}", std::get<std::vector<double>>(found->values)[row]);
}

TEST(CsvLayout, ALayoutOfSeveralResourcesIsListedOnce) {
  const std::string names = ", " + LayoutNames("") + ",";
  for (const Layout& layout : Layouts()) {
    const size_t first = names.find(", " + layout.name + ",");
    ASSERT_NE(first, std::string::npos) << layout.name;
    EXPECT_EQ(names.find(", " + layout.name + ",", first + 1), std::string::npos) << layout.name;
    EXPECT_THAT(LayoutNames(layout.resources[0]), HasSubstr(layout.name));
  }
}

TEST(CsvLayout, EveryLayoutNamesFieldsThatItsResourceHasAndAllThatAreRequired) {
  std::set<std::pair<std::string, std::string>> seen;
  for (const Layout& layout : Layouts()) {
    EXPECT_FALSE(layout.description.empty()) << layout.name;
    EXPECT_THAT(layout.resources, SizeIs(1)) << layout.name;
    const auto predefined = FindResource(layout.resources[0]);
    const Resource* resource = predefined.ok() ? *predefined : &Made(layout.resources[0]);
    EXPECT_TRUE(seen.emplace(layout.name, resource->id).second) << layout.name << " twice";
    std::set<std::string> filled;
    for (const auto& [field, text] : layout.constants) filled.insert(field);
    for (const Column& column : layout.columns) {
      if (column.field.empty()) continue;
      EXPECT_TRUE(column.field.starts_with("csv.") || resource->Find(column.field) != nullptr)
          << layout.name << " " << column.field;
      if (!column.optional) filled.insert(column.field);
    }
    if (!layout.time.zone.empty()) {
      EXPECT_THAT(Zone::Find(layout.time.zone), IsOk()) << layout.name;
    }
    if (layout.shape != Shape::kRows) continue;
    for (const Field& field : resource->fields) {
      EXPECT_TRUE(!field.required || filled.contains(field.name)) << layout.name << " lacks " << field.name;
    }
  }
}

TEST(CsvLayout, TheHeaderTellsTheLayoutWhateverTheOrderAndCaseOfItsNames) {
  const auto data = ReadText(
      "Close,Volume,Date,Open,High,Low,Adj Close,Dividends,Stock Splits\n"
      "1.5,100,2017-01-03,1,2,0.5,1.4,0,0\n1.5,100,2017-01-04,1,2,0.5,1.4,0.2,2\n",
      "stock_price");
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ(Utc(data->series.times[0]), "2017-01-03T21:00:00");
  EXPECT_EQ(Cell(*data, "high", 0), "2");
  EXPECT_EQ(Cell(*data, "adj_close", 0), "1.4");
  EXPECT_EQ(Cell(*data, "split_ratio", 0), "1") << "0 says that there was none";
  EXPECT_EQ(Cell(*data, "split_ratio", 1), "2");
  EXPECT_EQ(Cell(*data, "dividend", 1), "0.2");
}

TEST(CsvLayout, AHeaderOfSeveralLayoutsMustBeToldApart) {
  const std::string text = "timestamp,open,high,low,close\n2013-02-01T00:00:00Z,1,2,0.5,1.5\n";
  EXPECT_THAT(Faults(ReadText(text, "quote")), HasSubstr("may be of any of bid_bars_1m, ask_bars_1m"))
      << "neither side is said";
  EXPECT_THAT(Faults(ReadText(text, "stock_price")),
              AllOf(HasSubstr("layout bars_timestamp needs volume, which it lacks"),
                    HasSubstr("of which there must be one for each of open,high,low,close,volume"),
                    HasSubstr("it is of the layout bid_bars_1m or ask_bars_1m of quote (--resource quote without "
                              "--timeframe and the parameter layout (data import: --set layout=bid_bars_1m; ")));
  const auto bid = ReadText(text, "quote", {{"layout", "bid_bars_1m"}});
  ASSERT_THAT(bid, IsOk());
  EXPECT_EQ(Utc(bid->series.times[0]), "2013-02-01T00:01:00");
  EXPECT_EQ(Cell(*bid, "bid_price", 0), "1.5");
  EXPECT_EQ(Cell(*bid, "csv.bid_high", 0), "2");
  EXPECT_THAT(Faults(ReadText(text, "stock_price")), HasSubstr("of no layout of stock_price"));
  EXPECT_THAT(Faults(ReadText(text, "quote", {{"layout", "bars"}})), HasSubstr("bid_bars_1m"))
      << "not a layout of quotes";
}

TEST(CsvLayout, ColumnsAreMappedByHand) {
  const std::string text = "When;Last;Bid;Note\n1588291201099;10.5;10;x\n1588291201100;10.6;;y\n";
  const auto data =
      ReadText(text, "trade", {{"columns", "time=When,price=Last,size=Last,csv.bid=Bid"}, {"time_unit", "ms"}});
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ(Utc(data->series.times[0]), "2020-05-01T00:00:01.099");
  EXPECT_EQ(Cell(*data, "price", 1), "10.6");
  EXPECT_EQ(Cell(*data, "csv.bid", 0), "10");
  EXPECT_EQ(Cell(*data, "csv.bid", 1), "-");
  EXPECT_THAT(Faults(ReadText(text, "trade", {{"columns", "time=When,price=Last"}})), HasSubstr("must map size"));
  EXPECT_THAT(Faults(ReadText(text, "trade", {{"columns", "time=When,price=Last,size=Lots"}})),
              HasSubstr("needs the column lots"));
  EXPECT_THAT(Faults(ReadText(text, "trade", {{"columns", "time=When,price=Last,size=Last,colour=Bid"}})),
              HasSubstr("trade has no field colour"));
}

TEST(CsvLayout, WrongParametersAreNamedAllAtOnce) {
  const std::string faults = Faults(ReadText("", "stock_price",
                                             {{"layout", "x"},
                                              {"columns", "close"},
                                              {"calendar", "MARS"},
                                              {"time_zone", "Middle/Earth"},
                                              {"skip_lines", "1"},
                                              {"time_unit", "s"}}));
  for (const char* field : {"layout there is no layout 'x'", "columns must be FIELD=HEADER", "calendar",
                            "time_zone must be", "skip_lines must be numbers"}) {
    EXPECT_THAT(faults, HasSubstr(field));
  }
}

TEST(CsvLayout, NewestFirstIsAnErrorUnlessItIsExpected) {
  const std::string text = "date,open,high,low,close,volume\n2017-01-04,2,2,2,2,1\n2017-01-03,1,1,1,1,1\n";
  EXPECT_THAT(Faults(ReadText(text, "stock_price")), HasSubstr("f.csv:3 2017-01-03 is earlier than the row before"));
  const auto data = ReadText(text, "stock_price", {{"order", "any"}});
  ASSERT_THAT(data, IsOk());
  EXPECT_THAT(data->series.Doubles("close"), ElementsAre(1, 2));
  EXPECT_THAT(data->labels, ElementsAre("f.csv:3", "f.csv:2"));
  EXPECT_THAT(Faults(ReadText(text + "2017-01-04,2,2,2,2,1\n", "stock_price", {{"order", "any"}})),
              HasSubstr("f.csv:4 has the time of f.csv:2"));
}

TEST(CsvLayout, DaysOfOtherExchangesEndInTheirOwnZoneAndAreNeverTakenForNewYork) {
  const std::string text = "date,open,high,low,close,volume\n2023-04-14 00:00:00+09:00,1,1,1,1,1\n";
  EXPECT_THAT(Faults(ReadText(text, "stock_price")), HasSubstr("a day of XNYS does not begin at"));
  const auto data = ReadText(text, "stock_price", {{"calendar", "none"}});
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ(Utc(data->series.times[0]), "2023-04-14T15:00:00");
  const auto crypto =
      ReadText("date,open,high,low,close,volume\n2017-08-19,1,1,1,1,1\n", "stock_price", {{"calendar", "24/7"}});
  ASSERT_THAT(crypto, IsOk());
  EXPECT_EQ(Utc(crypto->series.times[0]), "2017-08-20T00:00:00");
  EXPECT_THAT(Faults(ReadText("date,open,high,low,close,volume\n2017-01-03 09:30,1,1,1,1,1\n", "stock_price")),
              HasSubstr("without a time of day"));
}

// What a job has stored are its parameters with their defaults: a resumed one must not take these for names.
TEST(CsvLayout, OnlyACalendarThatSomebodyGivesIsNamed) {
  const auto named = [](const component::RawParams& given) {
    const auto params = component::Params::Check(ReadParams(), given);
    EXPECT_THAT(params, IsOk());
    const auto options = OptionsOf(*params);
    EXPECT_THAT(options, IsOk());
    EXPECT_EQ(options->market, MarketIn(params->values()));
    return options->market;
  };
  EXPECT_EQ(named({}), std::nullopt);
  EXPECT_EQ(named({{"calendar", std::string("XNYS")}}), (SeriesMarket{"XNYS", ""}));
  EXPECT_EQ(named({{"calendar", std::string("none")}, {"time_zone", std::string("utc")}}),
            (SeriesMarket{"none", "utc"}));
  const auto data = ReadText("date,open,high,low,close,volume\n2017-01-03,1,1,1,1,1\n", "stock_price");
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ(Utc(data->series.times[0]), "2017-01-03T21:00:00")
      << "dates are those of XNYS where the symbol tells nothing";
  EXPECT_EQ(data->market, std::nullopt);
}

TEST(CsvLayout, DatesAreThoseOfTheCalendarThatTheSymbolNamesUnlessOneIsNamed) {
  const std::string text = "date,open,high,low,close,volume\n2024-01-02,1,1,1,1,1\n";
  const auto stamp = [&](const std::string& symbol, const component::RawParams& params = {}) {
    const auto data = ReadText(text, "stock_price", params, "f.csv", symbol);
    EXPECT_THAT(data, IsOk()) << symbol;
    return data.ok() ? Utc(data->series.times[0]) : "";
  };
  EXPECT_EQ(stamp("AAPL"), "2024-01-02T21:00:00");
  EXPECT_EQ(stamp("BTC-USD"), "2024-01-03T00:00:00");
  EXPECT_EQ(stamp("EURUSD=X"), "2024-01-02T22:00:00");
  EXPECT_EQ(stamp("BTC-USD", {{"calendar", "XNYS"}}), "2024-01-02T21:00:00");
  EXPECT_EQ(stamp("VOD.L"), "2024-01-03T00:00:00") << "sessions that are not known: the date in UTC";
  EXPECT_EQ(stamp("VOD.L", {{"time_zone", "new_york"}}), "2024-01-03T05:00:00") << "or in the zone that is named";
  const std::string said = "date,open,high,low,close,volume,calendar\n2024-01-02,1,1,1,1,1,";
  EXPECT_THAT(ReadText(said + "24/7\n", "stock_price", {}, "f.csv", "BTC-USD"), IsOk());
  EXPECT_THAT(Faults(ReadText(said + "XNYS\n", "stock_price", {}, "f.csv", "BTC-USD")),
              HasSubstr("says that it keeps the calendar XNYS, by which its dates must be read"));
}

TEST(CsvLayout, LinesToSkipAreSkippedAndMustBeThere) {
  const std::string text = "date,open,high,low,close,volume\n11:34,1,1,1,1,x\n2017-01-03,1,1,1,1,1\n";
  ASSERT_THAT(ReadText(text, "stock_price", {{"skip_lines", "2"}}), IsOk());
  EXPECT_THAT(Faults(ReadText(text, "stock_price", {{"skip_lines", "2,9"}})), HasSubstr("f.csv:9 is to be skipped"));
}

TEST(CsvLayout, AnAmbiguousDateNeedsItsOrder) {
  const std::string text = "TIMESTAMP,BID,ASK\n02/03/2010 16:53:50,0.5346,0.5347\n";
  EXPECT_THAT(Faults(ReadText(text, "quote")), HasSubstr("f.csv:2 which number of '02/03/2010 16:53:50' is the month"));
  const component::RawParams utc = {{"time_zone", "utc"}};
  const auto first = [&](const char* order, const std::string& in) {
    component::RawParams params = utc;
    params["date_order"] = std::string(order);
    return Utc(ReadText(in, "quote", params)->series.times[0]);
  };
  EXPECT_EQ(first("month_first", text), "2010-02-03T16:53:50");
  EXPECT_EQ(first("day_first", text), "2010-03-02T16:53:50");
  EXPECT_EQ(first("day_first", "TIMESTAMP,BID,ASK\n02.03.2010 16:53:50,0.5346,0.5347\n"), "2010-03-02T16:53:50");
}

TEST(CsvLayout, WallClockTimesNeedAZoneAndItIsAskedForOnce) {
  const std::string text = "timestamp,bid,ask\n2010-02-03T16:53:50,1,2\n2010-02-03T16:53:51,1,2\n";
  EXPECT_THAT(Faults(ReadText(text, "quote")),
              AllOf(HasSubstr("f.csv:2 in which time zone '2010-02-03T16:53:50' is must be said"),
                    HasSubstr("--set time_zone=utc"), ::testing::Not(HasSubstr("f.csv:3"))));
  EXPECT_EQ(Utc(ReadText(text, "quote", {{"time_zone", "Asia/Tokyo"}})->series.times[0]), "2010-02-03T07:53:50");
  EXPECT_THAT(ReadText("timestamp,bid,ask\n2010-02-03T16:53:50-05:00,1,2\n", "quote"), IsOk());
}

// Quotes in New York around the Sunday on which clocks go back.
std::string QuotesAt(const std::vector<std::string>& clocks, const std::string& day = "2021-11-07") {
  std::string text = "timestamp,bid,ask\n";
  for (const std::string& clock : clocks) text += day + "T" + clock + ",1,2\n";
  return text;
}

TEST(CsvLayout, TimesThatClocksShowTwiceAreToldApartByTheirOrder) {
  const component::RawParams zone = {{"time_zone", "new_york"}};
  const auto both = ReadText(QuotesAt({"00:59", "01:00", "01:30", "01:00", "01:30", "02:00"}), "quote", zone);
  ASSERT_THAT(both, IsOk());
  std::vector<std::string> utc;
  for (const int64_t time : both->series.times) utc.push_back(Utc(time).substr(11, 5));
  EXPECT_THAT(utc, ElementsAre("04:59", "05:00", "05:30", "06:00", "06:30", "07:00"));
  for (const auto& one : {QuotesAt({"00:59", "01:30", "02:00"}), QuotesAt({"01:30"})}) {
    EXPECT_THAT(Faults(ReadText(one, "quote", zone)), HasSubstr("T01:30 twice in that time zone"));
  }
  EXPECT_THAT(ReadText("timestamp,bid,ask\n2021-11-07T01:30-05:00,1,2\n", "quote", zone), IsOk());
  component::RawParams any = zone;
  any["order"] = std::string("any");
  EXPECT_THAT(Faults(ReadText(QuotesAt({"01:30", "01:00"}), "quote", any)), HasSubstr("f.csv:2 clocks showed"));
}

TEST(CsvLayout, ATimeThatClocksSkipIsBlamedOnItsOwnRow) {
  const std::string faults = Faults(
      ReadText(QuotesAt({"01:59", "02:30", "03:00", "03:10"}, "2021-03-14"), "quote", {{"time_zone", "new_york"}}));
  EXPECT_THAT(faults, HasSubstr("f.csv:3 clocks never showed 2021-03-14T02:30"));
  EXPECT_THAT(faults, ::testing::Not(HasSubstr("f.csv:4")));
}

TEST(CsvLayout, DatesThatAreMappedAsTheTimeBeginOrEndTheirDay) {
  const auto dividend =
      ReadText("Ex-Date;Cash\n02.01.2020;0.5\n", "dividend",
               {{"columns", "time=Ex-Date,ex_date=Ex-Date,amount=Cash"}, {"date_order", "day_first"}});
  ASSERT_THAT(dividend, IsOk()) << Faults(dividend);
  EXPECT_EQ(Utc(dividend->series.times[0]), "2020-01-02T05:00:00") << "the day begins in New York";
  EXPECT_EQ(Cell(*dividend, "ex_date", 0), "2020-01-02");
  const auto rate = ReadText("Day,Rate\n2020-01-02,0.01\n", "interest_rate", {{"columns", "time=Day,rate=Rate"}});
  ASSERT_THAT(rate, IsOk()) << Faults(rate);
  EXPECT_EQ(Utc(rate->series.times[0]), "2020-01-03T00:00:00") << "known when the day is over";
}

TEST(CsvLayout, NothingIsQuotedOfAFileWithoutAKnownColumn) {
  const std::string secret = "root:x:0:0:the secret,of:/root:/bin/sh\nmore:y:secrets,here\n";
  for (const component::RawParams& params :
       {component::RawParams(), component::RawParams{{"layout", "bars"}},
        component::RawParams{{"layout", "trades_epoch_seconds"}},
        component::RawParams{{"columns", "time=T,open=O,high=H,low=L,close=C,volume=V"}}}) {
    for (const char* resource : {"stock_price", "trade"}) {
      const auto data = ReadText(secret, resource, params);
      ASSERT_FALSE(data.ok());
      EXPECT_THAT(base::Message(data.status()) + Faults(data), ::testing::Not(HasSubstr("secret")));
    }
  }
  EXPECT_THAT(Faults(ReadText(secret, "stock_price")),
              HasSubstr("f.csv:1 the header has 2 columns, and none that a layout of stock_price knows"));
}

TEST(CsvLayout, WeeksAreNotReadAsDays) {
  const std::string weeks =
      "date,open,high,low,close,volume\n2020-01-03,1,1,1,1,1\n2020-01-10,1,1,1,1,1\n2020-01-17,1,1,1,1,1\n";
  EXPECT_THAT(
      Faults(ReadText(weeks, "stock_price")),
      HasSubstr("f.csv:3 is 7 days after the row before, and so are all others: bars of weeks and not of 1day"));
}

TEST(CsvLayout, ADividendColumnIsKnownByItsPlainName) {
  const auto data = ReadText("date,open,high,low,close,volume,dividend\n2020-01-03,1,1,1,1,1,0.25\n", "stock_price");
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ(Cell(*data, "dividend", 0), "0.25");
}

TEST(CsvLayout, OneSidedQuotesHaveNoOtherSide) {
  const std::string header = "timestamp,bid,bid_size,ask,ask_size,exchange,quote_condition,suspicious\n";
  const auto data = ReadText(header + "2013-10-07T04:00:00.054,0.0,0,183.63,100,Q,1,0\n", "quote");
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ(Utc(data->series.times[0]), "2013-10-07T08:00:00.054") << "New York";
  EXPECT_EQ(Cell(*data, "bid_price", 0) + Cell(*data, "bid_size", 0), "--");
  EXPECT_EQ(Cell(*data, "ask_size", 0), "100");
  EXPECT_THAT(Faults(ReadText(header + "2013-10-07T04:00:00,0.0,7,183.63,100,Q,1,0\n", "quote")),
              HasSubstr("there is a bid_size but no bid"));
}

TEST(CsvLayout, FilesOfManySymbolsGiveTheRowsOfTheOneAskedFor) {
  const std::string text = "date,symbol,tweet_count\n2014-01-01,AAPL,8\n2014-01-01,AMZN,1\n2014-01-02,AAPL,9\n";
  const auto data = ReadText(text, "news_sentiment", {}, "f.csv", "AAPL");
  ASSERT_THAT(data, IsOk());
  EXPECT_THAT(data->series.Doubles("mentions"), ElementsAre(8, 9));
  EXPECT_EQ(Utc(data->series.times[0]), "2014-01-02T00:00:00");
  EXPECT_THAT(ReadText(text, "news_sentiment", {}, "f.csv", "IBM"),
              StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_SYMBOL"));
}

TEST(CsvLayout, SharesScoresAndRatesAreBroughtToTheUnitsOfTheResource) {
  const auto counts =
      ReadText("date,symbol,positive,neutral,negative,total\n2025-03-03,AAPL,4,3,3,10\n", "news_sentiment");
  EXPECT_EQ(Cell(*counts, "positive", 0), "0.4");
  const auto index = ReadText("date,score,rating\n2011-01-03,68.0,greed\n", "news_sentiment");
  EXPECT_EQ(Cell(*index, "csv.score", 0), "68");
  EXPECT_NEAR(index->series.Doubles("score")[0], 0.36, 1e-15);
  const auto rate = ReadText("DATE,PCREDIT8\n2003-01-09,2.25\n", "interest_rate");
  EXPECT_EQ(Cell(*rate, "rate", 0), "0.0225");
  EXPECT_EQ(Utc(rate->series.times[0]), "2003-01-10T05:00:00");
}

TEST(CsvLayout, AChainTakesItsDayFromTheNameAndItsUnderlyingFromTheFirstLine) {
  const std::string text =
      "expiry,strike,right,open,high,low,close,volume,open_interest,implied_volatility,delta,gamma,vega,theta,rho\n"
      ",,,628.4,628.5,628.3,628.39,2508,,,,,,,\n2014-06-06,490,C,1,2,0.5,1.5,0,,0,0.97,0,0,-0.8,-0.00\n";
  const auto data = ReadText(text, "option_chain", {}, "AAPL_chain_20140603.csv");
  ASSERT_THAT(data, IsOk());
  ASSERT_EQ(data->series.size(), 1U);
  EXPECT_EQ(Utc(data->series.times[0]), "2014-06-03T20:00:00");
  EXPECT_EQ(Cell(*data, "right", 0), "call");
  EXPECT_EQ(Cell(*data, "underlying_price", 0), "628.39");
  EXPECT_EQ(Cell(*data, "implied_volatility", 0), "-");
  EXPECT_EQ(Cell(*data, "gamma", 0), "0");
  EXPECT_THAT(Faults(ReadText(text, "option_chain", {}, "chain.csv")), HasSubstr("must hold its day as YYYYMMDD"));
}

TEST(CsvLayout, AWideBookHasARowPerLevel) {
  const auto data = ReadText(
      "exchange,symbol,timestamp,local_timestamp,asks[0].price,asks[0].amount,bids[0].price,bids[0].amount,"
      "asks[1].price,asks[1].amount,bids[1].price,bids[1].amount\nb,AAPL,1598918403696000,1598918403810979,"
      "10.1,1,10.0,2,10.2,3,,\n",
      "order_book");
  ASSERT_THAT(data, IsOk());
  ASSERT_EQ(data->series.size(), 3U) << "an empty level is none";
  EXPECT_EQ(Cell(*data, "side", 1) + Cell(*data, "level", 1) + " " + Cell(*data, "price", 1), "ask1 10.2");
  EXPECT_EQ(Cell(*data, "exchange_time_ns", 2), "1598918403696000000");
  EXPECT_EQ(Utc(data->series.times[0]), "2020-09-01T00:00:03.810979");
}

TEST(CsvLayout, AmountsOfOneLineEachBecomeOneRowPerPeriod) {
  const std::string text =
      "period_end,frequency,period_type,field,currency,value\n2023-09-30,annual,12M,CapitalExpenditure,USD,-5\n"
      "2023-09-30,annual,12M,OperatingCashFlow,USD,9\n2023-12-31,quarterly,3M,OperatingCashFlow,USD,2\n"
      "2023-12-31,quarterly,3M,TaxRate,XXX,0.2\n2023-12-31,quarterly,3M,TotalRevenue,USD,7\n";
  const auto data = ReadText(text, "cash_flow");
  ASSERT_THAT(data, IsOk());
  ASSERT_EQ(data->series.size(), 2U);
  EXPECT_EQ(Cell(*data, "capital_expenditure", 0) + " " + Cell(*data, "operating_cash_flow", 0), "5 9");
  EXPECT_EQ(Cell(*data, "period", 1), "quarter");
  EXPECT_EQ(Cell(*data, "csv.TaxRate", 1) + Cell(*data, "csv.TaxRate.currency", 1), "0.2XXX")
      << "what no resource has is kept";
  EXPECT_EQ(data->series.Find("csv.TotalRevenue"), nullptr) << "another resource has it";
  EXPECT_EQ(Utc(data->series.times[0]), "2023-12-30T03:00:00") << "90 days after a year";
  EXPECT_EQ(Utc(data->series.times[1]), "2024-02-15T03:00:00") << "45 days after a quarter";
  EXPECT_THAT(Faults(ReadText(text + "2023-12-31,quarterly,3M,OperatingCashFlow,USD,3\n", "cash_flow")),
              HasSubstr("there twice"));
}

TEST(CsvLayout, ARestatementIsARowOfItsOwn) {
  const std::string text =
      "concept,unit,start,end,value,fiscal_year,fiscal_period,form,filed,frame,accession\n"
      "NetIncomeLoss,USD,2023-01-01,2023-03-31,5,2023,Q1,10-Q,2023-05-01,,a-1\n"
      "EarningsPerShareBasic,USD/shares,2023-01-01,2023-03-31,0.5,2023,Q1,10-Q,2023-05-01,,a-1\n"
      "NetIncomeLoss,USD,2023-01-01,2023-03-31,4,2024,Q1,10-Q,2024-05-01,,a-2\n"
      "Assets,USD,,2023-03-31,100,2023,Q1,10-Q,2023-05-01,,a-1\n";
  const auto data = ReadText(text, "earnings");
  ASSERT_THAT(data, IsOk());
  ASSERT_EQ(data->series.size(), 2U);
  EXPECT_EQ(Cell(*data, "net_income", 0) + " " + Cell(*data, "eps_basic", 0) + " " + Cell(*data, "currency", 0),
            "5 0.5 USD");
  EXPECT_EQ(Cell(*data, "net_income", 1) + " " + Cell(*data, "accession", 1), "4 a-2");
  EXPECT_EQ(Cell(*data, "period", 0), "quarter");
  EXPECT_EQ(Utc(data->series.times[0]), "2023-05-02T02:00:00");
  EXPECT_EQ(Cell(*ReadText(text, "balance_sheet"), "period", 0), "instant");
}

TEST(CsvLayout, ATickerHistoryIsItsChanges) {
  const auto data =
      ReadText("date,ticker,exchange\n1999-03-10,qqq,Q\n2004-11-30,qqq,Q\n2011-03-22,qqqq,Q\n2050-12-31,qqq,Q\n",
               "symbol_change");
  ASSERT_THAT(data, IsOk());
  ASSERT_EQ(data->series.size(), 2U);
  EXPECT_EQ(Cell(*data, "effective_date", 0) + Cell(*data, "old_symbol", 0) + Cell(*data, "new_symbol", 0),
            "2004-12-01QQQQQQQ");
  EXPECT_EQ(Cell(*data, "effective_date", 1) + Cell(*data, "new_symbol", 1), "2011-03-23QQQ");
  const auto none = ReadText("date,ticker,exchange\n1998-01-02,ibm,N\n2050-12-31,ibm,N\n", "symbol_change");
  ASSERT_THAT(none, IsOk());
  EXPECT_TRUE(none->series.empty()) << "the source is certain that there was no change";
}

TEST(CsvLayout, CellsThatMeanNothingAreNamed) {
  EXPECT_THAT(
      Faults(ReadText(
          "contractID,symbol,expiration,strike,type,last,mark,bid,bid_size,ask,ask_size,volume,open_interest,date,"
          "implied_volatility,delta,gamma,theta,vega,rho\n"
          "x,AAPL,2026-02-30,0,straddle,1,1,1,1,1,1,1,1,2026-05-15,1,1,1,1,1,1\n",
          "option_chain")),
      AllOf(HasSubstr("expiration must be a date"), HasSubstr("strike must be above 0"),
            HasSubstr("right must be one of")));
  EXPECT_THAT(Faults(ReadText("Datetime,Open,High,Low,Close,Volume\n2015-09-23T20:57:42,1,2,1,1,5\n", "trade")),
              HasSubstr("high must be equal to close"));
  EXPECT_THAT(Faults(ReadText(std::string("date,open\n2017-01-03,\xff\n"), "stock_price")),
              HasSubstr("f.csv:2 byte 0xff is not UTF-8"));
}

}  // namespace
}  // namespace breadthflow::data::csv
