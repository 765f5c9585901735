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
  bool own_calendar = false;  // that of the series instead
};

// Columns of another series, as they were known at the time of each row.
struct JoinSpec {
  std::string resource;
  // Of which symbol; then columns appear as "<resource>[<symbol>].<field>". Empty: that of the row; of a market-wide
  // resource the only one that is stored.
  std::string symbol;
  std::vector<std::string> fields;  // each appears as "<resource>.<field>"
  // Empty: that of the rows, else the only one that is not made up. Made-up rows are joined to others only by name.
  std::string source;
  absl::Duration ttl = absl::InfiniteDuration();
  bool skip_missing = false;
  std::string replace_by;  // see quant::ByColumn; empty: the later row counts
  // Of statements: only rows of periods of this length, and of an instant. kAnyPeriod: all of them, an annual value in
  // the place of a quarterly one. Empty: WithPeriod decides.
  std::string period;
};
inline constexpr std::string_view kAnyPeriod = "any";

// "earnings", or "interest_rate[US10Y]" where a symbol is named: what columns of the join begin with.
std::string NameOf(const JoinSpec& join);

// Whether only rows of periods of one length are joined.
bool OfOnePeriod(const JoinSpec& join);

// The join with its period: quarter, where `resource` has periods of several lengths.
JoinSpec WithPeriod(JoinSpec join, const Resource& resource);

// What becomes of the rows of a stored series on their way out, in this order.
struct ReadShape {
  std::optional<Adjustment> adjustment;
  bool keep_adjusted = false;  // prices stored with more adjustments than `adjustment` has come as they are stored
  std::string actions_from;    // whose splits and dividends count; empty: by the rule of action_choice.h
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

// An instant to come, of which nobody can say what will be known then: the same read would give something else later.
// Clocks of two machines may differ by kClockSkew: that of whoever asks, that of the database, by which it is said when
// something became known, and ours, which is `now`. Infinity is what is known now.
inline constexpr absl::Duration kClockSkew = absl::Minutes(5);
void CheckAsOf(absl::Time as_of, absl::Time now, std::string_view field, base::Violations& violations);

// Too many symbols, symbols that are none, symbols that come twice.
void CheckSymbols(const std::vector<std::string>& symbols, base::Violations& violations);

// What can not be done to rows of `resource` at `timeframe`: violations under the names of the request's fields
// ("fields[1]", "adjustment", "resampling.timeframe", "joins[0].fields[2]"). Resources whose rows are something only
// together are not joined: one row of an option chain says nothing of the chain.
void CheckShape(const ReadShape& shape, const Resource& resource, quant::Timeframe timeframe,
                const ResourceLookup& find, base::Violations& violations);

// Whether prices stored with `basis` come out changed. `anchored`: of split-adjusted ones it is known as of when they
// were (price_anchor.h), so that a read for splits brings them to the last row.
bool Adjusts(const ReadShape& shape, quant::PriceBasis basis, bool anchored = false);
// Whether rows stored with `basis` come out as they are, but for columns left out.
bool IsPlain(const ReadShape& shape, quant::PriceBasis basis, bool anchored = false);
// Whether its rows are trades, of which bars can be made.
bool HasTrades(const Resource& resource);
// Whether its rows are levels: one at an instant, without open, high, low, close and volume. Of an interval the last
// one is taken.
bool HasLevels(const Resource& resource);

}  // namespace breadthflow::data
