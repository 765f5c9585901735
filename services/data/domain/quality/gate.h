#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "common/quant/calendar.h"
#include "common/quant/series.h"
#include "common/quant/timeframe.h"
#include "services/data/domain/price_anchor.h"
#include "services/data/domain/quality/check.h"

namespace breadthflow::data {

// Two rows next to each other whose prices are of another level each (FindLevelChanges).
struct LevelStep {
  int64_t before_ns = 0;
  int64_t time_ns = 0;
  double before_close = 0;
  double close = 0;
};

// What is known of rows that came beside them.
struct GateKnowledge {
  PriceAnchors anchors{};                 // as of when the prices of all of them were adjusted, where that is known
  std::optional<quant::Series> splits{};  // as SeriesKnowledge::splits
  std::vector<int64_t> accepted{};        // as CheckInput::accepted
};

struct GateResult {
  std::vector<size_t> rows;       // that no market can have made, ascending: each once, however many checks find it
  std::vector<Finding> findings;  // of the checks that say so, error first
  // Of GateBeside: what checks that do not gate find beside the stored rows, of severity warning or error.
  std::vector<Finding> doubts;
  // Where rows are found: between which of them, or them and the stored ones, the level of prices changes. What is
  // known of these may be why.
  std::vector<LevelStep> steps;
};

// The stored rows next to rows that came: those before the first and behind the last of them, without any that go when
// they are stored. At most kNeighbourRows and kNeighboursAfter.
struct Neighbours {
  quant::Series before;
  quant::Series after;
};
inline constexpr size_t kNeighbourRows = 64;
inline constexpr size_t kNeighboursAfter = 8;

// Where to look for them, in a series of that timeframe around rows from `first_ns` to `last_ns`: some time before and
// after, in which such a series has rows unless it has ceased. Nothing of `replaces`, which goes. Where that is null,
// stored rows may stay between those that came: `before` then goes on behind the first of them and `after` begins
// before the last, as far as a run of rows is looked at, and what lies between both is not known.
struct NeighbourRanges {
  quant::TimeRange before;
  quant::TimeRange after;
};
NeighbourRanges NeighbourRangesOf(quant::Timeframe timeframe, int64_t first_ns, int64_t last_ns,
                                  const quant::TimeRange* replaces);

// Rows [begin, end) of those that came, which are neighbours of each other once they are stored.
struct RowRun {
  size_t begin = 0;
  size_t end = 0;
  Neighbours neighbours;
};

// The first and the last run of rows that came at `times` (not empty), or the only one: a run ends where stored rows
// stay, or may, before the next row. `before` and `after` are all that is stored in those NeighbourRanges, rows that
// are revised among them; nothing is known of `unknown`, which lies between both (without anything in it: all is
// known).
std::vector<RowRun> RunsOf(std::span<const int64_t> times, const quant::Series& before, const quant::Series& after,
                           const quant::TimeRange& unknown);

// Looks at rows that came with the checks that gate, before they are stored, by the calendar that the series keeps.
// Nothing in it when they may be.
GateResult Gate(const quant::Series& rows, const quant::Calendar& calendar, const GateKnowledge& known = {});

// Looks at the first and the last of these rows once more, with what is stored beside them, by the checks that judge
// rows by their neighbours. Only rows that came are found and counted, the stored ones only say what is usual there.
// Cheap however many rows came. Nothing where neither side has neighbours.
GateResult GateBeside(const quant::Series& rows, const Neighbours& neighbours, const quant::Calendar& calendar,
                      const GateKnowledge& known = {});
// The same of each of these runs of the rows.
GateResult GateRuns(const quant::Series& rows, std::span<const RowRun> runs, const quant::Calendar& calendar,
                    const GateKnowledge& known = {});

}  // namespace breadthflow::data
