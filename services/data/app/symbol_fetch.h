#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"

#include "common/base/cancel.h"
#include "services/data/domain/fetch.h"
#include "services/data/domain/source.h"
#include "services/data/store/series_store.h"

namespace breadthflow::data {

// What one symbol came to: how it ended, and what is to be committed with the run.
struct FetchedSymbol {
  FetchResult result;
  std::optional<columnar::WrittenSeries> written;
};

// The part of a fetch that is done symbol by symbol: ask, read, check, store as chunks that nothing refers to yet.
// Thread-safe; the store must outlive it.
class SymbolFetch {
 public:
  explicit SymbolFetch(SeriesStore& series) : series_(series) {}

  // `resource` is that of the spec. An error is one of this service, not of the symbol: those are in the result.
  absl::StatusOr<FetchedSymbol> Fetch(const Source& source, const FetchSpec& spec, const Resource& resource,
                                      const std::string& symbol, const std::string& run,
                                      const base::CancelToken& cancel);

 private:
  // Asks, and reads what came. The rows are of the resource and keep its rules.
  absl::StatusOr<SourceData> Read(const Source& source, const SourceQuery& query, const base::CancelToken& cancel,
                                  std::string& body_sha256);
  // Writes the chunks of what a source said, to be committed with the run.
  absl::StatusOr<FetchedSymbol> Store(const Source& source, const FetchSpec& spec, quant::Series& series,
                                      const std::string& run);

  SeriesStore& series_;
};

}  // namespace breadthflow::data
