// FetchStore: how the symbols of runs ended.
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/base/status.h"
#include "common/jobs/job.h"
#include "services/data/store/fetch_store.h"

namespace breadthflow::data {
namespace {

constexpr std::string_view kResults = R"sql(
  SELECT position, symbol, outcome, row_count, changed_row_count, body_sha256, retryable, error_code, error_reason,
         error_message, source, fetched_ranges::text, notes::text, quarantine, impossible_row_count,
         quarantined_row_count, removed_row_count
  FROM fetch_result WHERE run_id = $1 ORDER BY position)sql";

constexpr std::string_view kViolations = R"sql(
  SELECT position, field, description FROM fetch_violation WHERE run_id = $1 ORDER BY position, ordinal)sql";

constexpr std::string_view kAttempts = R"sql(
  SELECT position, source, reason, error_code, error_reason, error_message
  FROM fetch_attempt WHERE run_id = $1 ORDER BY position, ordinal)sql";

constexpr std::string_view kDeleteResults = "DELETE FROM fetch_result WHERE run_id = $1 AND position = ANY($2::int[])";

constexpr std::string_view kCountWritten =
    "SELECT count(*) FROM fetch_result WHERE run_id = $1 AND epoch = $2 AND position = ANY($3::int[])";

constexpr std::string_view kInsertResults = R"sql(
  INSERT INTO fetch_result (run_id, position, symbol, outcome, row_count, changed_row_count, body_sha256, retryable,
                            error_code, error_reason, error_message, source, fetched_ranges, notes, quarantine,
                            impossible_row_count, quarantined_row_count, removed_row_count, epoch)
  SELECT $1, *, $19::bigint FROM unnest($2::int[], $3::text[], $4::int[], $5::bigint[], $6::bigint[], $7::text[], $8::boolean[],
                           $9::int[], $10::text[], $11::text[], $12::text[], $13::jsonb[], $14::jsonb[],
                           $15::text[], $16::bigint[], $17::bigint[], $18::bigint[]))sql";

constexpr std::string_view kInsertAttempts = R"sql(
  INSERT INTO fetch_attempt (run_id, position, ordinal, source, reason, error_code, error_reason, error_message)
  SELECT $1, * FROM unnest($2::int[], $3::int[], $4::text[], $5::text[], $6::int[], $7::text[], $8::text[]))sql";

constexpr std::string_view kInsertViolations = R"sql(
  INSERT INTO fetch_violation (run_id, position, ordinal, field, description)
  SELECT $1, * FROM unnest($2::int[], $3::int[], $4::text[], $5::text[]))sql";

using nlohmann::json;

json ToJson(const std::vector<quant::TimeRange>& ranges) {
  json out = json::array();
  for (const quant::TimeRange& range : ranges) out.push_back({range.start_ns, range.end_ns});
  return out;
}

absl::Status BadResult(std::string_view what) {
  return base::MakeError(absl::StatusCode::kDataLoss, "BAD_FETCH_RESULT", what);
}

absl::Status ReadLists(const postgres::Row& row, FetchResult& result) {
  const json ranges = json::parse(row.Text(11), nullptr, false);
  const json notes = json::parse(row.Text(12), nullptr, false);
  if (!ranges.is_array() || !notes.is_array()) return BadResult("ranges or notes are no list");
  for (const json& range : ranges) {
    if (!range.is_array() || range.size() != 2) return BadResult("a range is no pair");
    result.fetched_ranges.push_back({range[0].get<int64_t>(), range[1].get<int64_t>()});
  }
  for (const json& note : notes) result.notes.push_back(note.get<std::string>());
  return absl::OkStatus();
}

absl::Status InsertAttempts(postgres::Transaction& tx, const std::string& id, const std::vector<EndedSymbol>& ended) {
  std::vector<int64_t> positions, ordinals, codes;
  std::vector<std::string> sources, chosen, reasons, messages;
  for (const EndedSymbol& one : ended) {
    for (size_t a = 0; a < one.result->attempts.size(); ++a) {
      const SourceAttempt& attempt = one.result->attempts[a];
      positions.push_back(one.position);
      ordinals.push_back(static_cast<int64_t>(a));
      sources.push_back(attempt.source);
      chosen.push_back(attempt.reason);
      codes.push_back(static_cast<int64_t>(attempt.error.code()));
      reasons.push_back(attempt.error.ok() ? "" : base::DetailsOf(attempt.error).reason);
      messages.push_back(jobs::Truncated(base::Message(attempt.error), jobs::kMaxErrorBytes));
    }
  }
  return tx
      .Execute(kInsertAttempts, {id, postgres::IntArray(positions), postgres::IntArray(ordinals),
                                 postgres::TextArray(sources), postgres::TextArray(chosen), postgres::IntArray(codes),
                                 postgres::TextArray(reasons), postgres::TextArray(messages)})
      .status();
}

}  // namespace

