#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "absl/time/time.h"

#include "common/component/catalog.h"
#include "common/quant/calendar.h"
#include "common/quant/series.h"
#include "common/quant/timeframe.h"
#include "services/data/domain/asset_class.h"
#include "services/data/domain/price_anchor.h"

namespace breadthflow::data {

enum class Severity { kInfo = 1, kWarning = 2, kError = 3 };

// What one check found in one series. Nothing found is no finding.
struct Finding {
  std::string check;
  Severity severity = Severity::kInfo;
  int64_t affected_rows = 0;  // or missing rows
  std::string message;        // what was expected and what was found
  std::vector<int64_t> examples_ns;
  // Rows that no market can have made, ascending indexes: a gate goes by them. Only of checks that gate; not kept with
  // reports.
  std::vector<size_t> impossible_rows;
};

inline constexpr size_t kMaxExamples = 10;

// An interval of a session that a bar of the series may be of, (begin, end]: the time of a bar is the instant at which
// it was complete.
struct BarInterval {
  int64_t begin_ns = 0;
  int64_t end_ns = 0;
};

// Rows that an end of the asked range should have and that are not there: before the first row of the series, or after
// its last one. Only of ranges that somebody said.
struct RangeEnd {
  bool leading = true;
  int64_t sessions = 0;        // without a row at this end
  int64_t rows = 0;            // that they should have: days, or bars within them
  int64_t first_close_ns = 0;  // of those sessions
  int64_t last_close_ns = 0;
  // Whether the rows exist: kError where somebody says so, kInfo where the source says that there are none, kWarning
  // where nothing tells and the instrument may have been listed (or have ended) in between.
  Severity severity = Severity::kWarning;
  std::string why;  // who says it, for people; empty: nobody
};

// What a check looks at. `sessions` are those that the rows should be in: of a daily series those that close from the
// first to the last row, of bars within a day those that the rows reach into; empty for all other series, and where the
// calendar does not cover them or says no hours.
struct CheckInput {
  const quant::Series& series;
  const quant::Calendar& calendar;
  std::span<const quant::Session> sessions;
  quant::TimeRange range = {};   // what was asked for
  int64_t as_of_ns = INT64_MAX;  // the instant as of which it was read
  // Of bars within a day, those of the sessions from that of the first row to that of the last: counted from the open,
  // the last of a session ends at its close. Ascending.
  std::span<const BarInterval> intervals = {};
  AssetClass asset_class = AssetClass::kEquity;  // whose limits hold
  std::span<const RangeEnd> ends = {};           // that lack rows
  // Rows outside of it are neighbours: they say what is usual, and nothing is found in them.
  quant::TimeRange judged = {};
  // The same series of another source, in the same range; null: there is none.
  const quant::Series* other = nullptr;
  // As of when their prices were adjusted, where that is known.
  std::span<const AnchoredRows> anchors = {};
  std::span<const AnchoredRows> other_anchors = {};
  // Of prices as traded, for each row the ratio of the splits that are declared apart from the rows and take effect
  // there, 1 where none does; empty: none are known.
  std::span<const double> splits = {};
  // Instants, ascending, of rows from which on prices have another level that was accepted before: the row and the one
  // before it are stored as they are here.
  std::span<const int64_t> accepted = {};

  bool IsAccepted(size_t row) const { return std::binary_search(accepted.begin(), accepted.end(), series.times[row]); }
  bool Judges(size_t row) const { return judged.Contains(series.times[row]); }
  // Whether the prices of a row, which is not the first, were adjusted as of another day than those before it: then a
  // split between the two days is a move of these prices that no market made.
  bool IsSeam(size_t row) const {
    return std::any_of(anchors.begin(), anchors.end(), [&](const AnchoredRows& one) {
      return series.times[row - 1] < one.first_ns && one.first_ns <= series.times[row];
    });
  }
};

// Whether rows of the series are bars of a part of a day.
inline bool IsIntraday(const quant::Series& series) {
  return quant::IntradayLength(series.key.timeframe) > absl::ZeroDuration();
}

// For each interval how many rows it has.
std::vector<int64_t> RowsOf(std::span<const BarInterval> intervals, const std::vector<int64_t>& times);

// A quality check: one more file in this folder and one more line in catalog.inc.
struct QualityCheckEntry {
  component::ComponentInfo info;  // kind "quality_check"
  std::vector<component::ParamSpec> params;
  // How much of the score an affected row costs: 1 is all of it, 0 when another check counts the same rows.
  double weight = 1;
  // What to do about it, for people.
  std::string advice;
  // Looks at rows one by one (or with their neighbours), cheaply, and may say that they are impossible: then they are
  // kept apart before they are stored (gate.h). Checks of a series as a whole (what is missing, how old it is) and
  // those that only doubt never gate: real files have such rows, and reports show them.
  bool gates = false;
  // Judges rows by those beside them, and knows CheckInput::judged: a gate gives it the stored neighbours of rows that
  // came.
  bool neighbours = false;
  // Looks at CheckInput::other, and finds nothing without it.
  bool compares = false;
  // Pure. The series is valid (quant::Series::Validate) but may be empty or lack columns: then nothing is found.
  std::function<std::vector<Finding>(const CheckInput&, const component::Params&)> run;
};

const component::Catalog<QualityCheckEntry>& QualityChecks();

// For checks: adds an example unless there are kMaxExamples already, and counts the row.
void AddRow(Finding& finding, int64_t time_ns);

// The same of a row of `series` that no market can have made.
void AddImpossibleRow(Finding& finding, const quant::Series& series, size_t row);

}  // namespace breadthflow::data
