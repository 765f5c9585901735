#include "services/data/sources/sec_edgar.h"

namespace breadthflow::data {
namespace {

using Table = std::map<std::string, std::vector<Concept>, std::less<>>;

Table Concepts() {
  return {
      {"revenue",
       {{"revenue",
         // Contracts come after the totals: of lessors, lenders and insurers they are a part of the revenue.
         {"us-gaap:Revenues", "us-gaap:RevenuesNetOfInterestExpense",
          "us-gaap:RevenueFromContractWithCustomerExcludingAssessedTax", "us-gaap:SalesRevenueNet",
          "ifrs-full:Revenue"},
         {"us-gaap:RevenueFromContractWithCustomerIncludingAssessedTax", "us-gaap:SalesRevenueGoodsNet",
          "us-gaap:SalesRevenueServicesNet"}},
        {"cost_of_revenue",
         {"us-gaap:CostOfRevenue", "us-gaap:CostOfGoodsAndServicesSold", "us-gaap:CostOfGoodsSold",
          "ifrs-full:CostOfSales"}},
        {"gross_profit", {"us-gaap:GrossProfit", "ifrs-full:GrossProfit"}}}},
      {"earnings",
       {{"operating_income", {"us-gaap:OperatingIncomeLoss", "ifrs-full:ProfitLossFromOperatingActivities"}},
        {"net_income",
         {"us-gaap:NetIncomeLossAvailableToCommonStockholdersBasic", "us-gaap:NetIncomeLoss",
          "ifrs-full:ProfitLossAttributableToOwnersOfParent"},
         {"us-gaap:ProfitLoss", "ifrs-full:ProfitLoss"}},
        {"eps_basic",
         {"us-gaap:EarningsPerShareBasic", "us-gaap:EarningsPerShareBasicAndDiluted",
          "ifrs-full:BasicEarningsLossPerShare"}},
        {"eps_diluted",
         {"us-gaap:EarningsPerShareDiluted", "us-gaap:EarningsPerShareBasicAndDiluted",
          "ifrs-full:DilutedEarningsLossPerShare"}},
        {"research_and_development",
         {"us-gaap:ResearchAndDevelopmentExpense", "ifrs-full:ResearchAndDevelopmentExpense"}},
        {"interest_expense",
         {"us-gaap:InterestExpense", "us-gaap:InterestExpenseNonoperating", "ifrs-full:InterestExpense"},
         {"ifrs-full:FinanceCosts"}},
        {"income_tax", {"us-gaap:IncomeTaxExpenseBenefit", "ifrs-full:IncomeTaxExpenseContinuingOperations"}}}},
      {"balance_sheet",
       {{"total_assets", {"us-gaap:Assets", "ifrs-full:Assets"}},
        {"current_assets", {"us-gaap:AssetsCurrent", "ifrs-full:CurrentAssets"}},
        {"cash",
         {"us-gaap:CashAndCashEquivalentsAtCarryingValue", "ifrs-full:CashAndCashEquivalents"},
         {"us-gaap:CashCashEquivalentsRestrictedCashAndRestrictedCashEquivalents"}},
        {"short_term_investments", {"us-gaap:ShortTermInvestments", "us-gaap:MarketableSecuritiesCurrent"}},
        {"receivables",
         {"us-gaap:AccountsReceivableNetCurrent", "us-gaap:ReceivablesNetCurrent",
          "ifrs-full:TradeAndOtherCurrentReceivables"}},
        {"inventory", {"us-gaap:InventoryNet", "ifrs-full:Inventories"}},
        {"property", {"us-gaap:PropertyPlantAndEquipmentNet", "ifrs-full:PropertyPlantAndEquipment"}},
        {"goodwill", {"us-gaap:Goodwill", "ifrs-full:Goodwill"}},
        {"intangible_assets",
         {"us-gaap:IntangibleAssetsNetExcludingGoodwill", "ifrs-full:IntangibleAssetsOtherThanGoodwill"},
         {"us-gaap:FiniteLivedIntangibleAssetsNet"}},
        {"total_liabilities", {"us-gaap:Liabilities", "ifrs-full:Liabilities"}},
        {"current_liabilities", {"us-gaap:LiabilitiesCurrent", "ifrs-full:CurrentLiabilities"}},
        {"accounts_payable", {"us-gaap:AccountsPayableCurrent", "ifrs-full:TradeAndOtherCurrentPayables"}},
        {"short_term_debt", {"us-gaap:DebtCurrent"}, {"us-gaap:LongTermDebtCurrent", "us-gaap:ShortTermBorrowings"}},
        {"long_term_debt", {"us-gaap:LongTermDebtNoncurrent"}, {"us-gaap:LongTermDebt"}},
        {"retained_earnings", {"us-gaap:RetainedEarningsAccumulatedDeficit", "ifrs-full:RetainedEarnings"}},
        {"shareholder_equity",
         {"us-gaap:StockholdersEquity", "ifrs-full:EquityAttributableToOwnersOfParent"},
         {"us-gaap:StockholdersEquityIncludingPortionAttributableToNoncontrollingInterest", "ifrs-full:Equity"}},
        {"shares_outstanding", {"us-gaap:CommonStockSharesOutstanding"}, {"us-gaap:CommonStockSharesIssued"}}}},
      {"cash_flow",
       {{"operating_cash_flow",
         {"us-gaap:NetCashProvidedByUsedInOperatingActivities", "ifrs-full:CashFlowsFromUsedInOperatingActivities"},
         {"us-gaap:NetCashProvidedByUsedInOperatingActivitiesContinuingOperations",
          "ifrs-full:CashFlowsFromUsedInOperations"}},
        {"investing_cash_flow",
         {"us-gaap:NetCashProvidedByUsedInInvestingActivities", "ifrs-full:CashFlowsFromUsedInInvestingActivities"},
         {"us-gaap:NetCashProvidedByUsedInInvestingActivitiesContinuingOperations"}},
        {"financing_cash_flow",
         {"us-gaap:NetCashProvidedByUsedInFinancingActivities", "ifrs-full:CashFlowsFromUsedInFinancingActivities"},
         {"us-gaap:NetCashProvidedByUsedInFinancingActivitiesContinuingOperations"}},
        {"capital_expenditure",
         {"us-gaap:PaymentsToAcquirePropertyPlantAndEquipment", "us-gaap:PaymentsToAcquireProductiveAssets",
          "ifrs-full:PurchaseOfPropertyPlantAndEquipmentClassifiedAsInvestingActivities"}},
        {"depreciation",
         {"us-gaap:DepreciationDepletionAndAmortization", "us-gaap:DepreciationAmortizationAndAccretionNet",
          "us-gaap:DepreciationAndAmortization", "ifrs-full:AdjustmentsForDepreciationAndAmortisationExpense"}},
        {"dividends_paid",
         {"us-gaap:PaymentsOfDividendsCommonStock", "us-gaap:PaymentsOfDividends",
          "ifrs-full:DividendsPaidClassifiedAsFinancingActivities"}},
        {"share_repurchases", {"us-gaap:PaymentsForRepurchaseOfCommonStock"}},
        {"net_income", {"us-gaap:ProfitLoss", "us-gaap:NetIncomeLoss", "ifrs-full:ProfitLoss"}}}},
      {"shares_outstanding",
       {{"shares", {"dei:EntityCommonStockSharesOutstanding", "us-gaap:CommonStockSharesOutstanding"}}}}};
}

}  // namespace

const std::vector<Concept>& ConceptsOf(std::string_view resource) {
  static const auto* table = new Table(Concepts());
  static const auto* none = new std::vector<Concept>();
  const auto found = table->find(resource);
  return found == table->end() ? *none : found->second;
}

}  // namespace breadthflow::data
