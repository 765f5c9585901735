#include "services/data/domain/quality/report.h"

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include <fmt/format.h>

#include "services/data/domain/adjustment_events.h"

namespace breadthflow::data {
namespace {

// The sessions that bars within a day reach into, and what bars they have there.
std::span<const quant::Session> SessionsOf(const quant::Series& series, const quant::Calendar& calendar,
                                           std::vector<BarInterval>& intervals) {
  const quant::Session* first = calendar.FirstClosingAfter(series.times.front() - 1);
  if (first == nullptr) return {};
  const int64_t length = absl::ToInt64Nanoseconds(quant::IntradayLength(series.key.timeframe));
  const int64_t last = series.times.back();
  const quant::Session* const end = calendar.sessions().data() + calendar.sessions().size();
  const quant::Session* next = first;
  for (; next != end && next->open_ns < last; ++next) {
    for (int64_t begin = next->open_ns; begin < next->close_ns; begin += length) {
      const BarInterval interval{begin, std::min(begin + length, next->close_ns)};
      if (interval.end_ns >= series.times.front() && interval.begin_ns < last) intervals.push_back(interval);
    }
  }
  return {first, static_cast<size_t>(next - first)};
}

// Runs the checks that compare, or all others; adds what they find and takes what it costs from the score.
void Run(const CheckInput& input, bool compares, SeriesQuality& quality) {
  for (const QualityCheckEntry& check : QualityChecks().entries()) {
    if (check.compares != compares) continue;
    const component::Params params = component::Params::Check(check.params, {}).value();
    for (Finding& finding : check.run(input, params)) {
      quality.score -= check.weight * AffectedShare(finding, quality.expected_rows);
      quality.findings.push_back(std::move(finding));
    }
  }
  quality.score = std::max(0.0, quality.score);
  std::stable_sort(quality.findings.begin(), quality.findings.end(),
                   [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
}

std::string AdviceOf(const std::string& check) {
  const auto entry = QualityChecks().Find(check);
  return entry.ok() ? (*entry)->advice : "look at the rows";
}

}  // namespace

double AffectedShare(const Finding& finding, int64_t expected_rows) {
  if (finding.check == "freshness" || finding.check == "asked_range") expected_rows += finding.affected_rows;
  if (expected_rows <= 0) return finding.affected_rows > 0 ? 1 : 0;
  return std::min(1.0, static_cast<double>(finding.affected_rows) / static_cast<double>(expected_rows));
}

SeriesQuality CheckQuality(const quant::Series& series, const quant::Calendar& calendar, quant::TimeRange range,
                           int64_t as_of_ns, const SeriesKnowledge& known) {
  SeriesQuality quality{.key = series.key, .calendar = calendar.name(), .rows = static_cast<int64_t>(series.size())};
  AssetClassChoice asset_class = AssetClassOf(series.key, calendar, known.asset_class);
  quality.asset_class = ToText(asset_class.asset_class);
  quality.asset_class_reason = std::move(asset_class.reason);
  if (series.empty()) {
    quality.score = 0;
    quality.findings.push_back({.check = "empty", .severity = Severity::kError, .message = "there are no rows"});
    return quality;
  }
  std::span<const quant::Session> sessions;
  if (series.key.timeframe == quant::Timeframe::kDay && calendar.says_hours()) {
    sessions = calendar.ClosingIn({series.times.front(), series.times.back() + 1});
  }
  std::vector<BarInterval> intervals;
  if (IsIntraday(series) && calendar.says_hours()) sessions = SessionsOf(series, calendar, intervals);
  const size_t expected = IsIntraday(series) ? intervals.size() : sessions.size();
  quality.expected_rows = expected > 0 ? static_cast<int64_t>(expected) : quality.rows;
  const std::vector<RangeEnd> ends = FindRangeEnds(series, calendar, range, as_of_ns, known.range);
  for (const RangeEnd& end : ends) quality.expected_rows += end.severity == Severity::kError ? end.rows : 0;
  quality.covered = {series.times.front(), series.times.back() + 1};
  CheckInput input{series, calendar, sessions, range, as_of_ns, intervals};
  input.asset_class = asset_class.asset_class;
  input.ends = ends;
  input.anchors = known.anchors;
  const std::vector<double> declared = DeclaredSplits(series, known.splits, calendar);
  input.splits = declared;
  input.accepted = known.accepted;
  Run(input, false, quality);
  return quality;
}

void CheckAgainst(const quant::Series& series, const quant::Series& other, const quant::Calendar& calendar,
                  SeriesQuality& quality, const PriceAnchors& anchors, const PriceAnchors& other_anchors) {
  if (series.empty() || other.empty()) return;
  CheckInput input{series, calendar, {}};
  input.other = &other;
  input.anchors = anchors;
  input.other_anchors = other_anchors;
  quality.compared_with.push_back(other.key.variant);
  Run(input, true, quality);
}

void CheckTogether(std::vector<SeriesQuality>& series) {
  // The span that at least half of the series reach into: from the median begin to the median end.
  std::vector<int64_t> begins;
  std::vector<int64_t> ends;
  for (const SeriesQuality& one : series) {
    if (one.rows == 0) continue;
    begins.push_back(one.covered.start_ns);
    ends.push_back(one.covered.end_ns);
  }
  if (begins.size() < 2) return;
  const auto median = [](std::vector<int64_t>& values) {
    std::sort(values.begin(), values.end());
    return values[(values.size() - 1) / 2];
  };
  const int64_t begin = median(begins);
  const int64_t end = median(ends);
  if (begin >= end) return;
  for (SeriesQuality& one : series) {
    if (one.rows == 0) continue;
    const int64_t common =
        std::max<int64_t>(0, std::min(end, one.covered.end_ns) - std::max(begin, one.covered.start_ns));
    const double share = static_cast<double>(common) / static_cast<double>(end - begin);
    if (share >= 0.5) continue;
    one.findings.push_back(
        {.check = "date_overlap",
         .severity = Severity::kInfo,
         .affected_rows = one.rows,
         .message = fmt::format("covers {:.0f} % of the time that most of the series have", share * 100),
         .examples_ns = {one.covered.start_ns, one.covered.end_ns - 1}});
  }
}

QualityReport MakeReport(std::string snapshot_id, std::vector<SeriesQuality> series) {
  QualityReport report{.snapshot_id = std::move(snapshot_id), .series = std::move(series)};
  double weight = 0;
  double sum = 0;
  std::map<std::string, std::vector<std::string>> symbols;  // by check
  for (const SeriesQuality& one : report.series) {
    const auto rows = static_cast<double>(std::max<int64_t>(one.expected_rows, 1));
    weight += rows;
    sum += rows * one.score;
    for (const Finding& finding : one.findings) {
      report.passed &= finding.severity != Severity::kError;
      std::vector<std::string>& named = symbols[finding.check];
      if (finding.severity >= Severity::kWarning && (named.empty() || named.back() != one.key.symbol)) {
        named.push_back(one.key.symbol);
      }
    }
  }
  report.score = weight > 0 ? sum / weight : 0;
  for (const auto& [check, named] : symbols) {
    if (named.empty()) continue;
    constexpr size_t kNamed = 5;
    std::string list;
    for (size_t i = 0; i < std::min(named.size(), kNamed); ++i) list += (i == 0 ? "" : ", ") + named[i];
    if (named.size() > kNamed) list += fmt::format(" and {} more", named.size() - kNamed);
    report.recommendations.push_back(fmt::format("{} ({}): {}", check, list, AdviceOf(check)));
  }
  return report;
}

}  // namespace breadthflow::data
