#include "services/data/app/live.h"

#include <charconv>
#include <unordered_set>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/base/text.h"
#include "services/data/domain/fetch.h"
#include "services/data/domain/market_hours.h"
#include "services/data/domain/resource.h"

namespace breadthflow::data {
namespace {

absl::Status BadToken() {
  return base::MakeError(absl::StatusCode::kInvalidArgument, "resume_token is not one that this stream gave",
                         {.reason = "INVALID_RESUME_TOKEN",
                          .metadata = {},
                          .violations = {{"resume_token", "must be one that a stream of the same query gave"}},
                          .retry_after = {}});
}

bool ToNumber(std::string_view text, int64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

absl::Status CheckSpec(const LiveSpec& spec) {
  base::Violations violations;
  if (spec.symbols.empty() || spec.symbols.size() > kMaxSymbols) {
    violations.Add("symbols", fmt::format("must be 1 to {}, were {}", kMaxSymbols, spec.symbols.size()));
  }
  std::unordered_set<std::string_view> seen;
  for (size_t i = 0; i < spec.symbols.size() && spec.symbols.size() <= kMaxSymbols; ++i) {
    const std::string field = fmt::format("symbols[{}]", i);
    if (const auto fault = SymbolFault(spec.symbols[i])) violations.Add(field, *fault);
    if (!seen.insert(spec.symbols[i]).second) violations.Add(field, fmt::format("{} appears twice", spec.symbols[i]));
  }
  if (spec.poll) {
    if (spec.poll->interval != absl::ZeroDuration() && spec.poll->interval < absl::Seconds(1)) {
      violations.Add("poll.interval",
                     fmt::format("must be at least 1 s, was {} s", absl::ToDoubleSeconds(spec.poll->interval)));
    }
    const std::string& polled = spec.poll->source.name;
    if (!spec.source.empty() && spec.source != polled && !spec.source.starts_with(polled + ":")) {
      violations.Add("source", "must be the source that is polled, or left out");
    }
  }
  if (spec.silence_after && *spec.silence_after <= absl::ZeroDuration()) {
    violations.Add("silence_after", "must be above 0");
  }
  if (spec.replay) {
    if (spec.poll) violations.Add("poll", "a replay plays what is stored");
    if (spec.start) violations.Add("start_time", "a replay has a range of its own");
    if (spec.conflate) violations.Add("conflate", "a replay waits for its reader");
    if (spec.silence_after) violations.Add("silence_after", "nothing is missing from a replay");
    if (!(spec.replay->speed >= 0) || spec.replay->speed > 1e12) {
      violations.Add("replay.speed", fmt::format("must be 0 to 1e12, was {}", spec.replay->speed));
    }
  }
  return violations.ToStatus("invalid stream");
}

RowGaps GapsIn(const quant::Series& rows, const quant::Calendar& calendar) {
  RowGaps gaps;
  for (size_t row = 1; row < rows.size(); ++row) {
    const auto missing = MissingBetween(calendar, rows.key.timeframe, rows.times[row - 1], rows.times[row]);
    if (missing) gaps.emplace_back(row, *missing);
  }
  return gaps;
}

void FindGaps(LivePiece& piece, const quant::Calendar* named) {
  piece.calendar = &CalendarOf(piece.rows.key, piece.rows.times, named);
  piece.named = named != nullptr;
  piece.gaps = GapsIn(piece.rows, *piece.calendar);
}

std::string LiveCursor::ToText() const {
  return fmt::format("1|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}", database, absl::ToUnixMicros(time), base.ToText(),
                     target ? target->ToText() : "", absl::ToUnixMicros(place.known_at), place.series_id, place.version,
                     place.time_ns, stored ? 1 : 0, symbol, time_ns);
}

absl::StatusOr<LiveCursor> LiveCursor::Parse(std::string_view text) {
  const std::vector<std::string_view> parts = base::Split(text, "|");
  if (parts.size() != 12 || parts[0] != "1") return BadToken();
  LiveCursor cursor;
  cursor.database = parts[1];
  int64_t time = 0;
  int64_t known_at = 0;
  int64_t stored = 0;
  if (!ToNumber(parts[2], time) || !ToNumber(parts[5], known_at) || !ToNumber(parts[6], cursor.place.series_id) ||
      !ToNumber(parts[7], cursor.place.version) || !ToNumber(parts[8], cursor.place.time_ns) ||
      !ToNumber(parts[9], stored) || !ToNumber(parts[10], cursor.symbol) || !ToNumber(parts[11], cursor.time_ns)) {
    return BadToken();
  }
  cursor.time = absl::FromUnixMicros(time);
  if (known_at != absl::ToUnixMicros(absl::InfinitePast())) cursor.place.known_at = absl::FromUnixMicros(known_at);
  cursor.stored = stored != 0;
  const auto base = columnar::CommitPosition::Parse(parts[3]);
  if (!base.ok()) return BadToken();
  cursor.base = *base;
  if (!parts[4].empty()) {
    const auto target = columnar::CommitPosition::Parse(parts[4]);
    if (!target.ok()) return BadToken();
    cursor.target = *target;
  }
  return cursor;
}

}  // namespace breadthflow::data
