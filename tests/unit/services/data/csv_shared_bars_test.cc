#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

#include "common/quant/calendar.h"
#include "tests/unit/services/data/csv_shared.h"

// Bars.
namespace breadthflow::data {
namespace {

using quant::Timeframe;

constexpr char kIso[] = "%Y-%m-%dT%H:%M:%E*S";

std::map<std::string, std::function<Value(const CellOf&)>> Columns(const Text& text) {
  std::map<std::string, std::function<Value(const CellOf&)>> columns;
  const std::map<std::string, std::string> names = {{"open", "open"},
                                                    {"high", "high"},
                                                    {"low", "low"},
                                                    {"close", "close"},
                                                    {"volume", "volume"},
                                                    {"adj_close", "adj_close"},
                                                    {"ex_dividend", "dividend"},
                                                    {"split_ratio", "split_ratio"},
                                                    {"Open", "open"},
                                                    {"High", "high"},
                                                    {"Low", "low"},
                                                    {"Close", "close"},
                                                    {"Volume", "volume"},
                                                    {"Adj Close", "adj_close"},
                                                    {"Dividends", "dividend"}};
  for (const std::string& header : text.header()) {
    if (names.contains(header)) columns[names.at(header)] = Number(header);
    if (header == "Stock Splits") {
      columns["split_ratio"] = [](const CellOf& cell) -> Value {
        const double ratio = std::stod(cell("Stock Splits"));
        return ratio == 0 ? 1 : ratio;
      };
    }
  }
  return columns;
}

void ExpectBars(const std::string& path, const std::string& symbol, Timeframe timeframe, size_t left_out,
                component::RawParams params, std::function<absl::Time(const CellOf&)> time, bool impossible = false) {
  const Text text(testing::SharedFile("data/" + path));
  ExpectReadsBackEqual({.path = path,
                        .resource = "stock_price",
                        .symbol = symbol,
                        .timeframe = timeframe,
                        .params = std::move(params),
                        .rows = text.lines() - 1 - left_out,
                        .time = std::move(time),
                        .columns = Columns(text),
                        .header = {},
                        .impossible = impossible});
}

// The close of the New York session: 16:00, or earlier on short days.
std::function<absl::Time(const CellOf&)> Close(const std::string& header) {
  absl::TimeZone tz;
  EXPECT_TRUE(absl::LoadTimeZone("America/New_York", &tz));
  return [=](const CellOf& cell) {
    std::string date = cell(header).substr(0, 10);
    std::replace(date.begin(), date.end(), '/', '-');
    absl::CivilDay day;
    EXPECT_TRUE(absl::ParseCivilTime(date, &day));
    const auto* session = quant::Xnys().Find(day);
    if (session == nullptr || !session->early) return absl::FromCivil(absl::CivilHour(day) + 16, tz);
    // Which hour it was is for the tests of the calendar; that day, and before the regular one, must be right.
    const absl::Time close = absl::FromUnixNanos(session->close_ns);
    EXPECT_EQ(absl::ToCivilDay(close, tz), day);
    EXPECT_LT(close, absl::FromCivil(absl::CivilHour(day) + 16, tz));
    return close;
  };
}

TEST(CsvRealBars, DailyFoldersReadBackEqual) {
  if (testing::SharedFile("data/bars").empty()) GTEST_SKIP() << "no shared data here";
  for (const char* folder : {"bars/daily", "bars/daily_more", "bars/daily_unadjusted", "bars/daily_with_actions"}) {
    for (const auto& file : std::filesystem::directory_iterator(testing::SharedFile(std::string("data/") + folder))) {
      const std::string symbol = file.path().stem().string();
      if (symbol == "ESTX50") continue;
      const bool raw = folder == std::string("bars/daily_unadjusted");
      component::RawParams params;
      if (raw) params["basis"] = std::string("raw");
      ExpectBars(std::string(folder) + "/" + symbol + ".csv", symbol, Timeframe::kDay, 0, params, Close("date"));
    }
  }
  ExpectBars("bars/daily_more/ESTX50.csv", "ESTX50", Timeframe::kDay, 0,
             {{"calendar", std::string("none")}, {"time_zone", std::string("Europe/Berlin")}},
             DayEnd("date", "Europe/Berlin"));
}

TEST(CsvRealBars, QuirkyFilesReadBackEqualOnceTheirQuirksAreNamed) {
  if (testing::SharedFile("data/bars").empty()) GTEST_SKIP() << "no shared data here";
  const std::string folder = "bars/daily_quirks/";
  for (const char* symbol : {"AGFS", "BRK-A", "GMRE", "SPLP"}) {
    ExpectBars(folder + symbol + ".csv", symbol, Timeframe::kDay, 0, {}, Close("date"));
  }
  for (const char* symbol : {"PTR", "REX"}) {
    const Text text(testing::SharedFile("data/" + folder + symbol + ".csv"));
    std::string null_line;
    for (size_t line = 2; line <= text.lines(); ++line) {
      if (text.Cell(line, "close") == "null") null_line = std::to_string(line);
    }
    ExpectBars(folder + symbol + ".csv", symbol, Timeframe::kDay, 1, {{"skip_lines", null_line}}, Close("date"));
  }
  ExpectBars(folder + "BTCUSD.csv", "BTCUSD", Timeframe::kDay, 0, {{"calendar", std::string("24/7")}},
             DayEnd("date", "UTC"));
  ExpectBars(folder + "GSPC_1950-1957_newest_first.csv", "GSPC", Timeframe::kDay, 0,
             {{"calendar", std::string("none")}, {"time_zone", std::string("new_york")}, {"order", std::string("any")}},
             DayEnd("date", "America/New_York"));
  ExpectBars(folder + "TSLA_raw_download_20181015.csv", "TSLA", Timeframe::kDay, 1,
             {{"skip_lines", std::string("2")}, {"order", std::string("any")}}, Close("date"));
}

TEST(CsvRealBars, OtherExchangesReadBackEqualWithDaysThatEndInTheirOwnZone) {
  const auto folder = testing::SharedFile("data/bars/daily_quirks/yahoo_price_errors");
  if (folder.empty()) GTEST_SKIP() << "no shared data here";
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    const std::string name = file.path().filename().string();
    const bool hourly = name.find("-1h-") != std::string::npos;
    std::string symbol = name.substr(0, name.find(hourly ? "-1h-" : "-1d-"));
    const auto time = [hourly](const CellOf& cell) {
      absl::Time stamp;
      EXPECT_TRUE(absl::ParseTime("%Y-%m-%d %H:%M:%S%Ez", cell(hourly ? "Datetime" : "Date"), &stamp, nullptr));
      return stamp + (hourly ? absl::Hours(1) : absl::Hours(24));
    };
    // Closes that are many times those on both sides of them, or a hundred times for a while or from some day on.
    const bool impossible = name == "ASAI-L-1h-bad-unit.csv" || name == "ALPHA-PA-1d-bad-stock-split.csv" ||
                            name == "MOB-ST-1d-bad-stock-split.csv" || name == "LA-V-1d-bad-stock-split.csv" ||
                            name == "AET-L-1d-100x-error.csv" || name == "SSW-JO-1d-100x-error.csv";
    ExpectBars("bars/daily_quirks/yahoo_price_errors/" + name, symbol, hourly ? Timeframe::kHour1 : Timeframe::kDay, 0,
               {{"calendar", std::string("none")}, {"order", std::string("any")}, {"stamp", std::string("bar_start")}},
               time, impossible);
  }
}

TEST(CsvRealBars, IntradayFilesReadBackEqual) {
  if (testing::SharedFile("data/bars").empty()) GTEST_SKIP() << "no shared data here";
  const component::RawParams exchange = {{"time_zone", std::string("new_york")}, {"stamp", std::string("bar_start")}};
  const auto local = Local(kIso, "timestamp", "America/New_York", absl::Minutes(1));
  for (const char* name : {"AAPL_1m_20140605-20140609_unadjusted", "GOOG_1m_20151223-20151228",
                           "SPY_1m_20131004-20131011", "SPY_1m_20201215-20201218", "SPY_1m_20230803"}) {
    ExpectBars(std::string("bars/intraday/") + name + ".csv", std::string(name).substr(0, std::string(name).find('_')),
               Timeframe::kMin1, 0, exchange, local);
  }
  ExpectBars("bars/intraday/SPY_1h_2013-2017.csv", "SPY", Timeframe::kHour1, 0, exchange,
             Local(kIso, "timestamp", "America/New_York", absl::Hours(1)));
  for (const char* name :
       {"6EH4_1m_20240101-20240112", "BTCUSD_1m_20161007-20161009_coinbase", "BTCUSD_1m_20180404-20180406_coinbase"}) {
    ExpectBars(std::string("bars/intraday/") + name + ".csv", std::string(name).substr(0, std::string(name).find('_')),
               Timeframe::kMin1, 0, {{"stamp", std::string("bar_start")}},
               Local("%Y-%m-%dT%H:%M:%S%Ez", "timestamp", "UTC", absl::Minutes(1)));
  }
  ExpectBars("bars/intraday/EURUSD_1h_2017-2018.csv", "EURUSD", Timeframe::kHour1, 0,
             {{"time_zone", std::string("utc")}, {"stamp", std::string("bar_start")}},
             Local(kIso, "timestamp", "UTC", absl::Hours(1)));
  ExpectBars("bars/intraday/ESTX50_5m_2006-01.csv", "ESTX50", Timeframe::kMin5, 0,
             {{"time_zone", std::string("Europe/Berlin")}}, Local(kIso, "timestamp", "Europe/Berlin"));
}

// Of coins nothing tells, of the contract too little; the index has the ends.
TEST(CsvRealBars, StartsThatAreTakenForEndsAreRefused) {
  if (testing::SharedFile("data/bars").empty()) GTEST_SKIP() << "no shared data here";
  const auto read = [](const std::string& name, Timeframe timeframe, component::RawParams params) {
    return ReadFile({.path = "bars/intraday/" + name + ".csv",
                     .resource = "stock_price",
                     .symbol = name.substr(0, name.find('_')),
                     .timeframe = timeframe,
                     .params = std::move(params)});
  };
  const std::string zone_param = "time_zone";
  for (const auto& [name, timeframe, zone] :
       {std::tuple("SPY_1h_2013-2017", Timeframe::kHour1, "new_york"),
        std::tuple("SPY_1m_20131004-20131011", Timeframe::kMin1, "new_york"),
        std::tuple("SPY_1m_20201215-20201218", Timeframe::kMin1, "new_york"),
        std::tuple("SPY_1m_20230803", Timeframe::kMin1, "new_york"),
        std::tuple("AAPL_1m_20140605-20140609_unadjusted", Timeframe::kMin1, "new_york"),
        std::tuple("GOOG_1m_20151223-20151228", Timeframe::kMin1, "new_york"),
        std::tuple("EURUSD_1h_2017-2018", Timeframe::kHour1, "utc")}) {
    const auto refused = read(name, timeframe, {{zone_param, std::string(zone)}});
    ASSERT_FALSE(refused.ok()) << name;
    EXPECT_NE(base::Message(refused.status()).find("the stamps are the starts of the bars"), std::string::npos)
        << name << ": " << refused.status();
    EXPECT_NE(base::Message(refused.status()).find("--set stamp=bar_start"), std::string::npos) << name;
    EXPECT_TRUE(read(name, timeframe, {{zone_param, std::string(zone)}, {"stamp", std::string("bar_end")}}).ok())
        << name;
  }
  for (const auto& [name, timeframe, params] :
       {std::tuple("6EH4_1m_20240101-20240112", Timeframe::kMin1, component::RawParams()),
        std::tuple("BTCUSD_1m_20161007-20161009_coinbase", Timeframe::kMin1, component::RawParams()),
        std::tuple("ESTX50_5m_2006-01", Timeframe::kMin5,
                   component::RawParams{{zone_param, std::string("Europe/Berlin")}}),
        std::tuple(
            "ESTX50_5m_2006-01", Timeframe::kMin5,
            component::RawParams{{zone_param, std::string("Europe/Berlin")}, {"calendar", std::string("XETR")}})}) {
    const auto taken = read(name, timeframe, params);
    ASSERT_TRUE(taken.ok()) << name << ": " << taken.status();
    EXPECT_TRUE(std::any_of(taken->notes.begin(), taken->notes.end(), [](const std::string& note) {
      return note.find("stamps are taken for the ends of the bars") == 0;
    })) << name;
  }
}

TEST(CsvRealBars, BarsWithoutVolumeAreRefusedAsBars) {
  if (testing::SharedFile("data/bars").empty()) GTEST_SKIP() << "no shared data here";
  for (const char* path : {"sentiment/vix.csv", "bars/intraday/USDJPY_1m_bid_20130201-20130208.csv"}) {
    const auto data = ReadFile({.path = path,
                                .resource = "stock_price",
                                .symbol = "X",
                                .timeframe = path[0] == 's' ? Timeframe::kDay : Timeframe::kMin1});
    ASSERT_FALSE(data.ok());
    EXPECT_NE(base::Message(data.status()).find("needs volume, which it lacks"), std::string::npos);
  }
}

}  // namespace
}  // namespace breadthflow::data
