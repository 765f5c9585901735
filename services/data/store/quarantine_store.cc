#include "services/data/store/quarantine_store.h"

#include <initializer_list>
#include <string_view>
#include <utility>

#include "absl/time/time.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/columnar/chunk_codec.h"
#include "services/data/store/quarantine_json.h"

namespace breadthflow::data {
namespace {

using postgres::Param;
using postgres::Row;
using postgres::Rows;
using postgres::Transaction;

constexpr absl::Duration kTimeout = absl::Seconds(60);  // as any ingest

constexpr std::string_view kInsert = R"sql(
  INSERT INTO quarantine (id, resource, symbol, timeframe, variant, basis, content_sha256, repeats, row_count, origin,
                          start_time_ns, end_time_ns, replaces_start_ns, replaces_end_ns, stored_sha256, coverage,
                          expected_row_count, findings, proposals, market, market_named, last_origin)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16::jsonb, $17, $18::jsonb, $19::jsonb, $20, $21,
          $10)
  ON CONFLICT (content_sha256, resource, symbol, timeframe, variant, basis) WHERE state = 1 AND content_sha256 <> ''
  DO NOTHING)sql";

constexpr std::string_view kRenew = R"sql(
  UPDATE quarantine SET last_origin = $2, last_time = clock_timestamp(), arrival_count = arrival_count + 1,
                        start_time_ns = $3, end_time_ns = $4, replaces_start_ns = $5, replaces_end_ns = $6,
                        stored_sha256 = $7, coverage = $8::jsonb, expected_row_count = $9, findings = $10::jsonb,
                        proposals = $11::jsonb, market = $12, market_named = $13
  WHERE id = $1 AND state = 1)sql";

constexpr std::string_view kInsertChunk =
    "INSERT INTO quarantine_chunk (quarantine_id, position, body) VALUES ($1, $2, $3)";

constexpr std::string_view kColumns =
    "id, resource, symbol, timeframe, variant, basis, repeats, origin, start_time_ns, end_time_ns, replaces_start_ns, "
    "replaces_end_ns, row_count, stored_sha256, findings::text, proposals::text, state, create_time, resolve_time, "
    "resolved_by, comment, content_sha256, coverage::text, expected_row_count, last_origin, last_time, arrival_count, "
    "market, market_named";

constexpr std::string_view kChunks = "SELECT body FROM quarantine_chunk WHERE quarantine_id = $1 ORDER BY position";

constexpr std::string_view kResolve = R"sql(
  UPDATE quarantine SET state = $2, resolve_time = clock_timestamp(), resolved_by = $3, comment = $4
  WHERE id = $1 AND state = 1)sql";

// Held rows before discarded ones, and the last decision before others.
constexpr std::string_view kSame = R"sql(
  FROM quarantine
  WHERE content_sha256 = $1 AND resource = $2 AND symbol = $3 AND timeframe = $4 AND variant = $5 AND basis = $6
        AND state IN (1, 3)
  ORDER BY state, create_time DESC LIMIT 1)sql";

absl::StatusOr<Quarantine> FromRow(const Row& row) {
  Quarantine out{.id = row.Text(0),
                 .key = {row.Text(1), row.Text(2), static_cast<quant::Timeframe>(row.Int(3)), row.Text(4)},
                 .basis = static_cast<quant::PriceBasis>(row.Int(5)),
                 .repeats = row.Bool(6),
                 .origin = row.Text(7),
                 .range = {row.Int(8), row.Int(9)},
                 .replaces = {},
                 .rows = row.Int(12),
                 .expected_rows = row.Int(23),
                 .content_sha256 = row.Text(21),
                 .stored_sha256 = row.Text(13),
                 .coverage = {},
                 .findings = {},
                 .proposals = {},
                 .state = static_cast<QuarantineState>(row.Int(16)),
                 .last_origin = row.Text(24),
                 .last_time = row.Time(25),
                 .arrivals = row.Int(26),
                 .create_time = row.Time(17),
                 .resolve_time = row.IsNull(18) ? absl::InfiniteFuture() : row.Time(18),
                 .resolved_by = row.Text(19),
                 .comment = row.Text(20)};
  if (const auto market = ParseMarket(row.Text(27)); market.ok()) out.market = *market;
  out.naming = row.Bool(28) ? Naming::kInstead : Naming::kIfNone;
  if (!row.IsNull(10)) out.replaces = quant::TimeRange{row.Int(10), row.Int(11)};
  BF_RETURN_IF_ERROR(ReadJson(row.Text(14), row.Text(15), row.Text(22), out));
  return out;
}

