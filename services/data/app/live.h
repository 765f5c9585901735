#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/component/catalog.h"
#include "common/quant/calendar.h"
#include "common/quant/series.h"
#include "services/data/domain/live.h"
#include "services/data/store/live_log.h"

// The words of live data: what is asked for, what comes, and where to go on.
namespace breadthflow::data {

struct PollSpec {
  component::ComponentRef source;
  absl::Duration interval = absl::ZeroDuration();  // zero: the bar size, at least 10 s
};

struct ReplaySpec {
  quant::TimeRange range;
  double speed = 0;  // 0: as fast as possible
  absl::Time as_of = absl::InfiniteFuture();
};

struct LiveSpec {
  std::string resource = "stock_price";
  std::vector<std::string> symbols;
  quant::Timeframe timeframe = quant::Timeframe::kDay;
  bool default_timeframe = false;   // that of the resource instead
  std::string source;               // empty: the only one that has the symbol
  std::optional<absl::Time> start;  // first what is stored from then on
  std::optional<PollSpec> poll;
  std::optional<ReplaySpec> replay;
  bool conflate = false;
  std::optional<absl::Duration> silence_after;
  const quant::Calendar* calendar = nullptr;  // of all symbols; null: what each series keeps, see CalendarOf
};

// What is wrong with a spec as such, and with what it combines. INVALID_ARGUMENT with every violation.
absl::Status CheckSpec(const LiveSpec& spec);

// A message made from rows, for whoever sends it: made once for all who get it.
class EncodedRows {
 public:
  virtual ~EncodedRows() = default;
};

// Where a calendar expects rows between two neighbours: the number of the later one.
using RowGaps = std::vector<std::pair<size_t, MissingRows>>;
RowGaps GapsIn(const quant::Series& rows, const quant::Calendar& calendar);

// Rows of one series that arrived together, and instants whose rows went with them. Immutable once shared.
struct LivePiece {
  quant::Series rows;              // without rows and columns when only `withdrawn` says something
  std::vector<int64_t> withdrawn;  // instants that the series has no more rows of; ascending
  absl::Time arrival;              // when they were stored; for a replay, when they were played
  columnar::Change change;
  columnar::ChangePlace place;                 // behind these rows
  int64_t told_rows = 0;                       // of the instant behind `place`, up to and with these
  bool continues = false;                      // the first row is of the instant of the piece before
  size_t too_large_bytes = 0;                  // of its only row, when no message can have that; else 0
  size_t text_bytes = 0;                       // of all texts; see CutPieces
  std::shared_ptr<const EncodedRows> encoded;  // null: not made yet
  const quant::Calendar* calendar = nullptr;   // that its series keeps, see CalendarOf
  bool named = false;                          // that was named for the series, whatever its rows tell
  RowGaps gaps;                                // on that calendar

  // About what it takes in memory.
  size_t Bytes() const { return (rows.size() * (rows.columns.size() + 1) + withdrawn.size()) * 8 + 512 + text_bytes; }
};

// `whole` as pieces that fit a message each, in order, at least one: all have what it says beside its rows, but its
// withdrawals come with the first, and its place with the last. `told`: so many rows of its first instant are left out,
// since they were told before. Rows of one instant stay together where a message can have them.
std::vector<std::shared_ptr<LivePiece>> CutPieces(LivePiece whole, int64_t told);

// Why a row of so many bytes does not come, for people.
std::string TooLargeText(size_t bytes);

// Fills `piece.calendar`, `piece.named` and `piece.gaps`; `named` is as CalendarOf takes it.
void FindGaps(LivePiece& piece, const quant::Calendar* named);

using EncodeRows = std::function<std::shared_ptr<const EncodedRows>(const LivePiece&)>;

// Which source each symbol of a stream is of, in the order of the request; empty: not known yet. As a text it is short
// as long as neighbours share their source; empty when nothing is known.
std::string SourcesToText(const std::vector<std::string>& sources);
// Of so many symbols. INVALID_ARGUMENT INVALID_RESUME_TOKEN.
absl::StatusOr<std::vector<std::string>> SourcesFromText(std::string_view text, size_t symbols);

// Where a stream stands. As a text it is what a resume token holds: "2|...", or as it was before sources were part of
// it, "1|...", which is still read.
struct LiveCursor {
  // Everything up to `base` has been told, and of what lies between it and `target` everything up to `place`.
  std::string database;
  absl::Time time;  // of the database's clock, when the stream began or was resumed; of a replay, when it began
  columnar::CommitPosition base;
  std::optional<columnar::CommitPosition> target;
  columnar::ChangePlace place;
  // While stored rows are told first, as they were at `base`: symbols before `symbol` are done, and this one up to and
  // including `time_ns`. For a replay: all rows before `time_ns`, and those at it up to and including `symbol`.
  bool stored = false;
  int64_t symbol = 0;
  int64_t time_ns = INT64_MIN;
  // Of the instant that comes next so many rows have been told: it had too many for one message.
  int64_t told_rows = 0;
  // SourcesToText of what was chosen; empty where the request says it.
  std::string sources;

  std::string ToText() const;
  // INVALID_ARGUMENT INVALID_RESUME_TOKEN.
  static absl::StatusOr<LiveCursor> Parse(std::string_view text);
};

struct LiveGap {
  quant::SeriesKey key;
  quant::TimeRange range;
  int64_t expected_rows = 0;
  std::string reason;
};

struct LiveSilence {
  quant::SeriesKey key;
  std::optional<int64_t> last_time_ns;
  std::optional<absl::Time> last_arrival;
};

struct LivePollFailure {
  std::vector<std::string> symbols;
  absl::Status error;
};

// Which source rows come from, and why.
struct LiveChoice {
  std::string source;
  std::string reason;
  std::vector<std::string> symbols;
};

// One thing that a stream tells.
struct LiveEvent {
  enum class Kind { kRows, kWithdrawal, kGap, kSilence, kAwaited, kPollFailure, kHeartbeat };
  Kind kind = Kind::kHeartbeat;
  std::shared_ptr<const LivePiece> rows;  // of a withdrawal too
  bool backfill = false;
  int64_t conflated_rows = 0;
  LiveGap gap;
  LiveSilence silence;
  std::vector<std::string> awaited;  // symbols of which nothing is stored yet
  LivePollFailure poll_failure;
  absl::Time heartbeat;
  std::vector<LiveChoice> choices;  // of the first one, when sources were chosen
  LiveCursor cursor;                // where to go on after it
};

// What a stream did when it was asked for the next event.
struct LiveStep {
  enum class Kind { kEvent, kEnd, kWait };
  Kind kind = Kind::kEnd;
  absl::Duration wait = absl::ZeroDuration();
  static LiveStep Event() { return {Kind::kEvent}; }
  static LiveStep End() { return {Kind::kEnd}; }
  static LiveStep Wait(absl::Duration wait) { return {Kind::kWait, wait}; }
};

// A stream from the side of its subscriber: asked by one thread at a time, which it does not hold up for longer than a
// read from the database takes.
class LiveSource {
 public:
  virtual ~LiveSource() = default;
  virtual absl::StatusOr<LiveStep> Next(LiveEvent& event) = 0;
};

inline constexpr absl::Duration kHeartbeat = absl::Seconds(15);

}  // namespace breadthflow::data
