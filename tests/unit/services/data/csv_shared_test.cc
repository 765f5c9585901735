#include "tests/unit/services/data/csv_shared.h"

// Ticks, options, sentiment and rates.
namespace breadthflow::data {
namespace {

constexpr char kIso[] = "%Y-%m-%dT%H:%M:%E*S";
constexpr char kNewYork[] = "America/New_York";

bool Absent() { return testing::SharedFile("data/SOURCES.md").empty(); }

TEST(CsvReal, TradesReadBackEqual) {
  if (Absent()) GTEST_SKIP() << "no shared data here";
  ExpectReadsBackEqual({.path = "ticks/IBM_trades_20131007_first10000.csv",
                        .resource = "trade",
                        .symbol = "IBM",
                        .rows = 10000,
                        .time = Local(kIso, "timestamp", kNewYork),
                        .columns = {{"price", Number("price")},
                                    {"size", Number("size")},
                                    {"exchange", Word("exchange")},
                                    {"conditions", Word("sale_condition")},
                                    {"suspicious", Whole("suspicious")}}});
  ExpectReadsBackEqual({.path = "ticks/XBTUSD_trades_20200301_bitmex.csv",
                        .resource = "trade",
                        .symbol = "XBTUSD",
                        .rows = 10,
                        .time = Epoch("local_timestamp", absl::Microseconds(1)),
                        .columns = {{"price", Number("price")},
                                    {"size", Number("amount")},
                                    {"side", Word("side")},
                                    {"trade_id", Word("id")},
                                    {"exchange", Word("exchange")},
                                    {"exchange_time_ns", Whole("timestamp", 1000)}}});
  ExpectReadsBackEqual({.path = "ticks/BCHEUR_trades_kraken.csv",
                        .resource = "trade",
                        .symbol = "BCHEUR",
                        .rows = 148,
                        .time = Epoch("t", absl::Seconds(1)),
                        .columns = {{"price", Number("p")}, {"size", Number("a")}},
                        .header = {"t", "p", "a"}});
  ExpectReadsBackEqual(
      {.path = "ticks/ESTX50_trades_20150923.csv",
       .resource = "trade",
       .symbol = "ESTX50",
       .params = {{"time_zone", "Europe/Berlin"}},
       .rows = 135,
       .time = Local(kIso, "Datetime", "Europe/Berlin"),
       .columns = {
           {"price", Number("Close")}, {"size", Number("Volume")}, {"csv.open_interest", Number("OpenInterest")}}});
}

TEST(CsvReal, QuotesReadBackEqual) {
  if (Absent()) GTEST_SKIP() << "no shared data here";
  ExpectReadsBackEqual({.path = "ticks/IBM_quotes_20131007_first10000.csv",
                        .resource = "quote",
                        .symbol = "IBM",
                        .rows = 10000,
                        .time = Local(kIso, "timestamp", kNewYork),
                        .columns = {{"bid_price", NonZero("bid")},
                                    {"bid_size", NonZero("bid_size")},
                                    {"ask_price", NonZero("ask")},
                                    {"ask_size", NonZero("ask_size")},
                                    {"exchange", Word("exchange")},
                                    {"conditions", Word("quote_condition")},
                                    {"suspicious", Whole("suspicious")}}});
  ExpectReadsBackEqual({.path = "ticks/EURUSD_quotes_20140501_oanda_first10000.csv",
                        .resource = "quote",
                        .symbol = "EURUSD",
                        .params = {{"time_zone", "utc"}},
                        .rows = 10000,
                        .time = Local(kIso, "timestamp"),
                        .columns = {{"bid_price", Number("bid")}, {"ask_price", Number("ask")}}});
  ExpectReadsBackEqual({.path = "ticks/USDJPY_quotes_20130101_truefx.csv",
                        .resource = "quote",
                        .symbol = "USDJPY",
                        .rows = 1000,
                        .time = Local("%Y-%m-%d %H:%M:%E*S%Ez", "timestamp"),
                        .columns = {{"bid_price", Number("bid")}, {"ask_price", Number("ask")}}});
  ExpectReadsBackEqual({.path = "ticks/bidask_20100203.csv",
                        .resource = "quote",
                        .symbol = "UNKNOWN",
                        .params = {{"date_order", "month_first"}, {"time_zone", "utc"}},
                        .rows = 10,
                        .time = Local("%m/%d/%Y %H:%M:%S", "TIMESTAMP"),
                        .columns = {{"bid_price", Number("BID")}, {"ask_price", Number("ASK")}}});
  ExpectReadsBackEqual(
      {.path = "ticks/EURUSD_quotes_20200101_histdata.csv",
       .resource = "quote",
       .symbol = "EURUSD",
       .rows = 9500,
       .time =
           [](const CellOf& cell) {
             const std::string text = cell("t");
             absl::Time time;
             EXPECT_TRUE(absl::ParseTime("%Y-%m-%d %H:%M:%S",
                                         text.substr(0, 4) + "-" + text.substr(4, 2) + "-" + text.substr(6, 5) + ":" +
                                             text.substr(11, 2) + ":" + text.substr(13, 2),
                                         &time, nullptr));
             return time + absl::Hours(5) + absl::Milliseconds(std::stoi(text.substr(15)));
           },
       .columns = {{"bid_price", Number("b")}, {"ask_price", Number("a")}, {"csv.volume", Number("v")}},
       .header = {"t", "b", "a", "v"}});
  ExpectReadsBackEqual({.path = "ticks/BTC-USD_quotes_20200501_huobi.csv",
                        .resource = "quote",
                        .symbol = "BTC-USD",
                        .rows = 10,
                        .time = Epoch("local_timestamp", absl::Microseconds(1)),
                        .columns = {{"bid_price", Number("bid_price")},
                                    {"bid_size", Number("bid_amount")},
                                    {"ask_price", Number("ask_price")},
                                    {"ask_size", Number("ask_amount")},
                                    {"exchange", Word("exchange")},
                                    {"exchange_time_ns", Whole("timestamp", 1000)}}});
  ExpectReadsBackEqual({.path = "ticks/EURJPY_dealt_quotes_20160103.csv",
                        .resource = "quote",
                        .symbol = "EURJPY",
                        .params = {{"date_order", "month_first"}, {"time_zone", "utc"}},
                        .rows = 10,
                        .time =
                            [](const CellOf& cell) {
                              absl::Time time;
                              EXPECT_TRUE(
                                  absl::ParseTime("%m/%d/%y %H:%M:%S", cell("d") + " " + cell("t"), &time, nullptr));
                              return time;
                            },
                        .columns = {{"bid_price", Number("b")},
                                    {"bid_size", Number("bv")},
                                    {"ask_price", Number("o")},
                                    {"ask_size", Number("ov")},
                                    {"conditions", Word("s")}},
                        .header = {"d", "t", "c", "s", "b", "o", "bv", "ov"}});
  ExpectReadsBackEqual({.path = "bars/intraday/SPY_1m_20131004_quotebars.csv",
                        .resource = "quote",
                        .symbol = "SPY",
                        .rows = 855,
                        .time = Local(kIso, "timestamp", kNewYork, absl::Minutes(1)),
                        .columns = {{"csv.bid_open", Number("bid_open")},
                                    {"csv.bid_high", Number("bid_high")},
                                    {"csv.bid_low", Number("bid_low")},
                                    {"bid_price", Number("bid_close")},
                                    {"bid_size", Number("bid_size")},
                                    {"csv.ask_open", Number("ask_open")},
                                    {"csv.ask_high", Number("ask_high")},
                                    {"csv.ask_low", Number("ask_low")},
                                    {"ask_price", Number("ask_close")},
                                    {"ask_size", Number("ask_size")}}});
  ExpectReadsBackEqual({.path = "bars/intraday/USDJPY_1m_bid_20130201-20130208.csv",
                        .resource = "quote",
                        .symbol = "USDJPY",
                        .params = {{"layout", "bid_bars_1m"}},
                        .rows = 8511,
                        .time = Local("%Y-%m-%dT%H:%M:%S%Ez", "timestamp", "UTC", absl::Minutes(1)),
                        .columns = {{"csv.bid_open", Number("open")},
                                    {"csv.bid_high", Number("high")},
                                    {"csv.bid_low", Number("low")},
                                    {"bid_price", Number("close")}}});
}

TEST(CsvReal, OrderBooksReadBackEqual) {
  if (Absent()) GTEST_SKIP() << "no shared data here";
  for (const char* path : {"ticks/BTCUSDT_depth_snapshot_20221101_binance_futures.csv",
                           "ticks/BTCUSDT_depth_updates_20221101_binance_futures.csv"}) {
    ExpectReadsBackEqual({.path = path,
                          .resource = "order_book",
                          .symbol = "BTCUSDT",
                          .rows = 100,
                          .time = Epoch("timestamp", absl::Milliseconds(1)),
                          .columns = {{"kind", Word("update_type", {{"snap", "snapshot"}, {"set", "update"}})},
                                      {"side", Word("side", {{"a", "ask"}, {"b", "bid"}})},
                                      {"price", Number("price")},
                                      {"size", Number("qty")},
                                      {"sequence", Whole("last_update_id")},
                                      {"csv.first_update_id", Whole("first_update_id")},
                                      {"csv.pu", Whole("pu")}}});
  }
  ExpectReadsBackEqual({.path = "ticks/BTC-PERPETUAL_incremental_book_20200401_deribit.csv",
                        .resource = "order_book",
                        .symbol = "BTC-PERPETUAL",
                        .rows = 15,
                        .time = Epoch("local_timestamp", absl::Microseconds(1)),
                        .columns = {{"kind", Word("is_snapshot", {{"true", "snapshot"}, {"false", "update"}})},
                                    {"side", Word("side")},
                                    {"price", Number("price")},
                                    {"size", Number("amount")},
                                    {"csv.exchange", Word("exchange")},
                                    {"exchange_time_ns", Whole("timestamp", 1000)}}});
}

TEST(CsvReal, WideBooksBecomeALevelPerRow) {
  if (Absent()) GTEST_SKIP() << "no shared data here";
  for (const auto& [path, levels] : {std::pair("ticks/BTCUSDT_book_snapshot5_20200901_binance_futures.csv", 5),
                                     std::pair("ticks/BTCUSDT_book_snapshot25_20200901_binance_futures.csv", 25)}) {
    const auto data = ReadReal({.path = path, .resource = "order_book", .symbol = "BTCUSDT"});
    ASSERT_TRUE(data);
    const Text text(testing::SharedFile(std::string("data/") + path));
    ASSERT_EQ(data->series.size(), static_cast<size_t>(10 * 2 * levels));
    size_t row = 0;
    for (size_t line = 2; line <= 11; ++line) {
      for (const std::string side : {"ask", "bid"}) {
        for (int level = 0; level < levels; ++level, ++row) {
          EXPECT_EQ(data->series.times[row], std::stoll(text.Cell(line, "local_timestamp")) * 1000);
          EXPECT_EQ(At(data->series, "exchange_time_ns", row),
                    Value(int64_t{std::stoll(text.Cell(line, "timestamp")) * 1000}));
          EXPECT_EQ(At(data->series, "side", row), Value(side));
          EXPECT_EQ(At(data->series, "kind", row), Value(std::string("snapshot")));
          EXPECT_EQ(At(data->series, "level", row), Value(int64_t{level}));
          const std::string name = side + "s[" + std::to_string(level) + "].";
          EXPECT_EQ(At(data->series, "price", row), Value(std::stod(text.Cell(line, name + "price"))));
          EXPECT_EQ(At(data->series, "size", row), Value(std::stod(text.Cell(line, name + "amount"))));
        }
      }
    }
    std::printf("%-66s -> %-18s %6zu rows equal\n", path, "order_book", row);
  }
}

TEST(CsvReal, OptionsReadBackEqual) {
  if (Absent()) GTEST_SKIP() << "no shared data here";
  for (const auto& [day, rows] :
       {std::pair("20140603", 4532), std::pair("20140606", 2180), std::pair("20140609", 4360)}) {
    const std::string path = std::string("options/AAPL_chain_") + day + ".csv";
    const Text text(testing::SharedFile("data/" + path));
    const auto underlying = [&](const std::string& header) {
      const double value = std::stod(text.Cell(2, header));
      return [value](const CellOf&) -> Value { return value; };
    };
    const int june = std::stoi(std::string(day).substr(6));
    const absl::Time close =
        absl::FromCivil(absl::CivilHour(2014, 6, june, 20), absl::UTCTimeZone());  // 16:00 in New York
    ExpectReadsBackEqual({.path = path,
                          .resource = "option_chain",
                          .symbol = "AAPL",
                          .rows = static_cast<size_t>(rows),
                          .time = [close](const CellOf&) { return close; },
                          .columns = {{"expiration", Word("expiry")},
                                      {"strike", Number("strike")},
                                      {"right", Word("right", {{"C", "call"}, {"P", "put"}})},
                                      {"csv.open", Number("open")},
                                      {"csv.high", Number("high")},
                                      {"csv.low", Number("low")},
                                      {"mark", Number("close")},
                                      {"volume", Number("volume")},
                                      {"open_interest", Number("open_interest")},
                                      {"implied_volatility", NonZero("implied_volatility")},
                                      {"delta", Number("delta")},
                                      {"gamma", Number("gamma")},
                                      {"vega", Number("vega")},
                                      {"theta", Number("theta")},
                                      {"rho", Number("rho")},
                                      {"underlying_price", underlying("close")},
                                      {"csv.underlying_open", underlying("open")},
                                      {"csv.underlying_high", underlying("high")},
                                      {"csv.underlying_low", underlying("low")},
                                      {"csv.underlying_volume", underlying("volume")}}});
  }
  for (const auto& [day, rows] : {std::pair("20140606", 8273), std::pair("20140609", 7635)}) {
    ExpectReadsBackEqual({.path = std::string("options/AAPL_option_trades_1m_") + day + ".csv",
                          .resource = "option_chain",
                          .symbol = "AAPL",
                          .rows = static_cast<size_t>(rows),
                          .time = Local(kIso, "timestamp", kNewYork, absl::Minutes(1)),
                          .columns = {{"expiration", Word("expiry")},
                                      {"strike", Number("strike")},
                                      {"right", Word("right")},
                                      {"open", Number("open")},
                                      {"high", Number("high")},
                                      {"low", Number("low")},
                                      {"last", Number("close")},
                                      {"volume", Number("volume")}}});
  }
  ExpectReadsBackEqual({.path = "options/SPY_option_quotes_1m_20230803.csv",
                        .resource = "option_chain",
                        .symbol = "SPY",
                        .rows = 1620,
                        .time = Local(kIso, "timestamp", kNewYork, absl::Minutes(1)),
                        .columns = {{"expiration", Word("expiry")},
                                    {"strike", Number("strike")},
                                    {"right", Word("right")},
                                    {"csv.bid_open", Number("bid_open")},
                                    {"csv.bid_high", Number("bid_high")},
                                    {"csv.bid_low", Number("bid_low")},
                                    {"bid", Number("bid_close")},
                                    {"bid_size", Number("bid_size")},
                                    {"csv.ask_open", Number("ask_open")},
                                    {"csv.ask_high", Number("ask_high")},
                                    {"csv.ask_low", Number("ask_low")},
                                    {"ask", Number("ask_close")},
                                    {"ask_size", Number("ask_size")}}});
  std::map<std::string, std::function<Value(const CellOf&)>> columns = {
      {"expiration", Word("expiration")},
      {"contract", Word("contractID")},
      {"right", Word("type")},
      {"last", NonZero("last")},
      {"implied_volatility", NonZero("implied_volatility")}};
  for (const char* name : {"strike", "mark", "bid", "bid_size", "ask", "ask_size", "volume", "open_interest", "delta",
                           "gamma", "theta", "vega", "rho"}) {
    columns[name] = Number(name);
  }
  ExpectReadsBackEqual({.path = "options/IBM_chain_20260515_alpha_vantage.csv",
                        .resource = "option_chain",
                        .symbol = "IBM",
                        .rows = 2064,
                        .time = [](const CellOf&) { return absl::FromUnixSeconds(1778875200); },
                        .columns = std::move(columns)});
}

// Files of several symbols: all series together hold every line.
template <typename Make>
void ExpectAllSymbols(const std::string& path, const std::string& header, size_t symbols, const Make& make) {
  const Text text(testing::SharedFile("data/" + path));
  std::map<std::string, size_t> rows;
  for (size_t line = 2; line <= text.lines(); ++line) ++rows[text.Cell(line, header)];
  EXPECT_EQ(rows.size(), symbols);
  for (const auto& [symbol, count] : rows) {
    RealFile file = make();
    file.path = path;
    file.resource = "news_sentiment";
    file.symbol = symbol;
    file.rows = count;
    if (!SymbolFault(symbol)) ExpectReadsBackEqual(file);
  }
}

TEST(CsvReal, SentimentReadsBackEqual) {
  if (Absent()) GTEST_SKIP() << "no shared data here";
  ExpectAllSymbols("sentiment/news_labels_2025_daily.csv", "symbol", 18, [] {
    const auto share = [](const char* name) {
      return [name](const CellOf& cell) -> Value { return std::stod(cell(name)) / std::stod(cell("total")); };
    };
    return RealFile{.time = DayEnd("date", "UTC"),
                    .columns = {{"positive", share("positive")},
                                {"neutral", share("neutral")},
                                {"negative", share("negative")},
                                {"mentions", Number("total")}}};
  });
  ExpectAllSymbols("sentiment/news_labels_2025.csv", "symbol", 18, [] {
    return RealFile{
        .params = {{"time_zone", "utc"}}, .time = Local(kIso, "timestamp"), .columns = {{"label", Word("label")}}};
  });
  ExpectAllSymbols("sentiment/tweet_volume_daily_2014-2016.csv", "symbol", 29, [] {
    return RealFile{.time = DayEnd("date", "UTC"), .columns = {{"mentions", Number("tweet_count")}}};
  });
  ExpectAllSymbols("sentiment/news_sentiment_AAPL_20260517_alpha_vantage.csv", "ticker", 45, [] {
    return RealFile{.time = Local("%Y-%m-%dT%H:%M:%S%Ez", "time_published"),
                    .columns = {{"score", Number("ticker_sentiment_score")},
                                {"label", Word("ticker_sentiment_label")},
                                {"relevance", Number("relevance_score")},
                                {"publisher", Word("source")},
                                {"headline", Word("title")},
                                {"csv.overall_sentiment_score", Number("overall_sentiment_score")},
                                {"csv.overall_sentiment_label", Word("overall_sentiment_label")}}};
  });
  ExpectReadsBackEqual(
      {.path = "sentiment/fear_greed_index.csv",
       .resource = "news_sentiment",
       .symbol = "FEAR-GREED",
       .rows = 3834,
       .time = DayEnd("date", kNewYork),
       .columns = {{"score", [](const CellOf& cell) -> Value { return std::stod(cell("score")) / 50 - 1; }},
                   {"csv.score", Number("score")},
                   {"label", Word("rating")}}});
  ExpectReadsBackEqual({.path = "sentiment/aaii_sentiment_weekly.csv",
                        .resource = "news_sentiment",
                        .symbol = "AAII",
                        .rows = 1729,
                        .time = DayEnd("date", kNewYork),
                        .columns = {{"positive", Number("bullish")},
                                    {"neutral", Number("neutral")},
                                    {"negative", Number("bearish")},
                                    {"csv.bull_bear_spread", Number("bull_bear_spread")}}});
}

TEST(CsvReal, RatesReadBackEqual) {
  if (Absent()) GTEST_SKIP() << "no shared data here";
  ExpectReadsBackEqual({.path = "rates/us_interest_rate.csv",
                        .resource = "interest_rate",
                        .symbol = "US-PRIMARY-CREDIT",
                        .rows = 56,
                        .time = DayEnd("DATE", kNewYork),
                        .columns = {{"rate", Number("PCREDIT8", 100)}}});
}

}  // namespace
}  // namespace breadthflow::data
