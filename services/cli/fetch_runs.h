#pragma once

#include "breadthflow/data/v1/data_service.pb.h"

#include "services/cli/printer.h"

namespace breadthflow::cli {

// What was asked for, one row per symbol with how it ended, and what the sources said of it.
void DescribeFetch(Printer& out, const data::v1::FetchRun& run);

}  // namespace breadthflow::cli
