#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/quant/series.h"
#include "services/data/domain/adjustment.h"
#include "services/data/domain/price_anchor.h"

// Whose splits and dividends adjust the prices of a series. For each of the two kinds, the first of these that has all
// that counts in the rows:
//
//   1. the series' own columns (split_ratio; dividend or adj_close), where every row has a value
//      (of prices adjusted as of a day after the last row: beside the splits from there to the day, by 2 to 4)
//   2. events stored from the source of the prices
//   3. events stored from another source, the one that was stored first: a later one changes no read
//   4. that there were none, as the source of the prices confirmed, or another one (the first by name)
//
// or only the events of a source that is named. Made-up events (IsMadeUp) never count for prices of another source, nor
// real ones for made-up prices. Events of a source that was asked for a part of the time do not count beside rows of
// the rest: a partial adjustment is none. Of events that were imported nobody knows; they are taken to be all.
//
// Events that a state had and that were dropped later are gone for reads as of that state. They are chosen all the
// same, and the read is refused: the next source would say something else than what the read said before.
namespace breadthflow::data {

// One source of events of one kind.
struct ActionOffer {
  std::string source;
  bool stored = false;  // else it has confirmed that there were none in what it was asked for
  std::optional<std::vector<quant::TimeRange>> asked;  // ascending; nullopt: imported
  // This state had events before that instant, which are gone by a later drop. The smallest int64: none are.
  int64_t lost_before_ns = std::numeric_limits<int64_t>::min();
  std::string why_lost{};  // for people

  // Whether events that count in `needed` may be among those that are gone. They go by when they were published, and
  // are taken to have been published a year before they took effect at most.
  bool Lacks(const quant::TimeRange& needed) const;
};

// Whether events of `source` may count for prices of `prices` (both as variants of series).
bool MayCount(std::string_view source, std::string_view prices);

// The first offer that has all of `needed`.
std::optional<size_t> FirstWhole(std::span<const ActionOffer> offers, const quant::TimeRange& needed);

// Why no offer of `what` ("splits") has all of `needed`; of at least one.
std::string WhyNoneIsWhole(std::span<const ActionOffer> offers, const quant::TimeRange& needed, std::string_view what);

// Where `chosen` and `other` say different things of the splits (or the dividends) inside of `rows`, for people:
// "in the row of 1999-05-27: 2 there, 1 here". Empty when they do not, but for rounding, and when they can not be
// compared (dividends as they were paid, without splits).
std::string Difference(const quant::Series& rows, const CorporateActions& chosen, const CorporateActions& other,
                       bool dividends);

// What the rows of a read come from.
struct ReadOrigin {
  std::string source;
  std::string splits_source;         // a source, "columns" of the rows; empty: no splits were needed
  std::string dividends_source;      // the same
  bool made_up = false;              // something in the rows is
  std::vector<std::string> notices;  // what whoever uses the rows should know
  std::string calendar{};         // on which the rows stand, where one was named: SeriesMarket as text; empty: none was
  PriceAnchors adjusted_as_of{};  // of prices that come split-adjusted as they are stored; empty: nobody said it
  // Prices that are anchored on the first row stored: how, and the time of that row.
  std::optional<Adjustment> anchored{};
  int64_t anchor_ns = 0;
};

}  // namespace breadthflow::data
