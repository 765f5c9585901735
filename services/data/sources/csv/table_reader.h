#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

#include "services/data/domain/table_reader.h"

namespace breadthflow::data::csv {

// A MakeTableReader for CSV: the parameters are those of the source csv_file that are about texts (ReadParams). Prices
// are "raw" unless the parameter basis says otherwise: who sends a file knows it, and nothing is assumed of it.
absl::StatusOr<std::unique_ptr<TableReader>> MakeReader(const Resource& resource, quant::Timeframe timeframe,
                                                        const component::RawParams& params);

}  // namespace breadthflow::data::csv
