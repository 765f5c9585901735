#pragma once

#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "breadthflow/orchestrator/v1/pipeline.pb.h"

namespace breadthflow::cli {

// A pipeline as YAML:
//
//   id: demo
//   description: bars to report
//   steps:
//     - id: fetch
//       kind: fetch
//       params: {source: "${SOURCE:-simulated}", symbols: "${SYMBOLS:-AAPL,MSFT}", source.seed: 7}
//     - id: check
//       kind: quality
//       inputs: {fetch_run: fetch.fetch_run}
//       depends_on: [fetch]
//
// "${NAME}" and "${NAME:-default}" in any text are replaced by `variables`; a name without value and default is a
// violation. Unquoted whole numbers, numbers and true/false become parameters of that type, also after replacement when
// the text is nothing but one placeholder; everything else is text. A parameter whose text is empty is left out.
//
// INVALID_ARGUMENT `BAD_PIPELINE_FILE` with every violation (file:line): unknown keys, wrong shapes, unknown
// placeholders. What the steps mean is checked by the orchestrator.
absl::StatusOr<orchestrator::v1::Pipeline> ParsePipeline(const std::string& yaml, std::string_view file,
                                                         const std::map<std::string, std::string>& variables);

// The same from a file; "-" is standard input. NOT_FOUND when it can not be read.
absl::StatusOr<orchestrator::v1::Pipeline> LoadPipeline(const std::string& file,
                                                        const std::map<std::string, std::string>& variables);

}  // namespace breadthflow::cli
