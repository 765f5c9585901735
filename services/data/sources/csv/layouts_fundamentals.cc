#include "services/data/sources/csv/layout.h"

namespace breadthflow::data::csv {
namespace {

constexpr auto kText = quant::ColumnType::kText;

// A statement per line, by period end; known when the longest deadline for its report has passed. What the resource has
// no field for is kept as it is called in the file.
Layout Statement(std::string name, std::string resource, std::vector<Column> amounts) {
  const bool instant = resource == "balance_sheet";
  Layout layout{.name = std::move(name),
                .description =
                    "A statement per line and period; its other columns are kept too. Known when the longest "
                    "deadline for the report has passed.",
                .resources = {std::move(resource)},
                .time = {.when = When::kFiling, .column = "period_end", .second = "period"},
                .columns = std::move(amounts),
                .any_order = true,
                .rest_as_numbers = true};
  layout.columns.push_back({.header = "period_end", .field = "period_end"});
  layout.columns.push_back({.header = "currency", .field = "currency"});
  if (instant) {
    layout.constants = {{"period", "instant"}};
    layout.columns.push_back({.header = "period", .field = "csv.period", .type = kText});
  } else {
    layout.columns.push_back(
        {.header = "period", .field = "period", .words = {{"annual", "annual"}, {"quarterly", "quarter"}}});
  }
  return layout;
}

// One amount per line: period_end, frequency, field, currency, value. Amounts of no resource are kept with each of
// them.
Layout StatementLong(std::string resource, std::vector<Column> amounts) {
  return {.name = "statement_long",
          .description =
              "An amount per line: a row per period; amounts that no resource has are kept too. Known when the "
              "longest deadline for the report has passed.",
          .resources = {std::move(resource)},
          .shape = Shape::kStatementLong,
          .time = {.when = When::kFiling, .column = "period_end", .second = "frequency"},
          .columns = std::move(amounts),
          .any_order = true};
}

Layout FactsLong(std::string resource, std::vector<Column> facts) {
  return {.name = "facts_long",
          .description =
              "A fact of a filing per line: a row per filing and period, restatements included. Known at 22:00 "
              "in New York on the day of filing.",
          .resources = {std::move(resource)},
          .shape = Shape::kFactsLong,
          .time = {.when = When::kFiled, .column = "filed"},
          .columns = std::move(facts),
          .any_order = true};
}

}  // namespace

std::vector<Layout> FundamentalLayouts() {
  return {
      Statement("income_statement", "revenue",
                {{.header = "total_revenue", .field = "revenue"},
                 {.header = "cost_of_revenue", .field = "cost_of_revenue"},
                 {.header = "gross_profit", .field = "gross_profit"}}),
      Statement("income_statement", "earnings",
                {{.header = "operating_income", .field = "operating_income"},
                 {.header = "ebitda", .field = "ebitda"},
                 {.header = "net_income", .field = "net_income"},
                 {.header = "research_and_development", .field = "research_and_development"},
                 {.header = "interest_expense", .field = "interest_expense"},
                 {.header = "income_tax_expense", .field = "income_tax"}}),
      Statement("balance_sheet", "balance_sheet",
                {{.header = "total_assets", .field = "total_assets"},
                 {.header = "total_current_assets", .field = "current_assets"},
                 {.header = "cash_and_cash_equivalents_at_carrying_value", .field = "cash"},
                 {.header = "short_term_investments", .field = "short_term_investments"},
                 {.header = "current_net_receivables", .field = "receivables"},
                 {.header = "inventory", .field = "inventory"},
                 {.header = "property_plant_equipment", .field = "property"},
                 {.header = "goodwill", .field = "goodwill"},
                 {.header = "intangible_assets_excluding_goodwill", .field = "intangible_assets"},
                 {.header = "total_liabilities", .field = "total_liabilities"},
                 {.header = "total_current_liabilities", .field = "current_liabilities"},
                 {.header = "current_accounts_payable", .field = "accounts_payable"},
                 {.header = "short_term_debt", .field = "short_term_debt"},
                 {.header = "long_term_debt", .field = "long_term_debt"},
                 {.header = "retained_earnings", .field = "retained_earnings"},
                 {.header = "total_shareholder_equity", .field = "shareholder_equity"},
                 {.header = "common_stock_shares_outstanding", .field = "shares_outstanding"}}),
      Statement("cash_flow_statement", "cash_flow",
                {{.header = "operating_cashflow", .field = "operating_cash_flow"},
                 {.header = "cashflow_from_investment", .field = "investing_cash_flow"},
                 {.header = "cashflow_from_financing", .field = "financing_cash_flow"},
                 {.header = "capital_expenditures", .field = "capital_expenditure"},
                 {.header = "depreciation_depletion_and_amortization", .field = "depreciation"},
                 {.header = "dividend_payout", .field = "dividends_paid"},
                 {.header = "payments_for_repurchase_of_common_stock", .field = "share_repurchases"},
                 {.header = "net_income", .field = "net_income"}}),
      {.name = "announcements",
       .description =
           "Announced earnings per share. Known at the open, at the end of late trading or at the end of the "
           "day of the announcement, as the file says.",
       .resources = {"earnings"},
       .time = {.when = When::kAnnounced, .column = "reported_date", .second = "report_time"},
       .columns = {{.header = "period_end", .field = "period_end"},
                   {.header = "reported_eps", .field = "eps_reported"},
                   {.header = "estimated_eps", .field = "eps_estimate"},
                   {.header = "surprise", .field = "csv.surprise"},
                   {.header = "surprise_pct", .field = "csv.surprise_pct"},
                   {.header = "report_time",
                    .field = "report_time",
                    .words = {{"pre-market", "pre_market"}, {"post-market", "post_market"}}}},
       .constants = {{"period", "quarter"}},
       .any_order = true},
      StatementLong("revenue", {{.header = "TotalRevenue", .field = "revenue"},
                                {.header = "CostOfRevenue", .field = "cost_of_revenue"},
                                {.header = "GrossProfit", .field = "gross_profit"}}),
      StatementLong("earnings", {{.header = "OperatingIncome", .field = "operating_income"},
                                 {.header = "EBITDA", .field = "ebitda"},
                                 {.header = "NetIncomeCommonStockholders", .field = "net_income"},
                                 {.header = "BasicEPS", .field = "eps_basic"},
                                 {.header = "DilutedEPS", .field = "eps_diluted"},
                                 {.header = "ResearchAndDevelopment", .field = "research_and_development"},
                                 {.header = "InterestExpense", .field = "interest_expense"},
                                 {.header = "TaxProvision", .field = "income_tax"}}),
      StatementLong("balance_sheet", {{.header = "TotalAssets", .field = "total_assets"},
                                      {.header = "CurrentAssets", .field = "current_assets"},
                                      {.header = "CashAndCashEquivalents", .field = "cash"},
                                      {.header = "OtherShortTermInvestments", .field = "short_term_investments"},
                                      {.header = "Receivables", .field = "receivables"},
                                      {.header = "Inventory", .field = "inventory"},
                                      {.header = "NetPPE", .field = "property"},
                                      {.header = "Goodwill", .field = "goodwill"},
                                      {.header = "OtherIntangibleAssets", .field = "intangible_assets"},
                                      {.header = "TotalLiabilitiesNetMinorityInterest", .field = "total_liabilities"},
                                      {.header = "CurrentLiabilities", .field = "current_liabilities"},
                                      {.header = "AccountsPayable", .field = "accounts_payable"},
                                      {.header = "CurrentDebt", .field = "short_term_debt"},
                                      {.header = "LongTermDebt", .field = "long_term_debt"},
                                      {.header = "RetainedEarnings", .field = "retained_earnings"},
                                      {.header = "StockholdersEquity", .field = "shareholder_equity"},
                                      {.header = "OrdinarySharesNumber", .field = "shares_outstanding"}}),
      StatementLong("cash_flow", {{.header = "OperatingCashFlow", .field = "operating_cash_flow"},
                                  {.header = "InvestingCashFlow", .field = "investing_cash_flow"},
                                  {.header = "FinancingCashFlow", .field = "financing_cash_flow"},
                                  {.header = "CapitalExpenditure", .field = "capital_expenditure", .divisor = -1},
                                  {.header = "FreeCashFlow", .field = "free_cash_flow"},
                                  {.header = "DepreciationAndAmortization", .field = "depreciation"},
                                  {.header = "CashDividendsPaid", .field = "dividends_paid", .divisor = -1},
                                  {.header = "RepurchaseOfCapitalStock", .field = "share_repurchases", .divisor = -1},
                                  {.header = "NetIncomeFromContinuingOperations", .field = "net_income"}}),
      FactsLong("revenue", {{.header = "RevenueFromContractWithCustomerExcludingAssessedTax", .field = "revenue"},
                            {.header = "Revenues", .field = "revenue"},
                            {.header = "CostOfRevenue", .field = "cost_of_revenue"},
                            {.header = "GrossProfit", .field = "gross_profit"}}),
      FactsLong("earnings", {{.header = "OperatingIncomeLoss", .field = "operating_income"},
                             {.header = "NetIncomeLoss", .field = "net_income"},
                             {.header = "EarningsPerShareBasic", .field = "eps_basic"},
                             {.header = "EarningsPerShareDiluted", .field = "eps_diluted"},
                             {.header = "ResearchAndDevelopmentExpense", .field = "research_and_development"},
                             {.header = "InterestExpense", .field = "interest_expense"},
                             {.header = "IncomeTaxExpenseBenefit", .field = "income_tax"}}),
      FactsLong("balance_sheet", {{.header = "Assets", .field = "total_assets"},
                                  {.header = "AssetsCurrent", .field = "current_assets"},
                                  {.header = "CashAndCashEquivalentsAtCarryingValue", .field = "cash"},
                                  {.header = "Goodwill", .field = "goodwill"},
                                  {.header = "Liabilities", .field = "total_liabilities"},
                                  {.header = "LiabilitiesCurrent", .field = "current_liabilities"},
                                  {.header = "StockholdersEquity", .field = "shareholder_equity"}}),
      FactsLong("shares_outstanding", {{.header = "EntityCommonStockSharesOutstanding", .field = "shares"}})};
}

}  // namespace breadthflow::data::csv
