#include "services/data/store/range_drop_store.h"

#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::data {
namespace {

using postgres::IntArray;
using postgres::TextArray;

constexpr std::string_view kInsertDrop = "INSERT INTO range_drop (id, before_ns, principal) VALUES ($1, $2, $3)";

constexpr std::string_view kInsertSeries = R"sql(
  INSERT INTO range_drop_series (drop_id, position, resource, symbol, timeframe, variant, row_count, freed_bytes,
                                 kept_bytes, staying_row_count)
  SELECT $1::text, n.place - 1, n.resource, n.symbol, n.timeframe, n.variant, n.row_count, n.freed_bytes, n.kept_bytes,
         n.staying
  FROM unnest($2::text[], $3::text[], $4::smallint[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[],
              $9::bigint[])
         WITH ORDINALITY AS n (resource, symbol, timeframe, variant, row_count, freed_bytes, kept_bytes, staying,
                               place))sql";

constexpr std::string_view kDrop = "SELECT before_ns, create_time FROM range_drop WHERE id = $1";

constexpr std::string_view kSeries = R"sql(
  SELECT resource, symbol, timeframe, variant, row_count, freed_bytes, kept_bytes, staying_row_count
  FROM range_drop_series WHERE drop_id = $1 ORDER BY position)sql";

}  // namespace

absl::Status RangeDropStore::Insert(postgres::Transaction& tx, const RangeDrop& drop, const std::string& principal) {
  BF_RETURN_IF_ERROR(tx.Execute(kInsertDrop, {drop.id, drop.before_ns, principal}).status());
  std::vector<std::string> resources, symbols, variants;
  std::vector<int64_t> timeframes, rows, freed, kept, staying;
  for (const DroppedRange& one : drop.series) {
    resources.push_back(one.key.resource);
    symbols.push_back(one.key.symbol);
    timeframes.push_back(static_cast<int64_t>(one.key.timeframe));
    variants.push_back(one.key.variant);
    rows.push_back(one.rows);
    freed.push_back(one.freed_bytes);
    kept.push_back(one.kept_bytes);
    staying.push_back(one.staying_rows);
  }
  return tx
      .Execute(kInsertSeries, {drop.id, TextArray(resources), TextArray(symbols), IntArray(timeframes),
                               TextArray(variants), IntArray(rows), IntArray(freed), IntArray(kept), IntArray(staying)})
      .status();
}

absl::StatusOr<RangeDrop> RangeDropStore::Get(const std::string& id, absl::Time deadline) {
  RangeDrop drop;
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        BF_ASSIGN_OR_RETURN(const postgres::Rows head, tx.Query(kDrop, {id}));
        if (head.empty()) {
          return base::MakeError(absl::StatusCode::kNotFound, "RANGE_DROP_NOT_FOUND",
                                 fmt::format("rangeDrops/{} does not exist", id));
        }
        drop = {.id = id, .before_ns = head[0].Int(0), .create_time = head[0].Time(1), .series = {}};
        BF_ASSIGN_OR_RETURN(const postgres::Rows rows, tx.Query(kSeries, {id}));
        for (const postgres::Row row : rows) {
          drop.series.push_back(
              {.key = {row.Text(0), row.Text(1), static_cast<quant::Timeframe>(row.Int(2)), row.Text(3)},
               .rows = row.Int(4),
               .staying_rows = row.Int(7),
               .freed_bytes = row.Int(5),
               .kept_bytes = row.Int(6)});
        }
        return absl::OkStatus();
      },
      {.deadline = deadline, .read_only = true}));
  return drop;
}

}  // namespace breadthflow::data
