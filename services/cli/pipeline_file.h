#pragma once

#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "breadthflow/orchestrator/v1/pipeline.pb.h"

#include "common/base/status.h"

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
// A relative `source.path` is made absolute from the working directory of this program: the server has another.
struct PipelineFile {
  orchestrator::v1::Pipeline pipeline;  // as far as it could be read
  // Every one, with its place (file:line): unknown keys, wrong shapes, placeholders without a value; and variables that
  // the file does not use. What the steps mean is checked by the orchestrator.
  base::Violations violations;
  // Field of the pipeline ("pipeline.steps[2].params.symbols") -> file:line.
  std::map<std::string, std::string> places;
};

PipelineFile ParsePipeline(const std::string& yaml, std::string_view file,
                           const std::map<std::string, std::string>& variables);

// The same from a file; "-" is standard input. NOT_FOUND when it can not be read.
absl::StatusOr<PipelineFile> LoadPipeline(const std::string& file, const std::map<std::string, std::string>& variables);

// Adds what the orchestrator says against the pipeline of `file`, each violation at the line of the nearest field that
// has one: "x.yaml:7 (pipeline.steps[1].kind)". Left out are those at lines that the file's own violations name.
void MergeByPlace(const absl::Status& refused, const PipelineFile& file, base::Violations& violations);

}  // namespace breadthflow::cli
