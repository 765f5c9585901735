#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "services/data/app/basis_check.h"
#include "services/data/app/price_anchor.h"
#include "services/data/app/quarantines.h"
#include "services/data/domain/fetch.h"
#include "services/data/domain/resource.h"
#include "services/data/domain/series_market.h"
#include "services/data/store/series_store.h"

namespace breadthflow::data {

// What is known of rows that arrive, beside themselves, and what they have to keep.
struct ArrivalTerms {
  const Resource& resource;  // of the rows
  QualityGate gate = QualityGate::kQuarantine;
  bool says_adjusted_as_of = false;            // of prices: whoever sends them says as of when they were adjusted
  std::optional<AnchorChange> anchors{};       // to be said of them (AnchorsWith)
  std::optional<SeriesMarket> named_before{};  // of the series
  bool keeps_stamps = true;                    // daily bars must go on in the calendar of the stored ones
  bool basis_assumed = false;                  // nobody says how some of the prices were adjusted
  bool keeps_downloads_apart = false;          // of files: nobody sends all of a series again after a split
  BasisAdvice advice{};
  std::optional<std::vector<std::string>> adds_by{};  // see columnar::WriteOptions
  std::span<const std::string> notes{};               // of who read them; told when they are stored
  absl::Time now;
  absl::Time deadline = absl::InfiniteFuture();
};

// What is to be committed of an arrival.
struct Taken {
  std::optional<columnar::WrittenSeries> written{};  // nullopt: nothing changes, or the rows are kept apart
  std::optional<SeriesMarket> market{};              // that is named for what is written
  Naming naming = Naming::kInstead;                  // of `market`
  std::optional<AnchorChange> anchors{};             // to be said of what is written
  std::unique_ptr<const KeptApart> apart{};          // null: nothing is
};

// What becomes of rows that arrive, whoever brings them. In this order: the gate looks at them as they are; daily bars
// are held against the calendar of the stored ones; the rows are written as chunks that nothing refers to yet; what
// that changes tells whether the calendar goes on and whether prices look adjusted as the stored ones are; the gate
// looks at them beside the stored rows. Rows that no gate lets pass are kept apart instead.
//
// Tells `result` of it: counts and notes, or that the rows are kept apart, which is a failure of it; its outcome is
// otherwise the caller's. An error leaves `result` as it is: of the store, transient or not; FAILED_PRECONDITION with
// BASIS_CONFLICT and the advice, OTHER_CALENDAR, BASIS_DOUBTFUL, or ANCHOR_APART for rows to be kept apart that say as
// of when they are adjusted; those of ChunkStore::Write.
absl::StatusOr<Taken> TakeArrival(SeriesStore& store, Quarantines& quarantines, const Arrival& arrival,
                                  const ArrivalTerms& terms, FetchResult& result);

// Makes all of it so, within the caller's transaction. Locks in one order, whoever writes: series, then quarantines,
// each by their keys. Errors of CommitAnchored and Quarantines::Keep.
absl::Status CommitTaken(SeriesStore& store, Quarantines& quarantines, postgres::Transaction& tx,
                         const std::vector<const Taken*>& all);

}  // namespace breadthflow::data
