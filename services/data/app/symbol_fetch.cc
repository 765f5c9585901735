#include "services/data/app/symbol_fetch.h"

#include <utility>

#include <fmt/format.h>

#include "common/base/hash.h"
#include "common/base/status.h"
#include "common/base/transient.h"
#include "services/data/domain/resource.h"

namespace breadthflow::data {
namespace {

FetchResult Failed(const std::string& symbol, absl::Status error) {
  FetchResult result{.symbol = symbol, .outcome = Outcome::kFailed};
  result.retryable = base::IsTransient(error);
  result.error = std::move(error);
  return result;
}

}  // namespace

absl::StatusOr<FetchedSymbol> SymbolFetch::Fetch(const Source& source, const FetchSpec& spec, const Resource& resource,
                                                 const std::string& symbol, const std::string& run,
                                                 const base::CancelToken& cancel) {
  const SourceQuery query{spec.resource, symbol, spec.timeframe, spec.range, &resource};
  FetchedSymbol fetched{.result = {.symbol = symbol}, .written = {}};
  std::string body_sha256;
  absl::StatusOr<SourceData> data = Read(source, query, cancel, body_sha256);
  if (!data.ok()) {
    fetched.result = Failed(symbol, data.status());
  } else {
    BF_ASSIGN_OR_RETURN(fetched, Store(source, spec, data->series, run));
  }
  fetched.result.body_sha256 = std::move(body_sha256);
  return fetched;
}

absl::StatusOr<SourceData> SymbolFetch::Read(const Source& source, const SourceQuery& query,
                                             const base::CancelToken& cancel, std::string& body_sha256) {
  BF_ASSIGN_OR_RETURN(const SourceRequest request, source.TransformQuery(query));
  BF_ASSIGN_OR_RETURN(const RawBody body, source.Extract(request, cancel));
  body_sha256 = base::Sha256HexOf(body.bytes);
  BF_ASSIGN_OR_RETURN(SourceData data, source.TransformData(request, body));
  BF_ASSIGN_OR_RETURN(const Resource* resource, ResourceOf(query));
  data.series.repeats = resource->repeats;
  BF_RETURN_IF_ERROR(data.series.Validate());
  base::Violations violations;
  CheckSeries(
      *resource, data.series,
      [&](size_t row) { return row < data.labels.size() ? data.labels[row] : fmt::format("row {}", row); }, violations);
  BF_RETURN_IF_ERROR(violations.ToStatus(fmt::format("{} is not valid {}", query.symbol, resource->id)));
  return data;
}

absl::StatusOr<FetchedSymbol> SymbolFetch::Store(const Source& source, const FetchSpec& spec, quant::Series& series,
                                                 const std::string& run) {
  FetchedSymbol fetched{.result = {.symbol = series.key.symbol, .outcome = Outcome::kOk}, .written = {}};
  if (series.empty()) fetched.result.outcome = Outcome::kEmptyConfirmed;
  // Nothing from a source that does not claim to have everything changes nothing; from one that does, it takes away.
  if (series.empty() && !source.authoritative()) return fetched;
  series.key.variant = spec.source.name;
  columnar::WriteOptions options{.provenance = "fetchRuns/" + run};
  if (source.authoritative()) options.replaces = spec.range;
  absl::StatusOr<columnar::WrittenSeries> written = series_.chunks().Write(series, options);
  if (!written.ok()) {
    // The rows do not fit what is stored, or our own database has a bad moment: that is no fault of the symbol.
    if (base::IsTransient(written.status())) return written.status();
    fetched.result = Failed(series.key.symbol, written.status());
    return fetched;
  }
  fetched.result.rows = static_cast<int64_t>(series.size());
  fetched.result.changed_rows = written->rows_inserted + written->rows_revised + written->rows_removed;
  if (!series.empty() || !written->unchanged()) fetched.written = *std::move(written);
  return fetched;
}

}  // namespace breadthflow::data
