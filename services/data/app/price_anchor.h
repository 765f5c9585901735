#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

#include "common/quant/series.h"
#include "services/data/domain/price_anchor.h"
#include "services/data/domain/source.h"
#include "services/data/store/series_store.h"

namespace breadthflow::data {

// What was seen of a series when it was decided what to say of it, and that: to be committed with the rows it is about.
struct AnchorChange {
  int64_t seen = 0;          // the number of the last statement; 0: there was none
  PriceAnchors anchors{};    // in place of that one; empty: nothing new is to be said
  int64_t seen_version = 0;  // of the rows that `anchors` speaks of beside the new ones; 0: there were none
  std::string note{};        // for people, where it says a day of stored rows that was not said; empty: it does not
};

// What is to be said of the series of `series` when its rows come in, which whoever sends them says to be adjusted as
// of days (empty: says nothing); `known` is what was said before (null: nothing). nullopt: of rows like these nobody
// says such a day.
//
// FAILED_PRECONDITION OTHER_ANCHOR where one part of the rows would have a day and the other none: rows that say
// nothing beside stored ones that have a day, or the other way round. Errors as CheckAnchor and those of the store.
absl::StatusOr<std::optional<AnchorChange>> AnchorsWith(SeriesStore& store, const quant::Series& series,
                                                        const PriceAnchors& as_of,
                                                        const std::optional<quant::TimeRange>& replaces,
                                                        const AnchorStatement* known, absl::Time deadline);

// The same of rows that a source gave. Of a source that can not say such a day there is none.
absl::StatusOr<std::optional<AnchorChange>> AnchorsOfFetch(SeriesStore& store, const SourceEntry& source,
                                                           const quant::Series& series,
                                                           const std::optional<absl::CivilDay>& as_of,
                                                           const std::optional<quant::TimeRange>& replaces);

// SeriesStore::Commit and, when there is something new to say of the rows, that. ABORTED SERIES_MOVED also when others
// have said something of the series, or have stored rows that would fall under what is said here, since it was seen.
absl::Status CommitAnchored(SeriesStore& store, postgres::Transaction& tx, const columnar::WrittenSeries& written,
                            const std::optional<SeriesMarket>& market, const std::optional<AnchorChange>& anchors,
                            Naming naming = Naming::kInstead);

// What is kept apart can not keep as of when it was adjusted. FAILED_PRECONDITION that says so.
absl::Status RefuseApart();

}  // namespace breadthflow::data
