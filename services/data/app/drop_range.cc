#include "services/data/app/drop_range.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/jobs/submit.h"
#include "common/quant/timeframe.h"
#include "services/data/domain/asked_rows.h"
#include "services/data/domain/read_query.h"
#include "services/data/domain/resource.h"
#include "services/data/store/snapshot_store.h"

namespace breadthflow::data {
namespace {

constexpr int kTries = 3;
constexpr absl::Duration kStatementTimeout = absl::Seconds(60);

absl::StatusOr<std::vector<DroppedRange>> Weigh(postgres::Transaction& tx,
                                                const std::vector<columnar::OldRange>& ranges, int64_t before_ns) {
  std::vector<DroppedRange> weighed;
  for (const columnar::OldRange& one : ranges) {
    BF_ASSIGN_OR_RETURN(const std::vector<int64_t> needed, SnapshotStore::VersionsNeeded(tx, one.key));
    BF_ASSIGN_OR_RETURN(const columnar::RangeDropper::Place place,
                        columnar::RangeDropper::PlaceOf(tx, one, before_ns, needed));
    weighed.push_back({.key = one.key,
                       .rows = one.rows,
                       .staying_rows = one.staying_rows,
                       .freed_bytes = place.freed_bytes,
                       .kept_bytes = place.kept_bytes});
  }
  return weighed;
}

// What stays of rows of the resource; null: nothing before the instant does.
columnar::Leave LeaveOf(const Resource& resource, int64_t before_ns) {
  if (resource.takes_effect.empty()) return nullptr;
  return [&resource, before_ns](quant::Series& rows) { KeepAsked(resource, {before_ns, INT64_MAX}, rows); };
}

// Once more when a writer or compaction was first.
template <typename Try>
auto Again(const Try& once) -> decltype(once()) {
  auto result = once();
  for (int tried = 1; tried < kTries && absl::IsAborted(result.status()); ++tried) result = once();
  return result;
}

}  // namespace

absl::StatusOr<columnar::SeriesFilter> RangeDrops::FilterOf(const DropSpec& spec, absl::Time deadline) {
  base::Violations violations;
  CheckSymbols(spec.symbols, violations);
  BF_RETURN_IF_ERROR(violations.ToStatus("invalid drop"));
  columnar::SeriesFilter filter{
      .resource = spec.resource, .symbols = spec.symbols, .timeframe = spec.timeframe, .deadline = deadline};
  if (!spec.source.empty()) filter.variant = spec.source;
  if (spec.symbols.empty()) return filter;
  BF_ASSIGN_OR_RETURN(const std::vector<columnar::SeriesHead> heads, series_.chunks().List(filter));
  std::set<std::string> stored;
  for (const columnar::SeriesHead& head : heads) stored.insert(head.key.symbol);
  base::ErrorDetails unknown{.reason = "UNKNOWN_SERIES"};
  for (size_t i = 0; i < spec.symbols.size(); ++i) {
    if (stored.contains(spec.symbols[i])) continue;
    unknown.violations.push_back({fmt::format("symbols[{}]", i),
                                  fmt::format("{} {} is not stored{}", spec.symbols[i], quant::ToText(spec.timeframe),
                                              spec.source.empty() ? "" : " from " + spec.source)});
  }
  if (unknown.violations.empty()) return filter;
  return base::MakeError(absl::StatusCode::kNotFound,
                         fmt::format("{}: {}", spec.resource, unknown.violations.front().description), unknown);
}

absl::StatusOr<RangeDrop> RangeDrops::Check(const DropSpec& spec, absl::Time deadline,
                                            const base::CancelToken& cancel) {
  BF_ASSIGN_OR_RETURN(const Resource* resource, resources_.Find(spec.resource, deadline));
  BF_ASSIGN_OR_RETURN(const columnar::SeriesFilter filter, FilterOf(spec, deadline));
  const columnar::Leave leave = LeaveOf(*resource, spec.before_ns);
  BF_ASSIGN_OR_RETURN(const std::vector<columnar::OldRange> found,
                      Again([&] { return series_.dropper().Find(filter, spec.before_ns, cancel, leave); }));
  RangeDrop drop{.before_ns = spec.before_ns};
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        BF_ASSIGN_OR_RETURN(drop.series, Weigh(tx, found, spec.before_ns));
        return absl::OkStatus();
      },
      {.deadline = deadline, .cancel = cancel, .statement_timeout = kStatementTimeout, .read_only = true}));
  return drop;
}

absl::StatusOr<RangeDrop> RangeDrops::Drop(const DropSpec& spec, const Submission& submission,
                                           const base::CancelToken& cancel) {
  const jobs::SubmitKey key{submission.principal, "breadthflow.data.v1.DataService/DropSeriesRange",
                            submission.request_id, Fingerprint(spec)};
  BF_ASSIGN_OR_RETURN(const std::optional<std::string> known,
                      jobs::FindSubmitted(database_, key, {.deadline = submission.deadline}));
  if (known) return store_.Get(*known, submission.deadline);
  BF_ASSIGN_OR_RETURN(const Resource* resource, resources_.Find(spec.resource, submission.deadline));
  BF_ASSIGN_OR_RETURN(const columnar::SeriesFilter filter, FilterOf(spec, submission.deadline));
  const columnar::Leave leave = LeaveOf(*resource, spec.before_ns);
  const auto once = [&]() -> absl::StatusOr<std::string> {
    BF_ASSIGN_OR_RETURN(const std::vector<columnar::OldRange> prepared,
                        series_.dropper().Prepare(filter, spec.before_ns, cancel, leave));
    return jobs::SubmitOnce(
        database_, key,
        [&](postgres::Transaction& tx) -> absl::StatusOr<std::string> {
          RangeDrop drop{.id = base::NewUuid(clock_.Now()), .before_ns = spec.before_ns};
          BF_ASSIGN_OR_RETURN(drop.series, Weigh(tx, prepared, spec.before_ns));
          BF_RETURN_IF_ERROR(series_.dropper().Commit(tx, prepared, spec.before_ns, "rangeDrops/" + drop.id));
          BF_RETURN_IF_ERROR(store_.Insert(tx, drop, submission.principal));
          return drop.id;
        },
        {.deadline = submission.deadline, .cancel = cancel, .statement_timeout = kStatementTimeout});
  };
  BF_ASSIGN_OR_RETURN(const std::string id, Again(once));
  return store_.Get(id, submission.deadline);
}

}  // namespace breadthflow::data