absl::Status FetchStore::ReadResults(postgres::Transaction& tx, const std::string& id,
                                     std::vector<FetchResult>& results) {
  BF_ASSIGN_OR_RETURN(const postgres::Rows violations, tx.Query(kViolations, {id}));
  BF_ASSIGN_OR_RETURN(const postgres::Rows attempts, tx.Query(kAttempts, {id}));
  BF_ASSIGN_OR_RETURN(const postgres::Rows rows, tx.Query(kResults, {id}));
  size_t next = 0;
  size_t next_attempt = 0;
  for (const postgres::Row row : rows) {
    FetchResult result{.symbol = row.Text(1),
                       .outcome = static_cast<Outcome>(row.Int(2)),
                       .rows = row.Int(3),
                       .changed_rows = row.Int(4),
                       .removed_rows = row.Int(16),
                       .retryable = row.Bool(6),
                       .body_sha256 = row.Text(5),
                       .source = row.Text(10),
                       .quarantine = row.Text(13),
                       .impossible_rows = row.Int(14),
                       .quarantined_rows = row.Int(15)};
    BF_RETURN_IF_ERROR(ReadLists(row, result));
    for (; next_attempt < attempts.size() && attempts[next_attempt].Int(0) == row.Int(0); ++next_attempt) {
      const postgres::Row attempt = attempts[next_attempt];
      SourceAttempt one{.source = attempt.Text(1), .reason = attempt.Text(2), .error = absl::OkStatus()};
      if (attempt.Int(3) != 0) {
        one.error = base::MakeError(static_cast<absl::StatusCode>(attempt.Int(3)), attempt.Text(5),
                                    base::ErrorDetails{.reason = attempt.Text(4)});
      }
      result.attempts.push_back(std::move(one));
    }
    base::ErrorDetails details{.reason = row.Text(8)};
    for (; next < violations.size() && violations[next].Int(0) == row.Int(0); ++next) {
      details.violations.push_back({violations[next].Text(1), violations[next].Text(2)});
    }
    if (result.outcome == Outcome::kFailed) {
      result.error = base::MakeError(static_cast<absl::StatusCode>(row.Int(7)), row.Text(9), details);
    }
    results.push_back(std::move(result));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<FetchResult>> FetchStore::Results(const std::string& id, absl::Time deadline) {
  std::vector<FetchResult> results;
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        results.clear();
        return ReadResults(tx, id, results);
      },
      {.deadline = deadline, .statement_timeout = absl::Seconds(30), .read_only = true}));
  return results;
}

absl::Status FetchStore::SaveResults(postgres::Transaction& tx, const std::string& id, int64_t epoch,
                                     const std::vector<EndedSymbol>& ended) {
  std::vector<int64_t> positions, outcomes, rows, changed, removed, codes, at, ordinals, impossible, quarantined;
  std::vector<std::string> symbols, hashes, retryable, reasons, messages, fields, descriptions, sources, ranges, notes,
      quarantines;
  for (const EndedSymbol& one : ended) {
    const FetchResult& result = *one.result;
    const base::ErrorDetails details = result.error.ok() ? base::ErrorDetails{} : base::DetailsOf(result.error);
    positions.push_back(one.position);
    symbols.push_back(result.symbol);
    outcomes.push_back(static_cast<int64_t>(result.outcome));
    rows.push_back(result.rows);
    changed.push_back(result.changed_rows);
    removed.push_back(result.removed_rows);
    hashes.push_back(result.body_sha256);
    quarantines.push_back(result.quarantine);
    impossible.push_back(result.impossible_rows);
    quarantined.push_back(result.quarantined_rows);
    retryable.emplace_back(result.retryable ? "t" : "f");
    codes.push_back(static_cast<int64_t>(result.error.code()));
    reasons.push_back(details.reason);
    messages.push_back(jobs::Truncated(base::Message(result.error), jobs::kMaxErrorBytes));
    sources.push_back(result.source);
    ranges.push_back(ToJson(result.fetched_ranges).dump());
    notes.push_back(json(result.notes).dump(-1, ' ', false, json::error_handler_t::replace));
    for (size_t v = 0; v < details.violations.size(); ++v) {
      at.push_back(one.position);
      ordinals.push_back(static_cast<int64_t>(v));
      fields.push_back(jobs::Truncated(details.violations[v].field, jobs::kMaxErrorBytes));
      descriptions.push_back(jobs::Truncated(details.violations[v].description, jobs::kMaxErrorBytes));
    }
  }
  using postgres::IntArray;
  using postgres::TextArray;
  BF_RETURN_IF_ERROR(tx.Execute(kDeleteResults, {id, IntArray(positions)}).status());
  BF_RETURN_IF_ERROR(
      tx.Execute(kInsertResults,
                 {id, IntArray(positions), TextArray(symbols), IntArray(outcomes), IntArray(rows), IntArray(changed),
                  TextArray(hashes), TextArray(retryable), IntArray(codes), TextArray(reasons), TextArray(messages),
                  TextArray(sources), TextArray(ranges), TextArray(notes), TextArray(quarantines), IntArray(impossible),
                  IntArray(quarantined), IntArray(removed), epoch})
          .status());
  BF_RETURN_IF_ERROR(InsertAttempts(tx, id, ended));
  if (at.empty()) return absl::OkStatus();
  return tx
      .Execute(kInsertViolations, {id, IntArray(at), IntArray(ordinals), TextArray(fields), TextArray(descriptions)})
      .status();
}

absl::StatusOr<bool> FetchStore::Saved(postgres::Transaction& tx, const std::string& id, int64_t epoch,
                                       const std::vector<EndedSymbol>& ended) {
  std::vector<int64_t> positions;
  positions.reserve(ended.size());
  for (const EndedSymbol& one : ended) positions.push_back(one.position);
  BF_ASSIGN_OR_RETURN(const postgres::Rows rows, tx.Query(kCountWritten, {id, epoch, postgres::IntArray(positions)}));
  return rows[0].Int(0) == static_cast<int64_t>(positions.size());
}

}  // namespace breadthflow::data
