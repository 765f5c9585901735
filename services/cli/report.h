#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "services/cli/session.h"

namespace breadthflow::cli {

// The report of one backtest with what belongs to it from the other services: quality of its bars, scores of its model.
// With `html_file` the page is written there, in one piece or not at all.
absl::StatusOr<backtest::v1::Report> GetReport(Session& session, const std::string& run, const std::string& html_file);

// Quality, scores, metrics, symbols, digest.
absl::Status ShowReport(Session& session, const backtest::v1::Report& report);

// Symbols, period, strategy and costs of a backtest that succeeded; of another one what was asked for.
absl::Status SayWhatWasTested(Session& session, const backtest::v1::BacktestRun& run);

// Metric by metric; with `explain` also what each is, which makes long lines.
Table MetricTable(const backtest::v1::BacktestRun& run, bool explain);

}  // namespace breadthflow::cli
