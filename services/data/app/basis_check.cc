#include "services/data/app/basis_check.h"

#include <optional>

#include <fmt/format.h>

#include "common/base/status.h"
#include "services/data/domain/basis_doubt.h"

namespace breadthflow::data {

absl::Status CheckAssumedBasis(SeriesStore& store, const quant::Series& rows, const columnar::WrittenSeries& written,
                               std::string_view advice, absl::Time deadline) {
  if (written.base_version == 0 || written.rows_revised < kFewestRows || rows.Find("close") == nullptr) {
    return absl::OkStatus();
  }
  BF_ASSIGN_OR_RETURN(
      const quant::Series stored,
      store.chunks().Read(rows.key, columnar::ReadOptions{.range = {rows.times.front(), rows.times.back() + 1},
                                                          .version = written.base_version,
                                                          .columns = {"close"},
                                                          .deadline = deadline}));
  const std::optional<BasisDoubt> doubt = FindBasisDoubt(stored, rows);
  if (!doubt) return absl::OkStatus();
  return base::MakeError(absl::StatusCode::kFailedPrecondition, "BASIS_DOUBTFUL",
                         fmt::format("{}: the stored ones, which are {}, look adjusted in another way. {}", doubt->text,
                                     quant::ToText(written.basis), advice));
}

}  // namespace breadthflow::data
