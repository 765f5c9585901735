// LiveStream: where it begins.
#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "services/data/app/live_stream.h"
#include "services/data/domain/market_hours.h"

namespace breadthflow::data {
namespace {

constexpr const char* kNamedSource = "the request names it";
constexpr const char* kOnlySource = "the only source that is stored";

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

// With two sources for one symbol somebody has to say which, once: what was chosen stays.
absl::StatusOr<std::vector<columnar::SeriesState>> LiveStream::Choose(std::vector<columnar::SeriesState> states,
                                                                      bool lost) {
  sources_.assign(spec_.symbols.size(), "");
  if (!spec_.source.empty()) return states;
  BF_ASSIGN_OR_RETURN(std::vector<std::string> chosen, SourcesFromText(cursor_.sources, spec_.symbols.size()));
  if (lost) {
    // Of what another store had, that which this one has too.
    std::vector<bool> stored(chosen.size());
    for (const columnar::SeriesState& state : states) {
      const size_t symbol = symbol_.at(state.key.symbol);
      if (state.key.variant == chosen[symbol]) stored[symbol] = true;
    }
    for (size_t i = 0; i < chosen.size(); ++i) {
      if (!stored[i]) chosen[i].clear();
    }
  }
  std::erase_if(states, [&](const columnar::SeriesState& state) {
    const std::string& source = chosen[symbol_.at(state.key.symbol)];
    return !source.empty() && source != state.key.variant;
  });
  sources_ = std::move(chosen);
  base::ErrorDetails several{.reason = "SEVERAL_SOURCES"};
  for (const columnar::SeriesState& state : states) {
    std::string& source = sources_[symbol_.at(state.key.symbol)];
    if (!source.empty() && source != state.key.variant) {
      several.violations.push_back({"symbols", fmt::format("{} is stored from {} and {}: name the source",
                                                           state.key.symbol, source, state.key.variant)});
    }
    source = state.key.variant;
  }
  if (!several.violations.empty()) {
    return base::MakeError(absl::StatusCode::kFailedPrecondition, several.violations.front().description, several);
  }
  cursor_.sources = SourcesToText(sources_);
  return states;
}

void LiveStream::TellBeginning(const std::vector<columnar::SeriesState>& states, bool awaited) {
  std::vector<bool> stored(known_.size());
  for (const columnar::SeriesState& state : states) stored[symbol_.at(state.key.symbol)] = state.rows > 0;
  LiveEvent event{.heartbeat = parts_.clock.Now(), .cursor = cursor_};
  std::map<std::string, LiveChoice> choices;
  for (size_t i = 0; i < stored.size(); ++i) {
    if (!stored[i] && awaited) event.awaited.push_back(spec_.symbols[i]);
    const std::string& source = spec_.source.empty() ? sources_[i] : spec_.source;
    if (source.empty() || (!stored[i] && awaited)) continue;
    LiveChoice& choice = choices[source];
    choice.source = source;
    choice.reason = spec_.source.empty() ? kOnlySource : kNamedSource;
    choice.symbols.push_back(spec_.symbols[i]);
  }
  if (!event.awaited.empty()) event.kind = LiveEvent::Kind::kAwaited;
  for (auto& [source, choice] : choices) event.choices.push_back(std::move(choice));
  out_.push_back(std::move(event));
}

absl::Status LiveStream::Begin(std::optional<LiveCursor> cursor, const columnar::LogHead& head) {
  // A position of another database, or of a time that this one has been taken back from, says nothing about this one.
  std::optional<absl::Time> lost;
  if (cursor && (cursor->database != head.database || !head.position.Covers(cursor->base) ||
                 (cursor->target && !head.position.Covers(*cursor->target)))) {
    lost = cursor->time;
    cursor_.sources = cursor->sources;
    cursor.reset();
  }
  const bool resumed = cursor.has_value();
  if (cursor) {
    cursor_ = *std::move(cursor);
  } else {
    cursor_ = {.database = head.database,
               .base = head.position,
               .stored = spec_.start.has_value() && !lost,
               .sources = std::move(cursor_.sources)};
  }
  cursor_.time = head.time;
  const bool first = !resumed && !lost;
  const columnar::ChangeFilter filter{spec_.resource, spec_.timeframe, spec_.symbols};
  BF_ASSIGN_OR_RETURN(std::vector<columnar::SeriesState> found,
                      parts_.log.States(filter, spec_.source, cursor_.base, cursor_.target.value_or(cursor_.base),
                                        cursor_.place, absl::InfiniteFuture()));
  const bool chosen = resumed && !cursor_.sources.empty();
  BF_ASSIGN_OR_RETURN(const std::vector<columnar::SeriesState> states, Choose(std::move(found), lost.has_value()));
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
      const int64_t told_ns =
          cursor_.place.time_ns == INT64_MAX ? INT64_MAX : cursor_.place.time_ns + (cursor_.told_rows > 0 ? 1 : 0);
      known.last_time_ns = std::min(known.last_time_ns, told_ns);
    }
  }
  if (!chosen && (!resumed || spec_.source.empty())) TellBeginning(states, first);
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
        told_ = cursor_.told_rows;
        known_[static_cast<size_t>(symbol)].last_time_ns = cursor_.time_ns + (told_ > 0 ? 1 : 0);
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
  std::unordered_map<std::string, std::string> sources;
  for (size_t i = 0; i < sources_.size(); ++i) {
    if (!sources_[i].empty()) sources.emplace(spec_.symbols[i], sources_[i]);
  }
  queue_ = std::make_shared<LiveQueue>(spec_.conflate, spec_.source, std::move(sources), LiveQueue::Limits());
  BF_ASSIGN_OR_RETURN(join_, parts_.hub.Join(queue_, spec_, cursor_.target.value_or(cursor_.base)));
  missed_ = resumed || !cursor_.base.Covers(*join_);
  return absl::OkStatus();
}

}  // namespace breadthflow::data
