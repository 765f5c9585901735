#include "services/data/domain/quality/check.h"

namespace breadthflow::data {

#define QUALITY_CHECK(Name) QualityCheckEntry Name();
#include "services/data/domain/quality/catalog.inc"
#undef QUALITY_CHECK

const component::Catalog<QualityCheckEntry>& QualityChecks() {
  static const auto* catalog = new component::Catalog<QualityCheckEntry>({
#define QUALITY_CHECK(Name) Name(),
#include "services/data/domain/quality/catalog.inc"
#undef QUALITY_CHECK
  });
  return *catalog;
}

void AddRow(Finding& finding, int64_t time_ns) {
  ++finding.affected_rows;
  if (finding.examples_ns.size() < kMaxExamples) finding.examples_ns.push_back(time_ns);
}

void AddImpossibleRow(Finding& finding, const quant::Series& series, size_t row) {
  AddRow(finding, series.times[row]);
  finding.impossible_rows.push_back(row);
}

std::vector<int64_t> RowsOf(std::span<const BarInterval> intervals, const std::vector<int64_t>& times) {
  std::vector<int64_t> rows(intervals.size(), 0);
  size_t at = 0;
  for (const int64_t time : times) {
    while (at < intervals.size() && intervals[at].end_ns < time) ++at;
    if (at == intervals.size()) break;
    if (time > intervals[at].begin_ns) ++rows[at];
  }
  return rows;
}

}  // namespace breadthflow::data
