#include "services/data/app/quarantines.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/hash.h"
#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "services/data/app/gate_knowledge.h"
#include "services/data/app/price_anchor.h"
#include "services/data/domain/adjustment_events.h"
#include "services/data/domain/market_hours.h"
#include "services/data/domain/quality/gate.h"
#include "services/data/domain/quality/report.h"
#include "services/data/domain/repair.h"

namespace breadthflow::data {
namespace {

// A clock that is behind that of the source does not make its last bar one of the future.
constexpr absl::Duration kClocksDiffer = absl::Minutes(1);

absl::Status Moved(const Quarantine& quarantine) {
  return base::MakeError(
      absl::StatusCode::kAborted, "SERIES_MOVED",
      fmt::format("{} has other rows in the range of quarantines/{} than when it was made: fetch again",
                  quarantine.key.symbol, quarantine.id));
}

// What storing the rows may touch: what they replace, or the instants they have.
quant::TimeRange Touched(const Quarantine& quarantine, const quant::Series& rows) {
  if (quarantine.replaces) return *quarantine.replaces;
  return {rows.times.front(), rows.times.back() + 1};
}

std::string InstantText(int64_t time_ns) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%SZ", quant::FromNanos(time_ns), absl::UTCTimeZone());
}

// FAILED_PRECONDITION that names the quarantine, with a violation per finding of severity error.
absl::Status NotStored(const Quarantine& quarantine, std::string reason, std::string_view message) {
  base::ErrorDetails details{.reason = std::move(reason), .metadata = {{"quarantine", "quarantines/" + quarantine.id}}};
  for (const Finding& finding : quarantine.findings) {
    if (finding.severity != Severity::kError) continue;
    std::string text = finding.message;
    if (!finding.examples_ns.empty()) {
      text += fmt::format(", the first at {}", InstantText(finding.examples_ns.front()));
    }
    details.violations.push_back({finding.check, std::move(text)});
  }
  return base::MakeError(absl::StatusCode::kFailedPrecondition, message, details);
}

// `by_level`: prices have another level from some row on, for which splits that are not stored yet may be the reason.
absl::Status HeldError(const Quarantine& quarantine, bool by_level) {
  const bool may_split = by_level && quarantine.basis == quant::PriceBasis::kRaw;
  return NotStored(
      quarantine, "QUARANTINED",
      fmt::format("{} rows of {} are kept apart as quarantines/{}: {}release or discard them", quarantine.rows,
                  quarantine.key.symbol, quarantine.id,
                  may_split ? "if a split changed the prices, fetch or import its splits first (--resource split), "
                              "then the prices again; else "
                            : ""));
}

absl::Status DiscardedError(const Quarantine& quarantine) {
  return NotStored(quarantine, "QUARANTINE_DISCARDED",
                   fmt::format("these {} rows of {} were discarded before, as quarantines/{}{}{}{}: they are stored "
                               "only with the quality gate store (--quality-gate store)",
                               quarantine.rows, quarantine.key.symbol, quarantine.id,
                               quarantine.resolved_by.empty() ? "" : fmt::format(" by {}", quarantine.resolved_by),
                               quarantine.comment.empty() ? "" : ": ", quarantine.comment));
}

}  // namespace

absl::StatusOr<Quarantines::Stored> Quarantines::StoredIn(const quant::SeriesKey& key, const quant::TimeRange& range,
                                                          absl::Time deadline) {
  const absl::StatusOr<columnar::SeriesHead> head = series_.chunks().Head(key, {.deadline = deadline});
  if (absl::IsNotFound(head.status())) return Stored{};
  BF_RETURN_IF_ERROR(head.status());
  BF_ASSIGN_OR_RETURN(
      const quant::Series rows,
      series_.chunks().Read(
          key, columnar::ReadOptions{.range = range, .version = head->version, .columns = {}, .deadline = deadline}));
  return Stored{rows.empty() ? "" : base::ToHex(rows.ContentHash()), head->version};
}

