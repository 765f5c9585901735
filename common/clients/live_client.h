#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "common/clients/call.h"
#include "common/component/catalog.h"
#include "common/quant/series.h"

namespace breadthflow::rpc {
class Channels;
}

namespace breadthflow::clients {

// Asks a source again and again while the subscription lasts.
struct LivePoll {
  component::ComponentRef source;
  absl::Duration interval = absl::ZeroDuration();  // zero: the bar size, at least 10 s
};

// Plays a stored range as if it came now.
struct LiveReplay {
  quant::TimeRange range;
  double speed = 0;                           // 1: as it came; 0: as fast as possible
  absl::Time as_of = absl::InfiniteFuture();  // rows as they were known then
};

// Which rows to follow.
struct LiveQuery {
  std::string resource = "stock_price";
  std::vector<std::string> symbols;  // 1 to 10,000; they need not be stored yet, except for a replay
  quant::Timeframe timeframe = quant::Timeframe::kDay;
  std::string source;               // needed when several sources have stored one of them
  std::optional<absl::Time> start;  // begin with the stored rows from then on; absent: with what comes from now on
  std::optional<LivePoll> poll;
  std::optional<LiveReplay> replay;             // excludes start and poll
  bool conflate = false;                        // when slow: only the newest row of each series
  std::optional<absl::Duration> silence_after;  // tell of series without a row for so long, exchange open
  std::string calendar;                         // XNYS, 24/7, FX, XETR; empty: what each series keeps
  std::string resume_token;                     // go on behind the message that had it, all else as it was
};

// Rows of one series, in order.
struct LiveRows {
  quant::Series rows;
  absl::Time arrival;          // when they were stored; of a replay, when they were played
  bool backfill = false;       // stored before the subscription, or while it was interrupted
  int64_t conflated_rows = 0;  // left out before these
  // The first row is of the instant of the last one before, beside whose rows these come: they were too many for one
  // message.
  bool continues_instant = false;
};

// Instants of which a series has no more rows: they were taken back. A subscriber need not have had all of them, and
// may be told again after a resumption.
struct LiveWithdrawal {
  quant::SeriesKey key;
  std::vector<int64_t> times;  // ascending
  absl::Time arrival;          // when they were withdrawn
  bool backfill = false;       // before the subscription, or while it was interrupted
  int64_t conflated_rows = 0;  // left out before
};

// Rows that a calendar expects and that will not come.
struct LiveGap {
  quant::SeriesKey key;
  quant::TimeRange range;
  int64_t expected_rows = 0;
  std::string reason;
};

// A series that has had no row for longer than it should.
struct LiveSilence {
  quant::SeriesKey key;
  std::optional<absl::Time> last_time;
  std::optional<absl::Time> last_arrival;
};

struct LiveMessage {
  std::variant<LiveRows, LiveGap, LiveSilence, LiveWithdrawal> payload;
  std::string resume_token;  // where to go on behind it, in a later subscription
};

// Live rows of the data service as other services see them; the same messages for what comes now, for what was missed
// and for a replay. Thread-safe.
class LiveClient {
 public:
  virtual ~LiveClient() = default;

  // Calls `fn` with every message, each once, until a replay is over (OK), `fn` returns an error (which is returned) or
  // the scope ends. A connection that breaks, or a server that restarts, is waited for, up to `patience` without any
  // sign of life, and the stream goes on where it was. Other errors are those of the service.
  virtual absl::Status Follow(const LiveQuery& query, const std::function<absl::Status(LiveMessage)>& fn,
                              const CallScope& scope, absl::Duration patience) = 0;
};

// Calls go through the channel "data" of `channels`, which must outlive the client.
std::unique_ptr<LiveClient> MakeLiveClient(rpc::Channels& channels);

}  // namespace breadthflow::clients
