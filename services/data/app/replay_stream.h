#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/time/time.h"

#include "common/base/clock.h"
#include "common/quant/calendar.h"
#include "services/data/app/live.h"
#include "services/data/store/series_store.h"

namespace breadthflow::data {

// Plays stored rows: all symbols merged by time, and in the order of the request at one instant, each row when it is
// due. A bounded part of the range is in memory at a time, whatever the number of symbols and rows. Not thread-safe.
class ReplayStream final : public LiveSource {
 public:
  struct Options {
    int64_t window_rows = 100'000;             // read at once, about
    int64_t window_bytes = int64_t{64} << 20;  // of their texts and values, where there are texts
  };
  // `states`: the series in the order of the request, in the states that are played, and the calendars that were named
  // for them. `cursor`: where to begin, with database, time and base set. `bars` as LiveStream::Open.
  ReplayStream(SeriesStore& series, const base::Clock& clock, LiveSpec spec, bool bars,
               std::vector<columnar::SeriesState> states, const NamedCalendars& calendars, LiveCursor cursor,
               Options options);

  absl::StatusOr<LiveStep> Next(LiveEvent& event) override;

 private:
  struct Place {  // of a row, in playing order
    int64_t time_ns;
    uint32_t series;
    uint32_t row;
  };
  absl::Status ReadWindow();
  std::shared_ptr<const LivePiece> TakePiece(absl::Time now);

  SeriesStore& series_;
  const base::Clock& clock_;
  const LiveSpec spec_;
  const bool bars_;
  const std::vector<columnar::SeriesState> states_;
  const Options options_;
  LiveCursor cursor_;
  int64_t told_;           // rows of the first instant that were played before
  quant::TimeRange left_;  // not read yet
  int64_t length_ns_ = 0;  // of the next window
  std::vector<quant::Series> window_;
  std::vector<Place> order_;
  size_t next_ = 0;  // of order_
  std::vector<int64_t> last_time_ns_;
  std::vector<const quant::Calendar*> named_;      // by the request or for the series; null: its rows tell
  std::vector<const quant::Calendar*> calendars_;  // that the series keep
  std::vector<LiveEvent> gaps_;                    // to be told before `piece_`, last first
  std::shared_ptr<const LivePiece> piece_;
  std::optional<Pace> pace_;
  absl::Time sent_;
};

}  // namespace breadthflow::data
