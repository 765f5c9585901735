#include "services/cli/fetch_results.h"

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

}  // namespace
}  // namespace breadthflow::cli