absl::StatusOr<Verdict> Quarantines::Examine(const Arrival& arrival, QualityGate gate, absl::Time deadline) {
  const quant::Series& rows = arrival.rows;
  const quant::Calendar& calendar = CalendarOf(rows.key, rows.times, arrival.calendar);
  GateKnowledge known{.anchors = arrival.anchors};
  GateResult gated = Gate(rows, calendar, known);
  if (!gated.rows.empty()) {
    // What is stored may be why a level changed. It is only read where something did.
    BF_ASSIGN_OR_RETURN(known, KnowledgeForGate(series_, rows, arrival.anchors, gated.steps, deadline));
    gated = Gate(rows, calendar, known);
  }
  Verdict verdict{
      .impossible = std::move(gated.rows), .findings = std::move(gated.findings), .doubts = {}, .apart = nullptr};
  verdict.changes_level = !gated.steps.empty();
  if (verdict.impossible.empty() || gate == QualityGate::kStore) return verdict;
  BF_RETURN_IF_ERROR(Hold(arrival, calendar, known, {}, deadline, verdict));
  return verdict;
}

absl::Status Quarantines::ExamineBeside(const Arrival& arrival, const columnar::WrittenSeries& written,
                                        QualityGate gate, absl::Time deadline, Verdict& verdict) {
  const quant::Series& rows = arrival.rows;
  if (written.unchanged() || written.base_version == 0 || rows.empty() || rows.Doubles("close").empty()) {
    return absl::OkStatus();
  }
  if (rows.key.timeframe == quant::Timeframe::kTick) return absl::OkStatus();  // there are no bars beside them
  const NeighbourRanges ranges = NeighbourRangesOf(rows.key.timeframe, rows.times.front(), rows.times.back(),
                                                   arrival.replaces ? &*arrival.replaces : nullptr);
  const auto read = [&](quant::TimeRange range) -> absl::StatusOr<quant::Series> {
    // Mostly rows follow what is stored: then there is nothing behind them to read.
    if (range.start_ns >= range.end_ns || range.start_ns > written.base_last_time_ns) return quant::Series();
    return series_.chunks().Read(
        rows.key,
        columnar::ReadOptions{.range = range, .version = written.base_version, .columns = {}, .deadline = deadline});
  };
  BF_ASSIGN_OR_RETURN(const quant::Series before, read(ranges.before));
  BF_ASSIGN_OR_RETURN(const quant::Series after, read(ranges.after));
  const bool unread = !arrival.replaces && ranges.before.end_ns <= written.base_last_time_ns;
  const int64_t unread_ns = unread ? ranges.after.start_ns : ranges.before.end_ns;
  const std::vector<RowRun> runs = RunsOf(rows.times, before, after, {ranges.before.end_ns, unread_ns});
  const quant::Calendar& calendar = CalendarOf(rows.key, rows.times, arrival.calendar);
  GateKnowledge known{.anchors = arrival.anchors};
  GateResult beside = GateRuns(rows, runs, calendar, known);
  if (!beside.doubts.empty() || !beside.rows.empty()) {
    BF_ASSIGN_OR_RETURN(known, KnowledgeForGate(series_, rows, arrival.anchors, beside.steps, deadline));
    beside = GateRuns(rows, runs, calendar, known);
  }
  verdict.doubts = std::move(beside.doubts);
  verdict.changes_level |= !beside.steps.empty();
  std::vector<size_t> all;
  std::set_union(verdict.impossible.begin(), verdict.impossible.end(), beside.rows.begin(), beside.rows.end(),
                 std::back_inserter(all));
  if (all.size() == verdict.impossible.size()) return absl::OkStatus();
  verdict.impossible = std::move(all);
  verdict.findings.insert(verdict.findings.end(), beside.findings.begin(), beside.findings.end());
  if (gate == QualityGate::kStore) return absl::OkStatus();
  return Hold(arrival, calendar, known, std::move(beside.findings), deadline, verdict);
}

