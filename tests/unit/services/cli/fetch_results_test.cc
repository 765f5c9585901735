#include "services/cli/fetch_results.h"

#include <sstream>
#include <string>

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace breadthflow::cli
