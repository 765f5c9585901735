// Import: what becomes of the rows of each symbol.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/base/transient.h"
#include "services/data/app/importer.h"
#include "services/data/app/price_anchor.h"

namespace breadthflow::data {
namespace {

// `said`: how they were adjusted. What is not as the stored ones then can not stand beside them at all.
BasisAdvice Advice(bool said) {
  return {.conflict = said ? "a series keeps one basis: keep these prices under another name (--source NAME)"
                           : "say how the new prices are adjusted (--basis), or keep them under another name (--source "
                             "NAME)",
          .doubt = "Keep them apart (--source NAME); if split: --basis split, or --replace (--start, --end)",
          .mixed =
              "Import all rows (--replace, --start, --end), keep these apart (--source NAME) or say "
              "--adjusted-as-of DATE of both"};
}

}  // namespace

absl::StatusOr<Import::Outgoing> Import::WriteOne(const quant::Series& series, const std::string& origin,
                                                  const quant::Calendar* calendar, const AnchorStatement* said) {
  const std::string& symbol = series.key.symbol;
  const PriceAnchors days = DaysOf(symbol);
  BF_ASSIGN_OR_RETURN(std::optional<AnchorChange> anchors,
                      AnchorsWith(importer_.series_, series, days, spec_.replaces, said, submission_.deadline));
  quant::TimeRange all;
  if (!series.empty()) all = {series.times.front(), series.times.back() + 1};
  const Arrival arrival{series,
                        spec_.replaces.value_or(all),
                        spec_.replaces,
                        origin,
                        {},
                        calendar,
                        MarketOf(symbol),
                        anchors ? anchors->anchors : PriceAnchors(),
                        NamingOf(symbol)};
  ArrivalTerms terms{.resource = *resource_,
                     .gate = spec_.gate,
                     .says_adjusted_as_of = !days.empty(),
                     .anchors = std::move(anchors),
                     .basis_assumed = !spec_.replaces && basis_assumed_.contains(symbol),
                     .keeps_downloads_apart = resource_->prices,
                     .advice = Advice(spec_.basis.has_value()),
                     .now = importer_.clock_.Now(),
                     .deadline = submission_.deadline};
  if (!spec_.replaces) terms.adds_by = resource_->identity;
  if (const auto before = named_before_.find(series.key); before != named_before_.end()) {
    terms.named_before = before->second.market;
  }
  if (const auto notes = notes_.find(symbol); notes != notes_.end()) terms.notes = notes->second;
  Outgoing out{.result = {.symbol = symbol}, .taken = {}};
  const bool none = series.empty() && !uncertain_.contains(symbol);
  out.result.outcome = none ? Outcome::kEmptyConfirmed : Outcome::kOk;
  BF_ASSIGN_OR_RETURN(out.taken, TakeArrival(importer_.series_, importer_.quarantines_, arrival, terms, out.result));
  if (out.taken.apart != nullptr) return out;
  out.result.source = spec_.source;
  out.result.revised_rows = out.taken.written ? out.taken.written->rows_revised : 0;
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
      doubtful += base::DetailsOf(one.status()).reason == "BASIS_DOUBTFUL" ? 1 : 0;
      refused.violations.push_back({series.key.symbol, base::Message(one.status())});
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
