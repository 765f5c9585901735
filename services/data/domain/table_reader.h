#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "common/component/params.h"
#include "services/data/domain/source.h"

namespace breadthflow::data {

// Reads files of text that somebody sends. Thread-safe.
class TableReader {
 public:
  virtual ~TableReader() = default;

  // The series of one file: the rows of `symbol`; when that is empty, of every symbol that the file names, or else of
  // the one that is the name of the file without folder and extension. `bytes` may be packed by gzip. INVALID_ARGUMENT
  // with every violation under file:line; NOT_FOUND UNKNOWN_SYMBOL when a file that names symbols does not have
  // `symbol`.
  virtual absl::StatusOr<std::vector<SourceData>> Read(const std::string& file, std::string bytes,
                                                       const std::string& symbol) const = 0;
};

// A reader of what `kind` says (its symbol and range are not looked at, its definition is required) with the parameters
// of a text (layout, columns, calendar ...). INVALID_ARGUMENT with every violation under the name of the parameter. The
// resource must outlive the reader.
using MakeTableReader = std::function<absl::StatusOr<std::unique_ptr<TableReader>>(const SourceQuery& kind,
                                                                                   const component::RawParams& params)>;

}  // namespace breadthflow::data
