#pragma once

#include <string>

#include "common/quant/series.h"

namespace breadthflow::data {

// How prices were adjusted of which nobody says it: one rule for every way on which rows of one's own come in.
struct AssumedBasis {
  quant::PriceBasis basis = quant::PriceBasis::kSplitAdjusted;
  bool told = false;  // by the columns beside the prices; false: nothing tells, and people should know of it
};

// The columns beside prices that tell how these were adjusted.
struct BasisColumns {
  bool splits = false;          // the split of each row, which is there to be applied
  bool applied_splits = false;  // splits that the prices hold already, as Yahoo lists them ("Stock Splits")
  bool adjusted_close = false;  // a close adjusted for dividends too
};

//   splits                                      raw
//   applied splits and an adjusted close        split
//   applied splits alone                        split_dividend: the writer has put the adjusted close in place of the
//                                               close, as downloads by yfinance do
//   an adjusted close alone                     split: what differs between the two closes are dividends
//   none of them                                split, and not told: most files without any such column come from
//                                               vendors that adjust for splits, and all that reads bars wants them so
AssumedBasis AssumeBasis(const BasisColumns& columns);

// Those of rows whose columns are fields of a resource, and those of two pieces of a table.
BasisColumns ColumnsOf(const quant::Series& rows);
BasisColumns Together(const BasisColumns& a, const BasisColumns& b);

// For people, of rows whose basis nothing tells.
std::string AssumedBasisNote();

}  // namespace breadthflow::data
