#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/columnar/commit_position.h"
#include "common/postgres/database.h"
#include "common/quant/series.h"

// What changes in a chunk store, in an order that every reader can go on with where it stopped.
namespace breadthflow::columnar {

// The state of one series at a position.
struct SeriesState {
  int64_t id = 0;
  quant::SeriesKey key;
  quant::PriceBasis basis = quant::PriceBasis::kNotPrices;
  bool repeats = false;
  int64_t version = 0;
  absl::Time known_at;
  int64_t rows = 0;
  int64_t first_time_ns = 0;
  int64_t last_time_ns = 0;
  int64_t lost_before_ns = std::numeric_limits<int64_t>::min();  // as SeriesHead has it
  absl::Time lost_since = absl::InfiniteFuture();
};

// One version of one series, as one transaction wrote it.
struct Change {
  int64_t series_id = 0;
  quant::SeriesKey key;
  quant::PriceBasis basis = quant::PriceBasis::kNotPrices;
  bool repeats = false;
  int64_t version = 0;
  absl::Time known_at;
  uint64_t transaction = 0;
};

// The place of a change among those between two positions; the rows of one change come in ascending order of time.
struct ChangePlace {
  absl::Time known_at = absl::InfinitePast();
  int64_t series_id = 0;
  int64_t version = 0;
  int64_t time_ns = std::numeric_limits<int64_t>::max();  // rows up to this time; the largest: all of the change

  static ChangePlace Of(const Change& change) { return {change.known_at, change.series_id, change.version}; }
  friend bool operator==(const ChangePlace&, const ChangePlace&) = default;
};

// Where the log is now.
struct LogHead {
  CommitPosition position;
  absl::Time time;       // of the database's clock
  std::string database;  // which database cluster this is: positions of another one mean nothing here
};

struct ChangeFilter {
  std::string resource;                       // empty: all
  std::optional<quant::Timeframe> timeframe;  // absent: all
  std::vector<std::string> symbols;           // empty: all
};

// Rows that a change brought: new ones, and those that differ from what was stored before at their instant (the whole
// instant, where rows repeat); and the instants of which it left no row.
struct ChangedRows {
  quant::Series rows;              // of one or several chunks; may be empty
  std::vector<int64_t> withdrawn;  // ascending, none of them in `rows`
  bool more = false;               // go on behind `up_to_ns`
  int64_t up_to_ns = std::numeric_limits<int64_t>::min();
};

// Reads the log that the versions of a chunk store are. Compaction is no change, nor is dropping old rows. Every commit
// of a version notifies Channel(): a hint to look, see postgres/listener.h. Thread-safe; holds no state but the
// database.
class ChangeLog {
 public:
  explicit ChangeLog(postgres::Database& database) : database_(database) {}

  std::string Channel() const { return database_.schema() + "_series"; }

  absl::StatusOr<LogHead> Head(absl::Time deadline = absl::InfiniteFuture());

  // What was committed behind `from` and not behind `to`, ordered by ChangePlace, at most `limit` that come behind
  // `after`. Each position must be one of this database.
  absl::StatusOr<std::vector<Change>> Between(const CommitPosition& from, const CommitPosition& to,
                                              const ChangePlace& after, const ChangeFilter& filter, int limit,
                                              absl::Time deadline = absl::InfiniteFuture());

  // The rows of each change, at most `chunks` chunks of each, behind the time `after_ns[i]`; and what it withdrew, of a
  // few chunks that it ended.
  absl::StatusOr<std::vector<ChangedRows>> Rows(const std::vector<Change>& changes,
                                                const std::vector<int64_t>& after_ns, int chunks,
                                                absl::Time deadline = absl::InfiniteFuture());

  // The series that match, as a reader knows them who has seen all up to `base`, and of what lies between `base` and
  // `target` all up to `place`; at most what was known at `as_of`. Ordered by key.
  absl::StatusOr<std::vector<SeriesState>> States(const ChangeFilter& filter, const std::string& variant,
                                                  const CommitPosition& base, const CommitPosition& target,
                                                  const ChangePlace& place, absl::Time as_of,
                                                  absl::Time deadline = absl::InfiniteFuture());

 private:
  postgres::Database& database_;
};

// The rows of `fresh` that `stored` does not have alike, by instants: what ChangedRows holds. `stored` is in order.
absl::StatusOr<quant::Series> RowsThatDiffer(const quant::Series& stored, const quant::Series& fresh);

}  // namespace breadthflow::columnar
