#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/quant/calendar.h"
#include "common/quant/series.h"
#include "services/data/domain/adjustment_events.h"

// What a company was worth at each close, made of its bars and of the number of its shares as it was published by then:
//
//   market cap(t) = raw close(t) x shares(t) x product of the splits that took effect after the day for which shares(t)
//                   holds and before t
//
// The raw close is the stored one; of closes that a source divided by later splits it is the stored one times those. A
// split between the day of the number and t has quartered the close, say, while the number is still the old one. All
// of it was known at t; nothing that is published, traded or split later changes a value, but for the rounding of
// closes that a source divides anew. A bar before the first publication has no row, nor one that is older than
// kShareCountTtl after the last. Pure.
namespace breadthflow::data {

inline constexpr std::string_view kMarketCap = "market_cap";
inline constexpr std::string_view kSharesOutstanding = "shares_outstanding";

// How long a published number of shares counts: who reports once a year may be a quarter late.
inline constexpr absl::Duration kShareCountTtl = absl::Hours(24 * 456);

// Whose rows a derived series is made of, and its name: "derived:yahoo", or "derived:yahoo+sec_edgar" where the shares
// are not those of the source of the prices.
struct DerivedSource {
  std::string prices;  // empty: the only one there is
  std::string shares;  // empty: that of the prices, else the only one there is
};
std::string NameOf(const DerivedSource& source);
// Whether a source is the name of derived rows: "derived", or with "derived:" before it.
bool IsDerived(std::string_view source);
// Of such a name, whole or in part ("derived", "derived:+sec_edgar").
DerivedSource ParseDerived(std::string_view source);

// A published number of shares.
struct ShareCount {
  int64_t known_ns = 0;  // when it was published
  int64_t holds_ns = 0;  // the end of the day for which it holds; without one, its publication
  double shares = 0;
};

// The numbers of rows of shares_outstanding, in the order of their publication. What is published at one instant for
// one day is one number: that of all shares where a row names no class, else the sum of the classes.
std::vector<ShareCount> ShareCounts(const quant::Series& rows, const quant::Calendar& calendar);

// For each of `times` (ascending) the number that is known, by place; nullopt where there is none. A number for an
// earlier day never takes the place of one for a later day.
absl::StatusOr<std::vector<std::optional<size_t>>> CountsAt(std::span<const int64_t> times,
                                                            const std::vector<ShareCount>& counts);

// Whether closes as they traded can be had of these prices. FAILED_PRECONDITION ALREADY_ADJUSTED when dividends are in
// them too, which nothing takes out, and for split-adjusted prices that are made up, whose source divides them by
// splits that are still to come; NOT_PRICES without a price basis.
absl::Status CheckPrices(const quant::SeriesKey& key, quant::PriceBasis basis);

// For which time splits must be known to derive the rows of `range`: from the day of the first number that counts in
// them to the last of them; where closes are split-adjusted, to when they were learnt (less kUnasked, in which nobody
// need have asked again). nullopt when no row comes out.
inline constexpr absl::Duration kUnasked = absl::Hours(24 * 5);
absl::StatusOr<std::optional<quant::TimeRange>> SplitsNeeded(const quant::Series& bars,
                                                             const std::vector<ShareCount>& counts,
                                                             const quant::TimeRange& range, int64_t bars_known_ns);

struct MarketCapInputs {
  const quant::Series& bars;  // raw or split-adjusted, column close; of a split-adjusted series to its end
  const std::vector<ShareCount>& counts;
  const std::vector<SplitEvent>& splits;  // all from the day of the first number that counts
  int64_t bars_known_ns = 0;              // when the bars were learnt: later splits are not in adjusted closes
};

// market_cap by bar of `range`, with the two factors as they were multiplied: derived.close (as traded) and
// derived.shares (of that day). Rows are at the times of the bars, of the key (market_cap, symbol of the bars, tick,
// variant NameOf).
//
// A number that was published after a split, for a day before it, may be stated in new shares (accounting rules ask
// for that) or in old ones: it is taken to be in new ones when it is nearer, as a factor, to the last number published
// before the split times its ratio than to that number itself.
//
// Errors as CheckPrices.
absl::StatusOr<quant::Series> DeriveMarketCap(const MarketCapInputs& inputs, const quant::TimeRange& range,
                                              const DerivedSource& source);

// Says which split does not show in the numbers published before and after it, as those of a source that restates its
// history do not, for people; empty when there is none. Looks at all numbers.
std::string RestatedShares(const std::vector<ShareCount>& counts, const std::vector<SplitEvent>& splits);

}  // namespace breadthflow::data
