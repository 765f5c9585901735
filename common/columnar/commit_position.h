#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace breadthflow::columnar {

// An instant in the order in which transactions commit: which of them a reader saw. Clocks do not give that order,
// since a writer reads its clock before it commits, and another may overtake it; this does. Positions of one database
// are taken by asking it (change_log.h), and each covers all that were taken before it. Plain value.
class CommitPosition {
 public:
  CommitPosition() = default;  // sees nothing

  // The text form of PostgreSQL's pg_snapshot, "xmin:xmax:running,...". INVALID_ARGUMENT for anything else.
  static absl::StatusOr<CommitPosition> Parse(std::string_view text);
  std::string ToText() const;

  // Whether the transaction had ended by then. 0, which is no transaction, had.
  bool Sees(uint64_t transaction) const;
  // Whether this sees every transaction that `other` sees.
  bool Covers(const CommitPosition& other) const;

  friend bool operator==(const CommitPosition&, const CommitPosition&) = default;

 private:
  uint64_t first_running_ = 1;     // all before it have ended
  uint64_t next_ = 1;              // it and all behind it have not begun
  std::vector<uint64_t> running_;  // in between, ascending
};

}  // namespace breadthflow::columnar
