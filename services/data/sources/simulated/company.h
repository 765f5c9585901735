#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"

#include "common/quant/calendar.h"
#include "services/data/sources/simulated/world.h"

namespace breadthflow::data {

// What a company publishes about one fiscal period; whole thousands of the currency unless said otherwise. The parts
// add up: gross profit, assets, liabilities, free cash flow, and years of their quarters.
struct SimulatedStatement {
  absl::CivilDay period_start, period_end;
  int quarter = 0;      // 1..4 of the calendar year
  bool annual = false;  // all four
  bool restated = false;
  bool before_open = false;  // announced before the open, else after the close
  int64_t published_ns = 0;
  std::string accession;
  double shares = 0;  // outstanding at the end of the period, whole
  double revenue = 0, cost_of_revenue = 0, gross_profit = 0;
  double research_and_development = 0, operating_income = 0, interest_expense = 0, income_tax = 0, net_income = 0;
  double depreciation = 0, ebitda = 0;
  double eps = 0, eps_estimate = 0;  // per share, whole cents
  double cash = 0, receivables = 0, inventory = 0, current_assets = 0, property = 0, goodwill = 0, total_assets = 0;
  double accounts_payable = 0, short_term_debt = 0, current_liabilities = 0, long_term_debt = 0, total_liabilities = 0;
  double retained_earnings = 0, shareholder_equity = 0;
  double operating_cash_flow = 0, capital_expenditure = 0, free_cash_flow = 0, dividends_paid = 0,
         share_repurchases = 0, investing_cash_flow = 0, financing_cash_flow = 0;
};

// All statements of a stock's life in the order of their publication: every quarter 18 to 40 days after its end, with
// the year's at the fourth (30 to 60 days); one of 25 is restated about a quarter later. Sales follow a slow mean of
// the company's value, so nothing in a statement comes from after its period.
std::vector<SimulatedStatement> SimulateStatements(uint64_t seed, const SimulatedStock& stock,
                                                   const quant::Calendar& calendar);

struct SimulatedValue {
  int64_t time_ns = 0;
  double value = 0;
};

// Value of all shares at the close of each session: those of the last statement that was public by then, with the
// splits since its period.
std::vector<SimulatedValue> SimulateMarketCap(const SimulatedStock& stock,
                                              const std::vector<SimulatedStatement>& statements);

}  // namespace breadthflow::data
