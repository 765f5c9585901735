#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

#include "common/base/cancel.h"
#include "common/base/clock.h"
#include "services/data/app/arrival.h"
#include "services/data/app/quarantines.h"
#include "services/data/app/source_set.h"
#include "services/data/domain/coverage.h"
#include "services/data/domain/fetch.h"
#include "services/data/domain/source.h"
#include "services/data/domain/source_choice.h"
#include "services/data/store/coverage_store.h"
#include "services/data/store/raw_body_store.h"
#include "services/data/store/series_store.h"

namespace breadthflow::data {

// What one symbol came to: how it ended, and what is to be committed with its result.
struct FetchedSymbol {
  FetchResult result;
  Taken taken;  // what is kept apart stays so, however it ended
  std::vector<Coverage> coverage;
  std::optional<SeriesMarket> market;              // that is named with the rows: by the source, else by the spec
  std::optional<absl::CivilDay> adjusted_as_of{};  // as the source says of the rows
  bool basis_assumed = false;                      // nobody says how some of the prices were adjusted
};

// The symbol becomes a failure: nothing of it is stored, and all that was asked for it failed.
void FailAll(const absl::Status& error, FetchedSymbol& fetched);

// One symbol of a run, and what is known of it.
struct SymbolTask {
  const FetchSpec& spec;
  const Resource& resource;  // that of the spec
  std::string symbol;
  std::string run;
  const CoverageStore::BySource& known;  // all entries
  const NamedCalendars& calendars;       // of its series
  base::CancelToken cancel;
};

// A body that came, under what was asked for: sources whose request does not depend on the range are asked once.
struct SourceAnswer {
  SourceRequest request;
  std::shared_ptr<const RawBody> body;  // not null
  std::string sha256;
  absl::Time asked;
};
// What the sources have said for a symbol, by variant and by what was asked. Given to Fetch again, nobody is asked
// twice.
using SourceAnswers = std::map<std::pair<std::string, std::string>, absl::StatusOr<SourceAnswer>>;

// The part of a fetch that is done symbol by symbol: see what is missing, ask for it, read, check, store as chunks that
// nothing refers to yet. Thread-safe; the stores must outlive it.
class SymbolFetch {
 public:
  SymbolFetch(SeriesStore& series, CoverageStore& coverage, RawBodyStore& bodies, Quarantines& quarantines,
              const base::Clock& clock, const CoveragePolicy& policy)
      : series_(series),
        coverage_(coverage),
        bodies_(bodies),
        quarantines_(quarantines),
        clock_(clock),
        policy_(policy) {}

  // Asks the sources in the order chosen until one can give the symbol. An error is one of this service, not of the
  // symbol: those are in the result. ABORTED SERIES_MOVED when others wrote the series meanwhile.
  absl::StatusOr<FetchedSymbol> Fetch(const SymbolTask& task, const std::vector<ReadySource>& sources,
                                      const std::vector<SourceChoice>& order, SourceAnswers& answers);

 private:
  absl::StatusOr<FetchedSymbol> FetchFrom(const SymbolTask& task, const ReadySource& source, SourceAnswers& answers);
  // What of a series that was fetched before was dropped, and not fetched again since.
  struct Dropped {
    int64_t before_ns = std::numeric_limits<int64_t>::min();
    std::vector<quant::TimeRange> back;  // but this, ascending
  };
  absl::StatusOr<Dropped> DroppedOf(const quant::SeriesKey& key);
  // Asks for the ranges, in time order, and reads what comes: rows and coverage. Only an error of this service is
  // returned; after one of the symbol, `fetched.result` is a failure.
  absl::Status Gather(const SymbolTask& task, const ReadySource& source, const std::vector<quant::TimeRange>& ranges,
                      SourceAnswers& answers, FetchedSymbol& fetched, quant::Series& rows);
  // Whether prices that are stored were adjusted to another instant than these: then both can not stand in one series.
  absl::StatusOr<bool> AdjustedAnew(const quant::SeriesKey& key, const std::vector<quant::TimeRange>& ranges,
                                    const quant::Series& rows);
  // The body for one range, kept under its hash when it can not be had again.
  static absl::StatusOr<SourceAnswer> Ask(const SymbolTask& task, const ReadySource& source,
                                          const quant::TimeRange& range, const base::Clock& clock,
                                          SourceAnswers& answers);
  // What the body says; the rows are of the resource and keep its rules.
  static absl::StatusOr<SourceData> Read(const Source& source, const SourceAnswer& answer);
  // Whether rows are stored in the range.
  absl::StatusOr<bool> IsStored(const quant::SeriesKey& key, const quant::TimeRange& range,
                                std::span<const Coverage> known);
  // Writes the chunks of what a source said about `asked`, to be committed with the result; rows that no market can
  // have made are not written but kept apart.
  absl::Status Store(const SymbolTask& task, const ReadySource& source, const quant::TimeRange& asked,
                     quant::Series series, FetchedSymbol& fetched);
  // How a symbol ends whose answer has no rows: well, where there are stored ones that it says nothing against.
  absl::StatusOr<Outcome> OutcomeOfNothing(const SymbolTask& task, const ReadySource& source,
                                           std::span<const Coverage> known);
  // Says of an arrival what its rows trade on and by which calendar they count, and of its terms what was named before
  // where that is another.
  absl::Status NameMarket(const SymbolTask& task, const ReadySource& source, Arrival& arrival, ArrivalTerms& terms);

  SeriesStore& series_;
  CoverageStore& coverage_;
  RawBodyStore& bodies_;
  Quarantines& quarantines_;
  const base::Clock& clock_;
  const CoveragePolicy policy_;
};

}  // namespace breadthflow::data
