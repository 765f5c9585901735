#include "services/data/app/live.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "common/base/status.h"
#include "services/data/domain/fetch.h"
#include "services/data/domain/market_hours.h"
#include "services/data/domain/resource.h"
#include "services/data/domain/row_pieces.h"

namespace breadthflow::data {

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

std::vector<std::shared_ptr<LivePiece>> CutPieces(LivePiece whole, int64_t told) {
  std::vector<std::shared_ptr<LivePiece>> pieces;
  const quant::Series rows = std::exchange(whole.rows, quant::Series{.key = whole.rows.key});
  size_t begin = 0;
  while (begin < rows.size() && begin < static_cast<size_t>(told) && rows.times[begin] == rows.times[0]) ++begin;
  do {
    auto piece = std::make_shared<LivePiece>(whole);
    whole.withdrawn.clear();
    if (begin < rows.size()) {
      const CutPiece cut = CutAt(rows, begin, rows.size());
      const int64_t last_ns = rows.times[cut.end - 1];
      piece->rows = begin == 0 && cut.end == rows.size() ? rows : rows.Rows(begin, cut.end);
      piece->continues = cut.continues;
      piece->too_large_bytes = cut.too_large_bytes;
      if (cut.within) {
        const auto instant = std::lower_bound(rows.times.begin(), rows.times.end(), last_ns);
        piece->told_rows = static_cast<int64_t>(cut.end) - (instant - rows.times.begin());
      }
      if (cut.end < rows.size()) piece->place.time_ns = cut.within ? last_ns - 1 : last_ns;
      for (const quant::Column& column : piece->rows.columns) {
        if (const auto* texts = std::get_if<std::vector<std::string>>(&column.values)) {
          for (const std::string& text : *texts) piece->text_bytes += text.size() + sizeof(text);
        }
      }
      begin = cut.end;
    }
    pieces.push_back(std::move(piece));
  } while (begin < rows.size());
  return pieces;
}

std::string TooLargeText(size_t bytes) {
  return fmt::format("this row has {} bytes, a message may have {}: read it with fewer columns (`fields` of a read)",
                     bytes, kMaxMessageBytes);
}

}  // namespace breadthflow::data
