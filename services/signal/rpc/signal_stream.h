#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "breadthflow/common/v1/series.pb.h"

#include "common/rpc/source.h"
#include "services/signal/app/signal_runs.h"

namespace breadthflow::signal {

// The signals of a run, symbol by symbol, one stored chunk a message; a symbol without signals is one message without
// rows. `results` are what SignalRuns::Readable gave.
std::unique_ptr<rpc::Source<common::v1::SeriesMessage>> StreamSignals(SignalRuns& runs, std::string id,
                                                                      std::vector<SymbolResult> results,
                                                                      common::v1::SeriesEncoding encoding,
                                                                      absl::Time deadline);

}  // namespace breadthflow::signal
