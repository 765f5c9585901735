// Reports that are too large for a message.
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "services/data/rpc/convert.h"

namespace breadthflow::data {
namespace {

// A report of `count` series with a finding each: a warning, of every thousandth an error.
v1::QualityReport Report(int count) {
  v1::QualityReport report;
  report.set_name("qualityReports/a");
  for (int i = 0; i < count; ++i) {
    v1::SeriesQuality& series = *report.add_series();
    series.mutable_key()->set_symbol(fmt::format("S{:05d}", i));
    v1::QualityFinding& finding = *series.add_findings();
    finding.set_severity(i % 1000 == 999 ? v1::QualityFinding::SEVERITY_ERROR : v1::QualityFinding::SEVERITY_WARNING);
    finding.set_message(std::string(500, 'x'));
  }
  return report;
}

TEST(TrimReport, LeavesAReportThatFitsAsItIs) {
  v1::QualityReport report = Report(100);
  TrimReport(report);
  EXPECT_EQ(report.series_size(), 100);
  EXPECT_EQ(report.omitted_series_count(), 0);
}

TEST(TrimReport, OfTenThousandSymbolsTheWorstFitAMessageAndTheOthersAreCounted) {
  v1::QualityReport report = Report(10'000);
  ASSERT_GT(report.ByteSizeLong(), size_t{4} << 20);
  TrimReport(report);
  EXPECT_LE(report.ByteSizeLong(), kMaxReportBytes);
  EXPECT_GT(report.ByteSizeLong(), kMaxReportBytes * 9 / 10) << "what fits is there";
  EXPECT_EQ(report.series_size() + report.omitted_series_count(), 10'000);
  EXPECT_EQ(report.name(), "qualityReports/a");
  int errors = 0;
  for (int i = 0; i < report.series_size(); ++i) {
    errors += report.series(i).findings(0).severity() == v1::QualityFinding::SEVERITY_ERROR ? 1 : 0;
    if (i == 0) continue;
    EXPECT_LT(report.series(i - 1).key().symbol(), report.series(i).key().symbol());
  }
  EXPECT_EQ(errors, 10);
}

}  // namespace
}  // namespace breadthflow::data
