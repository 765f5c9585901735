#include "services/data/sources/simulated/tables.h"

namespace breadthflow::data {

const std::vector<SimulatedTable>& SimulatedTables() {
  using quant::Timeframe;
  static const auto* tables =
      new std::vector<SimulatedTable>{{"balance_sheet", {Timeframe::kTick}, SimulatedBalanceSheetTable},
                                      {"cash_flow", {Timeframe::kTick}, SimulatedCashFlowTable},
                                      {"delisting", {Timeframe::kTick}, SimulatedDelistingTable},
                                      {"dividend", {Timeframe::kTick}, SimulatedDividendTable},
                                      {"earnings", {Timeframe::kTick}, SimulatedEarningsTable},
                                      {"interest_rate", {Timeframe::kTick}, SimulatedRateTable},
                                      {"market_cap", {Timeframe::kTick}, SimulatedMarketCapTable},
                                      {"news_sentiment", {Timeframe::kTick}, SimulatedNewsTable},
                                      {"option_chain", {Timeframe::kTick}, SimulatedChainTable},
                                      {"order_book", {Timeframe::kTick}, SimulatedBookTable},
                                      {"quote", {Timeframe::kTick}, SimulatedQuoteTable},
                                      {"revenue", {Timeframe::kTick}, SimulatedRevenueTable},
                                      {"shares_outstanding", {Timeframe::kTick}, SimulatedSharesTable},
                                      {"split", {Timeframe::kTick}, SimulatedSplitTable},
                                      {"stock_price",
                                       {Timeframe::kMin1, Timeframe::kMin5, Timeframe::kMin15, Timeframe::kMin30,
                                        Timeframe::kHour1, Timeframe::kDay, Timeframe::kWeek, Timeframe::kMonth},
                                       SimulatedBars},
                                      {"symbol_change", {Timeframe::kTick}, SimulatedSymbolChangeTable},
                                      {"trade", {Timeframe::kTick}, SimulatedTradeTable},
                                      {"universe", {Timeframe::kTick}, SimulatedUniverseTable}};
  return *tables;
}

}  // namespace breadthflow::data