absl::Status Moved(const Quarantine& quarantine) {
  return base::MakeError(
      absl::StatusCode::kAborted, "QUARANTINE_MOVED",
      fmt::format("the same rows of {} were just kept apart or decided on by others", quarantine.key.symbol));
}

Param Bound(const std::optional<quant::TimeRange>& range, bool start) {
  if (!range) return nullptr;
  return start ? range->start_ns : range->end_ns;
}

std::string MarketIn(const Quarantine& quarantine) { return quarantine.market ? ToText(*quarantine.market) : ""; }
bool IsNamed(const Quarantine& quarantine) { return quarantine.naming == Naming::kInstead; }

}  // namespace

absl::Status QuarantineStore::Insert(Transaction& tx, const Quarantine& quarantine, const quant::Series& rows) {
  const quant::SeriesKey& key = quarantine.key;
  const auto timeframe = static_cast<int64_t>(key.timeframe);
  const auto basis = static_cast<int64_t>(quarantine.basis);
  const std::string& sha256 = quarantine.content_sha256;
  std::vector<Param> values = {quarantine.id, key.resource, key.symbol, timeframe, key.variant, basis, sha256};
  const auto add = [&](std::initializer_list<Param> more) { values.insert(values.end(), more); };
  add({quarantine.repeats, quarantine.rows, quarantine.origin, quarantine.range.start_ns, quarantine.range.end_ns});
  add({Bound(quarantine.replaces, true), Bound(quarantine.replaces, false), quarantine.stored_sha256});
  add({ToJson(quarantine.coverage), quarantine.expected_rows, ToJson(quarantine.findings)});
  add({ToJson(quarantine.proposals), MarketIn(quarantine), IsNamed(quarantine)});
  BF_ASSIGN_OR_RETURN(const int64_t inserted, tx.Execute(kInsert, std::move(values)));
  if (inserted == 0) return Moved(quarantine);
  int64_t position = 0;
  for (size_t begin = 0; begin < rows.size(); ++position) {
    const size_t end = columnar::ChunkEnd(rows.times, begin);
    BF_ASSIGN_OR_RETURN(std::string body, columnar::EncodeChunk(rows, begin, end));
    BF_RETURN_IF_ERROR(tx.Execute(kInsertChunk, {quarantine.id, position, postgres::Bytes{std::move(body)}}).status());
    begin = end;
  }
  return absl::OkStatus();
}

absl::Status QuarantineStore::Renew(Transaction& tx, const Quarantine& quarantine) {
  BF_ASSIGN_OR_RETURN(
      const int64_t renewed,
      tx.Execute(kRenew, {quarantine.id, quarantine.last_origin, quarantine.range.start_ns, quarantine.range.end_ns,
                          Bound(quarantine.replaces, true), Bound(quarantine.replaces, false), quarantine.stored_sha256,
                          ToJson(quarantine.coverage), quarantine.expected_rows, ToJson(quarantine.findings),
                          ToJson(quarantine.proposals), MarketIn(quarantine), IsNamed(quarantine)}));
  return renewed == 1 ? absl::OkStatus() : Moved(quarantine);
}

