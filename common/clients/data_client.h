#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/clients/call.h"
#include "common/clients/run.h"
#include "common/component/catalog.h"
#include "common/quant/resample.h"
#include "common/quant/series.h"

namespace breadthflow::rpc {
class Channels;
}

namespace breadthflow::clients {

struct FetchSpec {
  component::ComponentRef source;  // "simulated", "csv_file" ... with its parameters
  std::string resource = "stock_price";
  std::vector<std::string> symbols;
  quant::Timeframe timeframe = quant::Timeframe::kDay;
  quant::TimeRange range;  // half-open
};

enum class FetchOutcome { kPending = 0, kOk = 1, kEmptyConfirmed = 2, kFailed = 3 };

// How one symbol of a fetch ended.
struct FetchItem {
  std::string symbol;
  FetchOutcome outcome = FetchOutcome::kPending;
  int64_t rows = 0;         // that the source gave
  int64_t rows_stored = 0;  // new or revised: 0 when everything was known already
  absl::Status error;       // not OK only when kFailed; file and line of each violation in its details
  bool retryable = false;
  std::string source;  // that has its rows; empty when it failed
};

struct FetchRun {
  RunStatus status;  // its result is the run itself: the rows are in the store
  FetchSpec spec;
  std::vector<FetchItem> items;  // one per symbol, in the order of the spec
};

// How prices are shown; the last three are anchored on the first row read. As Adjustment of the proto numbers them.
enum class Adjustment { kRaw = 1, kSplit = 2, kSplitDividend = 3, kTotalReturn = 4, kForwardSplit = 5, kForward = 6 };

// Other bars made of the rows, in the sessions of a calendar.
struct Resampling {
  quant::BarRule rule = quant::BarRule::kTime;
  quant::Timeframe timeframe = quant::Timeframe::kDay;  // kTime: 1min .. 1month
  double size = 0;                                      // the other rules
  std::string calendar;                                 // empty: XNYS
  bool fill_forward = false;                            // kTime: intervals without a trade repeat the last close
};

// Columns of another series, each as it was known at the time of the row.
struct AsOfJoin {
  std::string resource;
  std::vector<std::string> fields;  // each appears as "<resource>.<field>", or "<resource>[<symbol>].<field>"
  std::string source;               // empty: that of the rows, else the only one that is not made up
  absl::Duration ttl = absl::InfiniteDuration();
  bool skip_missing = false;  // a missing value is taken from the row before
  std::string replace_by;     // a row does not replace one whose value in this column is above its own
  std::string symbol;         // empty: that of the row, or the only one of what is of no company
  std::string period;         // of statements: "annual" ..., "any"; empty: "quarter"
};

// Which series at which state. Either `snapshot`, which fixes everything, or the other fields.
struct ReadQuery {
  // "snapshots/..."; it fixes resource, timeframe, as_of and source; symbols, range and fields narrow it.
  std::string snapshot;
  std::string resource = "stock_price";
  std::vector<std::string> symbols;  // empty: all symbols of the snapshot (an error without one)
  quant::Timeframe timeframe = quant::Timeframe::kDay;
  quant::TimeRange range;
  absl::Time as_of = absl::InfiniteFuture();  // knowledge time; infinite: now
  std::string source;                         // needed only when several sources have the series
  std::vector<std::string> fields;            // columns wanted; empty: all
  std::optional<quant::PriceBasis>
      basis;                             // adjust on read to it, where `adjustment` does not say how; absent: as stored
  std::optional<Adjustment> adjustment;  // adjust on read
  bool keep_adjusted = false;            // series stored with more adjustments than that come as they are stored
  std::string actions_from;              // whose splits and dividends; empty: by the rule of ReadSeries
  std::optional<Resampling> resampling;  // after the adjustment; `range` is then that of the bars made
  std::vector<AsOfJoin> joins;           // at most 16; their columns come whatever `fields` says
};

struct SnapshotSpec {
  std::string resource = "stock_price";
  std::vector<std::string> symbols;
  quant::Timeframe timeframe = quant::Timeframe::kDay;
  quant::TimeRange range;
  absl::Time as_of = absl::InfiniteFuture();
  std::string source;
};

struct SnapshotInfo {
  std::string name;          // "snapshots/..."
  std::string content_hash;  // SHA-256 of resource, symbols, times and values; 64 hex digits. Equal data, equal hash
  SnapshotSpec spec;         // as_of resolved
  absl::Time create_time;
  int64_t series_count = 0;
  int64_t row_count = 0;
  std::vector<std::string> sources;  // of its series, each once, ordered; spec.source is set when there is only one
};

enum class Severity { kInfo = 1, kWarning = 2, kError = 3 };

// What one check found in one series.
struct QualityFinding {
  std::string check;  // "completeness", "ohlc_order" ...
  Severity severity = Severity::kInfo;
  int64_t affected_rows = 0;         // or missing rows
  double affected_share = 0;         // of the expected rows, [0, 1]
  std::string message;               // what was expected and what was found
  std::vector<absl::Time> examples;  // at most ten
};

struct SeriesQuality {
  quant::SeriesKey key;
  std::string calendar;       // by which it was judged; empty: the report does not say
  int64_t expected_rows = 0;  // by the calendar, between the first and the last row
  int64_t rows = 0;
  double score = 1;  // [0, 1]
  std::vector<QualityFinding> findings;
};

struct QualityReport {
  std::string name;      // "qualityReports/..."
  std::string snapshot;  // what was checked
  std::vector<SeriesQuality> series;
  double score = 1;     // mean of the series' scores, weighted by expected rows
  bool passed = false;  // no finding is an error
  std::vector<std::string> recommendations;
  absl::Time create_time;
};

// The data service as other services see it. Thread-safe. Errors are those of the service, with their details;
// UNAVAILABLE is retried within the deadline where that is safe.
class DataClient {
 public:
  virtual ~DataClient() = default;

