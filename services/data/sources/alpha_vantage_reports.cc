#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

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

// Whether a report is one of those that have the items: net income is in more than one kind.
bool IsOfKind(const std::vector<Item>& items, const Json& report) {
  return std::any_of(items.begin(), items.end(), [&](const Item& item) {
    return std::string_view(item.name) != "netIncome" && Member(report, item.name) != nullptr;
  });
}

bool SaysAny(const std::vector<Item>& items, const Json& report) {
  return std::any_of(items.begin(), items.end(), [&](const Item& item) {
    const Json* value = Member(report, item.name);
    return value != nullptr && !(value->is_string() && IsNone(value->get_ref<const std::string&>()));
  });
}

std::optional<absl::CivilDay> Day(const Json& record, std::string_view name, RowBuilder& rows) {
  const std::string text = TextMember(&record, name);
  const auto day = ParseDay(text);
  if (!day) rows.Complain(text.empty() ? name : text, fmt::format("{} is no date YYYY-MM-DD", name));
  return day;
}

// When the results of the period that ended then were announced.
using Announcements = std::map<absl::CivilDay, int64_t>;

// Results are public once they were announced: the income statement by then, the others not before they were due.
void BeginStatement(const SourceQuery& query, const Json& report, absl::CivilDay end, bool year, bool year_end,
                    const Announcements& announced, RowBuilder& rows) {
  int64_t time =
      FilingDeadline(end, year_end, AlphaVantageFiler(query.symbol, TextMember(&report, "reportedCurrency")));
  const auto known = announced.find(end);
  const bool with_results = query.resource == "revenue" || query.resource == "earnings";
  const bool dated = known != announced.end() && with_results;
  if (known != announced.end()) time = with_results ? known->second : std::max(time, known->second);
  rows.Begin(time, fmt::format("{} {}", year ? "annual" : "quarterly", absl::FormatCivilTime(end)));
  rows.Set(kPublicationEstimated, int64_t{dated ? 0 : 1});
}

absl::Status AddStatements(const SourceQuery& query, const Json& document, const Announcements& announced,
                           RowBuilder& rows) {
  const Json* annual = Member(document, "annualReports");
  const Json* quarterly = Member(document, "quarterlyReports");
  if (annual == nullptr || quarterly == nullptr || !annual->is_array() || !quarterly->is_array()) {
    return UnexpectedBody(kName, "no reports");
  }
  const std::vector<Item>& items = Statements().find(query.resource)->second;
  const bool instant = query.resource == "balance_sheet";
  size_t of_kind = 0;
  size_t of_others = 0;
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
      const std::string day = absl::FormatCivilTime(*end);
      const bool fits = IsOfKind(items, report);
      ++(fits ? of_kind : of_others);
      if (!fits || !SaysAny(items, report)) {
        rows.LeaveOut(fmt::format("report without {}", query.resource),
                      fmt::format("{} {}", year ? "annual" : "quarterly", day));
        continue;
      }
      if (!year) quarter_ends.insert(*end);
      if (instant && year && quarter_ends.contains(*end)) continue;  // the same instant, said twice
      BeginStatement(query, report, *end, year, year || EndsAYear(year_ends, *end), announced, rows);
      rows.Set("period_end", day);
      rows.Set("period", std::string(instant ? "instant" : year ? "annual" : "quarter"));
      rows.SetText("currency", TextMember(&report, "reportedCurrency"));
      for (const Item& item : items) rows.SetNumber(item.column, Member(report, item.name));
    }
  }
  if (of_kind == 0 && of_others > 0)
    return UnexpectedBody(kName, fmt::format("reports of another kind than {}", query.resource));
  return absl::OkStatus();
}

// Known before the open, when trading begins; after the close, when late trading ends; else by midnight.
int64_t AnnouncedAt(const Json& quarter, absl::CivilDay reported) {
  return AnnouncedBy(reported, TextMember(&quarter, "reportTime"));
}

// Of the pages that have them. A day that is none, or lies before the period ended, says nothing here.
Announcements AnnouncementsIn(const std::vector<Json>& documents) {
  Announcements announced;
  for (const Json& document : documents) {
    const Json* quarters = Member(document, "quarterlyEarnings");
    if (quarters == nullptr || !quarters->is_array()) continue;
    for (const Json& quarter : *quarters) {
      const auto end = ParseDay(TextMember(&quarter, "fiscalDateEnding"));
      const auto reported = ParseDay(TextMember(&quarter, "reportedDate"));
      if (end && reported && *reported > *end) announced[*end] = AnnouncedAt(quarter, *reported);
    }
  }
  return announced;
}

absl::Status AddAnnouncements(const Json& document, RowBuilder& rows) {
  const Json* quarters = Member(document, "quarterlyEarnings");
  if (quarters == nullptr || !quarters->is_array()) return UnexpectedBody(kName, "no quarterly earnings");
  for (const Json& quarter : *quarters) {
    const auto end = Day(quarter, "fiscalDateEnding", rows);
    const auto reported = Day(quarter, "reportedDate", rows);
    if (!end || !reported) continue;
    const std::string when = TextMember(&quarter, "reportTime");
    rows.Begin(AnnouncedAt(quarter, *reported), fmt::format("announcement {}", absl::FormatCivilTime(*reported)));
    rows.Set(kPublicationEstimated, int64_t{0});
    rows.Set("period_end", absl::FormatCivilTime(*end));
    rows.Set("period", std::string("quarter"));
    rows.SetNumber("eps_reported", Member(quarter, "reportedEPS"));
    rows.SetNumber("eps_estimate", Member(quarter, "estimatedEPS"));
    if (when == "pre-market") rows.Set("report_time", std::string("pre_market"));
    if (when == "post-market") rows.Set("report_time", std::string("post_market"));
  }
  return absl::OkStatus();
}

}  // namespace

Filer AlphaVantageFiler(std::string_view symbol, std::string_view currency) {
  const size_t dot = symbol.rfind('.');
  const bool abroad = dot != std::string_view::npos && symbol.size() - dot > 2;
  return abroad ? Filer::kForeign : FilerBy(IsNone(currency) ? "" : currency);
}

bool IsAlphaVantageReport(std::string_view resource) { return Statements().contains(resource); }

absl::Status AddAlphaVantageReports(const SourceQuery& query, const RawBody& body, RowBuilder& rows) {
  std::vector<Json> documents;
  for (const std::string_view page : Pages(body.bytes)) {
    BF_ASSIGN_OR_RETURN(Json document, ParseObject(kName, page));
    if (TextMember(&document, "symbol") != query.symbol) {
      return UnexpectedBody(kName, fmt::format("reports of another symbol than {}", query.symbol));
    }
    documents.push_back(std::move(document));
  }
  const Announcements announced = AnnouncementsIn(documents);
  for (const Json& document : documents) {
    const bool announcements = Member(document, "quarterlyEarnings") != nullptr;
    if (announcements && query.resource != "earnings") continue;
    BF_RETURN_IF_ERROR(announcements ? AddAnnouncements(document, rows)
                                     : AddStatements(query, document, announced, rows));
  }
  return absl::OkStatus();
}

}  // namespace breadthflow::data
