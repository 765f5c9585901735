#include "services/data/app/quarantines.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/hash.h"
#include "common/base/ids.h"
#include "common/base/status.h"
#include "services/data/domain/quality/gate.h"

namespace breadthflow::data {
namespace {

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

absl::StatusOr<std::unique_ptr<const KeptApart>> Quarantines::Examine(const quant::Series& series,
                                                                      const quant::TimeRange& asked,
                                                                      const std::optional<quant::TimeRange>& replaces,
                                                                      const std::string& origin) {
  std::vector<Finding> findings = Gate(series, quant::ToNanos(clock_.Now()));
  if (findings.empty()) return nullptr;
  auto apart = std::make_unique<KeptApart>(KeptApart{.quarantine = {.id = base::NewUuid(clock_.Now()),
                                                                    .key = series.key,
                                                                    .basis = series.basis,
                                                                    .repeats = series.repeats,
                                                                    .origin = origin,
                                                                    .range = asked,
                                                                    .replaces = replaces,
                                                                    .rows = static_cast<int64_t>(series.size()),
                                                                    .stored_sha256 = {},
                                                                    .findings = std::move(findings),
                                                                    .proposals = ProposeRepairs(series)},
                                                     .rows = series});
  const quant::TimeRange touched = Touched(apart->quarantine, series);
  BF_ASSIGN_OR_RETURN(const Stored stored, StoredIn(series.key, touched, absl::InfiniteFuture()));
  if (stored.sha256 == base::ToHex(series.ContentHash())) return nullptr;
  apart->quarantine.stored_sha256 = stored.sha256;
  return apart;
}

absl::Status Quarantines::Error(const Quarantine& quarantine) {
  base::ErrorDetails details{.reason = "QUARANTINED", .metadata = {{"quarantine", "quarantines/" + quarantine.id}}};
  for (const Finding& finding : quarantine.findings) {
    if (finding.severity != Severity::kError) continue;
    std::string message = finding.message;
    if (!finding.examples_ns.empty()) {
      message += fmt::format(
          ", the first at {}",
          absl::FormatTime("%Y-%m-%d %H:%M:%SZ", quant::FromNanos(finding.examples_ns.front()), absl::UTCTimeZone()));
    }
    details.violations.push_back({finding.check, std::move(message)});
  }
  return base::MakeError(absl::StatusCode::kFailedPrecondition,
                         fmt::format("{} rows of {} are kept apart as quarantines/{}: release or discard them",
                                     quarantine.rows, quarantine.key.symbol, quarantine.id),
                         details);
}

absl::StatusOr<Quarantine> Quarantines::Release(const std::string& id, const std::string& by,
                                                const std::string& comment, absl::Time deadline) {
  BF_ASSIGN_OR_RETURN(const Quarantine quarantine, store_.Get(id, deadline));
  std::optional<columnar::WrittenSeries> written;
  if (quarantine.state == QuarantineState::kHeld) {
    BF_ASSIGN_OR_RETURN(const quant::Series rows, store_.ReadRows(quarantine, deadline));
    BF_ASSIGN_OR_RETURN(const Stored stored, StoredIn(quarantine.key, Touched(quarantine, rows), deadline));
    if (stored.sha256 != quarantine.stored_sha256) return Moved(quarantine);
    BF_ASSIGN_OR_RETURN(written, series_.chunks().Write(rows, {.replaces = quarantine.replaces,
                                                               .provenance = fmt::format("quarantines/{}", id)}));
    if (written->base_version != stored.version) return Moved(quarantine);
  }
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        BF_RETURN_IF_ERROR(store_.Resolve(tx, id, QuarantineState::kReleased, by, comment));
        return written ? series_.chunks().Commit(tx, *written).status() : absl::OkStatus();
      },
      {.deadline = deadline}));
  return store_.Get(id, deadline);
}

absl::StatusOr<Quarantine> Quarantines::Discard(const std::string& id, const std::string& by,
                                                const std::string& comment, absl::Time deadline) {
  BF_RETURN_IF_ERROR(store_.Get(id, deadline).status());
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) { return store_.Resolve(tx, id, QuarantineState::kDiscarded, by, comment); },
      {.deadline = deadline}));
  return store_.Get(id, deadline);
}

}  // namespace breadthflow::data