  // The same request_id (a UUID) gives the same run. Returns its name, "fetchRuns/...".
  virtual absl::StatusOr<std::string> CreateFetchRun(const FetchSpec& spec, const std::string& request_id,
                                                     const CallScope& scope) = 0;
  virtual absl::StatusOr<FetchRun> GetFetchRun(const std::string& name, const CallScope& scope) = 0;
  virtual absl::Status CancelFetchRun(const std::string& name, const CallScope& scope) = 0;

  // Fixes what is known now (or at spec.as_of) under a name. NOT_FOUND names every symbol without data.
  virtual absl::StatusOr<SnapshotInfo> CreateSnapshot(const SnapshotSpec& spec, const std::string& request_id,
                                                      const CallScope& scope) = 0;
  virtual absl::StatusOr<SnapshotInfo> GetSnapshot(const std::string& name, const CallScope& scope) = 0;

  // Checks a snapshot; the report of one snapshot is computed once and kept.
  virtual absl::StatusOr<QualityReport> GetQualityReport(const std::string& snapshot, const CallScope& scope) = 0;

  // Whole series, one per symbol in the order asked for (the snapshot's order if `symbols` is empty). A symbol without
  // rows in the range is there with no rows; a symbol that is not known is NOT_FOUND.
  virtual absl::StatusOr<std::vector<quant::Series>> Read(const ReadQuery& query, const CallScope& scope) = 0;

  // The same, series by series as they arrive: memory is bounded by the largest series. Stops with the first error
  // that `fn` returns.
  virtual absl::Status ReadEach(const ReadQuery& query, const std::function<absl::Status(quant::Series)>& fn,
                                const CallScope& scope) = 0;
};

// Calls go through the channel "data" of `channels`, which must outlive the client.
std::unique_ptr<DataClient> MakeDataClient(rpc::Channels& channels);

}  // namespace breadthflow::clients
