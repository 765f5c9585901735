#include "services/cli/printer.h"

#include <sstream>

#include "breadthflow/common/v1/component.pb.h"

#include "services/cli/session.h"
#include "tests/support/matchers.h"

namespace breadthflow::cli {
namespace {

TEST(Table, AlignsTextLeftAndNumbersRight) {
  const Table table{.title = "things", .columns = {"name", "rows"}, .rows = {{"a", "5"}, {"long name", "1,234"}}};
  EXPECT_EQ(Render(table),
            "things\n"
            "  name         rows\n"
            "  ---------   -----\n"
            "  a               5\n"
            "  long name   1,234\n");
}

TEST(Table, CountsCharactersNotBytes) {
  const Table table{.columns = {"x"}, .rows = {{"\u00e9\u00e9"}, {"abc"}}};
  EXPECT_EQ(Render(table), "  x\n  ---\n  \u00e9\u00e9\n  abc\n");
}

TEST(Table, WrapsItsLastColumnWhereTheLineWouldBeTooLong) {
  const Table table{.columns = {"name", "description"}, .rows = {{"a", "one two three four five"}, {"b", "six"}}};
  EXPECT_EQ(Render(table, 26),
            "  name   description\n"
            "  ----   -----------------\n"
            "  a      one two three\n"
            "         four five\n"
            "  b      six\n");
  EXPECT_EQ(Render(table, 20), Render(table)) << "too narrow for a few words";
  EXPECT_EQ(Render(table, 100), Render(table));
}

TEST(Table, CutsWordsThatAreLongerThanTheColumnBetweenCharacters) {
  std::string word(20, 'a');
  word += "\u00e9\u00e9";
  const Table table{.columns = {"x"}, .rows = {{word}}};
  EXPECT_EQ(Render(table, 23), "  x\n  " + std::string(21, '-') + "\n  " + std::string(20, 'a') + "\u00e9\n  \u00e9\n");
}

TEST(Table, ThatIsFarTooWideComesInPartsThatEachSayWhichRowItIs) {
  Table table{.title = "wide", .columns = {"symbol", "time"}, .rows = {{"A", "1"}, {"B", "2"}}};
  for (const char* name : {"assets", "liabilities", "equity"}) {
    table.columns.emplace_back(name);
    for (auto& row : table.rows) row.emplace_back(name);
  }
  EXPECT_EQ(Render(table, 36),
            "wide\n"
            "  symbol   time   assets\n"
            "  ------   ----   ------\n"
            "  A           1   assets\n"
            "  B           2   assets\n"
            "\n"
            "  symbol   time   liabilities\n"
            "  ------   ----   -----------\n"
            "  A           1   liabilities\n"
            "  B           2   liabilities\n"
            "\n"
            "  symbol   time   equity\n"
            "  ------   ----   ------\n"
            "  A           1   equity\n"
            "  B           2   equity\n");
  EXPECT_EQ(Render(table, 0).find("symbol", Render(table, 0).find("symbol") + 1), std::string::npos)
      << "a file has room for all of it";
}

TEST(Table, ShowsControlCharactersInsteadOfObeyingThem) {
  const Table table{.columns = {"x"}, .rows = {{"a\x1b]0;title\x07\nb\tc\xc2\x9b"}}};
  EXPECT_EQ(Render(table), "  x\n  ---------------------------\n  a\\x1b]0;title\\x07\\nb\\tc\\x9b\n");
}

TEST(Table, SaysWhenItIsEmpty) { EXPECT_EQ(Render({.title = "", .columns = {"a"}}), "  (none)\n"); }

TEST(Printer, KeepsJsonAndPeopleApart) {
  std::ostringstream json;
  std::ostringstream people;
  common::v1::ComponentRef ref;
  ref.set_name("rsi");
  Printer printer(Printer::Mode::kJson, false, json, people);
  printer.Result(ref, [&] { printer.Say("for people"); });
  EXPECT_EQ(json.str(), "{\n \"name\": \"rsi\",\n \"params\": {}\n}\n");
  EXPECT_EQ(people.str(), "");

  json.str("");
  Printer table(Printer::Mode::kTable, false, json, people);
  table.Result(ref, [&] { table.Say("for people"); });
  EXPECT_EQ(json.str(), "");
  EXPECT_EQ(people.str(), "for people\n");
}

TEST(Printer, QuietStillPrintsJsonAndErrors) {
  std::ostringstream json;
  std::ostringstream people;
  Printer printer(Printer::Mode::kJson, true, json, people);
  printer.Say("hidden");
  printer.Result(common::v1::ComponentRef(), [] {});
  printer.Error(base::MakeError(absl::StatusCode::kNotFound, "NO_SUCH_RUN", "there is no run x"));
  EXPECT_NE(json.str(), "");
  EXPECT_EQ(people.str(), "error: there is no run x (NO_SUCH_RUN)\n");
}

TEST(Errors, GiveEachViolationALine) {
  base::Violations violations;
  violations.Add("spec.symbols[1]", "is empty");
  violations.Add("prices.csv:17", "high 3 is below low 4");
  EXPECT_EQ(DescribeError(violations.ToStatus("the request is wrong", "BAD_FETCH_SPEC")),
            "error: the request is wrong (BAD_FETCH_SPEC)\n"
            "  spec.symbols[1]: is empty\n"
            "  prices.csv:17: high 3 is below low 4\n");
}

TEST(Errors, SayHowManyMistakesTheServerDidNotSend) {
  const absl::Status cut = base::MakeError(absl::StatusCode::kInvalidArgument, "two are wrong",
                                           {.reason = "INVALID_IMPORT",
                                            .metadata = {{"violations_count", "366"}, {"violations_shown", "1"}},
                                            .violations = {{"prices.csv:17", "high 3 is below low 4"}}});
  EXPECT_EQ(DescribeError(cut),
            "error: two are wrong (INVALID_IMPORT)\n"
            "  prices.csv:17: high 3 is below low 4\n"
            "  ... the first 1 of 366 mistakes\n");
  const absl::Status capped = base::MakeError(
      absl::StatusCode::kInvalidArgument, "two are wrong",
      {.reason = "INVALID_IMPORT",
       .metadata = {{"violations_count", "101"}, {"violations_more_than", "100"}, {"violations_shown", "1"}},
       .violations = {{"prices.csv:17", "high 3 is below low 4"}}});
  EXPECT_EQ(DescribeError(capped),
            "error: two are wrong (INVALID_IMPORT)\n"
            "  prices.csv:17: high 3 is below low 4\n"
            "  ... the first 1 of more than 100 mistakes\n");
}

TEST(ExitStatus, IsThatOfTheContract) {
  EXPECT_EQ(ExitStatus(absl::OkStatus()), 0);
  EXPECT_EQ(ExitStatus(absl::AbortedError("the run failed")), 1);
  EXPECT_EQ(ExitStatus(absl::NotFoundError("x")), 1);
  EXPECT_EQ(ExitStatus(absl::InvalidArgumentError("x")), 2);
  EXPECT_EQ(ExitStatus(absl::UnavailableError("x")), 3);
  EXPECT_EQ(ExitStatus(absl::UnauthenticatedError("x")), 4);
  EXPECT_EQ(ExitStatus(absl::PermissionDeniedError("x")), 4);
}

}  // namespace
}  // namespace breadthflow::cli
