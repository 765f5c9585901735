#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/quant/series.h"
#include "services/data/store/series_store.h"

namespace breadthflow::data {

// How whoever sends prices can help it when they do not go with the stored ones.
struct BasisAdvice {
  std::string_view conflict;  // they are adjusted in another way: the end of a sentence
  std::string_view doubt;     // they look like it: sentences
  std::string_view mixed;     // they look adjusted as of another day than stored rows that stay: sentences
};

// Of prices without a word on as of when they were adjusted: whether what they correct looks as if they were adjusted
// in another way, or as of another day, than the stored ones. `written` is what storing `rows` would change; the closes
// of the version it was computed from are read where rows are corrected. FAILED_PRECONDITION BASIS_DOUBTFUL that ends
// with the advice
//   - when split-adjusted rows change stored ones by one factor (FindOneFactor), as a download after a split does, and
//     others stay stored that they do not replace: both would stand in one series;
//   - when `assumed`, nobody says how they were adjusted, and they look like another basis (FindBasisDoubt), unless all
//     that is stored changes by one factor: then nothing mixes.
// Else a note for people where all that is stored changes by one factor, or nothing.
absl::StatusOr<std::string> CheckBasis(SeriesStore& store, const quant::Series& rows,
                                       const columnar::WrittenSeries& written, bool assumed, const BasisAdvice& advice,
                                       absl::Time deadline);

}  // namespace breadthflow::data
