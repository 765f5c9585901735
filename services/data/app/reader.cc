#include "services/data/app/reader.h"

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/jobs/submit.h"
#include "common/quant/calendar.h"
#include "services/data/domain/adjustment.h"
#include "services/data/domain/fetch.h"
#include "services/data/domain/resource.h"

namespace breadthflow::data {
namespace {

quant::TimeRange Common(quant::TimeRange a, quant::TimeRange b) {
  return {std::max(a.start_ns, b.start_ns), std::min(a.end_ns, b.end_ns)};
}

void CheckSymbols(const std::vector<std::string>& symbols, base::Violations& violations) {
  if (symbols.size() > kMaxSymbols) {
    violations.Add("symbols", fmt::format("must be at most {}, were {}", kMaxSymbols, symbols.size()));
    return;
  }
  std::unordered_set<std::string_view> seen;
  for (size_t i = 0; i < symbols.size(); ++i) {
    const std::string field = fmt::format("symbols[{}]", i);
    if (const auto fault = SymbolFault(symbols[i])) violations.Add(field, *fault);
    if (!seen.insert(symbols[i]).second) violations.Add(field, fmt::format("{} appears twice", symbols[i]));
  }
}

// Fields that `resource` does not have, with those it has. What a source has beyond the resource may be asked for.
void CheckFields(const Resource& resource, const std::vector<std::string>& fields, base::Violations& violations) {
  for (size_t i = 0; i < fields.size(); ++i) {
    if (resource.Find(fields[i]) != nullptr || IsExtra(fields[i])) continue;
    std::vector<std::string_view> known;
    for (const Field& field : resource.fields) known.push_back(field.name);
    violations.Add(fmt::format("fields[{}]", i), fmt::format("{} has no column '{}'; its columns are {}", resource.id,
                                                             fields[i], fmt::join(known, ", ")));
  }
}

PlannedSeries Planned(const SnapshotSeries& one, quant::TimeRange range) {
  return {one.key, one.basis, one.version, range, one.rows};
}

}  // namespace

absl::StatusOr<std::vector<PlannedSeries>> Reader::Plan(const ReadQuery& query, absl::Time deadline) {
  base::Violations violations;
  CheckSymbols(query.symbols, violations);
  std::vector<PlannedSeries> planned;
  if (query.snapshot_id.empty()) {
    if (query.symbols.empty()) violations.Add("symbols", "must name at least one symbol, or name a snapshot");
    BF_ASSIGN_OR_RETURN(const Resource* resource, resources_.Find(query.resource, deadline));
    CheckFields(*resource, query.fields, violations);
    BF_RETURN_IF_ERROR(violations.ToStatus("invalid read"));
    BF_ASSIGN_OR_RETURN(
        const std::vector<columnar::SeriesHead> heads,
        series_.Resolve(query.resource, query.symbols, query.timeframe, query.source, query.as_of, deadline));
    for (const columnar::SeriesHead& head : heads) {
      planned.push_back({head.key, head.basis, head.version, query.range, head.rows});
    }
    return planned;
  }
  if (query.as_of != absl::InfiniteFuture()) violations.Add("as_of_time", "a snapshot has its own");
  if (!query.source.empty()) violations.Add("source", "a snapshot has its own");
  BF_RETURN_IF_ERROR(violations.ToStatus("invalid read"));
  BF_ASSIGN_OR_RETURN(const Snapshot snapshot, snapshots_.Get(query.snapshot_id, deadline));
  for (const SnapshotSeries& one : snapshot.series) {
    BF_ASSIGN_OR_RETURN(const Resource* resource, resources_.Find(one.key.resource, deadline));
    CheckFields(*resource, query.fields, violations);
    BF_RETURN_IF_ERROR(violations.ToStatus("invalid read"));
  }
  const quant::TimeRange range = Common(query.range, snapshot.range);
  if (query.symbols.empty()) {
    for (const SnapshotSeries& one : snapshot.series) planned.push_back(Planned(one, range));
    return planned;
  }
  base::ErrorDetails missing{.reason = "NOT_IN_SNAPSHOT"};
  for (size_t i = 0; i < query.symbols.size(); ++i) {
    const auto one = std::find_if(snapshot.series.begin(), snapshot.series.end(),
                                  [&](const SnapshotSeries& s) { return s.key.symbol == query.symbols[i]; });
    if (one == snapshot.series.end())
      missing.violations.push_back({fmt::format("symbols[{}]", i), fmt::format("{} is not there", query.symbols[i])});
    else
      planned.push_back(Planned(*one, range));
  }
  if (!missing.violations.empty()) {
    return base::MakeError(absl::StatusCode::kNotFound,
                           fmt::format("snapshots/{} does not have {} of the symbols: {}", snapshot.id,
                                       missing.violations.size(), missing.violations.front().description),
                           missing);
  }
  return planned;
}

absl::StatusOr<quant::Series> Reader::ReadAdjusted(const PlannedSeries& planned, quant::PriceBasis basis,
                                                   const std::vector<std::string>& fields, absl::Time deadline) {
  BF_ASSIGN_OR_RETURN(quant::Series series, series_.Read(planned, {}, deadline));
  BF_ASSIGN_OR_RETURN(series, Adjust(std::move(series), basis));
  if (!fields.empty()) {
    std::erase_if(series.columns, [&](const quant::Column& column) {
      return std::find(fields.begin(), fields.end(), column.name) == fields.end();
    });
  }
  return series;
}

absl::StatusOr<Snapshot> Reader::CreateSnapshot(const SnapshotSpec& spec, const Submission& submission,
                                                const base::CancelToken& cancel) {
  const jobs::SubmitKey key{submission.principal, "breadthflow.data.v1.DataService/CreateSnapshot",
                            submission.request_id, Fingerprint(spec)};
  BF_ASSIGN_OR_RETURN(const std::optional<std::string> known,
                      jobs::FindSubmitted(database_, key, {.deadline = submission.deadline}));
  if (known) return snapshots_.Get(*known, submission.deadline);
  base::Violations violations;
  CheckSymbols(spec.symbols, violations);
  if (spec.symbols.empty()) violations.Add("symbols", "must name at least one symbol");
  BF_RETURN_IF_ERROR(resources_.Find(spec.resource, submission.deadline).status());
  BF_RETURN_IF_ERROR(violations.ToStatus("invalid snapshot"));
  std::vector<std::string> symbols = spec.symbols;
  std::sort(symbols.begin(), symbols.end());
  BF_ASSIGN_OR_RETURN(const absl::Time settled,
                      series_.Settle(spec.resource, symbols, spec.timeframe, submission.deadline));
  Snapshot snapshot{.range = spec.range, .as_of = std::min(spec.as_of, settled)};
  BF_ASSIGN_OR_RETURN(
      const std::vector<columnar::SeriesHead> heads,
      series_.Resolve(spec.resource, symbols, spec.timeframe, spec.source, snapshot.as_of, submission.deadline));
  for (const columnar::SeriesHead& head : heads) {
    BF_RETURN_IF_ERROR(cancel.Check());
    BF_ASSIGN_OR_RETURN(
        const quant::Series rows,
        series_.Read({head.key, head.basis, head.version, spec.range, head.rows}, {}, submission.deadline));
    snapshot.series.push_back({.key = head.key,
                               .basis = head.basis,
                               .version = head.version,
                               .rows = static_cast<int64_t>(rows.size()),
                               .content_sha256 = base::ToHex(rows.ContentHash())});
  }
  snapshot.content_sha256 = ContentHash(snapshot.series);
  BF_ASSIGN_OR_RETURN(const std::string id,
                      jobs::SubmitOnce(database_, key,
                                       [&](postgres::Transaction& tx) -> absl::StatusOr<std::string> {
                                         snapshot.id = base::NewUuid(clock_.Now());
                                         BF_RETURN_IF_ERROR(snapshots_.Insert(tx, snapshot));
                                         return snapshot.id;
                                       },
                                       {.deadline = submission.deadline}));
  return snapshots_.Get(id, submission.deadline);
}

absl::StatusOr<QualityReport> Reader::GetReport(const std::string& snapshot_id, absl::Time deadline,
                                                const base::CancelToken& cancel) {
  BF_ASSIGN_OR_RETURN(std::optional<QualityReport> known, snapshots_.FindReport(snapshot_id, deadline));
  if (known) return *std::move(known);
  BF_ASSIGN_OR_RETURN(const Snapshot snapshot, snapshots_.Get(snapshot_id, deadline));
  std::vector<SeriesQuality> qualities;
  for (const SnapshotSeries& one : snapshot.series) {
    BF_RETURN_IF_ERROR(cancel.Check());
    BF_ASSIGN_OR_RETURN(const quant::Series rows, series_.Read(Planned(one, snapshot.range), {}, deadline));
    qualities.push_back(CheckQuality(rows, quant::Xnys(), snapshot.range, quant::ToNanos(snapshot.as_of)));
  }
  CheckTogether(qualities);
  BF_RETURN_IF_ERROR(snapshots_.SaveReport(MakeReport(snapshot_id, std::move(qualities)), deadline));
  BF_ASSIGN_OR_RETURN(known, snapshots_.FindReport(snapshot_id, deadline));
  if (!known) return base::MakeError(absl::StatusCode::kInternal, "INTERNAL", "the report was not kept");
  return *std::move(known);
}

}  // namespace breadthflow::data
