#include "services/data/domain/fetch.h"

#include <algorithm>
#include <array>
#include <set>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "common/base/hash.h"
#include "common/base/status.h"
#include "common/base/text.h"
#include "common/base/transient.h"
#include "common/component/fingerprint.h"
#include "services/data/domain/resource.h"
#include "services/data/domain/upstream.h"

namespace breadthflow::data {

absl::Status CheckSpec(const FetchSpec& spec, const absl::StatusOr<const Resource*>& resource) {
  base::Violations violations;
  if (!resource.ok()) {
    violations.Add("spec.resource", base::Message(resource.status()));
  } else if (!(*resource)->bars && spec.timeframe != quant::Timeframe::kTick) {
    violations.Add("spec.timeframe", fmt::format("{} has no bars: leave the timeframe out or say tick, was {}",
                                                 spec.resource, quant::ToText(spec.timeframe)));
  }
  if (spec.symbols.empty() || spec.symbols.size() > kMaxSymbols) {
    violations.Add("spec.symbols", fmt::format("must be 1 to {} symbols, were {}", kMaxSymbols, spec.symbols.size()));
  }
  std::unordered_set<std::string_view> seen;
  for (size_t i = 0; i < std::min(spec.symbols.size(), kMaxSymbols); ++i) {
    const std::string field = fmt::format("spec.symbols[{}]", i);
    if (const auto fault = SymbolFault(spec.symbols[i])) violations.Add(field, *fault);
    if (!seen.insert(spec.symbols[i]).second) violations.Add(field, fmt::format("{} appears twice", spec.symbols[i]));
  }
  if (spec.range.start_ns == INT64_MIN || spec.range.end_ns == INT64_MAX) {
    violations.Add("spec.range", "must have a start and an end");
  } else if (spec.range.start_ns >= spec.range.end_ns) {
    violations.Add("spec.range", "must end after it starts");
  }
  if (spec.alternatives.size() > kMaxAlternatives) {
    violations.Add("spec.alternatives",
                   fmt::format("must be at most {}, were {}", kMaxAlternatives, spec.alternatives.size()));
  }
  std::set<std::string_view> sources = {spec.source.name};
  for (size_t i = 0; i < spec.alternatives.size(); ++i) {
    if (!sources.insert(spec.alternatives[i].name).second) {
      violations.Add(fmt::format("spec.alternatives[{}].name", i),
                     fmt::format("{} appears twice", spec.alternatives[i].name));
    }
  }
  return violations.ToStatus("invalid fetch");
}

void Fail(absl::Status error, FetchResult& result) {
  result.outcome = Outcome::kFailed;
  result.rows = 0;
  result.changed_rows = 0;
  result.removed_rows = 0;
  result.revised_rows.reset();
  result.source.clear();
  result.retryable = base::IsTransient(error);
  result.error = std::move(error);
}

void AddNote(std::string_view note, FetchResult& result) {
  if (result.notes.size() + 1 == kMaxNotes) result.notes.emplace_back("and more");
  if (result.notes.size() < kMaxNotes) result.notes.push_back(base::Printable(note));
}

void TellOfTheFuture(const std::vector<int64_t>& times, absl::Time now, FetchResult& result) {
  const auto first = std::upper_bound(times.begin(), times.end(), quant::ToNanos(now));
  if (first == times.end()) return;
  AddNote(
      fmt::format("{} of the rows lie in the future, the first at {}: nobody can know them yet", times.end() - first,
                  absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", quant::FromNanos(*first), absl::UTCTimeZone())),
      result);
}

void TellOfOtherCalendar(const SeriesMarket& before, const SeriesMarket& now, FetchResult& result) {
  if (ToText(before) == ToText(now)) return;
  AddNote(fmt::format("its calendar is now {}, before it was {}", ToText(now), ToText(before)), result);
}

bool CouldNotGive(const absl::Status& error) {
  constexpr std::array<std::string_view, 7> kReasons = {"UNKNOWN_SYMBOL",   "MISSING_CREDENTIAL", "NO_UPSTREAM",
                                                        "UNAUTHENTICATED",  "NOT_ENTITLED",       "NOT_OFFERED",
                                                        "UNKNOWN_COMPONENT"};
  return base::IsTransient(error) ||
         std::find(kReasons.begin(), kReasons.end(), base::DetailsOf(error).reason) != kReasons.end();
}

std::string Fingerprint(const FetchSpec& spec) {
  base::Sha256 hash;
  hash.Text(spec.resource).Int(static_cast<int64_t>(spec.symbols.size()));
  for (const std::string& symbol : spec.symbols) hash.Text(symbol);
  hash.Int(static_cast<int64_t>(spec.timeframe)).Int(spec.range.start_ns).Int(spec.range.end_ns);
  component::Append(spec.source, hash);
  hash.Int(static_cast<int64_t>(spec.alternatives.size()));
  for (const component::ComponentRef& alternative : spec.alternatives) component::Append(alternative, hash);
  hash.Int(static_cast<int64_t>(spec.preference)).Int(spec.refetch ? 1 : 0);
  hash.Int(static_cast<int64_t>(spec.gate));
  return hash.FinishHex();
}

absl::Status RunStatusOf(const std::vector<FetchResult>& results) {
  bool retryable = false;
  for (const FetchResult& result : results) {
    if (result.outcome != Outcome::kFailed) return absl::OkStatus();
    retryable |= result.retryable && base::DetailsOf(result.error).reason != kUnreachable;
  }
  std::string text;
  constexpr size_t kNamed = 3;
  for (size_t i = 0; i < std::min(results.size(), kNamed); ++i) {
    text += fmt::format("; {}: {}", results[i].symbol, base::Message(results[i].error));
  }
  if (results.size() > kNamed) text += fmt::format("; and {} more", results.size() - kNamed);
  return base::MakeError(retryable ? absl::StatusCode::kUnavailable : absl::StatusCode::kFailedPrecondition,
                         "ALL_SYMBOLS_FAILED", fmt::format("no symbol could be fetched{}", text));
}

}  // namespace breadthflow::data
