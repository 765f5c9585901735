#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

#include "services/data/domain/table_reader.h"

namespace breadthflow::data::csv {

// A MakeTableReader for CSV: the parameters are those of the source csv_file that are about texts (ReadParams), and
// mean the same.
absl::StatusOr<std::unique_ptr<TableReader>> MakeReader(const SourceQuery& kind, const component::RawParams& params);

}  // namespace breadthflow::data::csv
