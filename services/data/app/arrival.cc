#include "services/data/app/arrival.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "services/data/app/daily_stamps.h"

namespace breadthflow::data {
namespace {

absl::Status WithAdvice(const absl::Status& status, std::string_view conflict) {
  if (base::DetailsOf(status).reason != "BASIS_CONFLICT") return status;
  return base::MakeError(status.code(), fmt::format("{}: {}", base::Message(status), conflict),
                         base::DetailsOf(status));
}

// The chunks of rows that fit what is stored, and a note on their prices, or none.
absl::StatusOr<columnar::WrittenSeries> Write(SeriesStore& store, const Arrival& arrival, const ArrivalTerms& terms,
                                              std::string& note) {
  const quant::Series& rows = arrival.rows;
  if (terms.keeps_stamps) {
    BF_RETURN_IF_ERROR(CheckDailyStamps(store, terms.resource, rows, arrival.replaces, terms.deadline));
  }
  absl::StatusOr<columnar::WrittenSeries> written = store.chunks().Write(
      rows, {.replaces = arrival.replaces, .adds_by = terms.adds_by, .provenance = arrival.origin});
  if (!written.ok()) return WithAdvice(written.status(), terms.advice.conflict);
  if (terms.keeps_stamps) {
    BF_RETURN_IF_ERROR(CheckStampsGoOn(store, terms.resource, rows, *written, arrival.replaces, terms.deadline));
  }
  if ((terms.basis_assumed || terms.keeps_downloads_apart) && !terms.says_adjusted_as_of) {
    BF_ASSIGN_OR_RETURN(note, CheckBasis(store, rows, *written, terms.basis_assumed, terms.advice, terms.deadline));
  }
  return written;
}

void TellOfStored(const Arrival& arrival, const ArrivalTerms& terms, const columnar::WrittenSeries& written,
                  FetchResult& result) {
  for (const std::string& note : terms.notes) AddNote(note, result);
  if (arrival.market && terms.named_before) TellOfOtherCalendar(*terms.named_before, *arrival.market, result);
  if (terms.anchors && !terms.anchors->note.empty()) AddNote(terms.anchors->note, result);
  TellOfTheFuture(arrival.rows.times, terms.now, result);
  result.rows = static_cast<int64_t>(arrival.rows.size());
  result.changed_rows = written.rows_inserted + written.rows_revised + written.rows_removed;
  result.removed_rows = written.rows_removed;
}

}  // namespace

absl::StatusOr<Taken> TakeArrival(SeriesStore& store, Quarantines& quarantines, const Arrival& arrival,
                                  const ArrivalTerms& terms, FetchResult& result) {
  Taken taken{.market = arrival.market, .naming = arrival.naming, .anchors = terms.anchors};
  std::string price_note;
  BF_ASSIGN_OR_RETURN(Verdict verdict, quarantines.Examine(arrival, terms.gate, terms.deadline));
  if (verdict.apart == nullptr) {
    BF_ASSIGN_OR_RETURN(taken.written, Write(store, arrival, terms, price_note));
    BF_RETURN_IF_ERROR(quarantines.ExamineBeside(arrival, *taken.written, terms.gate, terms.deadline, verdict));
  }
  if (verdict.apart != nullptr && terms.says_adjusted_as_of) return RefuseApart();
  Quarantines::Tell(verdict, result);
  if (verdict.apart != nullptr) {
    taken.written.reset();
    taken.apart = std::move(verdict.apart);
    return taken;
  }
  TellOfStored(arrival, terms, *taken.written, result);
  if (!price_note.empty()) AddNote(price_note, result);
  // Nothing that is not there either.
  if (arrival.rows.empty() && taken.written->unchanged()) taken.written.reset();
  return taken;
}

absl::Status CommitTaken(SeriesStore& store, Quarantines& quarantines, postgres::Transaction& tx,
                         const std::vector<const Taken*>& all) {
  std::vector<const Taken*> written;
  std::vector<const KeptApart*> apart;
  for (const Taken* one : all) {
    if (one->written) written.push_back(one);
    if (one->apart != nullptr) apart.push_back(one->apart.get());
  }
  std::sort(written.begin(), written.end(),
            [](const auto* a, const auto* b) { return a->written->key < b->written->key; });
  std::sort(apart.begin(), apart.end(),
            [](const auto* a, const auto* b) { return a->quarantine.key < b->quarantine.key; });
  for (const Taken* one : written) {
    BF_RETURN_IF_ERROR(CommitAnchored(store, tx, *one->written, one->market, one->anchors, one->naming));
  }
  for (const KeptApart* one : apart) BF_RETURN_IF_ERROR(quarantines.Keep(tx, *one));
  return absl::OkStatus();
}

}  // namespace breadthflow::data
