#include "services/cli/quality.h"

#include <algorithm>

#include <fmt/format.h>

#include "services/cli/values.h"

namespace breadthflow::cli {

absl::StatusOr<data::v1::QualityReport> QualityOf(Session& session, const std::string& snapshot,
                                                  const QualityOptions& options) {
  data::v1::GetQualityReportRequest request;
  request.set_name("qualityReports/" + snapshot.substr(snapshot.find('/') + 1));
  request.set_calendar(options.calendar);
  request.set_asset_class(options.asset_class);
  request.set_expect_whole_range(options.expect_whole_range);
  const auto waiting = session.Wait("checking " + snapshot);
  return session.data().Call(&data::v1::DataService::Stub::GetQualityReport, request, session.scope());
}

namespace {

constexpr int kMaxExamples = 3;

}  // namespace

std::string SeverityText(const data::v1::QualityFinding& finding) {
  const std::string severity = data::v1::QualityFinding::Severity_Name(finding.severity());
  return severity.rfind("SEVERITY_", 0) == 0 ? severity.substr(9) : severity;
}

std::string Examples(const data::v1::QualityFinding& finding) {
  std::string text;
  const int shown = std::min(kMaxExamples, finding.example_times_size());
  for (int i = 0; i < shown; ++i) text += (i == 0 ? ": " : ", ") + DayEnding(finding.example_times(i));
  return finding.affected_row_count() > shown && shown > 0 ? text + " ..." : text;
}

std::string FindingText(const data::v1::QualityFinding& finding) {
  std::string text = fmt::format("{} {}", SeverityText(finding), finding.check());
  if (finding.affected_row_count() > 0) {
    const bool named = finding.example_times_size() > 0 &&
                       finding.message().find(DayEnding(finding.example_times(0))) != std::string::npos;
    text += fmt::format(" ({}, {}{})", Grouped(finding.affected_row_count()), Percent(finding.affected_share()),
                        named ? "" : Examples(finding));
  }
  return finding.message().empty() ? text : text + ": " + finding.message();
}

Table QualityTable(const data::v1::QualityReport& report) {
  Table table{
      .title = fmt::format("data quality: {}, score {:.4f}", report.passed() ? "passed" : "NOT passed", report.score()),
      .columns = {"symbol", "calendar", "class", "expected", "rows", "score", "findings"}};
  for (const data::v1::SeriesQuality& series : report.series()) {
    table.rows.push_back({series.key().symbol(), series.calendar().empty() ? "-" : series.calendar(),
                          series.asset_class().empty() ? "-" : series.asset_class(),
                          Grouped(series.expected_row_count()), Grouped(series.row_count()),
                          fmt::format("{:.4f}", series.score()), series.findings().empty() ? "none" : ""});
    for (int i = 0; i < series.findings_size(); ++i) {
      if (i > 0) table.rows.emplace_back(table.columns.size());
      table.rows.back().back() = FindingText(series.findings(i));
    }
  }
  if (report.omitted_series_count() > 0) {
    table.rows.emplace_back(table.columns.size());
    table.rows.back().front() = fmt::format("and {} more", Grouped(report.omitted_series_count()));
  }
  return table;
}

}  // namespace breadthflow::cli
