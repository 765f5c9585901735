#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "common/quant/series.h"
#include "services/data/domain/fetch.h"
#include "services/data/domain/source.h"

namespace breadthflow::data {

// A range that was asked of a source and what came of it: where stored rows came from, and which rows do not exist.
// Which rows an answer for a range has: asked_rows.h.
struct Coverage {
  quant::SeriesKey key;  // the variant names the source
  quant::TimeRange range;
  Outcome outcome = Outcome::kOk;
  // Rows received; nullopt when a later answer has taken the place of a part of them.
  std::optional<int64_t> rows;
  absl::Status error;
  bool retryable = false;
  std::string run;        // that asked
  absl::Time fetch_time;  // just before it asked; to the microsecond
  std::string body_sha256;
  quant::PriceBasis basis = quant::PriceBasis::kNotPrices;
  std::string parameters;  // what of the source's parameters and version decides about the rows: RowParameters()
};

// A range that a source has said all of, and when this store learnt it, by the clock of the database.
struct KnownAnswer {
  quant::TimeRange range;
  absl::Time known_at;
};

// What one source has said all of, by some instant, of a series: its rows there are stored, or there are none.
struct Answers {
  std::string source;
  std::vector<quant::TimeRange> ranges;  // ascending, none touches the next
  absl::Time known_at;                   // when this store learnt the last of it
  std::vector<KnownAnswer> each{};       // as they came; ascending by the beginning of their ranges
};

// The instant before which a state of a series has lost its rows by drops that came at an instant or later, by the
// clock of the database; the smallest int64: none came.
using DroppedSince = std::function<int64_t(absl::Time)>;

// What of the answers the state still has: what was dropped after the answer is gone, what was answered after the drop
// has come back, wherever its rows are and whether there are any. Ascending, none touches the next.
std::vector<quant::TimeRange> StillThere(const Answers& answers, const DroppedSince& dropped);

// The end of the last part of the answers that is not there any more (StillThere); nullopt: all of it is.
std::optional<int64_t> EndOfDropped(const Answers& answers, const DroppedSince& dropped);

// Whether it is remembered when what was answered for a resource became known: adjusted reads as of an instant ask
// which splits and dividends were known then. Of others, whose answers come with every poll, only the last ones are
// kept.
bool RemembersAnswers(std::string_view resource);

struct CoveragePolicy {
  // What happened so shortly before the fetch may still be corrected, and is asked for again.
  absl::Duration revision_window = absl::Hours(24 * 7);
  // But not when it was asked for less than this ago, or than the length of a bar.
  absl::Duration recheck_after = absl::Minutes(15);
};

// Fingerprint of the checked parameters that decide about the rows of a source, and of its version.
std::string RowParameters(const SourceEntry& entry, const component::RawParams& params);

// The parts of `range` outside `ranges`, which need no order; ascending.
std::vector<quant::TimeRange> Outside(const quant::TimeRange& range, std::vector<quant::TimeRange> ranges);

// The parts of `range` that have to be asked for, ascending: those that no answer to the same parameters covers. An
// answer covers what it was asked for up to its own time; of a source with recent revisions, for ever only what was
// older than the revision window then.
std::vector<quant::TimeRange> Missing(const quant::TimeRange& range, std::span<const Coverage> known,
                                      const std::string& parameters, Revisions revisions, const CoveragePolicy& policy,
                                      absl::Time now);

// `known` without what lies before an instant.
std::vector<Coverage> Since(std::span<const Coverage> known, int64_t from_ns);

// `ranges` without what lies before an instant and is covered, by answers to any parameters: rows that were dropped
// there are not asked for again. `back`: what has come back since. Ascending as they are.
std::vector<quant::TimeRange> WithoutDropped(std::span<const quant::TimeRange> ranges, std::span<const Coverage> known,
                                             int64_t before_ns, std::span<const quant::TimeRange> back = {});

// What an answer covers: one entry, or two with a border at the beginning of the revision window, so that the younger
// part can be replaced whole. `like` has everything but range, outcome and rows; `times` are those by which the rows
// count (InstantsWithin). Nothing of a range that lies behind the time of fetching is covered.
std::vector<Coverage> Covered(const Coverage& like, const quant::TimeRange& asked, std::span<const int64_t> times,
                              Revisions revisions, const CoveragePolicy& policy);

// `known` of one series after `added`: an answer takes the place of what was known of its range; a failure only of
// other failures, since rows that are stored stay. Ascending, without overlap.
std::vector<Coverage> Merge(std::vector<Coverage> known, const std::vector<Coverage>& added);

// `known` of one series, ascending without overlap, with neighbours made one where Missing can not tell them apart any
// more, now or later: answers to the same parameters that were young when they were given and have gone stale since, by
// the newest answer. So what polls leave does not grow with their number. The one that is left has the time of the
// earliest answer, and the run and the body of the last.
std::vector<Coverage> Fused(std::vector<Coverage> known, const CoveragePolicy& policy);

// Whether rows exist in the range, by answers to any parameters; nullopt when only the store can tell, since the
// answers that overlap it and had rows reach beyond it, or are not whole any more.
std::optional<bool> HasRows(const quant::TimeRange& range, std::span<const Coverage> known);

// The part of the range that answers to the same parameters cover, in [0, 1].
double CoveredShare(const quant::TimeRange& range, std::span<const Coverage> known, const std::string& parameters);

}  // namespace breadthflow::data
