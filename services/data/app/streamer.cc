#include "services/data/app/streamer.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/status.h"
#include "services/data/app/live_stream.h"
#include "services/data/app/polled_stream.h"
#include "services/data/app/replay_stream.h"
#include "services/data/domain/market_cap.h"
#include "services/data/domain/read_query.h"
#include "services/data/domain/resource.h"

namespace breadthflow::data {
namespace {

absl::Status ReplayRefused(absl::StatusCode code, const std::string& resource, const base::ErrorDetails& details) {
  std::string text = details.violations.front().description;
  if (details.violations.size() > 1) text += fmt::format(" (and {} more)", details.violations.size() - 1);
  return base::MakeError(code, fmt::format("{}: {}", resource, text), details);
}

// What is derived on read is never committed, so that no stream can tell it.
absl::Status CheckStored(const LiveSpec& spec, const std::vector<columnar::SeriesState>& states) {
  std::set<std::string_view> stored;
  for (const columnar::SeriesState& state : states) stored.insert(state.key.symbol);
  base::Violations violations;
  for (size_t i = 0; i < spec.symbols.size(); ++i) {
    if (stored.contains(spec.symbols[i])) continue;
    violations.Add(
        fmt::format("symbols[{}]", i),
        fmt::format("{} of {} is not stored, and what is derived of prices and shares has no live rows: stream "
                    "stock_price and read {} when a row comes, or poll a source that has it",
                    spec.resource, spec.symbols[i], spec.resource));
  }
  return violations.ToStatus("invalid stream", "DERIVED_RESOURCE");
}

}  // namespace

Streamer::Streamer(postgres::Database& database, ResourceStore& resources, SeriesStore& series, Fetcher& fetcher,
                   FetchStore& runs, telemetry::Metrics& metrics, const base::Clock& clock, EncodeRows encode)
    : resources_(resources),
      series_(series),
      clock_(clock),
      log_(database),
      polls_(database),
      poller_(fetcher, runs, series, polls_, metrics, clock),
      hub_(log_, series, metrics, clock, std::move(encode)),
      conflated_(
          metrics.Counter("bf_live_conflated_rows_total", "Live rows left out for subscribers that were slow.")) {}

void Streamer::Start() {
  hub_.Start();
  poller_.Start();
}

void Streamer::Stop() {
  poller_.Stop();
  hub_.Stop();
}

absl::StatusOr<std::unique_ptr<LiveSource>> Streamer::Open(LiveSpec spec, const std::string& resume) {
  BF_RETURN_IF_ERROR(CheckSpec(spec));
  BF_ASSIGN_OR_RETURN(const Resource* resource, resources_.Find(spec.resource));
  if (spec.default_timeframe) spec.timeframe = DefaultTimeframe(*resource);
  const bool bars = resource->bars;
  std::optional<LiveCursor> cursor;
  if (!resume.empty()) {
    BF_ASSIGN_OR_RETURN(cursor, LiveCursor::Parse(resume));
  }
  BF_ASSIGN_OR_RETURN(const columnar::LogHead head, log_.Head());
  if (spec.resource == kMarketCap && !spec.poll && !cursor) {
    BF_ASSIGN_OR_RETURN(const std::vector<columnar::SeriesState> states,
                        log_.States({spec.resource, spec.timeframe, spec.symbols}, spec.source, head.position,
                                    head.position, {}, absl::InfiniteFuture()));
    BF_RETURN_IF_ERROR(CheckStored(spec, states));
  }
  if (spec.replay) return OpenReplay(spec, bars, head, std::move(cursor));
  const LiveParts parts{series_, log_, hub_, clock_, conflated_};
  if (spec.poll) {
    BF_ASSIGN_OR_RETURN(LivePoller::Polling polled, poller_.Poll(spec));
    if (!spec.source.empty() && spec.source != spec.poll->source.name && spec.source != polled.variant) {
      base::Violations violations;
      violations.Add("source", fmt::format("must be {}, which is polled, or left out", polled.variant));
      return violations.ToStatus("invalid stream");
    }
    spec.source = polled.variant;
    BF_ASSIGN_OR_RETURN(auto stream, LiveStream::Open(parts, spec, bars, head, std::move(cursor)));
    return std::make_unique<PolledStream>(std::move(stream), poller_, std::move(polled), spec.symbols, clock_);
  }
  return LiveStream::Open(parts, std::move(spec), bars, head, std::move(cursor));
}

absl::StatusOr<std::unique_ptr<LiveSource>> Streamer::OpenReplay(const LiveSpec& spec, bool bars,
                                                                 const columnar::LogHead& head,
                                                                 std::optional<LiveCursor> cursor) {
  base::Violations violations;
  CheckAsOf(spec.replay->as_of, clock_.Now(), "replay.as_of_time", violations);
  BF_RETURN_IF_ERROR(violations.ToStatus("invalid stream"));
  if (cursor && (cursor->database != head.database || !head.position.Covers(cursor->base))) {
    return base::MakeError(absl::StatusCode::kFailedPrecondition, "STORE_REPLACED",
                           "the store is not the one that gave the resume token: begin the replay again");
  }
  if (!cursor) cursor = LiveCursor{.database = head.database, .time = head.time, .base = head.position};
  // What is played stays as it was when the replay began.
  BF_ASSIGN_OR_RETURN(const std::vector<columnar::SeriesState> states,
                      log_.States({spec.resource, spec.timeframe, spec.symbols}, spec.source, cursor->base,
                                  cursor->base, {}, spec.replay->as_of));
  std::map<std::string, std::vector<const columnar::SeriesState*>> by_symbol;
  for (const columnar::SeriesState& state : states) by_symbol[state.key.symbol].push_back(&state);
  std::vector<columnar::SeriesState> played;
  base::ErrorDetails unknown{.reason = "UNKNOWN_SERIES"};
  base::ErrorDetails several{.reason = "SEVERAL_SOURCES"};
  for (size_t i = 0; i < spec.symbols.size(); ++i) {
    const auto& found = by_symbol[spec.symbols[i]];
    const std::string field = fmt::format("symbols[{}]", i);
    if (found.empty()) {
      unknown.violations.push_back(
          {field, fmt::format("{} {} is not stored", spec.symbols[i], quant::ToText(spec.timeframe))});
    } else if (found.size() > 1) {
      std::string names;
      for (const columnar::SeriesState* state : found) names += (names.empty() ? "" : ", ") + state->key.variant;
      several.violations.push_back(
          {field, fmt::format("{} is stored from {}: name the source", spec.symbols[i], names)});
    } else {
      played.push_back(*found.front());
    }
  }
  if (!unknown.violations.empty()) return ReplayRefused(absl::StatusCode::kNotFound, spec.resource, unknown);
  if (!several.violations.empty()) return ReplayRefused(absl::StatusCode::kFailedPrecondition, spec.resource, several);
  std::vector<columnar::SeriesHead> heads;
  heads.reserve(played.size());
  for (const columnar::SeriesState& state : played) {
    heads.push_back({.key = state.key, .lost_before_ns = state.lost_before_ns, .lost_since = state.lost_since});
  }
  const int64_t first = std::max(spec.replay->range.start_ns, cursor->time_ns);
  BF_RETURN_IF_ERROR(RefuseLost(heads, [&](const columnar::SeriesHead&) { return first; }));
  std::vector<quant::SeriesKey> keys;
  keys.reserve(played.size());
  for (const columnar::SeriesState& state : played) keys.push_back(state.key);
  BF_ASSIGN_OR_RETURN(const NamedCalendars calendars,
                      series_.Calendars(keys, std::min(spec.replay->as_of, cursor->time), absl::InfiniteFuture()));
  return std::make_unique<ReplayStream>(series_, clock_, spec, bars, std::move(played), calendars, *std::move(cursor),
                                        ReplayStream::Options());
}

}  // namespace breadthflow::data
