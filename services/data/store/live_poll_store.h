#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/postgres/database.h"

namespace breadthflow::data {

// Which replica asks for which symbol of a feed in a slot of time: the first that claims it. Thread-safe; holds nothing
// but the database.
class LivePollStore {
 public:
  explicit LivePollStore(postgres::Database& database) : database_(database) {}

  // Those of the symbols that nobody has claimed for this slot or a later one; they are claimed then.
  absl::StatusOr<std::vector<std::string>> Claim(const std::string& feed, std::vector<std::string> symbols,
                                                 absl::Time slot);
  // Gives back what was claimed and not asked for.
  absl::Status Release(const std::string& feed, const std::vector<std::string>& symbols, absl::Time slot);
  // Forgets symbols whose last slot is earlier.
  absl::Status Forget(absl::Time before);

 private:
  postgres::Database& database_;
};

}  // namespace breadthflow::data
