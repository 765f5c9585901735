#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "common/component/catalog.h"
#include "common/component/params.h"
#include "services/data/domain/source.h"

namespace breadthflow::data {

// Reads files that somebody sends. Thread-safe.
class TableReader {
 public:
  virtual ~TableReader() = default;

  // The series of one file: the rows of `symbol`; when that is empty, of every symbol that the file names, or else of
  // the one that is the name of the file without folder and extension. `bytes` may be packed by gzip. INVALID_ARGUMENT
  // with every violation under file:line (of what has no lines: file, or file:row); NOT_FOUND UNKNOWN_SYMBOL when a
  // file that names symbols does not have `symbol`.
  virtual absl::StatusOr<std::vector<SourceData>> Read(const std::string& file, std::string bytes,
                                                       const std::string& symbol) const = 0;
};

// A reader of what `kind` says (its symbol and range are not looked at, its definition is required) with the parameters
// of a text (layout, columns, calendar ...). INVALID_ARGUMENT with every violation under the name of the parameter. The
// resource must outlive the reader.
using MakeTableReader = std::function<absl::StatusOr<std::unique_ptr<TableReader>>(const SourceQuery& kind,
                                                                                   const component::RawParams& params)>;

// A reader of saved answers of `source`, whose parameters are as a fetch has them, for what `kind` says (its symbol and
// range are not looked at, its definition is required). An empty resource of `kind`: nobody named one; then it is that
// of the definition, where the source has it, and else every file is refused with what it has rows of. INVALID_ARGUMENT
// with every violation under the name of the parameter, or without any: what is wrong with the source, or that it does
// not have the resource in these bars. The resource must outlive the reader.
using MakeAnswerReader = std::function<absl::StatusOr<std::unique_ptr<TableReader>>(
    const component::ComponentRef& source, const SourceQuery& kind)>;

}  // namespace breadthflow::data
