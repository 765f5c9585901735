#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/data/domain/price_basis.h"
#include "services/data/domain/resource.h"
#include "services/data/sources/csv/options.h"
#include "services/data/sources/csv/read.h"
#include "services/data/sources/csv/table_reader.h"
#include "tests/support/matchers.h"

// Files that say what they are: what data export writes, and columns of other files that tell how prices were adjusted.
namespace breadthflow::data::csv {
namespace {

using quant::PriceBasis;
using quant::Timeframe;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::SizeIs;
using testing::StatusIs;

constexpr char kExported[] = "symbol,time,resource,timeframe,price_basis,open,high,low,close,volume,adj_close\n";

struct Asked {
  std::string resource = "stock_price";
  Timeframe timeframe = Timeframe::kDay;
  bool said = true;
  std::string symbol = "AAPL";
};

absl::StatusOr<SourceData> ReadText(const std::string& text, const component::RawParams& given = {},
                                    const Asked& asked = {}) {
  BF_ASSIGN_OR_RETURN(const component::Params params, component::Params::Check(ReadParams(), given));
  BF_ASSIGN_OR_RETURN(const ReadOptions options, OptionsOf(params));
  const SourceQuery query{
      .resource = asked.resource, .symbol = asked.symbol, .timeframe = asked.timeframe, .timeframe_said = asked.said};
  BF_RETURN_IF_ERROR(CheckQuery(query, options));
  const File file{"f.csv", text};
  return Read({&file, 1}, query, options);
}

// The same text, as an import has it read.
absl::StatusOr<std::vector<SourceData>> SendText(const std::string& text, const component::RawParams& given = {},
                                                 const Asked& asked = {}) {
  BF_ASSIGN_OR_RETURN(const auto reader, MakeReader({.resource = asked.resource,
                                                     .timeframe = asked.timeframe,
                                                     .definition = FindResource(asked.resource).value(),
                                                     .timeframe_said = asked.said},
                                                    given));
  return reader->Read("AAPL.csv", text, "");
}

std::string Faults(const absl::Status& status) {
  std::string all;
  for (const auto& violation : base::DetailsOf(status).violations)
    all += violation.field + " " + violation.description + "\n";
  return all;
}

std::string Cell(const SourceData& data, const std::string& column, size_t row) {
  const quant::Column* found = data.series.Find(column);
  if (found == nullptr || !found->present(row)) return "-";
  if (const auto* texts = std::get_if<std::vector<std::string>>(&found->values)) return "'" + (*texts)[row] + "'";
  if (const auto* ints = std::get_if<std::vector<int64_t>>(&found->values)) return std::to_string((*ints)[row]);
  return fmt::format("{}", std::get<std::vector<double>>(found->values)[row]);
}

std::vector<std::string> Times(const SourceData& data) {
  std::vector<std::string> times;
  for (const int64_t time : data.series.times)
    times.push_back(absl::FormatTime("%Y-%m-%dT%H:%M:%E*S", absl::FromUnixNanos(time), absl::UTCTimeZone()));
  return times;
}

TEST(CsvExport, ACalendarThatRowsNameIsThatOfTheirSeries) {
  const std::string header = "symbol,time,resource,timeframe,price_basis,calendar,open,high,low,close,volume\n";
  const std::string text = header + "AAPL,2020-01-02T21:00:00Z,stock_price,1day,raw,,1,1,1,1,1\n" +
                           "BTC,2020-01-02T00:00:00Z,stock_price,1day,raw,24/7,1,1,1,1,1\n" +
                           "DAX,2020-01-02T23:00:00Z,stock_price,1day,raw,none@Europe/Berlin,1,1,1,1,1\n";
  const auto all = SendText(text);
  ASSERT_THAT(all, IsOk());
  ASSERT_THAT(*all, SizeIs(3));
  EXPECT_EQ(all->at(0).market, std::nullopt);
  EXPECT_EQ(all->at(1).market, (SeriesMarket{"24/7", ""}));
  EXPECT_EQ(all->at(2).market, (SeriesMarket{"none", "Europe/Berlin"}));
  EXPECT_THAT(all->at(1).series.columns, SizeIs(5)) << "what rows say of themselves is no column";
  EXPECT_THAT(Faults(SendText(text, {{"calendar", std::string("XNYS")}}).status()),
              AllOf(HasSubstr("AAPL.csv:3 says that it keeps the calendar 24/7, but the parameter calendar that it is "
                              "XNYS"),
                    HasSubstr("AAPL.csv:4 ")));
  EXPECT_THAT(Faults(SendText(header + "A,2020-01-02T21:00:00Z,stock_price,1day,raw,MOON,1,1,1,1,1\n").status()),
              HasSubstr("AAPL.csv:2 a calendar is XNYS"));
  EXPECT_THAT(Faults(SendText(header + "A,2020-01-02T21:00:00Z,stock_price,1day,raw,24/7,1,1,1,1,1\n" +
                              "A,2020-01-03T21:00:00Z,stock_price,1day,raw,XNYS,1,1,1,1,1\n")
                         .status()),
              HasSubstr("AAPL.csv:3 calendar is 'XNYS', but '24/7' in the rows before"));
}

TEST(CsvExport, ACalendarByWhichDatesMustBeReadIsAskedFor) {
  const std::string text = "date,open,high,low,close,volume,calendar\n2017-08-18,1,1,1,1,1,24/7\n";
  EXPECT_THAT(Faults(SendText(text).status()), HasSubstr("by which its dates must be read: say it by"));
  const auto said = SendText(text, {{"calendar", std::string("24/7")}});
  ASSERT_THAT(said, IsOk());
  EXPECT_EQ(said->at(0).market, (SeriesMarket{"24/7", ""}));
  EXPECT_THAT(Times(said->at(0)), ElementsAre("2017-08-19T00:00:00"));
  EXPECT_THAT(SendText("date,open,high,low,close,volume,calendar\n2017-08-18,1,1,1,1,1,XNYS\n"), IsOk());
  const auto by_hand = SendText("d,o,h,l,c,v,calendar\n2017-08-18,1,1,1,1,1,gregorian\n",
                                {{"columns", std::string("time=d,open=o,high=h,low=l,close=c,volume=v")}});
  ASSERT_THAT(by_hand, IsOk()) << "columns that are not mapped are left out";
  EXPECT_EQ(by_hand->at(0).market, std::nullopt);
}

TEST(CsvExport, RowsThatNoTradeMadeAreRefusedAndTheReasonIsSaid) {
  const absl::Status refused = SendText(
                                   "symbol,time,resource,timeframe,price_basis,open,high,low,close,volume,is_filled\n"
                                   "AAPL,2020-01-03T21:00:00Z,stock_price,1day,raw,1,1,1,1,1,0\n"
                                   "AAPL,2020-01-06T21:00:00Z,stock_price,1day,raw,1,1,1,1,0,1\n")
                                   .status();
  EXPECT_THAT(Faults(refused), HasSubstr("is_filled marks rows that repeat the close before them"));
  EXPECT_THAT(Faults(refused), HasSubstr("export without --fill-forward"));
}

TEST(CsvExport, PricesThatWereMadeForOneReadAreRefused) {
  const std::string text = std::string(kExported) +
                           "AAPL,2020-01-02T21:00:00Z,stock_price,1day,total_return@2019-01-02T21:00:00Z,1,1,1,1,1,\n";
  EXPECT_THAT(Faults(ReadText(text).status()),
              AllOf(HasSubstr("f.csv:2 prices are total_return@2019-01-02T21:00:00Z"), HasSubstr("can not be stored")));
}

TEST(CsvExport, BarsComeBackAsTheyAre) {
  const std::string text = std::string(kExported) +
                           "AAPL,2020-01-02T21:00:00Z,stock_price,1day,raw,10.0,12.5,9.0,1e-07,1000.0,\n"
                           "AAPL,2020-01-03T21:00:00Z,stock_price,1day,raw,10.0,12.5,9.0,11.0,5e+20,10.5\n"
                           "MSFT,2020-01-02T21:00:00Z,stock_price,1day,split,1.0,2.0,1.0,1.5,7.0,\n";
  const auto apple = ReadText(text);
  ASSERT_THAT(apple, IsOk());
  EXPECT_THAT(Times(*apple), ElementsAre("2020-01-02T21:00:00", "2020-01-03T21:00:00"));
  EXPECT_THAT(apple->series.Doubles("close"), ElementsAre(1e-07, 11));
  EXPECT_THAT(apple->series.Doubles("volume"), ElementsAre(1000, 5e20));
  EXPECT_EQ(Cell(*apple, "adj_close", 0), "-");
  EXPECT_EQ(Cell(*apple, "adj_close", 1), "10.5");
  EXPECT_EQ(apple->series.basis, PriceBasis::kRaw);
  EXPECT_THAT(apple->series.columns, SizeIs(6)) << "what rows say of themselves is no column";
  EXPECT_THAT(apple->notes, IsEmpty());
  const auto microsoft = ReadText(text, {}, {.symbol = "MSFT"});
  ASSERT_THAT(microsoft, IsOk());
  EXPECT_EQ(microsoft->series.basis, PriceBasis::kSplitAdjusted) << "each symbol says its own";
  EXPECT_EQ(microsoft->series.Find("adj_close"), nullptr);
  const auto sent = SendText(text);
  ASSERT_THAT(sent, IsOk());
  ASSERT_THAT(*sent, SizeIs(2));
  EXPECT_EQ(sent->at(0).series, apple->series);
  EXPECT_EQ(sent->at(1).series, microsoft->series);
}

TEST(CsvExport, TextsAreToldFromMissingOnesAndNanosecondsAndRepeatsStay) {
  const std::string text =
      "symbol,time,resource,timeframe,price_basis,price,size,exchange,conditions\n"
      "AAPL,2013-10-07T13:30:00.000000001Z,trade,tick,,100.5,3.0,Q,\"\"\n"
      "AAPL,2013-10-07T13:30:00.000000001Z,trade,tick,,100.5,4.0,None,\n"
      "AAPL,2013-10-07T13:30:00.000000002Z,trade,tick,,100.25,5.0,\"a,b\",\"say \"\"no\"\"\"\n";
  const auto data = ReadText(text, {}, {.resource = "trade", .timeframe = Timeframe::kTick});
  ASSERT_THAT(data, IsOk());
  EXPECT_THAT(Times(*data), ElementsAre("2013-10-07T13:30:00.000000001", "2013-10-07T13:30:00.000000001",
                                        "2013-10-07T13:30:00.000000002"));
  EXPECT_EQ(Cell(*data, "conditions", 0), "''");
  EXPECT_EQ(Cell(*data, "conditions", 1), "-");
  EXPECT_EQ(Cell(*data, "conditions", 2), "'say \"no\"'");
  EXPECT_EQ(Cell(*data, "exchange", 1), "'None'") << "a text, whatever it says";
  EXPECT_EQ(data->series.basis, PriceBasis::kNotPrices);
}

TEST(CsvExport, ColumnsBeyondTheResourceKeepTheirNamesAndTypes) {
  const std::string text =
      "symbol,time,open,high,low,close,volume,earnings.eps,interest_rate[US10Y].Rate,x.note,x.count\n"
      "AAPL,2020-01-02T21:00:00Z,1,1,1,1,1,,2.0,\"7\",\n"
      "AAPL,2020-01-03T21:00:00Z,1,1,1,1,1,-1.5,2.25,\"\",12\n";
  const auto data = ReadText(text);
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ(Cell(*data, "earnings.eps", 0) + " " + Cell(*data, "earnings.eps", 1), "- -1.5");
  EXPECT_EQ(Cell(*data, "interest_rate[US10Y].Rate", 0), "2");
  EXPECT_EQ(Cell(*data, "x.note", 0) + Cell(*data, "x.note", 1), "'7'''");
  EXPECT_EQ(data->series.Find("x.count")->type(), quant::ColumnType::kInt64);
  EXPECT_EQ(data->series.Find("earnings.eps")->type(), quant::ColumnType::kDouble);
  EXPECT_THAT(
      Faults(
          ReadText("symbol,time,open,high,low,close,volume,colour\nAAPL,2020-01-02T21:00:00Z,1,1,1,1,1,2\n").status()),
      "f.csv:1 stock_price has no field colour\n");
  EXPECT_THAT(Faults(ReadText("symbol,time,open,high,low,close,volume,x.count\n"
                              "AAPL,2020-01-02T21:00:00Z,1,1,1,1,1,2\nAAPL,2020-01-03T21:00:00Z,1,1,1,1,1,2.5\n")
                         .status()),
              "f.csv:3 x.count must be a whole number as in the rows before, was '2.5'\n");
}

TEST(CsvExport, RowsOfAnotherKindThanAskedForAreRefusedOnce) {
  const auto rows = [](std::string_view kind) {
    return fmt::format("{0}AAPL,2020-01-02T21:00:00Z,{1},1,1,1,1,1,\nAAPL,2020-01-03T21:00:00Z,{1},1,1,1,1,1,\n",
                       kExported, kind);
  };
  EXPECT_THAT(Faults(ReadText(rows("stock_price,1hour,raw")).status()),
              "f.csv:2 says that it is of bars of 1hour, not of 1day: name what the file has (--timeframe)\n");
  EXPECT_THAT(Faults(ReadText(rows("index_level,1day,raw")).status()),
              "f.csv:2 says that it is of index_level, not of stock_price: name what the file has (--resource)\n");
  EXPECT_THAT(Faults(ReadText(rows("stock_price,1day,raw"), {{"basis", std::string("split")}}).status()),
              "f.csv:2 says that its prices are raw, but the parameter basis that they are split\n");
  EXPECT_THAT(Faults(ReadText(rows("stock_price,1day,adjusted")).status()), HasSubstr("f.csv:2 "));
  EXPECT_THAT(Faults(ReadText(std::string(kExported) + "AAPL,2020-01-02T21:00:00Z,stock_price,1day,raw,1,1,1,1,1,\n"
                                                       "AAPL,2020-01-03T21:00:00Z,stock_price,1day,split,1,1,1,1,1,\n")
                         .status()),
              HasSubstr("f.csv:3 price_basis is 'split', but 'raw' in the rows before"));
}

TEST(CsvExport, TheDayAsOfWhichPricesWereAdjustedIsBelieved) {
  const auto rows = [](std::string_view first, std::string_view second) {
    return fmt::format(
        "symbol,time,resource,timeframe,price_basis,adjusted_as_of,open,high,low,close,volume\n"
        "AAPL,2020-01-02T21:00:00Z,stock_price,1day,split,{},1,1,1,1,1\n"
        "AAPL,2020-01-03T21:00:00Z,stock_price,1day,split,{},1,1,1,1,1\n",
        first, second);
  };
  const auto said = ReadText(rows("2020-08-28", "2020-08-28"));
  ASSERT_THAT(said, IsOk());
  EXPECT_EQ(said->adjusted_as_of, absl::CivilDay(2020, 8, 28));
  EXPECT_EQ(said->series.Find("adjusted_as_of"), nullptr) << "it is no column of the rows";
  EXPECT_EQ(ReadText(rows("", ""))->adjusted_as_of, std::nullopt);
  EXPECT_EQ(ReadText(rows("", ""), {{"adjusted_as_of", std::string("2020-08-28")}})->adjusted_as_of,
            absl::CivilDay(2020, 8, 28));
  EXPECT_THAT(Faults(ReadText(rows("2020-08-28", "2020-09-01")).status()),
              AllOf(HasSubstr("f.csv:3 adjusted_as_of is '2020-09-01', but '2020-08-28' in the rows before"),
                    HasSubstr("rows of several are for data import FILE without --set")));
  EXPECT_THAT(Faults(ReadText(rows("soon", "soon")).status()), HasSubstr("f.csv:2 adjusted_as_of must be the day"));
  EXPECT_THAT(
      Faults(ReadText(rows("2020-08-28", "2020-08-28"), {{"adjusted_as_of", std::string("2020-08-31")}}).status()),
      HasSubstr("but the parameter adjusted_as_of that it is as of 2020-08-31"));
}

TEST(CsvExport, FilesOfSeveralDaysAreForAnImport) {
  const ReadOptions options = OptionsOf(component::Params::Check(ReadParams(), {}).value()).value();
  const std::string header = "date,open,high,low,close,volume,adjusted_as_of\n";
  const std::vector<File> files = {{"1.csv", header + "2020-01-02,1,1,1,1,1,2020-08-28\n"},
                                   {"2.csv", header + "2020-01-03,1,1,1,1,1,2020-09-01\n"}};
  EXPECT_THAT(Faults(Read(files, {"stock_price", "A", Timeframe::kDay, {}}, options).status()),
              AllOf(HasSubstr("2.csv:1 prices are adjusted as of 2020-09-01 here and as of 2020-08-28 in 1.csv"),
                    HasSubstr("are for data import FILE")));
}

TEST(CsvExport, BarsOfAnySizeComeBack) {
  const std::string weeks = std::string(kExported) +
                            "AAPL,2020-01-03T21:00:00Z,stock_price,1week,split,1,1,1,1,1,\n"
                            "AAPL,2020-01-10T21:00:00Z,stock_price,1week,split,1,1,1,1,1,\n"
                            "AAPL,2020-01-17T21:00:00Z,stock_price,1week,split,1,1,1,1,1,\n";
  EXPECT_THAT(ReadText(weeks, {}, {.timeframe = Timeframe::kWeek}), IsOk());
  EXPECT_THAT(ReadText("symbol,time,open,high,low,close,volume\nAAPL,2020-01-03,1,1,1,1,1\n"), IsOk());
  EXPECT_THAT(Faults(ReadText("symbol,time,open,high,low,close,volume\nAAPL,2020-01-03,1,1,1,1,1\n", {},
                              {.timeframe = Timeframe::kMin1})
                         .status()),
              HasSubstr("time must be YYYY-MM-DDTHH:MM[:SS][Z], was '2020-01-03'"));
}

TEST(CsvExport, ParametersHoldForExportsToo) {
  const std::string text = std::string(kExported) +
                           "AAPL,2020-01-03T21:00:00Z,stock_price,1day,raw,1,1,1,1,1,\n"
                           "AAPL,2020-01-02T21:00:00Z,stock_price,1day,raw,1,1,1,2,1,\n"
                           "no row\n";
  EXPECT_THAT(ReadText(text), StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_CSV"));
  const auto sorted = ReadText(text, {{"order", std::string("any")}, {"skip_lines", std::string("4")}});
  ASSERT_THAT(sorted, IsOk());
  EXPECT_THAT(sorted->series.Doubles("close"), ElementsAre(2, 1));
  const std::string good = text.substr(0, text.find("AAPL,2020-01-02"));
  EXPECT_THAT(ReadText(good, {{"layout", std::string("export")}}), IsOk());
  EXPECT_THAT(Faults(ReadText(good, {{"layout", std::string("bars_time")}}).status()),
              HasSubstr("layout bars_time has no column symbol"));
  const auto by_hand =
      ReadText(good, {{"columns", std::string("time=time,open=open,high=high,low=low,close=adj_close,volume=volume")}});
  EXPECT_THAT(Faults(by_hand.status()), HasSubstr("daily bar has a date without a time of day"));
  const auto told_apart =
      ReadText(std::string(kExported) + "AAPL,2020-01-02,,,raw,1,1,1,1,1,\nMSFT,2020-01-02,,,raw,2,2,2,2,2,\n",
               {{"columns", std::string("symbol=symbol,time=time,open=open,high=high,low=low,close="
                                        "close,volume=volume")}},
               {.symbol = "MSFT"});
  ASSERT_THAT(told_apart, IsOk());
  EXPECT_THAT(told_apart->series.Doubles("close"), ElementsAre(2));
  EXPECT_EQ(told_apart->series.basis, PriceBasis::kRaw) << "columns by hand do not hide what the rows say";
}

TEST(CsvPriceBasis, IsWhatTheFileSaysElseWhatItsColumnsTellByBothWays) {
  struct Case {
    std::string columns;
    std::string cells;
    PriceBasis basis;
    bool told;
  };
  for (const Case& one :
       {Case{"", "", PriceBasis::kSplitAdjusted, false}, Case{",price_basis", ",raw", PriceBasis::kRaw, true},
        Case{",price_basis", ",", PriceBasis::kSplitAdjusted, false},
        Case{",Adj Close,price_basis,timeframe", ",1,split_dividend,1day", PriceBasis::kSplitAndDividendAdjusted, true},
        Case{",Adj Close", ",1", PriceBasis::kSplitAdjusted, true},
        Case{",adjusted_close,dividend_amount,split_coefficient", ",1,0,1", PriceBasis::kRaw, true},
        Case{",Dividends,Stock Splits", ",0,0", PriceBasis::kSplitAndDividendAdjusted, true},
        Case{",Adj Close,Dividends,Stock Splits", ",1,0,0", PriceBasis::kSplitAdjusted, true}}) {
    const std::string text =
        "Date,Open,High,Low,Close,Volume" + one.columns + "\n2020-01-02,1,1,1,1,1" + one.cells + "\n";
    const auto fetched = ReadText(text);
    ASSERT_THAT(fetched, IsOk()) << text;
    EXPECT_EQ(fetched->series.basis, one.basis) << text;
    EXPECT_THAT(fetched->notes, SizeIs(one.told ? 0 : 1)) << text;
    const auto sent = SendText(text);
    ASSERT_THAT(sent, IsOk()) << text;
    EXPECT_EQ(sent->at(0).series, fetched->series) << text;
    EXPECT_EQ(sent->at(0).notes, fetched->notes) << text;
    const auto said = SendText(text, {{"basis", std::string(quant::ToText(one.basis))}});
    ASSERT_THAT(said, IsOk()) << text;
    EXPECT_THAT(said->at(0).notes, IsEmpty()) << "somebody said it";
  }
}

TEST(CsvPriceBasis, FilesOfOneSeriesMustAgreeOnIt) {
  const ReadOptions options = OptionsOf(component::Params::Check(ReadParams(), {}).value()).value();
  const std::vector<File> files = {{"1.csv", "date,open,high,low,close,volume,price_basis\n2020-01-02,1,1,1,1,1,raw\n"},
                                   {"2.csv", "date,open,high,low,close,volume\n2020-01-03,1,1,1,1,1\n"}};
  EXPECT_THAT(Faults(Read(files, {"stock_price", "A", Timeframe::kDay, {}}, options).status()),
              AllOf(HasSubstr("2.csv:1 prices are split here and raw in 1.csv"), HasSubstr("--param basis=raw")));
}

TEST(CsvBarSize, RowsThatDoNotLookLikeDaysAreAskedForTheirSizeUnlessItWasSaid) {
  const std::string header = "symbol,time,open,high,low,close,volume";
  const std::string odd =
      "AAPL,2020-01-02T14:37:00Z,1,1,1,1,1\nAAPL,2020-01-03T16:52:00Z,1,1,1,1,1\n"
      "AAPL,2020-01-06T15:25:00Z,1,1,1,1,1\n";
  EXPECT_THAT(Faults(ReadText(header + "\n" + odd, {}, {.said = false}).status()),
              AllOf(HasSubstr("f.csv:2 ends at 14:37:00 UTC, when no session does"), HasSubstr("--timeframe 1min")));
  const auto said = ReadText(header + "\n" + odd);
  ASSERT_THAT(said, IsOk());
  EXPECT_THAT(said->notes, ::testing::Contains(HasSubstr("f.csv:2 ends at 14:37:00 UTC")));
  const auto plain = ReadText(header + "\nAAPL,2020-01-02T21:00:00Z,1,1,1,1,1\nAAPL,2020-01-03T21:00:00Z,1,1,1,1,1\n",
                              {}, {.said = false});
  ASSERT_THAT(plain, IsOk());
  EXPECT_THAT(plain->notes, ElementsAre(AssumedBasisNote()));
  // Whole numbers since 1970, mapped by hand.
  const component::RawParams epoch = {{"columns", std::string("time=t,open=o,high=o,low=o,close=o,volume=o")},
                                      {"time_unit", std::string("s")}};
  EXPECT_THAT(ReadText("t,o\n1577975820,1\n1578070320,1\n1578324300,1\n", epoch, {.said = false}),
              StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_CSV"));
  std::string described = header + ",timeframe\n";
  for (const char* time : {"2020-01-02T14:37:00Z", "2020-01-03T16:52:00Z", "2020-01-06T15:25:00Z"})
    described += fmt::format("AAPL,{},1,1,1,1,1,1day\n", time);
  const auto believed = ReadText(described, {}, {.said = false});
  ASSERT_THAT(believed, IsOk()) << described;
  EXPECT_THAT(believed->notes, ElementsAre(AssumedBasisNote()));
}

}  // namespace
}  // namespace breadthflow::data::csv
