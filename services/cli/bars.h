#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "breadthflow/data/v1/snapshot.pb.h"

#include "services/cli/session.h"

namespace breadthflow::cli {

// Where the bars of a snapshot come from: every result says it, since made-up bars look like real ones.
struct Bars {
  std::vector<std::string> symbols;
  std::map<std::string, std::vector<std::string>> symbols_by_source;
  std::string range;  // "2015-01-02 to 2017-12-29"; empty when the series have changed since
};

absl::StatusOr<Bars> BarsOf(Session& session, const data::v1::Snapshot& snapshot);
absl::StatusOr<Bars> BarsOf(Session& session, const std::string& snapshot);

// "AAPL, MSFT from simulated (made-up data), 2015-01-02 to 2017-12-29".
std::string DescribeBars(const Bars& bars);

// Says DescribeBars, and a warning when the snapshot mixes sources.
void SayBars(Printer& out, const Bars& bars);
void WarnOfMixedSources(Printer& out, const Bars& bars);

// The same for a snapshot by its name. Where it is gone, nothing is said.
absl::Status SayBarsOf(Session& session, const std::string& snapshot);

// "A, B, C and 97 more".
std::string SomeOf(const std::vector<std::string>& names);

// "simulated (made-up data)" for the source whose bars are made up.
std::string SourceText(const std::string& source);

}  // namespace breadthflow::cli
