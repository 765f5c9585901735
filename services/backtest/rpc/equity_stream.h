#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "breadthflow/common/v1/series.pb.h"

#include "common/rpc/source.h"
#include "services/backtest/domain/backtest_run.h"
#include "services/backtest/store/backtest_store.h"

namespace breadthflow::backtest {

// The equity curve of a run that has succeeded, one stored chunk a message. INVALID_ARGUMENT for an encoding that does
// not exist.
absl::StatusOr<std::unique_ptr<rpc::Source<common::v1::SeriesMessage>>> StreamEquity(
    BacktestStore& store, const BacktestRun& run, common::v1::SeriesEncoding encoding, absl::Time deadline);

}  // namespace breadthflow::backtest
