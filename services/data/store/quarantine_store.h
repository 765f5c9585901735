#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/postgres/database.h"
#include "services/data/domain/quarantine.h"
#include "services/data/store/fetch_store.h"

namespace breadthflow::data {

// Rows that were kept apart, with what is wrong with them. They have tables of their own, so that no read, list,
// snapshot or stream of series can show them. Kept also when they were released or discarded: for the record.
// Thread-safe; holds nothing but the database.
class QuarantineStore {
 public:
  explicit QuarantineStore(postgres::Database& database) : database_(database) {}

  // `rows` are those of `quarantine.rows`. create_time and last_time are the database's. ABORTED QUARANTINE_MOVED when
  // the same rows are held already.
  absl::Status Insert(postgres::Transaction& tx, const Quarantine& quarantine, const quant::Series& rows);

  // The rows came again: writes what depends on that; see Quarantine. ABORTED QUARANTINE_MOVED when they are not held
  // any more.
  absl::Status Renew(postgres::Transaction& tx, const Quarantine& quarantine);

  // The same rows (series, basis and content of `like`) that are held or, if none are, were discarded last.
  absl::StatusOr<std::optional<Quarantine>> FindSame(const Quarantine& like, absl::Time deadline);

  // NOT_FOUND QUARANTINE_NOT_FOUND.
  absl::StatusOr<Quarantine> Get(const std::string& id, absl::Time deadline);

  // Newest first; of one state when it is given.
  absl::StatusOr<std::vector<Quarantine>> List(std::optional<QuarantineState> state,
                                               const std::optional<ListPosition>& after, int limit,
                                               absl::Time deadline);

  // The rows, with key and basis of the series they are of. DATA_LOSS when they are not what was kept.
  absl::StatusOr<quant::Series> ReadRows(const Quarantine& quarantine, absl::Time deadline);

  // Ends it. FAILED_PRECONDITION QUARANTINE_RESOLVED when it is not held any more.
  absl::Status Resolve(postgres::Transaction& tx, const std::string& id, QuarantineState state, const std::string& by,
                       const std::string& comment);

 private:
  postgres::Database& database_;
};

}  // namespace breadthflow::data
