#include "tests/unit/services/data/csv_shared.h"

// What companies publish, and the histories of their symbols.
namespace breadthflow::data {
namespace {

absl::TimeZone NewYork() {
  absl::TimeZone tz;
  EXPECT_TRUE(absl::LoadTimeZone("America/New_York", &tz));
  return tz;
}
absl::CivilDay Day(const std::string& text) {
  absl::CivilDay day;
  EXPECT_TRUE(absl::ParseCivilTime(text, &day)) << text;
  return day;
}
bool Absent() { return testing::SharedFile("data/fundamentals").empty(); }

// No file says when its statements were published.
const auto kEstimated = [](const CellOf&) -> Value { return int64_t{1}; };

TEST(CsvRealCompany, StatementsReadBackEqual) {
  if (Absent()) GTEST_SKIP() << "no shared data here";
  const std::map<std::string, std::map<std::string, std::string>> fields = {
      {"revenue",
       {{"total_revenue", "revenue"}, {"cost_of_revenue", "cost_of_revenue"}, {"gross_profit", "gross_profit"}}},
      {"earnings",
       {{"operating_income", "operating_income"},
        {"ebitda", "ebitda"},
        {"net_income", "net_income"},
        {"research_and_development", "research_and_development"},
        {"interest_expense", "interest_expense"},
        {"income_tax_expense", "income_tax"}}},
      {"balance_sheet",
       {{"total_assets", "total_assets"},
        {"total_current_assets", "current_assets"},
        {"cash_and_cash_equivalents_at_carrying_value", "cash"},
        {"short_term_investments", "short_term_investments"},
        {"current_net_receivables", "receivables"},
        {"inventory", "inventory"},
        {"property_plant_equipment", "property"},
        {"goodwill", "goodwill"},
        {"intangible_assets_excluding_goodwill", "intangible_assets"},
        {"total_liabilities", "total_liabilities"},
        {"total_current_liabilities", "current_liabilities"},
        {"current_accounts_payable", "accounts_payable"},
        {"short_term_debt", "short_term_debt"},
        {"long_term_debt", "long_term_debt"},
        {"retained_earnings", "retained_earnings"},
        {"total_shareholder_equity", "shareholder_equity"},
        {"common_stock_shares_outstanding", "shares_outstanding"}}},
      {"cash_flow",
       {{"operating_cashflow", "operating_cash_flow"},
        {"cashflow_from_investment", "investing_cash_flow"},
        {"cashflow_from_financing", "financing_cash_flow"},
        {"capital_expenditures", "capital_expenditure"},
        {"depreciation_depletion_and_amortization", "depreciation"},
        {"dividend_payout", "dividends_paid"},
        {"payments_for_repurchase_of_common_stock", "share_repurchases"},
        {"net_income", "net_income"}}}};
  for (const auto& [resource, file] :
       {std::pair("revenue", "IBM_income_statement"), std::pair("earnings", "IBM_income_statement"),
        std::pair("balance_sheet", "IBM_balance_sheet"), std::pair("cash_flow", "IBM_cash_flow")}) {
    const std::string path = std::string("fundamentals/") + file + ".csv";
    std::map<std::string, std::function<Value(const CellOf&)>> columns = {
        {"period_end", Word("period_end")}, {"currency", Word("currency")}, {"publication_estimated", kEstimated}};
    if (resource == std::string("balance_sheet")) {
      columns["period"] = [](const CellOf&) -> Value { return "instant"; };
      columns["csv.period"] = Word("period");
    } else {
      columns["period"] = Word("period", {{"annual", "annual"}, {"quarterly", "quarter"}});
    }
    const Text text(testing::SharedFile("data/" + path));
    for (const std::string& header : text.header()) {
      if (header == "period_end" || header == "period" || header == "currency") continue;
      const auto& names = fields.at(resource);
      columns[names.contains(header) ? names.at(header) : "csv." + header] = Number(header);
    }
    ExpectReadsBackEqual({.path = path,
                          .resource = resource,
                          .symbol = "IBM",
                          .rows = 101,
                          .time =
                              [](const CellOf& cell) {
                                const absl::CivilDay end = Day(cell("period_end"));
                                const bool late =
                                    cell("period") == "annual" || end.month() == 12;  // its years end in December
                                return absl::FromCivil(absl::CivilHour(end + (late ? 90 : 45)) + 22, NewYork());
                              },
                          .columns = std::move(columns)});
  }
}

TEST(CsvRealCompany, AnnouncementsDividendsSplitsAndSharesReadBackEqual) {
  if (Absent()) GTEST_SKIP() << "no shared data here";
  ExpectReadsBackEqual(
      {.path = "fundamentals/IBM_quarterly_earnings.csv",
       .resource = "earnings",
       .symbol = "IBM",
       .rows = 121,
       .time =
           [](const CellOf& cell) {
             const absl::CivilMinute day(Day(cell("reported_date")));
             return absl::FromCivil(cell("report_time") == "pre-market" ? day + 570 : day + 1200, NewYork());
           },
       .columns = {
           {"period_end", Word("period_end")},
           {"period", [](const CellOf&) -> Value { return "quarter"; }},
           {"eps_reported", Number("reported_eps")},
           {"eps_estimate", Number("estimated_eps")},
           {"csv.surprise", Number("surprise")},
           {"csv.surprise_pct", Number("surprise_pct")},
           {"report_time", Word("report_time", {{"pre-market", "pre_market"}, {"post-market", "post_market"}})}}});
  ExpectReadsBackEqual({.path = "fundamentals/IBM_dividends.csv",
                        .resource = "dividend",
                        .symbol = "IBM",
                        .rows = 110,
                        .time =
                            [](const CellOf& cell) {
                              const std::string declared = cell("declaration_date");
                              return absl::FromCivil(
                                  declared == "None" ? Day(cell("ex_dividend_date")) : Day(declared) + 1, NewYork());
                            },
                        .columns = {{"ex_date", Word("ex_dividend_date")},
                                    {"declaration_date", Word("declaration_date")},
                                    {"record_date", Word("record_date")},
                                    {"payment_date", Word("payment_date")},
                                    {"amount", Number("amount")}}});
  ExpectReadsBackEqual(
      {.path = "fundamentals/IBM_splits.csv",
       .resource = "split",
       .symbol = "IBM",
       .rows = 2,
       .time = [](const CellOf& cell) { return absl::FromCivil(Day(cell("effective_date")), NewYork()); },
       .columns = {{"ex_date", Word("effective_date")}, {"ratio", Number("split_factor")}}});
  ExpectReadsBackEqual(
      {.path = "fundamentals/MSFT_shares_outstanding.csv",
       .resource = "shares_outstanding",
       .symbol = "MSFT",
       .rows = 71,
       .time =
           [](const CellOf& cell) { return absl::FromCivil(absl::CivilHour(Day(cell("date")) + 90) + 22, NewYork()); },
       .columns = {{"period_end", Word("date")},
                   {"publication_estimated", kEstimated},
                   {"shares", Number("shares_outstanding_basic")},
                   {"diluted_shares", Number("shares_outstanding_diluted")}}});
}

TEST(CsvRealCompany, UniverseDaysReadBackEqual) {
  if (Absent()) GTEST_SKIP() << "no shared data here";
  for (const auto& [day, rows] : {std::pair("20140327", 7049), std::pair("20140401", 7120)}) {
    const bool april = day == std::string("20140401");
    const absl::Time close = absl::FromCivil(april ? absl::CivilHour(2014, 4, 1, 20) : absl::CivilHour(2014, 3, 27, 20),
                                             absl::UTCTimeZone());  // 16:00 in New York
    ExpectReadsBackEqual(
        {.path = std::string("fundamentals/coarse_universe_") + day + ".csv",
         .resource = "universe",
         .symbol = "US-COARSE",
         .rows = static_cast<size_t>(rows),
         .time = [close](const CellOf&) { return close; },
         .columns = {{"security_id", Word("security_id")},
                     {"member", Word("ticker")},
                     {"action", [](const CellOf&) -> Value { return "member"; }},
                     {"price", Number("close")},
                     {"volume", Number("volume")},
                     {"dollar_volume", Number("dollar_volume")},
                     {"has_fundamentals",
                      [](const CellOf& cell) -> Value { return int64_t{cell("has_fundamental_data") == "True"}; }},
                     {"price_factor", Number("price_factor")},
                     {"split_factor", Number("split_factor")}}});
  }
}

// Each amount of a long file is found in one of the resources, with its sign where that is turned round.
TEST(CsvRealCompany, EveryAmountOfTheLongStatementsIsKept) {
  if (Absent()) GTEST_SKIP() << "no shared data here";
  const std::map<std::string, std::pair<std::string, double>> fields = {
      {"TotalRevenue", {"revenue", 1}},
      {"NetIncomeCommonStockholders", {"net_income", 1}},
      {"DilutedEPS", {"eps_diluted", 1}},
      {"TotalAssets", {"total_assets", 1}},
      {"StockholdersEquity", {"shareholder_equity", 1}},
      {"OperatingCashFlow", {"operating_cash_flow", 1}},
      {"CapitalExpenditure", {"capital_expenditure", -1}},
      {"CashDividendsPaid", {"dividends_paid", -1}},
      {"RepurchaseOfCapitalStock", {"share_repurchases", -1}}};
  for (const char* symbol : {"AAPL", "ABBV", "AMZN", "BABA", "GOOG"}) {
    const std::string path = std::string("fundamentals/") + symbol + "_yahoo_timeseries.csv";
    std::map<std::string, quant::Series> all;
    for (const char* resource : {"revenue", "earnings", "balance_sheet", "cash_flow"}) {
      const auto data = ReadReal({.path = path, .resource = resource, .symbol = symbol});
      ASSERT_TRUE(data);
      all[resource] = data->series;
    }
    const Text text(testing::SharedFile("data/" + path));
    size_t found = 0;
    for (size_t line = 2; line <= text.lines(); ++line) {
      const std::string name = text.Cell(line, "field");
      const double value = std::stod(text.Cell(line, "value"));
      const bool annual = text.Cell(line, "frequency") == "annual";
      bool kept = false;
      bool named = false;
      for (const auto& [resource, series] : all) {
        for (size_t row = 0; row < series.size() && !kept; ++row) {
          const std::string length = resource == "balance_sheet" ? "csv.period" : "period";
          if (At(series, "period_end", row) != Value(text.Cell(line, "period_end"))) continue;
          if (At(series, length, row) != Value(std::string(annual ? "annual" : "quarter"))) continue;
          for (const quant::Column& column : series.columns) {
            if (column.type() != quant::ColumnType::kDouble) continue;
            const Value stored = At(series, column.name, row);
            const double sign =
                name == "CapitalExpenditure" || name == "CashDividendsPaid" || name == "RepurchaseOfCapitalStock" ? -1
                                                                                                                  : 1;
            kept |= stored == Value(value * sign) && (column.name == "csv." + name || column.name[3] != '.');
            named |= fields.contains(name) && column.name == fields.at(name).first &&
                     stored == Value(value * fields.at(name).second);
          }
        }
      }
      EXPECT_TRUE(kept) << path << " line " << line << " " << name;
      EXPECT_TRUE(named || !fields.contains(name)) << path << " line " << line << " " << name;
      found += kept ? 1 : 0;
    }
    std::printf("%-66s -> %-18s %6zu amounts equal\n", path.c_str(), "4 statements", found);
  }
}

TEST(CsvRealCompany, EveryFactOfTheFilingsIsKeptWithTheDayOfItsFiling) {
  if (Absent()) GTEST_SKIP() << "no shared data here";
  const std::map<std::string, std::pair<std::string, std::string>> places = {
      {"StockholdersEquity", {"balance_sheet", "shareholder_equity"}},
      {"RevenueFromContractWithCustomerExcludingAssessedTax", {"revenue", "revenue"}},
      {"GrossProfit", {"revenue", "gross_profit"}},
      {"OperatingIncomeLoss", {"earnings", "operating_income"}},
      {"NetIncomeLoss", {"earnings", "net_income"}},
      {"ResearchAndDevelopmentExpense", {"earnings", "research_and_development"}},
      {"CashAndCashEquivalentsAtCarryingValue", {"balance_sheet", "cash"}},
      {"EarningsPerShareBasic", {"earnings", "eps_basic"}},
      {"EarningsPerShareDiluted", {"earnings", "eps_diluted"}},
      {"Assets", {"balance_sheet", "total_assets"}},
      {"Liabilities", {"balance_sheet", "total_liabilities"}},
      {"EntityCommonStockSharesOutstanding", {"shares_outstanding", "shares"}},
      {"EntityPublicFloat", {"balance_sheet", "csv.EntityPublicFloat"}}};
  const std::string path = "fundamentals/SNOW_sec_companyfacts.csv";
  std::map<std::string, quant::Series> all;
  for (const char* resource : {"revenue", "earnings", "balance_sheet", "shares_outstanding"}) {
    const auto data = ReadReal({.path = path, .resource = resource, .symbol = "SNOW"});
    ASSERT_TRUE(data);
    all[resource] = data->series;
  }
  const Text text(testing::SharedFile("data/" + path));
  for (size_t line = 2; line <= text.lines(); ++line) {
    const auto& [resource, field] = places.at(text.Cell(line, "concept"));
    const quant::Series& series = all.at(resource);
    const absl::Time filed = absl::FromCivil(absl::CivilHour(Day(text.Cell(line, "filed"))) + 22, NewYork());
    int found = 0;
    for (size_t row = 0; row < series.size(); ++row) {
      const std::string start = text.Cell(line, "start");
      found += absl::FromUnixNanos(series.times[row]) == filed &&
                       At(series, "accession", row) == Value(text.Cell(line, "accession")) &&
                       At(series, "period_end", row) == Value(text.Cell(line, "end")) &&
                       At(series, "period_start", row) == (start.empty() ? Value() : Value(start)) &&
                       At(series, field, row) == Value(std::stod(text.Cell(line, "value")))
                   ? 1
                   : 0;
    }
    EXPECT_EQ(found, 1) << "line " << line << " " << field;
  }
  std::printf("%-66s -> %-18s %6zu facts equal\n", path.c_str(), "4 resources", text.lines() - 1);
}

TEST(CsvRealCompany, TickerHistoriesBecomeChangesOfSymbol) {
  const auto folder = testing::SharedFile("data/bars/corporate_actions/map_files");
  if (folder.empty()) GTEST_SKIP() << "no shared data here";
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    const std::string path = "bars/corporate_actions/map_files/" + file.path().filename().string();
    const auto data = ReadReal({.path = path, .resource = "symbol_change", .symbol = file.path().stem().string()});
    ASSERT_TRUE(data);
    const Text text(file.path());
    size_t row = 0;
    for (size_t line = 4; line <= text.lines(); ++line) {
      const absl::CivilDay first = Day(text.Cell(line - 1, "date")) + 1;
      std::string before = text.Cell(line - 1, "ticker");
      std::string after = text.Cell(line, "ticker");
      if (before == after) continue;
      for (std::string* ticker : {&before, &after})
        std::transform(ticker->begin(), ticker->end(), ticker->begin(), ::toupper);
      ASSERT_LT(row, data->series.size());
      EXPECT_EQ(At(data->series, "effective_date", row), Value(absl::FormatCivilTime(first)));
      EXPECT_EQ(At(data->series, "old_symbol", row), Value(before));
      EXPECT_EQ(At(data->series, "new_symbol", row), Value(after));
      EXPECT_EQ(At(data->series, "exchange", row), Value(text.Cell(line, "exchange")));
      EXPECT_EQ(absl::FromUnixNanos(data->series.times[row]), absl::FromCivil(first, NewYork()));
      ++row;
    }
    EXPECT_EQ(row, data->series.size());
    std::printf("%-66s -> %-18s %6zu changes equal\n", path.c_str(), "symbol_change", row);
  }
}

}  // namespace
}  // namespace breadthflow::data
