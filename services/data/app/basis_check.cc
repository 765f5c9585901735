#include "services/data/app/basis_check.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "services/data/domain/basis_doubt.h"

namespace breadthflow::data {
namespace {

absl::Status Doubtful(const std::string& text) {
  return base::MakeError(absl::StatusCode::kFailedPrecondition, "BASIS_DOUBTFUL", text);
}

// How many rows of the version before stay as they are.
absl::StatusOr<int64_t> RowsThatStay(SeriesStore& store, const quant::Series& rows, const quant::Series& stored,
                                     const columnar::WrittenSeries& written, absl::Time deadline) {
  BF_ASSIGN_OR_RETURN(const columnar::SeriesHead head,
                      store.chunks().Head(rows.key, {.version = written.base_version, .deadline = deadline}));
  const int64_t corrected = std::count_if(stored.times.begin(), stored.times.end(), [&](int64_t time_ns) {
    return std::binary_search(rows.times.begin(), rows.times.end(), time_ns);
  });
  return head.rows - corrected - written.rows_removed;
}

}  // namespace

absl::StatusOr<std::string> CheckBasis(SeriesStore& store, const quant::Series& rows,
                                       const columnar::WrittenSeries& written, bool assumed, const BasisAdvice& advice,
                                       absl::Time deadline) {
  const bool split = rows.basis == quant::PriceBasis::kSplitAdjusted;
  if (written.base_version == 0 || written.rows_revised < kFewestRows || rows.Find("close") == nullptr ||
      (!assumed && !split)) {
    return std::string();
  }
  BF_ASSIGN_OR_RETURN(
      const quant::Series stored,
      store.chunks().Read(rows.key, columnar::ReadOptions{.range = {rows.times.front(), rows.times.back() + 1},
                                                          .version = written.base_version,
                                                          .columns = {"close"},
                                                          .deadline = deadline}));
  if (const std::optional<OneFactor> one = split ? FindOneFactor(stored, rows) : std::nullopt) {
    BF_ASSIGN_OR_RETURN(const int64_t stay, RowsThatStay(store, rows, stored, written, deadline));
    if (stay > 0) {
      return Doubtful(
          fmt::format("{} of {} stored closes would change by the factor {:.4g}, as after a split, and {} other stored "
                      "rows would stay as they are. {}",
                      one->scaled, one->common_rows, one->factor, stay, advice.mixed));
    }
    if (one->scaled == one->common_rows) {
      return fmt::format("all {} stored closes changed by the factor {:.4g}, as after a split", one->scaled,
                         one->factor);
    }
  }
  const std::optional<BasisDoubt> doubt = assumed ? FindBasisDoubt(stored, rows) : std::nullopt;
  if (!doubt) return std::string();
  return Doubtful(fmt::format("{}, unlike the stored ones, which are {}. {}", doubt->text, quant::ToText(written.basis),
                              advice.doubt));
}

}  // namespace breadthflow::data