absl::Status Quarantines::Hold(const Arrival& arrival, const quant::Calendar& calendar, const GateKnowledge& known,
                               std::vector<Finding> beside, absl::Time deadline, Verdict& verdict) {
  const quant::Series& rows = arrival.rows;
  const absl::Time now = clock_.Now();
  const quant::Series* const splits = known.splits ? &*known.splits : nullptr;
  SeriesQuality quality = CheckQuality(
      rows, calendar, {}, quant::ToNanos(now + kClocksDiffer),
      {.asset_class = {}, .range = {}, .anchors = known.anchors, .splits = splits, .accepted = known.accepted});
  for (Finding& finding : beside) {
    finding.message += ", beside what is stored";
    finding.impossible_rows.clear();
  }
  quality.findings.insert(quality.findings.begin(), std::make_move_iterator(beside.begin()),
                          std::make_move_iterator(beside.end()));
  Quarantine quarantine{.id = base::NewUuid(now),
                        .key = rows.key,
                        .basis = rows.basis,
                        .repeats = rows.repeats,
                        .origin = arrival.origin,
                        .range = arrival.asked,
                        .replaces = arrival.replaces,
                        .rows = static_cast<int64_t>(rows.size()),
                        .expected_rows = quality.expected_rows,
                        .content_sha256 = base::ToHex(rows.ContentHash()),
                        .stored_sha256 = {},
                        .coverage = arrival.coverage,
                        .market = arrival.market,
                        .naming = arrival.naming,
                        .findings = std::move(quality.findings),
                        .proposals = ProposeRepairs(rows, DeclaredSplits(rows, splits, calendar)),
                        .last_origin = arrival.origin};
  BF_ASSIGN_OR_RETURN(const Stored stored, StoredIn(rows.key, Touched(quarantine, rows), deadline));
  if (stored.sha256 == quarantine.content_sha256) return absl::OkStatus();
  quarantine.stored_sha256 = stored.sha256;
  BF_ASSIGN_OR_RETURN(std::optional<Quarantine> same, store_.FindSame(quarantine, deadline));
  if (same && same->state == QuarantineState::kDiscarded) {
    verdict.apart = std::make_unique<KeptApart>(KeptApart{.quarantine = *std::move(same), .rows = {}});
    return absl::OkStatus();
  }
  if (same) {
    quarantine.id = same->id;
    quarantine.origin = same->origin;
    quarantine.arrivals = same->arrivals + 1;
    // What somebody named the first time is not taken away by what is concluded now.
    const bool concluded = !quarantine.market || quarantine.naming == Naming::kIfNone;
    if (concluded && same->market && (!quarantine.market || same->naming == Naming::kInstead)) {
      quarantine.market = same->market;
      quarantine.naming = same->naming;
    }
  }
  const bool again = same.has_value();
  verdict.apart = std::make_unique<KeptApart>(
      KeptApart{.quarantine = std::move(quarantine), .rows = again ? quant::Series() : rows});
  return absl::OkStatus();
}

void Quarantines::Tell(const Verdict& verdict, FetchResult& result) {
  result.impossible_rows = static_cast<int64_t>(verdict.impossible.size());
  if (verdict.apart != nullptr) {
    const Quarantine& quarantine = verdict.apart->quarantine;
    const bool held = quarantine.state == QuarantineState::kHeld;
    result.quarantine = quarantine.id;
    result.quarantined_rows = held ? quarantine.rows : 0;
    Fail(held ? HeldError(quarantine, verdict.changes_level) : DiscardedError(quarantine), result);
    return;
  }
  for (const Finding& finding : verdict.findings) {
    AddNote(fmt::format("stored although no market can have made such rows: {}: {}", finding.check, finding.message),
            result);
  }
  for (const Finding& finding : verdict.doubts) {
    AddNote(fmt::format("odd beside the rows that were stored before: {}: {}, the first at {}", finding.check,
                        finding.message, InstantText(finding.examples_ns.front())),
            result);
  }
}

