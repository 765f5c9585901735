#include "common/columnar/series_lookup.h"

#include <cstdint>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/timeframe.h"

namespace breadthflow::columnar {

using postgres::BinaryRow;
using postgres::BinaryTransaction;
using quant::SeriesKey;

namespace {

constexpr absl::Duration kBulkTimeout = absl::Seconds(60);

constexpr std::string_view kFindLatest = R"sql(
  SELECT s.id, s.basis, s.repeats, v.version, v.known_at, v.provenance
  FROM series s JOIN series_version v ON v.series_id = s.id AND v.version = s.version
  WHERE s.resource = $1 AND s.symbol = $2 AND s.timeframe = $3 AND s.variant = $4)sql";

constexpr std::string_view kFindVersion = R"sql(
  SELECT s.id, s.basis, s.repeats, v.version, v.known_at, v.provenance
  FROM series s JOIN series_version v ON v.series_id = s.id
  WHERE s.resource = $1 AND s.symbol = $2 AND s.timeframe = $3 AND s.variant = $4 AND v.version = $5)sql";

constexpr std::string_view kFindAsOf = R"sql(
  SELECT s.id, s.basis, s.repeats, v.version, v.known_at, v.provenance
  FROM series s JOIN series_version v ON v.series_id = s.id
  WHERE s.resource = $1 AND s.symbol = $2 AND s.timeframe = $3 AND s.variant = $4 AND v.known_at <= $5
  ORDER BY v.version DESC LIMIT 1)sql";

}  // namespace

std::string Describe(const SeriesKey& key) {
  return fmt::format("{} {} {}{}{}", key.resource, key.symbol, quant::ToText(key.timeframe),
                     key.variant.empty() ? "" : " ", key.variant);
}

absl::Status UnknownSeries(const SeriesKey& key) {
  return base::MakeError(
      absl::StatusCode::kNotFound, fmt::format("series {} is not stored", Describe(key)),
      {.reason = "UNKNOWN_SERIES", .metadata = {{"resource", key.resource}, {"symbol", key.symbol}}});
}

absl::Status SeriesMoved(const SeriesKey& key) {
  return base::MakeError(absl::StatusCode::kAborted,
                         fmt::format("another writer has changed series {} meanwhile", Describe(key)),
                         {.reason = "SERIES_MOVED", .retry_after = absl::Milliseconds(50)});
}

std::vector<postgres::Param> KeyParams(const SeriesKey& key) {
  return {key.resource, key.symbol, static_cast<int64_t>(key.timeframe), key.variant};
}

void BindFilter(const SeriesFilter& filter, std::string& sql, std::vector<postgres::Param>& params) {
  const auto bind = [&](postgres::Param param) {
    params.push_back(std::move(param));
    return fmt::format("${}", params.size());
  };
  if (!filter.resource.empty()) sql += fmt::format(" AND s.resource = {}", bind(filter.resource));
  if (!filter.symbols.empty()) {
    sql += fmt::format(" AND s.symbol = ANY({}::text[])", bind(postgres::TextArray(filter.symbols)));
  }
  if (filter.timeframe) sql += fmt::format(" AND s.timeframe = {}", bind(static_cast<int64_t>(*filter.timeframe)));
  if (filter.variant) sql += fmt::format(" AND s.variant = {}", bind(*filter.variant));
  if (filter.after) {
    const std::string resource = bind(filter.after->resource);
    const std::string symbol = bind(filter.after->symbol);
    const std::string timeframe = bind(static_cast<int64_t>(filter.after->timeframe));
    const std::string variant = bind(filter.after->variant);
    sql += fmt::format(" AND (s.resource, s.symbol, s.timeframe, s.variant) > ({}, {}, {}, {})", resource, symbol,
                       timeframe, variant);
  }
  sql += " ORDER BY s.resource, s.symbol, s.timeframe, s.variant";
  if (filter.limit > 0) sql += fmt::format(" LIMIT {}", bind(filter.limit));
}

postgres::TransactOptions BulkOptions(absl::Time deadline, bool read_only) {
  return {.deadline = deadline, .statement_timeout = kBulkTimeout, .read_only = read_only};
}

absl::StatusOr<std::optional<SeriesHead>> FindSeries(BinaryTransaction& tx, const SeriesKey& key,
                                                     const ReadOptions& options) {
  std::vector<postgres::Param> params = KeyParams(key);
  std::string_view sql = kFindLatest;
  if (options.version > 0) {
    sql = kFindVersion;
    params.emplace_back(options.version);
  } else if (options.as_of != absl::InfiniteFuture()) {
    sql = kFindAsOf;
    params.emplace_back(options.as_of);
  }
  BF_ASSIGN_OR_RETURN(const postgres::BinaryRows rows, tx.Query(sql, params));
  if (rows.empty()) return std::nullopt;
  const BinaryRow row = rows[0];
  SeriesHead head;
  head.id = row.Int64(0);
  head.key = key;
  head.basis = static_cast<quant::PriceBasis>(row.Int16(1));
  head.repeats = row.Bool(2);
  head.version = row.Int64(3);
  head.known_at = row.Time(4);
  head.provenance = std::string(row.View(5));
  return head;
}

}  // namespace breadthflow::columnar
