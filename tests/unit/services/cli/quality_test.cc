#include "services/cli/quality.h"

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

TEST(QualityTable, HasALineForEveryFindingAndSaysTheCalendar) {
  const auto report = Report(R"(
      score: 0.5
      series {
        key { symbol: "BTC" } calendar: "24/7" expected_row_count: 1000 row_count: 900 score: 0.25
        asset_class: "crypto" asset_class_reason: "the calendar 24/7"
        findings { check: "completeness" severity: SEVERITY_ERROR affected_row_count: 1234 affected_share: 0.1 }
        findings {
          check: "spikes" severity: SEVERITY_WARNING affected_row_count: 1 affected_share: 0.001
          example_times { seconds: 86400 }
        }
      }
      series { key { symbol: "OLD" } expected_row_count: 5 row_count: 5 score: 1 })");
  EXPECT_EQ(Render(QualityTable(report)),
            "data quality: NOT passed, score 0.5000\n"
            "  symbol   calendar   class    expected   rows    score   findings\n"
            "  ------   --------   ------   --------   ----   ------   --------------------------------------\n"
            "  BTC      24/7       crypto      1,000    900   0.2500   ERROR completeness (1,234, 10.00 %)\n"
            "                                                          WARNING spikes (1, 0.10 %: 1970-01-02)\n"
            "  OLD      -          -               5      5   1.0000   none\n");
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
