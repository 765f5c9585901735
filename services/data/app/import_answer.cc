#include "services/data/app/import_answer.h"

#include <iomanip>
#include <sstream>
#include <utility>

#include "common/base/status.h"

namespace breadthflow::data {
namespace {

// Fields behind each other with spaces between them, texts in quotes; lists begin with how many there are.
void Write(const absl::Status& error, std::ostream& out) {
  const base::ErrorDetails details = base::DetailsOf(error);
  out << ' ' << static_cast<int>(error.code()) << ' ' << std::quoted(details.reason) << ' '
      << std::quoted(base::Message(error)) << ' ' << details.violations.size();
  for (const base::FieldViolation& one : details.violations) {
    out << ' ' << std::quoted(one.field) << ' ' << std::quoted(one.description);
  }
}

void Read(std::istream& in, FetchResult& result) {
  int code = 0;
  std::string message;
  size_t violations = 0;
  base::ErrorDetails details;
  in >> code >> std::quoted(details.reason) >> std::quoted(message) >> violations;
  for (; in && violations > 0; --violations) {
    base::FieldViolation one;
    in >> std::quoted(one.field) >> std::quoted(one.description);
    details.violations.push_back(std::move(one));
  }
  if (!in || code == 0) return;
  if (!result.quarantine.empty()) details.metadata["quarantine"] = "quarantines/" + result.quarantine;
  result.error = base::MakeError(static_cast<absl::StatusCode>(code), message, details);
}

}  // namespace

std::string ToAnswer(const std::vector<FetchResult>& results) {
  std::ostringstream out;
  out << results.size();
  for (const FetchResult& result : results) {
    out << '\n'
        << result.symbol << ' ' << static_cast<int>(result.outcome) << ' ' << result.rows << ' ' << result.changed_rows
        << ' ' << std::quoted(result.source) << ' ' << result.impossible_rows << ' ' << result.quarantined_rows << ' '
        << std::quoted(result.quarantine) << ' ' << result.retryable << ' ' << result.notes.size();
    for (const std::string& note : result.notes) out << ' ' << std::quoted(note);
    Write(result.error, out);
    out << ' ' << result.removed_rows << ' ' << result.revised_rows.value_or(-1);
  }
  return out.str();
}

absl::StatusOr<std::vector<FetchResult>> FromAnswer(const std::string& text) {
  std::istringstream in(text);
  std::vector<FetchResult> results;
  size_t count = 0;
  in >> count;
  for (; in && count > 0; --count) {
    FetchResult& result = results.emplace_back();
    int outcome = 0;
    size_t notes = 0;
    in >> result.symbol >> outcome >> result.rows >> result.changed_rows >> std::quoted(result.source) >>
        result.impossible_rows >> result.quarantined_rows >> std::quoted(result.quarantine) >> result.retryable >>
        notes;
    result.outcome = static_cast<Outcome>(outcome);
    for (; in && notes > 0; --notes) in >> std::quoted(result.notes.emplace_back());
    Read(in, result);
    // Not in what was remembered before they were counted.
    if (in.good() && in.peek() == ' ') in >> result.removed_rows;
    int64_t revised = -1;
    if (in.good() && in.peek() == ' ') in >> revised;
    if (revised >= 0) result.revised_rows = revised;
  }
  if (in && in.peek() == std::istringstream::traits_type::eof()) return results;
  return base::MakeError(absl::StatusCode::kDataLoss, "BAD_ANSWER", "a remembered import can not be read");
}

}  // namespace breadthflow::data
