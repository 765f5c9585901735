#include "services/data/domain/quality/gate.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <limits>
#include <span>
#include <string_view>
#include <utility>

#include "absl/time/time.h"

#include "services/data/domain/adjustment_events.h"
#include "services/data/domain/quality/level_changes.h"

namespace breadthflow::data {
namespace {

constexpr size_t kEdgeRows = 8;  // at each end of what came that are looked at beside what is stored

// Rows that came, and the stored ones beside them.
struct Seam {
  quant::Series rows;
  quant::TimeRange judged;
  size_t first_row = 0;  // of what came
  size_t before = 0;     // stored rows before that one
};

// The parts one after the other, with the columns that checks of neighbours look at and all of them have. Where a part
// has no splits, there were none.
quant::Series Join(std::span<const quant::Series* const> parts) {
  quant::Series all;
  for (const quant::Series* part : parts) {
    if (all.times.empty()) {
      all.key = part->key;
      all.basis = part->basis;
    }
    all.times.insert(all.times.end(), part->times.begin(), part->times.end());
  }
  for (const char* name : {"open", "high", "low", "close", "volume", "split_ratio"}) {
    const bool split = std::string_view(name) == "split_ratio";
    std::vector<double> values;
    bool any = false;
    bool whole = true;
    for (const quant::Series* part : parts) {
      const std::span<const double> has = part->Doubles(name);
      any |= !has.empty();
      whole &= has.size() == part->size() || split;
      if (has.size() == part->size()) {
        values.insert(values.end(), has.begin(), has.end());
      } else {
        values.insert(values.end(), part->size(), 1.0);
      }
    }
    if (any && whole) all.Add(name, std::move(values));
  }
  return all;
}

std::vector<Seam> SeamsOf(const quant::Series& rows, const Neighbours& neighbours) {
  std::vector<Seam> seams;
  const size_t n = rows.size();
  const auto add = [&](const quant::Series& before, size_t begin, size_t end, const quant::Series& after, size_t judged,
                       size_t judged_end) {
    const quant::Series came = rows.Rows(begin, end);
    const std::array<const quant::Series*, 3> parts = {&before, &came, &after};
    seams.push_back({.rows = Join(parts),
                     .judged = {rows.times[judged], rows.times[judged_end - 1] + 1},
                     .first_row = begin,
                     .before = before.size()});
  };
  const quant::Series none;
  if (n <= 2 * kEdgeRows) {
    add(neighbours.before, 0, n, neighbours.after, 0, n);
    return seams;
  }
  if (!neighbours.before.empty()) add(neighbours.before, 0, 2 * kEdgeRows, none, 0, kEdgeRows);
  if (!neighbours.after.empty()) {
    add(none, n - std::min(n, kNeighbourRows + kEdgeRows), n, neighbours.after, n - kEdgeRows, n);
  }
  return seams;
}

// The last stored rows before an instant, those from `from_ns` on, and the first ones behind one, those before `to_ns`.
quant::Series LastBefore(const quant::Series& stored, int64_t time_ns, int64_t from_ns) {
  const auto end = std::lower_bound(stored.times.begin(), stored.times.end(), time_ns) - stored.times.begin();
  const auto begin = std::lower_bound(stored.times.begin(), stored.times.begin() + end, from_ns) - stored.times.begin();
  const auto most = static_cast<std::ptrdiff_t>(kNeighbourRows);
  return stored.Rows(static_cast<size_t>(std::max(begin, end - most)), static_cast<size_t>(end));
}

quant::Series FirstBehind(const quant::Series& stored, int64_t time_ns, int64_t to_ns) {
  const auto begin = std::upper_bound(stored.times.begin(), stored.times.end(), time_ns) - stored.times.begin();
  const auto end = std::lower_bound(stored.times.begin() + begin, stored.times.end(), to_ns) - stored.times.begin();
  const auto most = static_cast<std::ptrdiff_t>(kNeighboursAfter);
  return stored.Rows(static_cast<size_t>(begin), static_cast<size_t>(std::min(end, begin + most)));
}

// Instants of stored rows that stay between those that came: not those that are revised.
std::vector<int64_t> StayBetween(std::span<const int64_t> times, const quant::Series& stored) {
  std::vector<int64_t> stay;
  const auto begin = std::upper_bound(stored.times.begin(), stored.times.end(), times.front());
  const auto end = std::lower_bound(begin, stored.times.end(), times.back());
  std::set_difference(begin, end, times.begin(), times.end(), std::back_inserter(stay));
  return stay;
}

// Rows that are found, each once, into `result`.
void Count(std::vector<size_t> rows, GateResult& result) {
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  result.rows = std::move(rows);
  const auto worst = [](const Finding& a, const Finding& b) { return a.severity > b.severity; };
  std::stable_sort(result.findings.begin(), result.findings.end(), worst);
  std::stable_sort(result.doubts.begin(), result.doubts.end(), worst);
}

const quant::Series* SplitsOf(const GateKnowledge& known) { return known.splits ? &*known.splits : nullptr; }

// Where the level of prices changes, by the factors that unit_mixups goes by.
void AddSteps(const CheckInput& input, GateResult& result) {
  const std::span<const double> close = input.series.Doubles("close");
  const std::vector<int64_t>& times = input.series.times;
  for (const LevelChange& one : FindLevelChanges(input, kLastingFactors[static_cast<size_t>(input.asset_class)])) {
    result.steps.push_back({times[one.before], times[one.row], close[one.before], close[one.row]});
  }
}

// How long `rows` rows of a series last at most, with the days between them on which nothing is traded.
int64_t SpanOf(quant::Timeframe timeframe, int64_t rows) {
  const absl::Duration day = absl::Hours(24);
  absl::Duration span;
  switch (timeframe) {
    case quant::Timeframe::kTick:
      return 0;
    case quant::Timeframe::kDay:
      span = 1.5 * rows * day + 7 * day;
      break;
    case quant::Timeframe::kWeek:
      span = (rows + 1) * 7 * day;
      break;
    case quant::Timeframe::kMonth:
      span = (rows + 1) * 31 * day;
      break;
    default:
      span = rows * quant::IntradayLength(timeframe) + 4 * day;
  }
  return absl::ToInt64Nanoseconds(span);
}

}  // namespace

GateResult Gate(const quant::Series& rows, const quant::Calendar& calendar, const GateKnowledge& known) {
  GateResult result;
  if (rows.empty()) return result;
  CheckInput input{rows, calendar, {}};
  input.asset_class = AssetClassOf(rows.key, calendar).asset_class;
  input.anchors = known.anchors;
  input.accepted = known.accepted;
  const std::vector<double> declared = DeclaredSplits(rows, SplitsOf(known), calendar);
  input.splits = declared;
  std::vector<size_t> impossible;
  for (const QualityCheckEntry& check : QualityChecks().entries()) {
    if (!check.gates) continue;
    for (Finding& finding : check.run(input, component::Params::Check(check.params, {}).value())) {
      if (finding.impossible_rows.empty()) continue;
      impossible.insert(impossible.end(), finding.impossible_rows.begin(), finding.impossible_rows.end());
      result.findings.push_back(std::move(finding));
    }
  }
  Count(std::move(impossible), result);
  if (!result.rows.empty()) AddSteps(input, result);
  return result;
}

NeighbourRanges NeighbourRangesOf(quant::Timeframe timeframe, int64_t first_ns, int64_t last_ns,
                                  const quant::TimeRange* replaces) {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  const int64_t before = SpanOf(timeframe, static_cast<int64_t>(kNeighbourRows));
  const int64_t after = SpanOf(timeframe, static_cast<int64_t>(kNeighboursAfter));
  int64_t begin = first_ns;
  int64_t end = last_ns == kMost ? kMost : last_ns + 1;
  if (replaces != nullptr) {
    begin = std::min(begin, replaces->start_ns);
    end = std::max(end, replaces->end_ns);
  }
  NeighbourRanges ranges{.before = {begin < kLeast + before ? kLeast : begin - before, begin},
                         .after = {end, end > kMost - after ? kMost : end + after}};
  if (replaces != nullptr) return ranges;
  const int64_t run = SpanOf(timeframe, static_cast<int64_t>(kNeighbourRows + 2 * kEdgeRows));
  ranges.before.end_ns = begin > kMost - run ? end : std::min(end, begin + run);
  ranges.after.start_ns = std::max(ranges.before.end_ns, end < kLeast + run ? kLeast : end - run);
  return ranges;
}

std::vector<RowRun> RunsOf(std::span<const int64_t> times, const quant::Series& before, const quant::Series& after,
                           const quant::TimeRange& unknown) {
  const int64_t least = std::numeric_limits<int64_t>::min();
  const int64_t most = std::numeric_limits<int64_t>::max();
  const bool all_known = unknown.start_ns >= unknown.end_ns;
  const std::vector<int64_t> first_stay = StayBetween(times, before);
  const std::vector<int64_t> last_stay = StayBetween(times, after);
  RowRun first{.begin = 0,
               .end = times.size(),
               .neighbours = {LastBefore(before, times.front(), least), FirstBehind(after, times.back(), most)}};
  if (all_known && first_stay.empty() && last_stay.empty()) return {std::move(first)};
  RowRun last = first;
  // Where all is known, the one range has what the other lacks.
  const bool from_after = all_known && first_stay.empty();
  const bool from_before = all_known && last_stay.empty();
  int64_t cut = from_after ? last_stay.front() : first_stay.empty() ? unknown.start_ns : first_stay.front();
  first.end = static_cast<size_t>(std::lower_bound(times.begin(), times.end(), cut) - times.begin());
  first.neighbours.after = FirstBehind(from_after ? after : before, times[first.end - 1], times[first.end]);
  cut = from_before ? first_stay.back() : last_stay.empty() ? unknown.end_ns - 1 : last_stay.back();
  last.begin = static_cast<size_t>(std::upper_bound(times.begin(), times.end(), cut) - times.begin());
  last.neighbours.before = LastBefore(from_before ? before : after, times[last.begin], times[last.begin - 1] + 1);
  return {std::move(first), std::move(last)};
}

GateResult GateBeside(const quant::Series& rows, const Neighbours& neighbours, const quant::Calendar& calendar,
                      const GateKnowledge& known) {
  GateResult result;
  if (rows.empty() || (neighbours.before.empty() && neighbours.after.empty())) return result;
  const AssetClass asset_class = AssetClassOf(rows.key, calendar).asset_class;
  std::vector<size_t> impossible;
  for (const Seam& seam : SeamsOf(rows, neighbours)) {
    CheckInput input{seam.rows, calendar, {}};
    input.asset_class = asset_class;
    input.judged = seam.judged;
    input.anchors = known.anchors;
    input.accepted = known.accepted;
    const std::vector<double> declared = DeclaredSplits(seam.rows, SplitsOf(known), calendar);
    input.splits = declared;
    const size_t found_before = impossible.size();
    for (const QualityCheckEntry& check : QualityChecks().entries()) {
      if (!check.neighbours) continue;
      for (Finding& finding : check.run(input, component::Params::Check(check.params, {}).value())) {
        if (!check.gates) {
          if (finding.severity >= Severity::kWarning) result.doubts.push_back(std::move(finding));
          continue;
        }
        if (finding.impossible_rows.empty()) continue;
        for (size_t& row : finding.impossible_rows) row += seam.first_row - seam.before;
        impossible.insert(impossible.end(), finding.impossible_rows.begin(), finding.impossible_rows.end());
        result.findings.push_back(std::move(finding));
      }
    }
    if (impossible.size() > found_before) AddSteps(input, result);
  }
  Count(std::move(impossible), result);
  return result;
}

GateResult GateRuns(const quant::Series& rows, std::span<const RowRun> runs, const quant::Calendar& calendar,
                    const GateKnowledge& known) {
  GateResult result;
  std::vector<size_t> impossible;
  for (const RowRun& run : runs) {
    const bool all = run.begin == 0 && run.end == rows.size();
    GateResult of = all ? GateBeside(rows, run.neighbours, calendar, known)
                        : GateBeside(rows.Rows(run.begin, run.end), run.neighbours, calendar, known);
    for (Finding& finding : of.findings) {
      for (size_t& row : finding.impossible_rows) row += run.begin;
      result.findings.push_back(std::move(finding));
    }
    for (const size_t row : of.rows) impossible.push_back(row + run.begin);
    result.doubts.insert(result.doubts.end(), of.doubts.begin(), of.doubts.end());
    result.steps.insert(result.steps.end(), of.steps.begin(), of.steps.end());
  }
  Count(std::move(impossible), result);
  return result;
}

}  // namespace breadthflow::data
