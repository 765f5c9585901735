#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/columnar/chunk_store.h"
#include "common/postgres/binary.h"
#include "common/postgres/database.h"
#include "common/quant/series.h"

// What the parts of ChunkStore share: series by key, their errors, and how its transactions run.
namespace breadthflow::columnar {

inline constexpr int kWriteTries = 3;

std::string Describe(const quant::SeriesKey& key);
absl::Status UnknownSeries(const quant::SeriesKey& key);  // NOT_FOUND UNKNOWN_SERIES
absl::Status SeriesMoved(const quant::SeriesKey& key);    // ABORTED SERIES_MOVED

// $1 to $4 of the statements that name a series.
std::vector<postgres::Param> KeyParams(const quant::SeriesKey& key);

// Appends conditions, order and limit of `filter` to a statement on `series s` that ends within its WHERE, and their
// values to `params`.
void BindFilter(const SeriesFilter& filter, std::string& sql, std::vector<postgres::Param>& params);

// Statements may take a minute.
postgres::TransactOptions BulkOptions(absl::Time deadline, bool read_only);

// The state that `options` names, without counts; nullopt when there is no such series or version.
absl::StatusOr<std::optional<SeriesHead>> FindSeries(postgres::BinaryTransaction& tx, const quant::SeriesKey& key,
                                                     const ReadOptions& options);

}  // namespace breadthflow::columnar
