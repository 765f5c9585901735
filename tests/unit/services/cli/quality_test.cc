#include "services/cli/quality.h"

#include <sstream>
#include <string>

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "services/cli/printer.h"

namespace breadthflow::cli {
namespace {

data::v1::QualityReport Report(const std::string& text) {
  data::v1::QualityReport report;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &report));
  return report;
}

TEST(QualityTable, HasEveryFindingWithItsMessageAndSaysTheCalendar) {
  const auto report = Report(R"(
      score: 0.5
      series {
        key { symbol: "BTC" } calendar: "24/7" expected_row_count: 1000 row_count: 900 score: 0.25
        asset_class: "crypto" asset_class_reason: "the calendar 24/7"
        findings { check: "completeness" severity: SEVERITY_ERROR affected_row_count: 1234 affected_share: 0.1 }
        findings {
          check: "spikes" severity: SEVERITY_WARNING affected_row_count: 1 affected_share: 0.001 message: "it moved"
          example_times { seconds: 86400 }
        }
      }
      series { key { symbol: "OLD" } expected_row_count: 5 row_count: 5 score: 1 })");
  EXPECT_EQ(
      Render(QualityTable(report)),
      "data quality: NOT passed, score 0.5000\n"
      "  symbol   calendar   class    expected   rows    score   findings\n"
      "  ------   --------   ------   --------   ----   ------   ------------------------------------------------\n"
      "  BTC      24/7       crypto      1,000    900   0.2500   ERROR completeness (1,234, 10.00 %)\n"
      "                                                          WARNING spikes (1, 0.10 %: 1970-01-01): it moved\n"
      "  OLD      -          -               5      5   1.0000   none\n")
      << "what was complete at midnight is of the day before";
}

data::v1::QualityFinding Finding(const std::string& text) {
  data::v1::QualityFinding finding;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &finding));
  return finding;
}

TEST(FindingText, SaysWhatWasNotJudgedAndWhatOnlyInforms) {
  EXPECT_EQ(FindingText(Finding(R"(check: "completeness" severity: SEVERITY_INFO
                                   message: "not judged, nor gaps and freshness: no calendar is known")")),
            "INFO completeness: not judged, nor gaps and freshness: no calendar is known");
  EXPECT_EQ(FindingText(Finding(R"(check: "outside_sessions" severity: SEVERITY_INFO
                                   message: "2493 rows (51.5 %) are of extended hours of XNYS")")),
            "INFO outside_sessions: 2493 rows (51.5 %) are of extended hours of XNYS");
  EXPECT_EQ(FindingText(Finding(R"(check: "duplicates" severity: SEVERITY_ERROR)")), "ERROR duplicates");
}

TEST(FindingText, NamesDaysOnce) {
  const std::string message = "541 consecutive sessions are missing, 2016-10-10 to 2018-04-03 (779040 bars)";
  const auto gap = Finding(R"(check: "gaps" severity: SEVERITY_ERROR affected_row_count: 779040 affected_share: 0.989
                              example_times { seconds: 1476144000 } example_times { seconds: 1522800000 }
                              message: ")" +
                           message + "\"");
  EXPECT_EQ(FindingText(gap), "ERROR gaps (779,040, 98.90 %): " + message);
}

TEST(QualityTable, WrapsMessagesAtTheWidthOfTheTerminal) {
  const auto report = Report(R"(
      score: 1 passed: true
      series { key { symbol: "A" } calendar: "none" asset_class: "equity" expected_row_count: 5 row_count: 5 score: 1
               findings { check: "completeness" severity: SEVERITY_INFO
                          message: "not judged, nor gaps and freshness: no calendar says when there are rows" } })");
  const std::string text = Render(QualityTable(report), 90);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 90u) << line;
  for (const char* word : {"not", "judged,", "freshness:", "calendar", "rows"}) {
    EXPECT_NE(text.find(word), std::string::npos) << word;
  }
}

TEST(QualityTable, SaysHowManySeriesAreNotListed) {
  const auto report = Report(R"(
      score: 1 passed: true omitted_series_count: 1234
      series { key { symbol: "A" } calendar: "XNYS" asset_class: "equity" expected_row_count: 5 row_count: 5 score: 1 })");
  EXPECT_EQ(QualityTable(report).rows.size(), 2u);
  EXPECT_EQ(QualityTable(report).rows.back().front(), "and 1,234 more");
}

}  // namespace
}  // namespace breadthflow::cli
