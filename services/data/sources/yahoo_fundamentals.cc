#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "services/data/sources/row_builder.h"
#include "services/data/sources/yahoo.h"

namespace breadthflow::data {
namespace {

constexpr std::string_view kYahoo = "yahoo";

struct Item {
  const char* column;
  const char* name;  // at the provider, after "quarterly" or "annual"
  double scale = 1;  // -1 where the provider counts payments as negative
};

const std::map<std::string, std::vector<Item>, std::less<>>& Items() {
  static const auto* items = new std::map<std::string, std::vector<Item>, std::less<>>{
      {"revenue", {{"revenue", "TotalRevenue"}, {"cost_of_revenue", "CostOfRevenue"}, {"gross_profit", "GrossProfit"}}},
      {"earnings",
       {{"operating_income", "OperatingIncome"},
        {"ebitda", "EBITDA"},
        {"net_income", "NetIncomeCommonStockholders"},
        {"eps_basic", "BasicEPS"},
        {"eps_diluted", "DilutedEPS"},
        {"research_and_development", "ResearchAndDevelopment"},
        {"interest_expense", "InterestExpense"},
        {"income_tax", "TaxProvision"}}},
      {"balance_sheet",
       {{"total_assets", "TotalAssets"},
        {"current_assets", "CurrentAssets"},
        {"cash", "CashAndCashEquivalents"},
        {"short_term_investments", "OtherShortTermInvestments"},
        {"receivables", "Receivables"},
        {"inventory", "Inventory"},
        {"property", "NetPPE"},
        {"goodwill", "Goodwill"},
        {"intangible_assets", "OtherIntangibleAssets"},
        {"total_liabilities", "TotalLiabilitiesNetMinorityInterest"},
        {"current_liabilities", "CurrentLiabilities"},
        {"accounts_payable", "AccountsPayable"},
        {"short_term_debt", "CurrentDebt"},
        {"long_term_debt", "LongTermDebt"},
        {"retained_earnings", "RetainedEarnings"},
        {"shareholder_equity", "StockholdersEquity"},
        {"shares_outstanding", "OrdinarySharesNumber"}}},
      {"cash_flow",
       {{"operating_cash_flow", "OperatingCashFlow"},
        {"investing_cash_flow", "InvestingCashFlow"},
        {"financing_cash_flow", "FinancingCashFlow"},
        {"capital_expenditure", "CapitalExpenditure", -1},
        {"free_cash_flow", "FreeCashFlow"},
        {"depreciation", "DepreciationAndAmortization"},
        {"dividends_paid", "CashDividendsPaid", -1},
        {"share_repurchases", "RepurchaseOfCapitalStock", -1},
        {"net_income", "NetIncomeFromContinuingOperations"}}},
      {"shares_outstanding", {{"shares", "OrdinarySharesNumber"}}}};
  return *items;
}

struct Period {
  bool annual = false;
  absl::CivilDay end;
  friend auto operator<=>(const Period& a, const Period& b) {
    return std::pair(a.end, a.annual) <=> std::pair(b.end, b.annual);
  }
};

struct Statement {
  std::string currency;
  std::map<std::string, const Json*> values;  // by column
};

}  // namespace

std::string YahooFundamentalTypes(const std::string& resource) {
  std::string types;
  const auto found = Items().find(resource);
  if (found == Items().end()) return types;
  for (const char* length : {"quarterly", "annual"}) {
    for (const Item& item : found->second) types += fmt::format("{}{}{}", types.empty() ? "" : ",", length, item.name);
  }
  return types;
}

absl::StatusOr<SourceData> ParseYahooFundamentals(const SourceQuery& query, const RawBody& body) {
  BF_ASSIGN_OR_RETURN(const Json document, ParseObject(kYahoo, body.bytes));
  const Json* results = Member(Member(document, "timeseries"), "result");
  if (results == nullptr || !results->is_array() || results->empty()) return UnexpectedBody(kYahoo, "no time series");
  const std::vector<Item>& items = Items().find(query.resource)->second;
  const bool instant = query.resource == "balance_sheet" || query.resource == "shares_outstanding";

  std::map<Period, Statement> statements;
  bool asked_for = false;
  for (const Json& series : *results) {
    const Json* meta = Member(series, "meta");
    const Json* types = Member(meta, "type");
    const Json* symbols = Member(meta, "symbol");
    if (types == nullptr || types->size() != 1 || !(*types)[0].is_string())
      return UnexpectedBody(kYahoo, "a series without a type");
    if (symbols == nullptr || symbols->size() != 1 || (*symbols)[0] != query.symbol) {
      return UnexpectedBody(kYahoo, fmt::format("a time series of another symbol than {}", query.symbol));
    }
    const auto& type = (*types)[0].get_ref<const std::string&>();
    const bool annual = type.starts_with("annual");
    const std::string_view name = std::string_view(type).substr(annual ? 6 : type.starts_with("quarterly") ? 9 : 0);
    for (const Item& item : items) {
      if (name != item.name) continue;
      asked_for = true;
      const Json* values = Member(series, type);
      if (values == nullptr) continue;
      if (!values->is_array()) return UnexpectedBody(kYahoo, fmt::format("{} is no list", type));
      for (const Json& value : *values) {
        if (value.is_null()) continue;  // a period without this amount
        const auto end = ParseDay(TextMember(&value, "asOfDate"));
        const Json* raw = Member(Member(value, "reportedValue"), "raw");
        if (!end || raw == nullptr || !raw->is_number()) {
          return UnexpectedBody(kYahoo, fmt::format("{} has a value without day or amount", type));
        }
        Statement& statement = statements[{annual, *end}];
        statement.currency = TextMember(&value, "currencyCode");
        statement.values[item.column] = raw;
      }
    }
  }
  if (!asked_for) return UnexpectedBody(kYahoo, "none of the time series asked for");

  std::set<absl::CivilDay> year_ends;
  // A symbol with a suffix ("BMW.DE") is that of an exchange abroad.
  Filer filer = query.symbol.find('.') == std::string::npos ? Filer::kDomestic : Filer::kForeign;
  for (const auto& [period, statement] : statements) {
    if (period.annual) year_ends.insert(period.end);
    if (FilerBy(statement.currency) == Filer::kForeign) filer = Filer::kForeign;
  }
  RowBuilder rows(query, quant::PriceBasis::kNotPrices, body.received);
  for (const auto& [period, statement] : statements) {
    // What holds at an instant is the same in both statements.
    if (instant && period.annual && statements.contains({false, period.end})) continue;
    const std::string end = absl::FormatCivilTime(period.end);
    rows.Begin(FilingDeadline(period.end, period.annual || EndsAYear(year_ends, period.end), filer),
               fmt::format("{} {}", period.annual ? "annual" : "quarterly", end));
    rows.Set(kPublicationEstimated, int64_t{1});
    rows.Set("period_end", end);
    if (query.resource != "shares_outstanding") {
      rows.Set("period", std::string(instant ? "instant" : period.annual ? "annual" : "quarter"));
      rows.SetText("currency", statement.currency);
    }
    for (const Item& item : items) {
      const auto value = statement.values.find(item.column);
      if (value != statement.values.end()) rows.SetNumber(item.column, value->second, item.scale);
    }
  }
  return std::move(rows).Finish(kYahoo);
}

}  // namespace breadthflow::data
