#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "breadthflow/data/v1/quality.pb.h"

#include "services/cli/session.h"

namespace breadthflow::cli {

// The quality report of `snapshots/{id}`; by one calendar for all series where it is named.
absl::StatusOr<data::v1::QualityReport> QualityOf(Session& session, const std::string& snapshot,
                                                  const std::string& calendar = "");

// "ERROR".
std::string SeverityText(const data::v1::QualityFinding& finding);

// ": 2015-03-02, 2015-03-03 ..."; empty when there are none.
std::string Examples(const data::v1::QualityFinding& finding);

// Series by series: the calendar it was judged by, expected and present rows, score, and its findings, each on a line
// of its own.
Table QualityTable(const data::v1::QualityReport& report);

}  // namespace breadthflow::cli
