#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "services/data/domain/quality/check.h"

namespace breadthflow::data {

// A row from which on the closes are about a power of ten times what they were, and stay so.
struct LevelChange {
  size_t row = 0;
  size_t before = 0;  // the row before that has a close
  int power = 0;      // of ten: 2 where they are a hundred times as high, -2 where they are a hundredth
};

// From which factor on prices of an asset class do not change for good unless by a split, in the order of AssetClass.
// Ten is none of an equity: splits of ten for one and of one for ten are many, and few files declare them. Coins are
// divided by a thousand, and a rate may be thousands of times that of the day before.
inline constexpr std::array<double, 5> kLastingFactors = {100, 100, 100, 10'000, 1e9};

// Those of prices, ascending, whose power of ten is `least` or more, as when they come in another unit from some day
// on. Each is within a third of that power, from one close to the next as well as from the median of up to five before
// it to that of up to five from it on; one of these sides may be a single row, not both. None are rows that stand out
// from both sides (FarFromBothSides), moves that a declared split explains but for a factor of three (of prices as
// traded: in the rows, or CheckInput::splits), seams of two days of adjustment, what was accepted before
// (CheckInput::accepted), and those over more than five weeks, or half a year of months: as few rows of several years
// are. Rows without a close above zero are passed over.
std::vector<LevelChange> FindLevelChanges(const CheckInput& input, double least);

// What `changes` make of the level at each row: a power of ten, as seen from the rows that are not judged and next to
// those that are, before them if there are any; where all are judged, from the first row.
std::vector<int> LevelsByRow(const CheckInput& input, const std::vector<LevelChange>& changes);

}  // namespace breadthflow::data
