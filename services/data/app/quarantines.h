#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/clock.h"
#include "services/data/domain/quarantine.h"
#include "services/data/store/quarantine_store.h"
#include "services/data/store/series_store.h"

namespace breadthflow::data {

// Rows that were kept apart, with their record: to be stored in the transaction that ends what brought them.
struct KeptApart {
  Quarantine quarantine;
  quant::Series rows;
};

// Keeps rows apart that no market can have made, and stores or forgets them when somebody decides. Thread-safe.
class Quarantines {
 public:
  Quarantines(postgres::Database& database, SeriesStore& series, QuarantineStore& store, const base::Clock& clock)
      : database_(database), series_(series), store_(store), clock_(clock) {}

  // Looks at rows that are about to be stored as `series.key` (the variant names the source). null when they may be:
  // no check that gates finds them impossible, or storing them would change nothing (they were released before).
  // `asked` is the range they were asked for, `replaces` that of which they are everything.
  absl::StatusOr<std::unique_ptr<const KeptApart>> Examine(const quant::Series& series, const quant::TimeRange& asked,
                                                           const std::optional<quant::TimeRange>& replaces,
                                                           const std::string& origin);

  // What the fetch of such a symbol ends with: FAILED_PRECONDITION QUARANTINED, a violation per finding of severity
  // error.
  static absl::Status Error(const Quarantine& quarantine);

  // Records them. They are rows of a transaction like any other: gone when it does not commit.
  absl::Status Keep(postgres::Transaction& tx, const KeptApart& apart) {
    return store_.Insert(tx, apart.quarantine, apart.rows);
  }

  // Makes the rows the next version of their series, and says so, in one transaction. FAILED_PRECONDITION
  // QUARANTINE_RESOLVED; ABORTED SERIES_MOVED when the rows stored in their range are not those that were there when
  // they came; errors of ChunkStore::Write.
  absl::StatusOr<Quarantine> Release(const std::string& id, const std::string& by, const std::string& comment,
                                     absl::Time deadline);
  absl::StatusOr<Quarantine> Discard(const std::string& id, const std::string& by, const std::string& comment,
                                     absl::Time deadline);

 private:
  // Hash of the rows stored in the range, empty when there are none, and the version that has them (0: no series).
  struct Stored {
    std::string sha256;
    int64_t version = 0;
  };
  absl::StatusOr<Stored> StoredIn(const quant::SeriesKey& key, const quant::TimeRange& range, absl::Time deadline);

  postgres::Database& database_;
  SeriesStore& series_;
  QuarantineStore& store_;
  const base::Clock& clock_;
};

}  // namespace breadthflow::data
