#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/clock.h"
#include "common/component/catalog.h"
#include "common/jobs/runner.h"
#include "services/data/app/quarantines.h"
#include "services/data/app/source_set.h"
#include "services/data/app/symbol_fetch.h"
#include "services/data/domain/coverage.h"
#include "services/data/domain/fetch.h"
#include "services/data/domain/source.h"
#include "services/data/domain/source_choice.h"
#include "services/data/store/coverage_store.h"
#include "services/data/store/fetch_store.h"
#include "services/data/store/raw_body_store.h"
#include "services/data/store/resource_store.h"
#include "services/data/store/series_store.h"

namespace breadthflow::data {

class SymbolCommits;

// Who asks for something, for jobs and deduplication.
struct Submission {
  std::string principal;
  std::string traceparent;
  std::string request_id;  // empty: no deduplication
  absl::Time deadline = absl::InfiniteFuture();
};

// Fetches: a run per request, worked off as a job. What a symbol brought (its rows, or those that no market can have
// made and that are kept apart), what it covers and how it ended appear in one transaction, as soon as it ended, and
// are never half there. Whatever ends a run after that, a crash or a cancel, leaves them: the next attempt goes on with
// the symbols that are not done. Thread-safe.
class Fetcher {
 public:
  static constexpr const char* kJobKind = "fetch";
  static constexpr int kDefaultSymbolsAtOnce = 4;
  static constexpr int kMaxSymbolsAtOnce = 64;

  // All references must outlive the fetcher. `wake_up` is called after a run or a wish to cancel was committed.
  struct Parts {
    postgres::Database& database;
    ResourceStore& resources;
    SeriesStore& series;
    FetchStore& runs;
    CoverageStore& coverage;
    RawBodyStore& bodies;
    Quarantines& quarantines;
    const component::Catalog<SourceEntry>& sources;
    SourceEntry::Environment environment;
    const base::Clock& clock;
    std::function<void()> wake_up;
    CoveragePolicy policy;
    int symbols_at_once = kDefaultSymbolsAtOnce;  // asked for by one run
  };
  explicit Fetcher(Parts parts);

  // Checks everything that can be checked without the source's data and enqueues the run; its id.
  // INVALID_ARGUMENT with every violation; FAILED_PRECONDITION when no source can be asked here.
  absl::StatusOr<std::string> Submit(const FetchSpec& spec, const Submission& submission);

  // Under which variant the rows of this source are stored. FAILED_PRECONDITION and INVALID_ARGUMENT when it can not be
  // asked.
  absl::StatusOr<std::string> VariantOf(const component::ComponentRef& source) const;

  // Asks a run to stop; a final one stays what it is. NOT_FOUND as FetchStore::Get.
  absl::Status Cancel(const std::string& id, absl::Time deadline);

  // The handler of the job. Several symbols are asked for at a time; what comes of it does not depend on how many.
  // Every symbol ends as exactly one outcome and is committed by itself, under the epoch of the attempt. A series that
  // others wrote meanwhile is looked at and written again, without asking anybody again; only a symbol whose series
  // never rests fails by it. What earlier attempts recorded stays, but for failures that may pass: those are asked
  // again.
  absl::StatusOr<jobs::Effects> Run(jobs::JobContext& context);

 private:
  // What a run has to begin with.
  struct Plan {
    const FetchSpec& spec;
    const Resource& resource;
    const std::vector<ReadySource>& sources;
    std::map<std::string, CoverageStore::BySource> known;  // by symbol
    std::map<std::string, int64_t> failures;               // of sources
    NamedCalendars calendars;                              // of the series that its sources may give
  };
  // What is known of the sources before they are asked for a symbol.
  std::vector<SourceFacts> FactsOf(const Plan& plan, const CoverageStore::BySource& known) const;
  // Those that the spec names, else those that are stored.
  absl::StatusOr<NamedCalendars> CalendarsOf(const Plan& plan) const;
  // One symbol, until its result is committed. An error is one of this service.
  absl::Status FetchOne(const Plan& plan, const SymbolTask& task, int64_t position, SymbolCommits& commits);
  // All symbols that are not `done` (by position). An error is one of this service and ends what the others are at.
  absl::Status FetchAll(const Plan& plan, const std::vector<bool>& done, jobs::JobContext& context);

  const Parts parts_;
  SymbolFetch symbols_;
};

}  // namespace breadthflow::data
