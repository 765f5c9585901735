#pragma once

#include "breadthflow/training/v1/model.pb.h"

#include "services/cli/printer.h"

namespace breadthflow::cli {

// Scores on training and held-out rows beside the baseline.
Table ScoreTable(const training::v1::Model& model);

// Scores, cut-off, the most used features.
void DescribeModel(Printer& out, const training::v1::Model& model);

}  // namespace breadthflow::cli
