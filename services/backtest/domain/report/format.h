#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "services/backtest/domain/report/report.h"

// Numbers and text as the page shows them. Pure; the same text everywhere, whatever the locale.
namespace breadthflow::backtest::report {

std::string Escape(std::string_view text);               // for HTML text and double-quoted attributes
std::string Decimal(double value, int digits);           // "-1,234.50"
std::string Percent(double fraction, int digits = 2);    // "12.34 %"
std::string SignedPercent(double fraction, int digits);  // "+12.34 %"
std::string Money(double value);                         // two digits below 100,000, else none
std::string Price(double value);                         // as many digits as a price of this size needs
std::string Quantity(double value);                      // no digits for whole numbers, else up to four
std::string Day(int64_t time_ns);                        // "2024-03-28", UTC
std::string Words(std::string_view name);                // "stop_loss" -> "stop loss"
std::string MetricText(const MetricRow& metric);         // by its unit
std::string MetricTitle(std::string_view name);          // "max_drawdown" -> "Max drawdown"

}  // namespace breadthflow::backtest::report
