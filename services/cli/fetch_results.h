#pragma once

#include <string>

#include "absl/status/status.h"
#include "breadthflow/data/v1/fetch.pb.h"
#include <google/protobuf/repeated_field.h>

#include "services/cli/command.h"
#include "services/cli/printer.h"
#include "services/cli/session.h"

// What fetch and import say alike about their symbols.
namespace breadthflow::cli {

// --quality-gate, and what it says.
Flag QualityGateFlag(const std::string& default_value);
data::v1::QualityGate QualityGateOf(const Arguments& arguments);

using FetchResults = google::protobuf::RepeatedPtrField<data::v1::FetchResult>;

// For people: the notes, each with the symbols it is of, and where rows are that were kept apart.
void SayNotes(Printer& out, const FetchResults& results);

// For people: what became of all rows: "5,849 rows: 12 new, 5,837 corrected", "29 rows: 0 new or changed, 223 removed".
// New and corrected ones are told apart where they were counted; of none corrected nothing is said.
std::string RowsText(const FetchResults& results);

// For people: a warning for every symbol of which a fetch or an import took rows away.
void SayRemoved(Printer& out, const FetchResults& results);

// Writes the errors of the symbols that failed, one that they share once. OK when none did, else ABORTED SYMBOLS_FAILED
// with the names of all behind `verb` ("fetched").
absl::Status SayFailures(Printer& out, const FetchResults& results, const std::string& verb);

}  // namespace breadthflow::cli
