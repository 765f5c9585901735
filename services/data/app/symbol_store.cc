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
#include "services/data/app/market_of_zone.h"
#include "services/data/app/price_anchor.h"
#include "services/data/app/symbol_fetch.h"

namespace breadthflow::data {
namespace {

// Whether the rows of a source are those of files, which can be kept apart by a name.
bool IsOfFiles(const ReadySource& source) {
  return std::any_of(source.entry->params.begin(), source.entry->params.end(),
                     [](const component::ParamSpec& spec) { return spec.name == kNameOfFiles; });
}

// Whether a fetch says how the prices of its files are adjusted.
bool SaysBasis(const FetchSpec& spec, const ReadySource& source) {
  const auto basis = spec.source.params.find("basis");
  return IsOfFiles(source) && source.entry->info.name == spec.source.name && basis != spec.source.params.end() &&
         basis->second != component::ParamValue(std::string("auto"));
}

// `said`: how they were adjusted. What is not as the stored ones then can not stand beside them at all.
BasisAdvice Advice(bool said) {
  return {.conflict = said ? "a series keeps one basis: keep these prices apart (--param name=NAME)"
                           : "where the source has a parameter basis, say by it how the new prices are adjusted "
                             "(--param basis=...)",
          .doubt = "Keep them apart (--param name=NAME); if they are split, too: --param basis=split",
          .mixed =
              "Fetch all of the files (--start, --end), or keep these apart (--param name=NAME), or say --param "
              "adjusted_as_of=DATE of both"};
}

// Says it when files take the place of rows that other files gave, or the same ones read otherwise, and how both could
// be kept.
void TellOfOtherFiles(const ReadySource& source, const quant::TimeRange& asked, std::span<const Coverage> known,
                      const columnar::WrittenSeries& written, FetchResult& result) {
  const int64_t replaced = written.rows_removed + written.rows_revised;
  const bool others = std::any_of(known.begin(), known.end(), [&](const Coverage& one) {
    return one.outcome == Outcome::kOk && one.parameters != source.parameters && one.range.start_ns < asked.end_ns &&
           asked.start_ns < one.range.end_ns;
  });
  if (replaced == 0 || !IsOfFiles(source) || !others) return;
  AddNote(fmt::format("{} stored rows that came from other files, or by other parameters, are gone or changed: rows of "
                      "two folders are kept apart by a name, as {}:NAME, that the parameter {} gives one of them",
                      replaced, source.entry->info.name, kNameOfFiles),
          result);
}

}  // namespace

absl::StatusOr<SymbolFetch::Dropped> SymbolFetch::DroppedOf(const quant::SeriesKey& key) {
  BF_ASSIGN_OR_RETURN(const columnar::SeriesHead head, series_.Newest(key, absl::InfiniteFuture()));
  // Of prices all rows before the instant went: the first row tells whether some have come back. Of events some stay
  // and a refetch may find just those.
  if (head.drops.empty() || !RemembersAnswers(key.resource))
    return Dropped{.before_ns = head.dropped_before_ns, .back = {}};
  Dropped dropped{.before_ns = head.DroppedSince(absl::InfinitePast()), .back = {}};
  BF_ASSIGN_OR_RETURN(const auto answers, coverage_.FindAnswers(key.resource, {key.symbol}, key.timeframe,
                                                                absl::InfiniteFuture(), absl::InfiniteFuture()));
  const auto found = answers.find(key.symbol);
  if (found == answers.end()) return dropped;
  for (const Answers& one : found->second) {
    if (one.source != key.variant) continue;
    dropped.back = StillThere(one, [&](absl::Time since) { return head.DroppedSince(since); });
  }
  return dropped;
}

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

absl::StatusOr<Outcome> SymbolFetch::OutcomeOfNothing(const SymbolTask& task, const ReadySource& source,
                                                      std::span<const Coverage> known) {
  // The answer may only say that nothing came since.
  if (source.source->authoritative() || known.empty()) return Outcome::kEmptyConfirmed;
  BF_ASSIGN_OR_RETURN(
      const bool before,
      IsStored({task.spec.resource, task.symbol, task.spec.timeframe, source.variant}, task.spec.range, known));
  return before ? Outcome::kOk : Outcome::kEmptyConfirmed;
}

absl::Status SymbolFetch::NameMarket(const SymbolTask& task, const ReadySource& source, Arrival& arrival,
                                     ArrivalTerms& terms) {
  const quant::SeriesKey& key = arrival.rows.key;
  const component::ComponentRef& first = task.spec.source;
  const bool is_first = source.entry->info.name == first.name;
  if (!arrival.market && is_first) arrival.market = MarketIn(first.params);
  const quant::Calendar* const before = NamedFor(task.calendars, key);
  arrival.calendar = before;
  if (!arrival.market && before == nullptr && is_first) {
    BF_ASSIGN_OR_RETURN(arrival.market,
                        MarketOfZone(series_, task.resource, arrival.rows, first.params, terms.deadline));
    arrival.naming = Naming::kIfNone;
  }
  if (!arrival.market) return absl::OkStatus();
  BF_ASSIGN_OR_RETURN(arrival.calendar, series_.CalendarOf(*arrival.market));
  if (before == nullptr || before == arrival.calendar) return absl::OkStatus();
  BF_ASSIGN_OR_RETURN(const NamedMarkets named, series_.Markets({key}, absl::InfiniteFuture(), terms.deadline));
  if (const auto said = named.find(key); said != named.end()) terms.named_before = said->second.market;
  return absl::OkStatus();
}

absl::Status SymbolFetch::Store(const SymbolTask& task, const ReadySource& source, const quant::TimeRange& asked,
                                quant::Series series, FetchedSymbol& fetched) {
  const auto entries = task.known.find(source.variant);
  const std::span<const Coverage> known =
      entries == task.known.end() ? std::span<const Coverage>() : std::span<const Coverage>(entries->second);
  fetched.result.outcome = Outcome::kOk;
  if (series.empty()) {
    BF_ASSIGN_OR_RETURN(fetched.result.outcome, OutcomeOfNothing(task, source, known));
  }
  // Nothing from a source that does not claim to have everything changes nothing; from one that does, it takes away.
  if (series.empty() && !source.source->authoritative()) return absl::OkStatus();
  // What the rows are like is the fault of the symbol; a bad moment of our own database is not.
  const auto refuse = [&](const absl::Status& status) {
    if (base::IsTransient(status)) return status;
    Fail(status, fetched.result);
    return absl::OkStatus();
  };
  series.key.variant = source.variant;
  std::optional<quant::TimeRange> replaces;
  if (source.source->authoritative()) replaces = asked;
  absl::StatusOr<std::optional<AnchorChange>> anchors =
      AnchorsOfFetch(series_, *source.entry, series, fetched.adjusted_as_of, replaces);
  if (!anchors.ok()) return refuse(anchors.status());
  // Files replace what they are fetched for, which nobody has asked for as an import is asked to: of an assumed basis
  // they are doubted all the same. Providers are asked for all of a series again after a split.
  ArrivalTerms terms{.resource = task.resource,
                     .gate = task.spec.gate,
                     .says_adjusted_as_of = fetched.adjusted_as_of.has_value(),
                     .anchors = *std::move(anchors),
                     .keeps_stamps = source.entry->authoritative,
                     .basis_assumed = fetched.basis_assumed,
                     .keeps_downloads_apart = task.resource.prices && IsOfFiles(source),
                     .advice = Advice(SaysBasis(task.spec, source)),
                     .now = clock_.Now()};
  Arrival arrival{.rows = series,
                  .asked = asked,
                  .replaces = replaces,
                  .origin = "fetchRuns/" + task.run,
                  .coverage = fetched.coverage,
                  .market = fetched.market,
                  .anchors = terms.anchors ? terms.anchors->anchors : PriceAnchors()};
  BF_RETURN_IF_ERROR(NameMarket(task, source, arrival, terms));
  absl::StatusOr<Taken> taken = TakeArrival(series_, quarantines_, arrival, terms, fetched.result);
  if (!taken.ok()) return refuse(taken.status());
  fetched.taken = *std::move(taken);
  if (fetched.taken.written) TellOfOtherFiles(source, asked, known, *fetched.taken.written, fetched.result);
  return absl::OkStatus();
}

}  // namespace breadthflow::data