absl::StatusOr<std::optional<Quarantine>> QuarantineStore::FindSame(const Quarantine& like, absl::Time deadline) {
  std::optional<Quarantine> found;
  const quant::SeriesKey& key = like.key;
  const std::string sql = fmt::format("SELECT {}{}", kColumns, kSame);
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](Transaction& tx) -> absl::Status {
        found.reset();
        BF_ASSIGN_OR_RETURN(const Rows rows, tx.Query(sql, {like.content_sha256, key.resource, key.symbol,
                                                            static_cast<int64_t>(key.timeframe), key.variant,
                                                            static_cast<int64_t>(like.basis)}));
        if (rows.empty()) return absl::OkStatus();
        BF_ASSIGN_OR_RETURN(found, FromRow(rows[0]));
        return absl::OkStatus();
      },
      {.deadline = deadline, .read_only = true}));
  return found;
}

absl::StatusOr<Quarantine> QuarantineStore::Get(const std::string& id, absl::Time deadline) {
  Quarantine found;
  const std::string sql = fmt::format("SELECT {} FROM quarantine WHERE id = $1", kColumns);
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](Transaction& tx) -> absl::Status {
        BF_ASSIGN_OR_RETURN(const Rows rows, tx.Query(sql, {id}));
        if (rows.empty()) {
          return base::MakeError(absl::StatusCode::kNotFound, "QUARANTINE_NOT_FOUND",
                                 fmt::format("quarantines/{} does not exist", id));
        }
        BF_ASSIGN_OR_RETURN(found, FromRow(rows[0]));
        return absl::OkStatus();
      },
      {.deadline = deadline, .read_only = true}));
  return found;
}

absl::StatusOr<std::vector<Quarantine>> QuarantineStore::List(std::optional<QuarantineState> state,
                                                              const std::optional<ListPosition>& after, int limit,
                                                              absl::Time deadline) {
  std::vector<Quarantine> all;
  const std::string sql = fmt::format(
      "SELECT {} FROM quarantine WHERE (create_time, id) < ($1, $2) AND ($3 = 0 OR state = $3) "
      "ORDER BY create_time DESC, id DESC LIMIT $4",
      kColumns);
  const ListPosition from = after.value_or(ListPosition{absl::InfiniteFuture(), ""});
  const int64_t wanted = state ? static_cast<int64_t>(*state) : 0;
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](Transaction& tx) -> absl::Status {
        all.clear();
        BF_ASSIGN_OR_RETURN(const Rows rows, tx.Query(sql, {from.create_time, from.id, wanted, int64_t{limit}}));
        for (const Row row : rows) {
          BF_ASSIGN_OR_RETURN(Quarantine one, FromRow(row));
          all.push_back(std::move(one));
        }
        return absl::OkStatus();
      },
      {.deadline = deadline, .read_only = true}));
  return all;
}

absl::StatusOr<quant::Series> QuarantineStore::ReadRows(const Quarantine& quarantine, absl::Time deadline) {
  quant::Series rows;
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](Transaction& tx) -> absl::Status {
        rows = {.key = quarantine.key,
                .basis = quarantine.basis,
                .repeats = quarantine.repeats,
                .times = {},
                .columns = {}};
        BF_ASSIGN_OR_RETURN(const Rows chunks, tx.Query(kChunks, {quarantine.id}));
        for (const Row chunk : chunks) BF_RETURN_IF_ERROR(columnar::AppendChunk(chunk.Bytes(0), {}, {}, rows));
        return absl::OkStatus();
      },
      {.deadline = deadline, .statement_timeout = kTimeout, .read_only = true}));
  if (static_cast<int64_t>(rows.size()) == quarantine.rows) return rows;
  return base::MakeError(
      absl::StatusCode::kDataLoss, "BAD_QUARANTINE",
      fmt::format("quarantines/{} has {} rows, {} were kept", quarantine.id, rows.size(), quarantine.rows));
}

absl::Status QuarantineStore::Resolve(Transaction& tx, const std::string& id, QuarantineState state,
                                      const std::string& by, const std::string& comment) {
  BF_ASSIGN_OR_RETURN(const int64_t changed, tx.Execute(kResolve, {id, static_cast<int64_t>(state), by, comment}));
  if (changed == 1) return absl::OkStatus();
  return base::MakeError(absl::StatusCode::kFailedPrecondition, "QUARANTINE_RESOLVED",
                         fmt::format("quarantines/{} was released or discarded before", id));
}

}  // namespace breadthflow::data
