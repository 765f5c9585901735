#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/base/clock.h"
#include "common/telemetry/metrics.h"
#include "services/data/app/live.h"
#include "services/data/app/live_hub.h"
#include "services/data/store/series_store.h"

namespace breadthflow::data {

// What a stream works with. Everything must outlive it.
struct LiveParts {
  SeriesStore& series;
  LiveLog& log;
  LiveHub& hub;
  const base::Clock& clock;
  telemetry::Counter conflated;  // rows that were left out
};

// The stream of one subscriber: first what is stored, if that was asked for, then what was missed, read from the store
// itself, then what the hub brings. Every row that is committed behind the beginning comes exactly once, in the order
// in which the log has them. Not thread-safe.
class LiveStream final : public LiveSource {
 public:
  // `bars`: of a resource whose rows a calendar can expect. `head`: where the log is now. Errors as those of the
  // database; FAILED_PRECONDITION SEVERAL_SOURCES.
  static absl::StatusOr<std::unique_ptr<LiveSource>> Open(const LiveParts& parts, LiveSpec spec, bool bars,
                                                          const columnar::LogHead& head,
                                                          std::optional<LiveCursor> cursor);
  ~LiveStream() override;

  absl::StatusOr<LiveStep> Next(LiveEvent& event) override;

 private:
  struct Known {  // of a symbol
    std::optional<quant::SeriesKey> key;
    const quant::Calendar* calendar = nullptr;
    const quant::Calendar* named = nullptr;  // for the series, when that was looked up last
    bool settled = false;                    // no row can change the calendar
    int64_t last_time_ns = INT64_MIN;
    absl::Time last_arrival = absl::InfinitePast();
  };

  LiveStream(const LiveParts& parts, LiveSpec spec, bool bars, const columnar::LogHead& head);
  absl::Status Begin(std::optional<LiveCursor> cursor, const columnar::LogHead& head);
  // The states that the stream is of: those of the sources that `cursor_` has, else the only one of each symbol.
  // FAILED_PRECONDITION SEVERAL_SOURCES; INVALID_ARGUMENT INVALID_RESUME_TOKEN.
  absl::StatusOr<std::vector<columnar::SeriesState>> Choose(std::vector<columnar::SeriesState> states, bool lost);
  // The first message: of which symbols nothing is stored, and where the others come from.
  void TellBeginning(const std::vector<columnar::SeriesState>& states, bool awaited);
  // Each fills out_ when it has something, and says whether to go on asking at once.
  absl::StatusOr<bool> NextStored();
  absl::StatusOr<bool> NextMissed();
  absl::StatusOr<bool> NextLive();
  void Reach(const columnar::CommitPosition& target);
  // As one to several events, of which only the last may move `cursor_`.
  void Offer(std::shared_ptr<const LivePiece> piece, bool backfill, int64_t conflated);
  void AddGap(const std::string& symbol, const MissingRows& missing, std::string reason);
  void LookForSilence(absl::Time now);
  // Which calendar rows at these times keep.
  void Learn(size_t symbol, std::span<const int64_t> times);
  // That was named for the series, whatever its rows tell; null: none.
  void LearnNamed(size_t symbol, const quant::Calendar* named);
  quant::SeriesKey KeyOf(size_t symbol) const;

  const LiveParts parts_;
  const LiveSpec spec_;
  const bool bars_;
  const columnar::CommitPosition opened_;  // what it sees was stored before the subscription
  LiveCursor cursor_;
  std::unordered_map<std::string, size_t> symbol_;
  std::vector<Known> known_;
  std::vector<std::string> sources_;  // by symbol; empty when the request names one, or it is not known yet
  std::shared_ptr<LiveQueue> queue_;
  std::deque<LiveEvent> out_;

  // Stored rows: the series to tell, and those that are open.
  std::vector<std::pair<size_t, PlannedSeries>> planned_;  // with the symbol's number
  size_t next_planned_ = 0;
  std::deque<SeriesCursor> opened_series_;

  // What was missed: `cursor_.target` is where the reading goes to, and then, when it is set, `join_`.
  bool missed_ = false;
  std::optional<columnar::CommitPosition> join_;
  std::deque<columnar::Change> changes_;
  NamedCalendars changes_named_;  // of their series
  bool changes_end_ = false;
  int64_t up_to_ns_ = INT64_MIN;  // of the first change

  int64_t told_ = 0;  // rows of the first instant that is read next which were told before

  std::optional<SilenceWatch> silence_;
  absl::Time next_look_ = absl::InfinitePast();
  absl::Time sent_ = absl::InfinitePast();  // so the first message tells where the stream began
};

}  // namespace breadthflow::data
