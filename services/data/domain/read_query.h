#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "common/quant/resample.h"
#include "common/quant/series.h"
#include "services/data/domain/adjustment.h"
#include "services/data/domain/resource.h"

namespace breadthflow::data {

inline constexpr size_t kMaxJoins = 16;

// Other bars made of the rows.
struct Resampling {
  quant::ResampleSpec bars;  // the watermark is the reader's business
  const quant::Calendar* calendar = &quant::Xnys();
};

// Columns of another series of the same symbol, as they were known at the time of each row.
struct JoinSpec {
  std::string resource;
  std::vector<std::string> fields;  // each appears as "<resource>.<field>"
  std::string source;               // empty: the only one there is
  absl::Duration ttl = absl::InfiniteDuration();
  bool skip_missing = false;
  std::string replace_by;  // see quant::ByColumn; empty: the later row counts
};

// What becomes of the rows of a stored series on their way out, in this order.
struct ReadShape {
  std::optional<Adjustment> adjustment;
  std::optional<Resampling> resampling;
  std::vector<JoinSpec> joins;
  std::vector<std::string> fields;  // own columns wanted, empty: all; those of joins come in any case
};

// Which rows of which series, in which state, in which shape. With a snapshot the other fields narrow it.
struct ReadQuery {
  std::string snapshot_id;
  std::string resource;  // empty: that of the snapshot, else stock_price
  std::vector<std::string> symbols;
  std::optional<quant::Timeframe> timeframe;  // absent: that of the snapshot, else what the resource has by default
  quant::TimeRange range;                     // of the rows that come out
  absl::Time as_of = absl::InfiniteFuture();
  std::string source;
  ReadShape shape;
};

// The timeframe of rows of `resource` when nobody names one: a day for bars, else tick.
quant::Timeframe DefaultTimeframe(const Resource& resource);

// Too many symbols, symbols that are none, symbols that come twice.
void CheckSymbols(const std::vector<std::string>& symbols, base::Violations& violations);

// What can not be done to rows of `resource` at `timeframe`: violations under the names of the request's fields
// ("fields[1]", "adjustment", "resampling.timeframe", "joins[0].fields[2]").
void CheckShape(const ReadShape& shape, const Resource& resource, quant::Timeframe timeframe,
                const ResourceLookup& find, base::Violations& violations);

// Whether prices stored with `basis` come out changed.
bool Adjusts(const ReadShape& shape, quant::PriceBasis basis);
// Whether rows stored with `basis` come out as they are, but for columns left out.
bool IsPlain(const ReadShape& shape, quant::PriceBasis basis);
// Whether its rows are trades, of which bars can be made.
bool HasTrades(const Resource& resource);

}  // namespace breadthflow::data
