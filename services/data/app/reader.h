#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/clock.h"
#include "common/base/memory_budget.h"
#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "common/quant/series.h"
#include "services/data/app/fetcher.h"
#include "services/data/domain/action_choice.h"
#include "services/data/domain/asset_class.h"
#include "services/data/domain/price_anchor.h"
#include "services/data/domain/quality/report.h"
#include "services/data/domain/read_query.h"
#include "services/data/domain/read_shape.h"
#include "services/data/domain/snapshot.h"
#include "services/data/store/coverage_store.h"
#include "services/data/store/resource_store.h"
#include "services/data/store/series_store.h"
#include "services/data/store/snapshot_store.h"

namespace breadthflow::data {

// What else is read for one series of a read, in the state that belongs to it.
struct Companions {
  // Events of one kind: who has them, in the order in which they count.
  struct Actions {
    std::vector<ActionOffer> offers;
    std::vector<std::optional<PlannedSeries>> stored;  // one for each offer
    std::vector<std::string> not_taken;  // sources that have them too and must not count, or are not named
  };
  Actions splits;
  Actions dividends;
  std::vector<PlannedSeries> joins;  // one for each join
  // Of a market capitalisation that is derived: the numbers of shares. The series itself is then that of the prices.
  std::optional<PlannedSeries> shares;
  // That was named for the series, by the statement of that instant, where it is needed; null: its rows tell.
  const quant::Calendar* calendar = nullptr;
};

// Rows of a read, and what they come from.
struct ReadRows {
  quant::Series rows;
  ReadOrigin origin;
  base::MemoryBudget::Hold held;  // of the reader, which must outlive it; to be kept as long as the rows
};

// Memory that rows may take which are not handed over as they are stored: those of one series, and of all together.
struct ReadLimits {
  int64_t series_bytes = int64_t{2} << 30;
  int64_t all_bytes = int64_t{4} << 30;
};

// A read with all its versions fixed.
struct ReadPlan {
  std::vector<PlannedSeries> series;   // in the order of the query's symbols, else of the snapshot
  std::vector<Companions> companions;  // one for each series, or none where all rows come out as they are stored
  std::vector<std::string> markets;    // of each series: what was named for it, as text; empty: nothing
  // As of when their prices were adjusted: one for each series, or none where nobody said it of any.
  std::vector<PriceAnchors> anchors{};
  ReadShape shape;
  RowKind kind = RowKind::kBars;
  // Planning the same query as of then gives the same plan, which has this fingerprint, unless a change was just being
  // committed.
  absl::Time as_of;
  std::string fingerprint;

  // Of series `place` before anything is done to it.
  ReadOrigin OriginOf(size_t place) const;
  bool IsPlain(size_t place) const {
    const bool derived = !companions.empty() && companions[place].shares;
    return !derived && data::IsPlain(shape, series[place].basis, IsAnchored(place));
  }
  // In which it is made. Where rows that are adjusted as of several days become bars of several days, these are on one
  // scale only as a read for splits makes it.
  ReadShape ShapeOf(size_t place) const;
  // Whether it is known as of when its prices were adjusted.
  bool IsAnchored(size_t place) const { return !anchors.empty() && !anchors[place].empty(); }
};

class ReadActions;

// Reads, snapshots and quality reports: what is asked of stored series. Thread-safe.
class Reader {
 public:
  Reader(postgres::Database& database, ResourceStore& resources, SeriesStore& series, CoverageStore& coverage,
         SnapshotStore& snapshots, const base::Clock& clock, ReadLimits limits = {})
      : database_(database),
        resources_(resources),
        series_(series),
        coverage_(coverage),
        snapshots_(snapshots),
        clock_(clock),
        limits_(limits),
        made_rows_(limits.all_bytes) {}

  // What has to be read for `query`. market_cap that no source has stored (or with a source that IsDerived) is planned
  // as the daily prices of the symbol and the numbers of its shares, also for the prices of a snapshot; what is missing
  // or several then is said by the same errors. `violations` are those that were found before; INVALID_ARGUMENT with
  // all of them and those found here, NOT_FOUND with every series that is not there, also of joins, FAILED_PRECONDITION
  // SEVERAL_SOURCES where one must be named, RANGE_DROPPED where an earlier state has lost rows that are needed. A plan
  // is as of `pinned` when that is earlier than what the query or its snapshot says.
  absl::StatusOr<ReadPlan> Plan(const ReadQuery& query, base::Violations violations, absl::Time deadline,
                                absl::Time pinned = absl::InfiniteFuture());

  // The whole of one series of a plan in the shape that is wanted. Splits and dividends are chosen as action_choice.h
  // says, also where prices of several days become one bar that are as traded, or adjusted as of several days; modes
  // that are anchored start from the first row that is stored, so that two reads fit together. Errors as Adjust,
  // quant::Resample and JoinColumns; NO_ADJUSTMENT_DATA also when sources were asked for only a part of what the rows
  // need: it names the first part that is missing. Events are asked for by the day on which they take effect.
  // RESOURCE_EXHAUSTED READ_TOO_LARGE when the rows that it takes do not fit in the limits (read a shorter range),
  // READS_BUSY when they do not beside those that others hold (try again).
  absl::StatusOr<ReadRows> Read(const ReadPlan& plan, size_t place, absl::Time deadline);

