#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "common/component/catalog.h"
#include "common/quant/calendar.h"
#include "common/quant/series.h"

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

// What a check looks at. `sessions` are those that close from the first to the last row; empty when the series is not
// daily or the calendar does not cover it.
struct CheckInput {
  const quant::Series& series;
  const quant::Calendar& calendar;
  std::span<const quant::Session> sessions;
  quant::TimeRange range = {};   // what was asked for
  int64_t as_of_ns = INT64_MAX;  // the instant as of which it was read
};

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
  // Pure. The series is valid (quant::Series::Validate) but may be empty or lack columns: then nothing is found.
  std::function<std::vector<Finding>(const CheckInput&, const component::Params&)> run;
};

const component::Catalog<QualityCheckEntry>& QualityChecks();

// For checks: adds an example unless there are kMaxExamples already, and counts the row.
void AddRow(Finding& finding, int64_t time_ns);

// The same of a row of `series` that no market can have made.
void AddImpossibleRow(Finding& finding, const quant::Series& series, size_t row);

}  // namespace breadthflow::data
