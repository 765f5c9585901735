#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "common/quant/series.h"
#include "services/data/domain/source.h"
#include "services/data/sources/simulated/world.h"

namespace breadthflow::data {

// What of the made-up world is asked for.
struct SimulatedQuery {
  SimulatedWorld world;
  quant::PriceBasis basis = quant::PriceBasis::kRaw;  // of stock_price
  SourceQuery query;
};

// One resource that the world has: its rows in the query's range, ascending.
struct SimulatedTable {
  std::string_view resource;
  std::vector<quant::Timeframe> timeframes;
  absl::StatusOr<quant::Series> (*make)(const SimulatedQuery&);
};

// Ordered by resource.
const std::vector<SimulatedTable>& SimulatedTables();

// stock_price: days from the world itself, smaller bars from its trades, larger ones from the days.
absl::StatusOr<quant::Series> SimulatedBars(const SimulatedQuery& query);
// trade, quote, order_book, option_chain, universe, interest_rate.
absl::StatusOr<quant::Series> SimulatedTradeTable(const SimulatedQuery& query);
absl::StatusOr<quant::Series> SimulatedQuoteTable(const SimulatedQuery& query);
absl::StatusOr<quant::Series> SimulatedBookTable(const SimulatedQuery& query);
absl::StatusOr<quant::Series> SimulatedChainTable(const SimulatedQuery& query);
absl::StatusOr<quant::Series> SimulatedUniverseTable(const SimulatedQuery& query);
absl::StatusOr<quant::Series> SimulatedRateTable(const SimulatedQuery& query);
// What companies and writers publish.
absl::StatusOr<quant::Series> SimulatedDividendTable(const SimulatedQuery& query);
absl::StatusOr<quant::Series> SimulatedSplitTable(const SimulatedQuery& query);
absl::StatusOr<quant::Series> SimulatedSymbolChangeTable(const SimulatedQuery& query);
absl::StatusOr<quant::Series> SimulatedDelistingTable(const SimulatedQuery& query);
absl::StatusOr<quant::Series> SimulatedSharesTable(const SimulatedQuery& query);
absl::StatusOr<quant::Series> SimulatedMarketCapTable(const SimulatedQuery& query);
absl::StatusOr<quant::Series> SimulatedRevenueTable(const SimulatedQuery& query);
absl::StatusOr<quant::Series> SimulatedEarningsTable(const SimulatedQuery& query);
absl::StatusOr<quant::Series> SimulatedBalanceSheetTable(const SimulatedQuery& query);
absl::StatusOr<quant::Series> SimulatedCashFlowTable(const SimulatedQuery& query);
absl::StatusOr<quant::Series> SimulatedNewsTable(const SimulatedQuery& query);

}  // namespace breadthflow::data
