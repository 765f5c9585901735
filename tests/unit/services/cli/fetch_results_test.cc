#include "services/cli/fetch_results.h"

#include <cstdint>
#include <optional>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "common/base/status.h"

namespace breadthflow::cli {
namespace {

std::string Notes(const FetchResults& results) {
  std::ostringstream json;
  std::ostringstream people;
  Printer printer(Printer::Mode::kTable, false, json, people);
  SayNotes(printer, results);
  return people.str();
}

TEST(Notes, ThatSeveralSymbolsShareAreSaidOnce) {
  FetchResults results;
  for (const char* symbol : {"A", "B", "C", "D", "E", "F", "G"}) {
    data::v1::FetchResult& result = *results.Add();
    result.set_symbol(symbol);
    result.add_notes("all of them");
    if (*symbol < 'C') result.add_notes("some of them");
    if (*symbol == 'D') result.add_notes("one of them");
  }
  EXPECT_EQ(Notes(results), "  A, B, C, D, E and 2 more: all of them\n  A, B: some of them\n  D: one of them\n");
}

TEST(Notes, OfNobodyAreNone) {
  FetchResults results;
  results.Add()->set_symbol("A");
  EXPECT_EQ(Notes(results), "");
}

TEST(Failures, ThatSeveralSymbolsShareAreSaidOnceAndAllSymbolsAreNamedAtTheEnd) {
  FetchResults results;
  for (const char* symbol : {"A", "B", "C", "D", "E", "F", "G"}) {
    data::v1::FetchResult& result = *results.Add();
    result.set_symbol(symbol);
    if (*symbol == 'B') continue;
    result.set_outcome(data::v1::FetchResult::OUTCOME_FAILED);
    result.mutable_error()->set_code(
        static_cast<int>(*symbol == 'C' ? absl::StatusCode::kNotFound : absl::StatusCode::kUnavailable));
    result.mutable_error()->set_message(*symbol == 'C' ? "nobody knows it" : "out of reach");
  }
  std::ostringstream json;
  std::ostringstream people;
  Printer printer(Printer::Mode::kTable, false, json, people);
  const absl::Status failed = SayFailures(printer, results, "fetched");
  EXPECT_EQ(base::Message(failed), "not fetched: A, C, D, E, F, G");
  const std::string text = people.str();
  const size_t shared = text.find("A, D, E, F, G: out of reach");
  const size_t other = text.find("C: nobody knows it");
  EXPECT_NE(shared, std::string::npos) << text;
  EXPECT_NE(other, std::string::npos) << text;
  EXPECT_LT(shared, other) << "in the order of the symbols";
  EXPECT_EQ(text.find("out of reach", shared + 20), std::string::npos) << text;
  EXPECT_TRUE(SayFailures(printer, {}, "fetched").ok());
}

FetchResults Counted(int64_t rows, int64_t changed, int64_t removed, std::optional<int64_t> revised) {
  FetchResults results;
  data::v1::FetchResult& result = *results.Add();
  result.set_symbol("A");
  result.set_source("import");
  result.set_row_count(rows);
  result.set_changed_row_count(changed);
  result.set_removed_row_count(removed);
  if (revised) result.set_revised_row_count(*revised);
  return results;
}

TEST(RowsText, TellsNewCorrectedAndRemovedRowsApart) {
  EXPECT_EQ(RowsText(Counted(29, 223, 223, 0)), "29 rows: 0 new or changed, 223 removed");
  EXPECT_EQ(RowsText(Counted(5849, 5849, 0, 5837)), "5,849 rows: 12 new, 5,837 corrected");
  EXPECT_EQ(RowsText(Counted(1, 1, 0, 0)), "1 row: 1 new") << "none was corrected";
  EXPECT_EQ(RowsText(Counted(30, 0, 0, 0)), "30 rows: 0 new or changed");
  EXPECT_EQ(RowsText(Counted(30, 30, 5, std::nullopt)), "30 rows: 25 new or changed, 5 removed") << "of a fetch";
  FetchResults two = Counted(1, 1, 0, 1);
  two.MergeFrom(Counted(0, 0, 0, std::nullopt));
  EXPECT_EQ(RowsText(two), "1 row: 0 new, 1 corrected") << "what changed nothing need not be counted";
}

TEST(Removed, RowsAreWarnedOfWhateverRemovedThem) {
  std::ostringstream json;
  std::ostringstream people;
  Printer printer(Printer::Mode::kTable, false, json, people);
  SayRemoved(printer, Counted(29, 223, 223, 0));
  EXPECT_EQ(people.str(), "  A: WARNING: 223 rows that were stored are gone: import does not have them now\n");
}

}  // namespace
}  // namespace breadthflow::cli
