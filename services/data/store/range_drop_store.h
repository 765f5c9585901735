#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/postgres/database.h"
#include "services/data/domain/range_drop.h"

namespace breadthflow::data {

// The drops that were made. Thread-safe; holds nothing but the database.
class RangeDropStore {
 public:
  explicit RangeDropStore(postgres::Database& database) : database_(database) {}

  // Fills in create_time from the database's clock.
  absl::Status Insert(postgres::Transaction& tx, const RangeDrop& drop, const std::string& principal);

  // NOT_FOUND RANGE_DROP_NOT_FOUND.
  absl::StatusOr<RangeDrop> Get(const std::string& id, absl::Time deadline);

 private:
  postgres::Database& database_;
};

}  // namespace breadthflow::data
