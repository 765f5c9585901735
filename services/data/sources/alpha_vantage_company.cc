#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "services/data/sources/alpha_vantage.h"
#include "services/data/sources/row_builder.h"

namespace breadthflow::data {
namespace {

constexpr std::string_view kName = "alpha_vantage";

struct Item {
  const char* column;
  const char* name;
};

const std::map<std::string, std::vector<Item>, std::less<>>& Statements() {
  static const auto* items = new std::map<std::string, std::vector<Item>, std::less<>>{
      {"revenue", {{"revenue", "totalRevenue"}, {"cost_of_revenue", "costOfRevenue"}, {"gross_profit", "grossProfit"}}},
      {"earnings",
       {{"operating_income", "operatingIncome"},
        {"ebitda", "ebitda"},
        {"net_income", "netIncome"},
        {"research_and_development", "researchAndDevelopment"},
        {"interest_expense", "interestExpense"},
        {"income_tax", "incomeTaxExpense"}}},
      {"balance_sheet",
       {{"total_assets", "totalAssets"},
        {"current_assets", "totalCurrentAssets"},
        {"cash", "cashAndCashEquivalentsAtCarryingValue"},
        {"short_term_investments", "shortTermInvestments"},
        {"receivables", "currentNetReceivables"},
        {"inventory", "inventory"},
        {"property", "propertyPlantEquipment"},
        {"goodwill", "goodwill"},
        {"intangible_assets", "intangibleAssetsExcludingGoodwill"},
        {"total_liabilities", "totalLiabilities"},
        {"current_liabilities", "totalCurrentLiabilities"},
        {"accounts_payable", "currentAccountsPayable"},
        {"short_term_debt", "shortTermDebt"},
        {"long_term_debt", "longTermDebt"},
        {"retained_earnings", "retainedEarnings"},
        {"shareholder_equity", "totalShareholderEquity"},
        {"shares_outstanding", "commonStockSharesOutstanding"}}},
      {"cash_flow",
       {{"operating_cash_flow", "operatingCashflow"},
        {"investing_cash_flow", "cashflowFromInvestment"},
        {"financing_cash_flow", "cashflowFromFinancing"},
        {"capital_expenditure", "capitalExpenditures"},
        {"depreciation", "depreciationDepletionAndAmortization"},
        {"dividends_paid", "dividendPayout"},
        {"share_repurchases", "paymentsForRepurchaseOfCommonStock"},
        {"net_income", "netIncome"}}}};
  return *items;
}

// 24:00 of a day in New York: what happened on it is known then, whatever the hour.
int64_t EndOfDay(absl::CivilDay day) { return quant::NewYorkInstant(absl::CivilSecond(day + 1)); }

std::optional<absl::CivilDay> Day(const Json& record, std::string_view name, RowBuilder& rows) {
  const std::string text = TextMember(&record, name);
  const auto day = ParseDay(text);
  if (!day) rows.Complain(text.empty() ? name : text, fmt::format("{} is no date YYYY-MM-DD", name));
  return day;
}

absl::Status AddStatements(const SourceQuery& query, const Json& document, RowBuilder& rows) {
  const Json* annual = Member(document, "annualReports");
  const Json* quarterly = Member(document, "quarterlyReports");
  if (annual == nullptr || quarterly == nullptr || !annual->is_array() || !quarterly->is_array()) {
    return UnexpectedBody(kName, "no reports");
  }
  const bool instant = query.resource == "balance_sheet";
  std::set<absl::CivilDay> year_ends;
  std::set<absl::CivilDay> quarter_ends;
  for (const Json& report : *annual) {
    if (const auto end = ParseDay(TextMember(&report, "fiscalDateEnding"))) year_ends.insert(*end);
  }
  for (const Json* reports : {quarterly, annual}) {
    for (const Json& report : *reports) {
      const auto end = Day(report, "fiscalDateEnding", rows);
      if (!end) continue;
      const bool year = reports == annual;
      if (!year) quarter_ends.insert(*end);
      if (instant && year && quarter_ends.contains(*end)) continue;  // the same instant, said twice
      const std::string day = absl::FormatCivilTime(*end);
      rows.Begin(FilingDeadline(*end, year || EndsAYear(year_ends, *end)),
                 fmt::format("{} {}", year ? "annual" : "quarterly", day));
      rows.Set("period_end", day);
      rows.Set("period", std::string(instant ? "instant" : year ? "annual" : "quarter"));
      rows.SetText("currency", TextMember(&report, "reportedCurrency"));
      for (const Item& item : Statements().find(query.resource)->second)
        rows.SetNumber(item.column, Member(report, item.name));
    }
  }
  return absl::OkStatus();
}

absl::Status AddAnnouncements(const Json& document, RowBuilder& rows) {
  const Json* quarters = Member(document, "quarterlyEarnings");
  if (quarters == nullptr || !quarters->is_array()) return UnexpectedBody(kName, "no quarterly earnings");
  for (const Json& quarter : *quarters) {
    const auto end = Day(quarter, "fiscalDateEnding", rows);
    const auto reported = Day(quarter, "reportedDate", rows);
    if (!end || !reported) continue;
    const std::string when = TextMember(&quarter, "reportTime");
    // Before the open: known when trading begins. After the close: known when late trading ends. Else: by midnight.
    int64_t time = EndOfDay(*reported);
    if (when == "pre-market") time = quant::NewYorkInstant(absl::CivilSecond(*reported) + int64_t{9} * 3600 + 1800);
    if (when == "post-market") time = quant::NewYorkInstant(absl::CivilSecond(*reported) + int64_t{20} * 3600);
    rows.Begin(time, fmt::format("announcement {}", absl::FormatCivilTime(*reported)));
    rows.Set("period_end", absl::FormatCivilTime(*end));
    rows.Set("period", std::string("quarter"));
    rows.SetNumber("eps_reported", Member(quarter, "reportedEPS"));
    rows.SetNumber("eps_estimate", Member(quarter, "estimatedEPS"));
    if (when == "pre-market") rows.Set("report_time", std::string("pre_market"));
    if (when == "post-market") rows.Set("report_time", std::string("post_market"));
  }
  return absl::OkStatus();
}

absl::Status AddShares(std::string_view page, const RawBody& body, RowBuilder& rows) {
  if (page.starts_with('{')) {
    BF_ASSIGN_OR_RETURN(const Json document, ParseObject(kName, page));
    if (Member(document, "SharesOutstanding") != nullptr) {  // OVERVIEW: what holds now
      if (body.received == absl::InfiniteFuture()) return UnexpectedBody(kName, "an overview of an unknown day");
      rows.Begin(quant::ToNanos(body.received), "overview");
      rows.SetNumber("shares", Member(document, "SharesOutstanding"));
      rows.SetDay("period_end", TextMember(&document, "LatestQuarter"));
      return absl::OkStatus();
    }
  }
  BF_ASSIGN_OR_RETURN(const std::vector<Json> records,
                      AlphaVantageRecords(page, "data", {"date", "shares_outstanding_basic"}));
  for (const Json& record : records) {
    const auto end = Day(record, "date", rows);
    if (!end) continue;
    // Which quarter ends the fiscal year is not said, so each may be as late as an annual report.
    rows.Begin(FilingDeadline(*end, true), absl::FormatCivilTime(*end));
    rows.SetNumber("shares", Member(record, "shares_outstanding_basic"));
    rows.SetNumber("diluted_shares", Member(record, "shares_outstanding_diluted"));
    rows.Set("period_end", absl::FormatCivilTime(*end));
  }
  return absl::OkStatus();
}

absl::Status AddDividends(std::string_view page, RowBuilder& rows) {
  BF_ASSIGN_OR_RETURN(const std::vector<Json> records,
                      AlphaVantageRecords(page, "data", {"ex_dividend_date", "amount"}));
  for (const Json& record : records) {
    const auto ex = Day(record, "ex_dividend_date", rows);
    if (!ex) continue;
    const auto declared = ParseDay(TextMember(&record, "declaration_date"));
    rows.Begin(declared ? EndOfDay(*declared) : quant::Xnys().DayStart(*ex), absl::FormatCivilTime(*ex));
    rows.Set("ex_date", absl::FormatCivilTime(*ex));
    rows.SetNumber("amount", Member(record, "amount"));
    for (const char* name : {"declaration_date", "record_date", "payment_date"})
      rows.SetDay(name, TextMember(&record, name));
  }
  return absl::OkStatus();
}

absl::Status AddSplits(std::string_view page, RowBuilder& rows) {
  BF_ASSIGN_OR_RETURN(const std::vector<Json> records,
                      AlphaVantageRecords(page, "data", {"effective_date", "split_factor"}));
  for (const Json& record : records) {
    const auto day = Day(record, "effective_date", rows);
    if (!day) continue;
    rows.Begin(quant::Xnys().DayStart(*day), absl::FormatCivilTime(*day));
    rows.Set("ex_date", absl::FormatCivilTime(*day));
    rows.SetNumber("ratio", Member(record, "split_factor"));
  }
  return absl::OkStatus();
}

absl::Status AddOptions(const SourceQuery& query, std::string_view page, RowBuilder& rows) {
  BF_ASSIGN_OR_RETURN(const std::vector<Json> records,
                      AlphaVantageRecords(page, "data", {"contractID", "expiration", "strike", "type", "date"}));
  for (const Json& record : records) {
    const std::string contract = TextMember(&record, "contractID");
    const auto day = Day(record, "date", rows);
    if (!day) continue;
    const quant::Session* session = quant::Xnys().Find(*day);
    if (session == nullptr || TextMember(&record, "symbol") != query.symbol) {
      rows.Complain(contract, "is of another symbol, or of a day without a session");
      continue;
    }
    if (rows.InFuture(session->open_ns, contract)) continue;
    rows.Begin(session->close_ns, fmt::format("{} {}", contract, absl::FormatCivilTime(*day)));
    rows.SetText("contract", contract);
    rows.SetDay("expiration", TextMember(&record, "expiration"));
    rows.SetText("right", TextMember(&record, "type"));
    for (const char* name : {"strike", "bid", "bid_size", "ask", "ask_size", "mark", "volume", "open_interest", "delta",
                             "gamma", "theta", "vega", "rho"}) {
      rows.SetNumber(name, Member(record, name));
    }
    // 0 stands for "never traded" and for "can not be solved".
    for (const char* name : {"last", "implied_volatility"}) {
      const auto value = ParseNumber(TextMember(&record, name));
      if (!value || *value != 0) rows.SetNumber(name, Member(record, name));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status JudgeAlphaVantage(const std::string& symbol, std::string_view page) {
  if (page.empty()) return MalformedBody(kName, "it is empty");
  if (!page.starts_with('{')) return absl::OkStatus();
  BF_ASSIGN_OR_RETURN(const Json document, ParseObject(kName, page));
  if (document.empty()) return UnknownSymbol(kName, symbol);
  size_t notices = 0;
  std::string said;
  for (const char* notice : {"Note", "Information", "Error Message"}) {
    if (Member(document, notice) == nullptr) continue;
    ++notices;
    said += fmt::format("{}{}", said.empty() ? "" : " ", TextMember(&document, notice));
  }
  if (notices == 0 || notices < document.size()) return absl::OkStatus();
  std::string words = said;
  absl::AsciiStrToLower(&words);
  // Not "premium" alone: every notice advertises the premium plans.
  for (const char* paid : {"a premium endpoint", "a premium feature"}) {
    if (words.find(paid) != std::string::npos) return NotEntitled(kName, said);
  }
  const bool error = notices == 1 && Member(document, "Error Message") != nullptr;
  if (!error) return RateLimited(kName, said);
  if (words.find("apikey") != std::string::npos) {
    return base::MakeError(absl::StatusCode::kUnauthenticated, "UNAUTHENTICATED",
                           "alpha_vantage does not accept the key");
  }
  return UnknownSymbol(kName, symbol, said);
}

absl::StatusOr<SourceData> ParseAlphaVantageCompany(const SourceQuery& query, const RawBody& body) {
  RowBuilder rows(query, quant::PriceBasis::kNotPrices, body.received);
  std::set<std::string> articles;
  const std::vector<std::string_view> pages = Pages(body.bytes);
  for (const std::string_view& page : pages) {
    if (Statements().contains(query.resource)) {
      BF_ASSIGN_OR_RETURN(const Json document, ParseObject(kName, page));
      if (TextMember(&document, "symbol") != query.symbol) {
        return UnexpectedBody(kName, fmt::format("reports of another symbol than {}", query.symbol));
      }
      const bool announcements = query.resource == "earnings" && Member(document, "quarterlyEarnings") != nullptr;
      BF_RETURN_IF_ERROR(announcements ? AddAnnouncements(document, rows) : AddStatements(query, document, rows));
    } else if (query.resource == "shares_outstanding") {
      BF_RETURN_IF_ERROR(AddShares(page, body, rows));
    } else if (query.resource == "dividend") {
      BF_RETURN_IF_ERROR(AddDividends(page, rows));
    } else if (query.resource == "split") {
      BF_RETURN_IF_ERROR(AddSplits(page, rows));
    } else if (query.resource == "news_sentiment") {
      BF_RETURN_IF_ERROR(AddAlphaVantageNews(query, page, &page == &pages.back(), articles, rows));
    } else {
      BF_RETURN_IF_ERROR(AddOptions(query, page, rows));
    }
  }
  return std::move(rows).Finish(kName);
}

}  // namespace breadthflow::data
