#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/postgres/database.h"
#include "common/quant/series.h"
#include "services/data/domain/price_anchor.h"

namespace breadthflow::data {

// What was said of a series: as of when its rows were adjusted.
struct AnchorStatement {
  int64_t number = 0;  // of this series, growing by one
  absl::Time known_at;
  PriceAnchors anchors;  // not empty
};

// As of when the prices of series were adjusted, with the time at which it was said (domain/price_anchor.h). A series
// of which nobody said anything has no statement. Thread-safe.
class SeriesAnchors {
 public:
  explicit SeriesAnchors(postgres::Database& database) : database_(database) {}

  // The statements that hold as of an instant, of those series that have one.
  absl::StatusOr<std::map<quant::SeriesKey, AnchorStatement>> Find(const std::vector<quant::SeriesKey>& keys,
                                                                   absl::Time as_of, absl::Time deadline);

  // ABORTED SERIES_MOVED when statement `number` (0: none) is not the last one of a series that this transaction holds.
  static absl::Status CheckLast(postgres::Transaction& tx, const quant::SeriesKey& key, int64_t number);

  // Says something new of a series that is stored, in place of statement `number` (0: there is none yet). It is known
  // when the series' newest version is, if this transaction made that (`moved`), else from now on: a state that others
  // have read keeps what was said of it. ABORTED SERIES_MOVED when others have said something since `number`.
  absl::Status Say(postgres::Transaction& tx, const quant::SeriesKey& key, int64_t number, const PriceAnchors& anchors,
                   bool moved);

 private:
  postgres::Database& database_;
};

}  // namespace breadthflow::data
