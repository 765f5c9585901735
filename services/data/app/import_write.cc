// Import: what becomes of the rows of each symbol.
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/base/transient.h"
#include "services/data/app/basis_check.h"
#include "services/data/app/daily_stamps.h"
#include "services/data/app/importer.h"

namespace breadthflow::data {
namespace {

constexpr std::string_view kBasisAdvice =
    ": say how the new prices are adjusted (--basis), or keep them under another name (--source NAME)";
constexpr std::string_view kDoubtAdvice =
    "Say how these are (--basis), keep them apart (--source NAME) or --replace the stored ones";

}  // namespace

absl::StatusOr<Import::Outgoing> Import::WriteOne(const quant::Series& series, const std::string& origin,
                                                  const quant::Calendar* calendar, const AnchorStatement* said) {
  Outgoing out{.result = {.symbol = series.key.symbol}, .written = {}, .apart = nullptr, .anchors = {}};
  const PriceAnchors days = DaysOf(series.key.symbol);
  BF_ASSIGN_OR_RETURN(out.anchors,
                      AnchorsWith(importer_.series_, series, days, spec_.replaces, said, submission_.deadline));
  quant::TimeRange all;
  if (!series.empty()) all = {series.times.front(), series.times.back() + 1};
  const Arrival arrival{series,
                        spec_.replaces.value_or(all),
                        spec_.replaces,
                        origin,
                        {},
                        calendar,
                        MarketOf(series.key.symbol),
                        out.anchors ? out.anchors->anchors : PriceAnchors()};
  BF_ASSIGN_OR_RETURN(Verdict verdict, importer_.quarantines_.Examine(arrival, spec_.gate, submission_.deadline));
  if (verdict.apart == nullptr) {
    BF_RETURN_IF_ERROR(CheckDailyStamps(importer_.series_, *resource_, series, spec_.replaces, submission_.deadline));
    columnar::WriteOptions options{.replaces = spec_.replaces, .provenance = origin};
    if (!spec_.replaces) options.adds_by = resource_->identity;
    BF_ASSIGN_OR_RETURN(out.written, importer_.series_.chunks().Write(series, options));
    BF_RETURN_IF_ERROR(
        CheckStampsGoOn(importer_.series_, *resource_, series, *out.written, spec_.replaces, submission_.deadline));
    if (!spec_.replaces && days.empty() && basis_assumed_.contains(series.key.symbol)) {
      BF_RETURN_IF_ERROR(
          CheckAssumedBasis(importer_.series_, series, *out.written, kDoubtAdvice, submission_.deadline));
    }
    BF_RETURN_IF_ERROR(
        importer_.quarantines_.ExamineBeside(arrival, *out.written, spec_.gate, submission_.deadline, verdict));
  }
  out.result.outcome = series.empty() ? Outcome::kEmptyConfirmed : Outcome::kOk;
  Quarantines::Tell(verdict, out.result);
  out.apart = std::move(verdict.apart);
  if (out.apart != nullptr && !days.empty()) return RefuseApart();
  if (out.apart != nullptr) {
    out.written.reset();
    return out;
  }
  if (const auto notes = notes_.find(series.key.symbol); notes != notes_.end()) {
    for (const std::string& note : notes->second) AddNote(note, out.result);
  }
  const auto before = named_before_.find(series.key);
  if (arrival.market && before != named_before_.end()) {
    TellOfOtherCalendar(before->second.market, *arrival.market, out.result);
  }
  if (out.anchors && !out.anchors->note.empty()) AddNote(out.anchors->note, out.result);
  TellOfTheFuture(series.times, importer_.clock_.Now(), out.result);
  out.result.source = spec_.source;
  out.result.rows = static_cast<int64_t>(series.size());
  out.result.changed_rows = out.written->rows_inserted + out.written->rows_revised + out.written->rows_removed;
  out.result.removed_rows = out.written->rows_removed;
  out.result.revised_rows = out.written->rows_revised;
  if (series.empty() && out.written->unchanged()) out.written.reset();  // nothing that is not there either
  return out;
}

absl::StatusOr<std::vector<Import::Outgoing>> Import::Write(const std::vector<quant::Series>& all,
                                                            const std::string& id, const NamedCalendars& calendars,
                                                            const base::CancelToken& cancel) {
  std::vector<Outgoing> outgoing;
  base::ErrorDetails refused{.reason = "NOT_STORABLE"};
  size_t doubtful = 0;
  std::vector<quant::SeriesKey> keys;
  for (const quant::Series& series : all) {
    if (resource_->prices) keys.push_back(series.key);
  }
  BF_ASSIGN_OR_RETURN(const auto said,
                      importer_.series_.anchors().Find(keys, absl::InfiniteFuture(), submission_.deadline));
  for (const quant::Series& series : all) {
    BF_RETURN_IF_ERROR(cancel.Check());
    const auto statement = said.find(series.key);
    absl::StatusOr<Outgoing> one = WriteOne(series, "imports/" + id, NamedFor(calendars, series.key),
                                            statement == said.end() ? nullptr : &statement->second);
    if (one.ok()) {
      outgoing.push_back(*std::move(one));
    } else if (base::IsTransient(one.status()) || refused.violations.size() == ImportFaults::kMaxListed) {
      return one.status();
    } else {
      const std::string reason = base::DetailsOf(one.status()).reason;
      const bool basis = reason == "BASIS_CONFLICT";
      doubtful += reason == "BASIS_DOUBTFUL" ? 1 : 0;
      refused.violations.push_back(
          {series.key.symbol, base::Message(one.status()) + (basis ? std::string(kBasisAdvice) : "")});
    }
  }
  if (refused.violations.empty()) return outgoing;
  if (doubtful == refused.violations.size()) refused.reason = "BASIS_DOUBTFUL";
  return base::MakeError(absl::StatusCode::kFailedPrecondition,
                         fmt::format("nothing was imported: {} of {} symbols do not go with what is stored: {}: {}",
                                     refused.violations.size(), all.size(), refused.violations.front().field,
                                     refused.violations.front().description),
                         refused);
}

}  // namespace breadthflow::data
