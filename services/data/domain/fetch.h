#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/component/catalog.h"
#include "common/quant/series.h"
#include "services/data/domain/resource.h"
#include "services/data/domain/series_market.h"

namespace breadthflow::data {

inline constexpr size_t kMaxSymbols = 10'000;

inline constexpr size_t kMaxAlternatives = 8;
inline constexpr size_t kMaxNotes = 20;

// Which of several sources is asked first.
enum class Preference { kOrder = 1, kCoverage = 2, kFreshness = 3, kHealth = 4, kCost = 5 };
// What becomes of the rows of a symbol when no market can have made some of them.
enum class QualityGate { kQuarantine = 1, kStore = 2 };

struct FetchSpec {
  std::string resource = "stock_price";
  std::vector<std::string> symbols;
  quant::Timeframe timeframe = quant::Timeframe::kDay;
  quant::TimeRange range;
  component::ComponentRef source;
  // Asked in turn for symbols that the source before could not give.
  std::vector<component::ComponentRef> alternatives;
  Preference preference = Preference::kOrder;
  bool refetch = false;  // all of the range, not only what is not covered
  QualityGate gate = QualityGate::kQuarantine;
};

// One source that was asked for a symbol.
struct SourceAttempt {
  std::string source;
  std::string reason;  // why it was chosen, for people
  absl::Status error;  // why it could not give the symbol
};

enum class Outcome { kPending = 0, kOk = 1, kEmptyConfirmed = 2, kFailed = 3 };

// How the fetch of one symbol ended: exactly one of the outcomes, never silence.
struct FetchResult {
  std::string symbol;
  Outcome outcome = Outcome::kPending;
  int64_t rows = 0;                       // received
  int64_t changed_rows = 0;               // new, revised or gone; 0 when everything was known already
  int64_t removed_rows = 0;               // of those, gone: stored before, and not among what the source has now
  std::optional<int64_t> revised_rows{};  // of those, stored with other values before; nullopt: not counted
  absl::Status error;                     // not OK exactly when kFailed
  bool retryable = false;
  std::string body_sha256;              // of the last body that came; empty when there was none
  std::string source;                   // that has the rows: the variant of their series; empty when all failed
  std::vector<SourceAttempt> attempts;  // in the order they were asked
  std::vector<quant::TimeRange> fetched_ranges;  // what was asked; empty when everything was covered already
  std::vector<std::string> notes;                // what was left out, for people; at most kMaxNotes
  std::string quarantine;                        // id of the rows that the gate did not let pass; empty: all were
  int64_t impossible_rows = 0;                   // no market can have made them
  int64_t quarantined_rows = 0;                  // wait in the quarantine
};

// The result becomes a failure: `error`, and whether another attempt may help. What was asked and what came of it
// stays.
void Fail(absl::Status error, FetchResult& result);

// Adds a note, printable, unless there are kMaxNotes: then the last one says that there are more.
void AddNote(std::string_view note, FetchResult& result);

// Notes how many of the rows, whose times ascend, lie behind `now`, and where the first one does. They are stored: a
// file may hold a forecast, and a made-up market goes on for ever. Reads by time show them like all others.
void TellOfTheFuture(const std::vector<int64_t>& times, absl::Time now, FetchResult& result);

// Notes that rows count by another calendar from now on, unless both are the same one.
void TellOfOtherCalendar(const SeriesMarket& before, const SeriesMarket& now, FetchResult& result);

// Whether a source that failed like this could not give the symbol, so that the next one is asked: it is out of reach
// or used up, has no key here or does not know the symbol. Rows that are wrong are no reason to look elsewhere.
bool CouldNotGive(const absl::Status& error);

// What is wrong with a spec as such (symbols, range); sources check their own part. `resource` is what was found under
// spec.resource. INVALID_ARGUMENT with every violation.
absl::Status CheckSpec(const FetchSpec& spec, const absl::StatusOr<const Resource*>& resource);

// Two requests with one fingerprint ask for the same thing: of the spec as its sender wrote it, without the source's
// defaults.
std::string Fingerprint(const FetchSpec& spec);

// What becomes of a run whose symbols ended like this: OK unless every symbol failed. Then UNAVAILABLE when another
// attempt may help one of them, else FAILED_PRECONDITION; reason ALL_SYMBOLS_FAILED, and the first errors in the text.
// No attempt is made again because a provider is out of reach (kUnreachable): that was tried for as long as makes
// sense.
absl::Status RunStatusOf(const std::vector<FetchResult>& results);

}  // namespace breadthflow::data
