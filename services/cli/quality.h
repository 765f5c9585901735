#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "breadthflow/data/v1/quality.pb.h"

#include "services/cli/session.h"

namespace breadthflow::cli {

// How a report is asked for; the default is the one that is kept.
struct QualityOptions {
  std::string calendar;     // for all series; empty: each by its own
  std::string asset_class;  // the same
  bool expect_whole_range = false;
};

// The quality report of `snapshots/{id}`.
absl::StatusOr<data::v1::QualityReport> QualityOf(Session& session, const std::string& snapshot,
                                                  const QualityOptions& options = {});

// "ERROR".
std::string SeverityText(const data::v1::QualityFinding& finding);

// ": 2015-03-02, 2015-03-03 ..."; empty when there are none. Rows have the instant at which they were complete: one of
// midnight is of the day that ends with it.
std::string Examples(const data::v1::QualityFinding& finding);

// "ERROR gaps (105, 20.83 %): 105 consecutive sessions are missing, ...": how many rows and which share of them,
// examples where the message does not name the first of them, and the message. Where no row is counted, as in what was
// not judged, only the message.
std::string FindingText(const data::v1::QualityFinding& finding);

// Series by series: the calendar and the asset class it was judged by, expected and present rows, score, and its
// findings, each in a row of its own with its whole message, which wraps at the width of the terminal. Says how many
// series are not listed.
Table QualityTable(const data::v1::QualityReport& report);

}  // namespace breadthflow::cli
