// LiveStream: where it begins.
#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "services/data/app/live_stream.h"
#include "services/data/domain/market_hours.h"

namespace breadthflow::data {
namespace {

// Which source each symbol is of. With two for one symbol somebody has to say which.
absl::StatusOr<std::unordered_map<std::string, std::string>> SourcesOf(
    const std::vector<columnar::SeriesState>& states) {
  std::unordered_map<std::string, std::string> sources;
  base::ErrorDetails several{.reason = "SEVERAL_SOURCES"};
  for (const columnar::SeriesState& state : states) {
    const auto [found, is_new] = sources.emplace(state.key.symbol, state.key.variant);
    if (!is_new) {
      several.violations.push_back({"symbols", fmt::format("{} is stored from {} and {}: name the source",
                                                           state.key.symbol, found->second, state.key.variant)});
    }
  }
  if (several.violations.empty()) return sources;
  return base::MakeError(absl::StatusCode::kFailedPrecondition, several.violations.front().description, several);
}

}  // namespace

absl::StatusOr<std::unique_ptr<LiveSource>> LiveStream::Open(const LiveParts& parts, LiveSpec spec, bool bars,
                                                             const columnar::LogHead& head,
                                                             std::optional<LiveCursor> cursor) {
  std::unique_ptr<LiveStream> stream(new LiveStream(parts, std::move(spec), bars, head));
  BF_RETURN_IF_ERROR(stream->Begin(std::move(cursor), head));
  return std::unique_ptr<LiveSource>(std::move(stream));
}

LiveStream::LiveStream(const LiveParts& parts, LiveSpec spec, bool bars, const columnar::LogHead& head)
    : parts_(parts), spec_(std::move(spec)), bars_(bars), opened_(head.position), known_(spec_.symbols.size()) {
  for (size_t i = 0; i < spec_.symbols.size(); ++i) symbol_.emplace(spec_.symbols[i], i);
  std::vector<const quant::Calendar*> calendars;
  for (size_t i = 0; i < known_.size(); ++i) {
    known_[i].settled = spec_.calendar != nullptr;
    known_[i].calendar = spec_.calendar != nullptr ? spec_.calendar : &CalendarOf(KeyOf(i), {});
    calendars.push_back(known_[i].calendar);
  }
  if (spec_.silence_after) silence_.emplace(std::move(calendars), *spec_.silence_after, parts_.clock.Now());
}

void LiveStream::TellAwaited(const std::vector<columnar::SeriesState>& states) {
  std::vector<bool> stored(known_.size());
  for (const columnar::SeriesState& state : states) stored[symbol_.at(state.key.symbol)] = state.rows > 0;
  LiveEvent event{.kind = LiveEvent::Kind::kAwaited};
  for (size_t i = 0; i < stored.size(); ++i) {
    if (!stored[i]) event.awaited.push_back(spec_.symbols[i]);
  }
  event.cursor = cursor_;
  if (!event.awaited.empty()) out_.push_back(std::move(event));
}

absl::Status LiveStream::Begin(std::optional<LiveCursor> cursor, const columnar::LogHead& head) {
  // A position of another database, or of a time that this one has been taken back from, says nothing about this one.
  std::optional<absl::Time> lost;
  if (cursor && (cursor->database != head.database || !head.position.Covers(cursor->base) ||
                 (cursor->target && !head.position.Covers(*cursor->target)))) {
    lost = cursor->time;
    cursor.reset();
  }
  const bool resumed = cursor.has_value();
  if (cursor) {
    cursor_ = *std::move(cursor);
  } else {
    cursor_ = {.database = head.database, .base = head.position, .stored = spec_.start.has_value() && !lost};
  }
  cursor_.time = head.time;
  const bool first = !resumed && !lost;
  const columnar::ChangeFilter filter{spec_.resource, spec_.timeframe, spec_.symbols};
  BF_ASSIGN_OR_RETURN(const std::vector<columnar::SeriesState> states,
                      parts_.log.States(filter, spec_.source, cursor_.base, cursor_.target.value_or(cursor_.base),
                                        cursor_.place, absl::InfiniteFuture()));
  BF_ASSIGN_OR_RETURN(auto sources, SourcesOf(states));
  std::vector<quant::SeriesKey> keys;
  for (const columnar::SeriesState& state : states) keys.push_back(state.key);
  BF_ASSIGN_OR_RETURN(const NamedCalendars named,
                      parts_.series.Calendars(keys, absl::InfiniteFuture(), absl::InfiniteFuture()));
  for (const columnar::SeriesState& state : states) {
    Known& known = known_[symbol_.at(state.key.symbol)];
    known.key = state.key;
    known.last_arrival = state.known_at;
    LearnNamed(symbol_.at(state.key.symbol), NamedFor(named, state.key));
    if (state.rows > 0) {
      known.last_time_ns = state.last_time_ns;
      Learn(symbol_.at(state.key.symbol), std::span(&state.last_time_ns, 1));
    }
    // Part of a change has been told.
    if (cursor_.target && cursor_.place.series_id == state.id && cursor_.place.version == state.version) {
      known.last_time_ns = std::min(known.last_time_ns, cursor_.place.time_ns);
    }
  }
  if (first) TellAwaited(states);
  if (cursor_.stored) {
    const int64_t start_ns = quant::ToNanos(*spec_.start);
    for (const columnar::SeriesState& state : states) {
      const auto symbol = static_cast<int64_t>(symbol_.at(state.key.symbol));
      if (state.last_time_ns >= start_ns) known_[static_cast<size_t>(symbol)].last_time_ns = INT64_MIN;
      if (symbol < cursor_.symbol) {
        known_[static_cast<size_t>(symbol)].last_time_ns = state.last_time_ns;
        continue;
      }
      quant::TimeRange range{start_ns, INT64_MAX};
      if (symbol == cursor_.symbol && cursor_.time_ns != INT64_MIN) {
        range.start_ns = std::max(start_ns, cursor_.time_ns + 1);
        known_[static_cast<size_t>(symbol)].last_time_ns = cursor_.time_ns;
      }
      planned_.emplace_back(static_cast<size_t>(symbol),
                            PlannedSeries{state.key, state.basis, state.version, range, state.rows});
    }
    std::sort(planned_.begin(), planned_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  }
  if (lost) {
    for (size_t i = 0; i < spec_.symbols.size(); ++i) {
      const quant::TimeRange range{quant::ToNanos(*lost), quant::ToNanos(head.time) + 1};
      MissingRows missing{.range = range};
      if (bars_) {
        const auto expected = ExpectedBetween(*known_[i].calendar, spec_.timeframe, range.start_ns, range.end_ns);
        missing.rows = expected ? expected->rows : 0;
      }
      AddGap(spec_.symbols[i], missing,
             "the store is not the one that gave the resume token: read what it has of that time");
    }
  }
  queue_ = std::make_shared<LiveQueue>(spec_.conflate, spec_.source, std::move(sources), LiveQueue::Limits());
  BF_ASSIGN_OR_RETURN(join_, parts_.hub.Join(queue_, spec_, cursor_.target.value_or(cursor_.base)));
  missed_ = resumed || !cursor_.base.Covers(*join_);
  return absl::OkStatus();
}

}  // namespace breadthflow::data
