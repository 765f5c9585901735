#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/quant/series.h"

// Values that look wrong, and what they may have been. Everything here proposes and nothing repairs: rows are stored as
// they came or not at all. Pure.
namespace breadthflow::data {

struct RepairProposal {
  std::string check;  // the quality check that finds such rows
  int64_t time_ns = 0;
  std::string field;
  double value = 0;  // as it came; 0 when it was missing
  double proposed = 0;
  std::string reason;  // for people
  friend bool operator==(const RepairProposal&, const RepairProposal&) = default;
};

inline constexpr size_t kMaxProposals = 100;

// The ratio by which companies split that `ratio` (after over before, or its inverse) is within two per cent of: 2, 3,
// 1.5 ...; nullopt when there is none.
std::optional<double> SplitLike(double ratio);

// Whether a split of `ratio` (new shares per old one) explains the log return `move` of prices as traded: what is left
// of the move is less than a quarter of it, and at most what a day may bring.
bool ExplainedBySplit(double move, double ratio);

// Rows whose value is at least `factor` times the medians of up to five values before and of up to five after it, or at
// most that part of both. At least two values on each side are needed. Ascending.
std::vector<size_t> FarFromBothSides(std::span<const double> values, double factor);

// In the order of time, at most kMaxProposals:
//   another unit  a price of 74 to 135 times the level around it, or that part of it: divided by 100 (or times 100)
//   a hole        a price that is missing or not above zero between two that are there: their mean
//   a split       a close that falls or rises for good by the ratio of a split that is not declared, far beyond the
//                 usual move before it: that ratio as split_ratio. The column declares it, or `splits`: for each row
//                 the ratio of those that take effect there, 1 where none does; empty: none are known
// Of bars with open, high, low, close and adj_close; other series have none.
std::vector<RepairProposal> ProposeRepairs(const quant::Series& series, std::span<const double> splits = {});

}  // namespace breadthflow::data
