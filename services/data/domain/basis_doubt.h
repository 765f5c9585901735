#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/quant/series.h"

namespace breadthflow::data {

// Rows that look as if their prices were adjusted in another way than the stored ones.
struct BasisDoubt {
  int64_t common_rows = 0;  // rows of one instant with a close on both sides
  int64_t differing = 0;    // of those, whose closes differ by more than kSameClose
  int64_t time_ns = 0;      // the first of those
  double factor = 1;        // of its close by the stored one
  std::string text;         // what was found, for people
};

// Whether closes that are about to correct stored ones look like another price basis. Corrections are few or tiny;
// another basis, another unit or another instrument moves long stretches by factors. Found, of rows of one instant,
// when
//   - more than half of them, and at least kFewestRows, differ by more than kSameClose, or
//   - kRunRows of them behind each other differ by more than kSameClose and by one factor (within kSameFactor), as
//     prices before a split do where most of the rows are after it.
// nullopt: they do not, or one side has no closes. Pure; both are valid series.
inline constexpr double kSameClose = 0.01;
inline constexpr double kSameFactor = 0.002;
inline constexpr int64_t kFewestRows = 10;
inline constexpr int64_t kRunRows = 20;
std::optional<BasisDoubt> FindBasisDoubt(const quant::Series& stored, const quant::Series& rows);

// One factor by which rows would change the stored ones, as those of a download after a split do.
struct OneFactor {
  int64_t common_rows = 0;  // rows of one instant with a close on both sides
  int64_t scaled = 0;       // of those, whose closes differ by the factor
  double factor = 1;        // of the new closes by the stored ones; of most of them
};

// That factor, where at least kFewestRows closes are compared, it is away from 1 by more than kSameClose, and all but
// every twentieth of them differ by it, within kSameFactor or what two prices in whole cents leave open. nullopt: there
// is none, or one side has no closes. Pure; both are valid series.
std::optional<OneFactor> FindOneFactor(const quant::Series& stored, const quant::Series& rows);

}  // namespace breadthflow::data
