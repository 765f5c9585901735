#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/clock.h"
#include "common/quant/calendar.h"
#include "services/data/domain/coverage.h"
#include "services/data/domain/fetch.h"
#include "services/data/domain/price_anchor.h"
#include "services/data/domain/quality/gate.h"
#include "services/data/domain/quarantine.h"
#include "services/data/store/coverage_store.h"
#include "services/data/store/quarantine_store.h"
#include "services/data/store/series_store.h"

namespace breadthflow::data {

// Rows of one series that came and are about to be stored.
struct Arrival {
  const quant::Series& rows;                 // the variant of their key names the source
  quant::TimeRange asked;                    // for which they are the answer
  std::optional<quant::TimeRange> replaces;  // of which they are everything
  std::string origin;                        // what brings them: "fetchRuns/0190..."
  std::vector<Coverage> coverage;            // of the series, once they are stored; empty for what no fetch brought
  // That was named for the series, by what brings them or before; null: none was. See CalendarOf.
  const quant::Calendar* calendar = nullptr;
  std::optional<SeriesMarket> market{};  // that is named with the rows, or concluded
  PriceAnchors anchors{};                // that are said with the rows; empty: what was said before holds
  Naming naming = Naming::kInstead;      // of `market`
};

// Rows that are not to be stored: to be kept in the transaction that ends what brought them.
struct KeptApart {
  Quarantine quarantine;
  quant::Series rows;  // empty unless they came for the first time
};

// What a gate says of rows.
struct Verdict {
  std::vector<size_t> impossible;          // rows that no market can have made, ascending
  std::vector<Finding> findings;           // that say so
  std::vector<Finding> doubts;             // what looks odd beside the stored rows, and may be stored all the same
  std::unique_ptr<const KeptApart> apart;  // null: they may be stored
  bool changes_level = false;              // whether prices have another level from one of those rows on
};

// Keeps rows apart that no market can have made, and stores or forgets them when somebody decides. Whatever stores rows
// asks it first: fetches and imports. Thread-safe.
class Quarantines {
 public:
  Quarantines(postgres::Database& database, SeriesStore& series, CoverageStore& coverage, QuarantineStore& store,
              const base::Clock& clock)
      : database_(database), series_(series), coverage_(coverage), store_(store), clock_(clock) {}

  // Counts the rows that no check which gates would let pass, by the calendar of the series and what is stored of it
  // (KnowledgeForGate): a level that changes by a split or between rows that are stored already is none. With an open
  // gate (kStore) they may be stored all the same; else all that came is kept apart, unless storing it would change
  // nothing (it was released before).
  absl::StatusOr<Verdict> Examine(const Arrival& arrival, QualityGate gate, absl::Time deadline);

  // Looks once more at those that may be stored and change the series: at the first and last of them beside the rows
  // that are stored next to them, between those that came as well, of which a bounded number is read (NeighbourRanges).
  // Adds to the verdict; may keep all that came apart, as Examine. `written` is what storing them would change. Reads
  // nothing where that is nothing or the series is new, nor of rows without a close; reads once where nothing is stored
  // behind the last of them. What is stored and explains it is no doubt (KnowledgeForGate).
  absl::Status ExamineBeside(const Arrival& arrival, const columnar::WrittenSeries& written, QualityGate gate,
                             absl::Time deadline, Verdict& verdict);

  // What the verdict means for the result of the symbol. Kept apart: a failure, FAILED_PRECONDITION QUARANTINED, or
  // QUARANTINE_DISCARDED when the same rows were given up before; a violation per finding of severity error.
  static void Tell(const Verdict& verdict, FetchResult& result);

  // Records them: the same rows once. They are rows of a transaction like any other: gone when it does not commit.
  // ABORTED QUARANTINE_MOVED when others kept or decided on the same rows since they were examined: examine them again.
  absl::Status Keep(postgres::Transaction& tx, const KeptApart& apart);

  // Makes the rows the next version of their series, covered as if they had been stored when they came, and says so, in
  // one transaction; a market that was named with them is named for the series from then on, one that was concluded
  // where none is. FAILED_PRECONDITION QUARANTINE_RESOLVED; ABORTED SERIES_MOVED when the rows stored in their range
  // are not those that were there when they came last; errors of ChunkStore::Write.
  absl::StatusOr<Quarantine> Release(const std::string& id, const std::string& by, const std::string& comment,
                                     absl::Time deadline);
  // Gives the rows up: what was asked for stays a failure, which now says so.
  absl::StatusOr<Quarantine> Discard(const std::string& id, const std::string& by, const std::string& comment,
                                     absl::Time deadline);

  // Whether Release would say SERIES_MOVED. Only what is held can be outdated.
  absl::StatusOr<bool> Outdated(const Quarantine& quarantine, absl::Time deadline);

 private:
  // Hash of the rows stored in the range, empty when there are none, and the version that has them (0: no series).
  struct Stored {
    std::string sha256;
    int64_t version = 0;
  };
  // Decides on rows of which some are impossible: `beside` says which findings came of the stored rows beside them.
  absl::Status Hold(const Arrival& arrival, const quant::Calendar& calendar, const GateKnowledge& known,
                    std::vector<Finding> beside, absl::Time deadline, Verdict& verdict);
  absl::StatusOr<Stored> StoredIn(const quant::SeriesKey& key, const quant::TimeRange& range, absl::Time deadline);

  postgres::Database& database_;
  SeriesStore& series_;
  CoverageStore& coverage_;
  QuarantineStore& store_;
  const base::Clock& clock_;
};

}  // namespace breadthflow::data
