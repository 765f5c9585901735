#pragma once

#include <span>
#include <string>
#include <vector>

#include "services/backtest/domain/report/report.h"

// The tables of the page, each as HTML; "" where there is nothing to show.
namespace breadthflow::backtest::report {

std::string MonthlyTable(const std::vector<MonthlyReturn>& months);  // a row per year, coloured by size
std::string MetricList(const std::vector<MetricRow>& metrics);
std::string SymbolTable(const std::vector<SymbolSummary>& symbols);
std::string TradeTable(std::span<const Trade* const> trades);  // the first 250, and how many there are
std::string SectionTable(const Section& section);
std::string RefusalTable(const std::vector<NamedRefusal>& refusals);  // the first 200
std::string LineageTable(const std::vector<LineageRow>& rows, const std::string& digest);

}  // namespace breadthflow::backtest::report