absl::Status Quarantines::Keep(postgres::Transaction& tx, const KeptApart& apart) {
  if (apart.quarantine.state == QuarantineState::kDiscarded) return absl::OkStatus();
  return apart.quarantine.arrivals > 1 ? store_.Renew(tx, apart.quarantine)
                                       : store_.Insert(tx, apart.quarantine, apart.rows);
}

absl::StatusOr<Quarantine> Quarantines::Release(const std::string& id, const std::string& by,
                                                const std::string& comment, absl::Time deadline) {
  BF_ASSIGN_OR_RETURN(const Quarantine quarantine, store_.Get(id, deadline));
  std::optional<columnar::WrittenSeries> written;
  std::optional<AnchorChange> anchors;
  if (quarantine.state == QuarantineState::kHeld) {
    BF_ASSIGN_OR_RETURN(const quant::Series rows, store_.ReadRows(quarantine, deadline));
    BF_ASSIGN_OR_RETURN(const Stored stored, StoredIn(quarantine.key, Touched(quarantine, rows), deadline));
    if (stored.sha256 != quarantine.stored_sha256) return Moved(quarantine);
    columnar::WriteOptions options{.replaces = quarantine.replaces, .provenance = fmt::format("quarantines/{}", id)};
    // As the import itself would have written them; the gate keeps only series apart that have one row an instant.
    if (!quarantine.replaces && quarantine.origin.starts_with("imports/")) options.adds_by.emplace();
    BF_ASSIGN_OR_RETURN(written, series_.chunks().Write(rows, options));
    if (written->base_version != stored.version) return Moved(quarantine);
    // Nobody can say of what was kept apart as of when it was adjusted.
    BF_ASSIGN_OR_RETURN(const auto said, series_.anchors().Find({quarantine.key}, absl::InfiniteFuture(), deadline));
    const AnchorStatement* known = said.empty() ? nullptr : &said.begin()->second;
    BF_ASSIGN_OR_RETURN(anchors, AnchorsWith(series_, rows, {}, quarantine.replaces, known, deadline));
  }
  // Coverage, series, quarantine: the order in which fetches lock them.
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        if (written) {
          BF_RETURN_IF_ERROR(coverage_.Add(tx, quarantine.coverage));
          BF_RETURN_IF_ERROR(CommitAnchored(series_, tx, *written, quarantine.market, anchors, quarantine.naming));
        }
        return store_.Resolve(tx, id, QuarantineState::kReleased, by, comment);
      },
      {.deadline = deadline}));
  return store_.Get(id, deadline);
}

absl::StatusOr<Quarantine> Quarantines::Discard(const std::string& id, const std::string& by,
                                                const std::string& comment, absl::Time deadline) {
  BF_ASSIGN_OR_RETURN(Quarantine quarantine, store_.Get(id, deadline));
  quarantine.resolved_by = by;
  quarantine.comment = comment;
  for (Coverage& one : quarantine.coverage) {
    one.outcome = Outcome::kFailed;
    one.rows = 0;
    one.error = DiscardedError(quarantine);
  }
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        BF_RETURN_IF_ERROR(coverage_.Add(tx, quarantine.coverage));
        return store_.Resolve(tx, id, QuarantineState::kDiscarded, by, comment);
      },
      {.deadline = deadline}));
  return store_.Get(id, deadline);
}

absl::StatusOr<bool> Quarantines::Outdated(const Quarantine& quarantine, absl::Time deadline) {
  if (quarantine.state != QuarantineState::kHeld) return false;
  BF_ASSIGN_OR_RETURN(const quant::Series rows, store_.ReadRows(quarantine, deadline));
  BF_ASSIGN_OR_RETURN(const Stored stored, StoredIn(quarantine.key, Touched(quarantine, rows), deadline));
  return stored.sha256 != quarantine.stored_sha256;
}

}  // namespace breadthflow::data
