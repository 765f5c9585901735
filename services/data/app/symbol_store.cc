// SymbolFetch: what becomes of the rows of an answer.
#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/base/transient.h"
#include "services/data/app/basis_check.h"
#include "services/data/app/daily_stamps.h"
#include "services/data/app/market_of_zone.h"
#include "services/data/app/symbol_fetch.h"

namespace breadthflow::data {
namespace {

constexpr std::string_view kDoubtAdvice =
    "Say how these are (--param basis=...) or keep them apart (--param name=NAME, where the source has it)";

// Says it when files take the place of rows that other files gave, or the same ones read otherwise, and how both could
// be kept.
void TellOfOtherFiles(const ReadySource& source, const quant::TimeRange& asked, std::span<const Coverage> known,
                      const columnar::WrittenSeries& written, FetchResult& result) {
  const int64_t replaced = written.rows_removed + written.rows_revised;
  const bool named = std::any_of(source.entry->params.begin(), source.entry->params.end(),
                                 [](const component::ParamSpec& spec) { return spec.name == kNameOfFiles; });
  const bool others = std::any_of(known.begin(), known.end(), [&](const Coverage& one) {
    return one.outcome == Outcome::kOk && one.parameters != source.parameters && one.range.start_ns < asked.end_ns &&
           asked.start_ns < one.range.end_ns;
  });
  if (replaced == 0 || !named || !others) return;
  AddNote(fmt::format("{} stored rows that came from other files, or by other parameters, are gone or changed: rows of "
                      "two folders are kept apart by a name, as {}:NAME, that the parameter {} gives one of them",
                      replaced, source.entry->info.name, kNameOfFiles),
          result);
}

}  // namespace

absl::StatusOr<bool> SymbolFetch::IsStored(const quant::SeriesKey& key, const quant::TimeRange& range,
                                           std::span<const Coverage> known) {
  if (const std::optional<bool> certain = HasRows(range, known)) return *certain;
  const columnar::ReadOptions options{.range = range};
  absl::StatusOr<columnar::ChunkCursor> cursor = series_.chunks().Open(key, options);
  if (absl::IsNotFound(cursor.status())) return false;
  BF_RETURN_IF_ERROR(cursor.status());
  BF_ASSIGN_OR_RETURN(const std::optional<columnar::EncodedChunk> chunk, cursor->Next());
  if (!chunk) return false;
  if (range.Contains(chunk->first_time_ns) || range.Contains(chunk->last_time_ns)) return true;
  // A chunk that begins before the range and ends behind it is the only one there.
  BF_ASSIGN_OR_RETURN(const quant::Series rows, series_.chunks().Read(key, options));
  return !rows.empty();
}

absl::Status SymbolFetch::Store(const SymbolTask& task, const ReadySource& source, const quant::TimeRange& asked,
                                quant::Series series, FetchedSymbol& fetched) {
  fetched.result.outcome = Outcome::kOk;
  const auto entries = task.known.find(source.variant);
  const std::span<const Coverage> known =
      entries == task.known.end() ? std::span<const Coverage>() : std::span<const Coverage>(entries->second);
  if (series.empty()) {
    // The answer may only say that nothing came since.
    bool before = false;
    if (!source.source->authoritative() && !known.empty()) {
      BF_ASSIGN_OR_RETURN(before, IsStored({task.spec.resource, task.symbol, task.spec.timeframe, source.variant},
                                           task.spec.range, known));
    }
    fetched.result.outcome = before ? Outcome::kOk : Outcome::kEmptyConfirmed;
  }
  // Nothing from a source that does not claim to have everything changes nothing; from one that does, it takes away.
  if (series.empty() && !source.source->authoritative()) return absl::OkStatus();
  series.key.variant = source.variant;
  columnar::WriteOptions options{.provenance = "fetchRuns/" + task.run};
  if (source.source->authoritative()) options.replaces = asked;
  absl::StatusOr<std::optional<AnchorChange>> anchors =
      AnchorsOfFetch(series_, *source.entry, series, fetched.adjusted_as_of, options.replaces);
  if (!anchors.ok() && base::IsTransient(anchors.status())) return anchors.status();
  if (!anchors.ok()) {
    Fail(anchors.status(), fetched.result);
    return absl::OkStatus();
  }
  const component::ComponentRef& first = task.spec.source;
  if (!fetched.market && source.entry->info.name == first.name) fetched.market = MarketIn(first.params);
  const quant::Calendar* calendar = NamedFor(task.calendars, series.key);
  if (!fetched.market && calendar == nullptr && source.entry->info.name == first.name) {
    BF_ASSIGN_OR_RETURN(fetched.market,
                        MarketOfZone(series_, task.resource, series, first.params, absl::InfiniteFuture()));
    fetched.naming = Naming::kIfNone;
  }
  const quant::Calendar* const before = calendar;
  if (fetched.market) {
    BF_ASSIGN_OR_RETURN(calendar, series_.CalendarOf(*fetched.market));
  }
  const Arrival arrival{series,           asked,    options.replaces, options.provenance,
                        fetched.coverage, calendar, fetched.market,   *anchors ? (*anchors)->anchors : PriceAnchors(),
                        fetched.naming};
  BF_ASSIGN_OR_RETURN(Verdict verdict, quarantines_.Examine(arrival, task.spec.gate, absl::InfiniteFuture()));
  absl::StatusOr<columnar::WrittenSeries> written;
  if (verdict.apart == nullptr && source.entry->authoritative) {
    const absl::Status stamps =
        CheckDailyStamps(series_, task.resource, series, options.replaces, absl::InfiniteFuture());
    if (base::IsTransient(stamps)) return stamps;
    if (!stamps.ok()) {
      Fail(stamps, fetched.result);
      return absl::OkStatus();
    }
  }
  if (verdict.apart == nullptr) written = series_.chunks().Write(series, options);
  if (written.ok() && source.entry->authoritative) {
    const absl::Status stamps =
        CheckStampsGoOn(series_, task.resource, series, *written, options.replaces, absl::InfiniteFuture());
    if (!stamps.ok()) written = stamps;
  }
  // Files replace what they are fetched for, which nobody has asked for as an import is asked to.
  if (written.ok() && fetched.basis_assumed && !fetched.adjusted_as_of) {
    const absl::Status basis = CheckAssumedBasis(series_, series, *written, kDoubtAdvice, absl::InfiniteFuture());
    if (!basis.ok()) written = basis;
  }
  if (written.ok()) {
    BF_RETURN_IF_ERROR(quarantines_.ExamineBeside(arrival, *written, task.spec.gate, absl::InfiniteFuture(), verdict));
  }
  Quarantines::Tell(verdict, fetched.result);
  fetched.apart = std::move(verdict.apart);
  if (fetched.apart != nullptr && fetched.adjusted_as_of) {
    fetched.apart.reset();
    Fail(RefuseApart(), fetched.result);
    return absl::OkStatus();
  }
  if (fetched.apart != nullptr) return absl::OkStatus();
  if (!written.ok()) {
    // The rows do not fit what is stored, or our own database has a bad moment: that is no fault of the symbol.
    if (base::IsTransient(written.status())) return written.status();
    const bool basis = base::DetailsOf(written.status()).reason == "BASIS_CONFLICT";
    Fail(basis ? base::MakeError(
                     written.status().code(),
                     base::Message(written.status()) +
                         ": where the source has a parameter basis, say by it how the new prices are adjusted "
                         "(--param basis=...)",
                     base::DetailsOf(written.status()))
               : written.status(),
         fetched.result);
    return absl::OkStatus();
  }
  fetched.result.rows = static_cast<int64_t>(series.size());
  fetched.result.changed_rows = written->rows_inserted + written->rows_revised + written->rows_removed;
  fetched.result.removed_rows = written->rows_removed;
  if (fetched.market && before != nullptr && before != calendar) {
    BF_ASSIGN_OR_RETURN(const NamedMarkets named,
                        series_.Markets({series.key}, absl::InfiniteFuture(), absl::InfiniteFuture()));
    const auto said = named.find(series.key);
    if (said != named.end()) TellOfOtherCalendar(said->second.market, *fetched.market, fetched.result);
  }
  if (*anchors && !(*anchors)->note.empty()) AddNote((*anchors)->note, fetched.result);
  TellOfTheFuture(series.times, clock_.Now(), fetched.result);
  TellOfOtherFiles(source, asked, known, *written, fetched.result);
  if (!series.empty() || !written->unchanged()) fetched.written = *std::move(written);
  fetched.anchors = *std::move(anchors);
  return absl::OkStatus();
}

}  // namespace breadthflow::data