  // data::CheckAsOf by the clock of the service.
  void CheckAsOf(absl::Time as_of, std::string_view field, base::Violations& violations) const {
    data::CheckAsOf(as_of, clock_.Now(), field, violations);
  }

  // The series that match, ordered by key. Of market_cap also those that can be derived: they have no rows, bytes or
  // version of their own, and their key is what the answer of a read has. Those need a limit. Errors as List of
  // columnar::ChunkStore.
  absl::StatusOr<std::vector<columnar::SeriesHead>> List(const columnar::SeriesFilter& filter);

  // Freezes what is known now, or at spec.as_of when that is earlier: the snapshot's as_of, which nothing that is
  // written later can come before. INVALID_ARGUMENT for an instant to come (CheckAsOf); NOT_FOUND, FAILED_PRECONDITION
  // as SeriesStore::Resolve; RANGE_DROPPED for a state
  // that has lost rows since.
  absl::StatusOr<Snapshot> CreateSnapshot(const SnapshotSpec& spec, const Submission& submission,
                                          const base::CancelToken& cancel);

  // The report on a snapshot; made now when there is none yet, or when `query` says more than its id, and then it is
  // not kept. Each series is measured by the calendar that was named when it was stored, else by that which its rows
  // tell, with the splits that are stored for it where its prices are as traded, and compared with the same series of
  // other sources as they were known then: of those that are stored, not made up and have lost none of its rows, with
  // kMaxCompared at most. Holds a batch of short series or one long one, and the one that these are compared with. Ends
  // with the first error of `cancel`, series by series.
  static constexpr size_t kMaxCompared = 4;
  struct ReportQuery {
    std::string snapshot;                       // id
    const quant::Calendar* calendar = nullptr;  // to measure every series by
    std::optional<AssetClass> asset_class;      // of every series
    bool expect_all = false;                    // every session of the snapshot's range has rows
    bool plain() const { return calendar == nullptr && !asset_class && !expect_all; }
  };
  absl::StatusOr<QualityReport> GetReport(const ReportQuery& query, absl::Time deadline,
                                          const base::CancelToken& cancel);

 private:
  // By symbol: the states in which the other sources had the series of a snapshot.
  using OtherSources = std::map<std::string, std::vector<columnar::SeriesHead>>;
  absl::StatusOr<OtherSources> OthersOf(const Snapshot& snapshot, absl::Time deadline);
  // The splits that are stored for the series of a snapshot that are prices as traded: those of the same source, else
  // of the first other one that may count (action_choice.h), as they were known then.
  absl::StatusOr<std::map<quant::SeriesKey, quant::Series>> SplitsOf(const Snapshot& snapshot, absl::Time deadline);
  absl::Status PlanSnapshot(const ReadQuery& query, const Snapshot& snapshot, ReadPlan& plan);
  absl::Status PlanStored(const ReadQuery& query, const Resource& resource, absl::Time as_of, absl::Time deadline,
                          ReadPlan& plan);
  absl::Status PlanMarketCaps(const ReadQuery& query, absl::Time as_of, absl::Time deadline, ReadPlan& plan);
  absl::Status PlanShares(const ReadQuery& query, const std::vector<bool>& derived, absl::Time as_of,
                          absl::Time deadline, ReadPlan& plan);
  // What states had that were dropped after `kept_since` is there.
  absl::Status PlanActions(absl::Time as_of, absl::Time kept_since, absl::Time deadline, ReadPlan& plan);
  // From where on a state has its rows: of events that were fetched by what was answered since they were dropped, of
  // others as SeriesHead::dropped_before_ns.
  absl::StatusOr<int64_t> DroppedBefore(const columnar::SeriesHead& head, absl::Time as_of, absl::Time deadline);
  absl::Status PlanJoins(absl::Time as_of, absl::Time deadline, ReadPlan& plan);
  absl::Status PlanCalendars(absl::Time as_of, absl::Time deadline, ReadPlan& plan);
  absl::Status PlanAnchors(absl::Time as_of, absl::Time deadline, ReadPlan& plan);
  absl::StatusOr<const quant::Calendar*> CalendarFor(const ReadPlan& plan, size_t place, const StoredExtent& extent,
                                                     absl::Time deadline);
  absl::StatusOr<quant::Series> ReadMade(const ReadPlan& plan, size_t place, const ReadShape& shape,
                                         const StoredExtent& extent, ReadActions& actions, ReadRows& out,
                                         absl::Time deadline);
  absl::StatusOr<quant::Series> ReadMarketCap(const ReadPlan& plan, size_t place, const ReadShape& shape,
                                              const StoredExtent& extent, ReadActions& actions, ReadOrigin& origin,
                                              absl::Time deadline);
  // Has `held` hold so much for rows of `key`.
  absl::Status Admit(const quant::SeriesKey& key, int64_t bytes, base::MemoryBudget::Hold& held) const;

  postgres::Database& database_;
  ResourceStore& resources_;
  SeriesStore& series_;
  CoverageStore& coverage_;
  SnapshotStore& snapshots_;
  const base::Clock& clock_;
  const ReadLimits limits_;
  base::MemoryBudget made_rows_;
};

}  // namespace breadthflow::data
