#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "breadthflow/training/v1/model.pb.h"

#include "services/cli/printer.h"
#include "services/cli/session.h"

namespace breadthflow::cli {

// The model that people call `text`: NAME (its newest version), NAME/VERSION, an id or the beginning of one, "latest"
// or
// "" for the newest of all. NOT_FOUND UNKNOWN_MODEL with the names and versions there are.
absl::StatusOr<std::string> ModelName(Session& session, const std::string& text);

// Scores on training and held-out rows beside the baseline.
Table ScoreTable(const training::v1::Model& model);

// Scores, cut-off, the most used features.
void DescribeModel(Printer& out, const training::v1::Model& model);

}  // namespace breadthflow::cli
