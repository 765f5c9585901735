#pragma once

#include "breadthflow/backtest/v1/backtest_service.pb.h"

#include "common/base/status.h"
#include "services/backtest/domain/backtest_run.h"
#include "services/backtest/domain/report/report.h"

// Messages of breadthflow.backtest.v1 <-> domain types.
namespace breadthflow::backtest {

// What is left out gets its default. Adds what can not be converted to `violations`; CheckSpec comes after.
BacktestSpec FromProto(const v1::BacktestSpec& proto, base::Violations& violations);
report::Section FromProto(const v1::ReportSection& proto, std::string_view field, base::Violations& violations);

v1::BacktestRun ToProto(const BacktestRun& run);
v1::Trade ToProto(const Trade& trade);
// Name, run, symbols, monthly returns and refusals; no page.
v1::Report ToProto(const BacktestRun& run, const report::Report& report);

}  // namespace breadthflow::backtest
