#include "services/data/store/series_store.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/columnar/chunk_codec.h"
#include "common/quant/timeframe.h"

namespace breadthflow::data {
namespace {

// A writer reads its clock while it holds the row for itself (columnar::ChunkStore::Commit): one that is ahead of us
// has committed when we get the row, one that is behind us is later than the clock that we read then.
constexpr std::string_view kHold = R"sql(
  SELECT 1 FROM series WHERE resource = $1 AND symbol = ANY($2::text[]) AND timeframe = $3
  ORDER BY symbol, variant FOR SHARE)sql";

constexpr std::string_view kFirstKnown = R"sql(
  SELECT s.symbol, min(v.known_at) FROM series s JOIN series_version v ON v.series_id = s.id
  WHERE s.resource = $1 AND s.symbol = ANY($2::text[]) AND s.timeframe = $3 AND ($4 = '' OR s.variant = $4)
  GROUP BY s.symbol)sql";

std::string InstantText(absl::Time time) { return absl::FormatTime(absl::RFC3339_full, time, absl::UTCTimeZone()); }

}  // namespace

std::string WhyLost(const columnar::SeriesHead& head, int64_t start_ns) {
  if (head.lost_before_ns <= start_ns) return "";
  return fmt::format("rows of {} {} before {} were dropped at {}: as of earlier only later ones can be read",
                     head.key.symbol, quant::ToText(head.key.timeframe),
                     quant::BoundText(quant::FromNanos(head.lost_before_ns), head.key.timeframe),
                     InstantText(head.lost_since));
}

absl::Status RefuseLost(const std::vector<columnar::SeriesHead>& heads,
                        const std::function<int64_t(const columnar::SeriesHead&)>& first_needed) {
  base::ErrorDetails lost{.reason = "RANGE_DROPPED"};
  for (size_t i = 0; i < heads.size(); ++i) {
    std::string why = WhyLost(heads[i], first_needed(heads[i]));
    if (!why.empty()) lost.violations.push_back({fmt::format("symbols[{}]", i), std::move(why)});
  }
  if (lost.violations.empty()) return absl::OkStatus();
  std::string text = lost.violations.front().description;
  if (lost.violations.size() > 1) text += fmt::format(" (and {} more)", lost.violations.size() - 1);
  return base::MakeError(absl::StatusCode::kFailedPrecondition, fmt::format("{}: {}", heads.front().key.resource, text),
                         lost);
}

absl::StatusOr<std::map<std::string, absl::Time>> SeriesStore::FirstKnown(const std::string& resource,
                                                                          const std::vector<std::string>& symbols,
                                                                          quant::Timeframe timeframe,
                                                                          const std::string& source,
                                                                          absl::Time deadline) {
  std::map<std::string, absl::Time> first;
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        first.clear();
        BF_ASSIGN_OR_RETURN(
            const postgres::Rows rows,
            tx.Query(kFirstKnown, {resource, postgres::TextArray(symbols), static_cast<int64_t>(timeframe), source}));
        for (const postgres::Row row : rows) first[row.Text(0)] = row.Time(1);
        return absl::OkStatus();
      },
      {.deadline = deadline, .read_only = true}));
  return first;
}

absl::StatusOr<std::vector<columnar::SeriesHead>> SeriesStore::Resolve(const std::string& resource,
                                                                       const std::vector<std::string>& symbols,
                                                                       quant::Timeframe timeframe,
                                                                       const std::string& source, absl::Time as_of,
                                                                       absl::Time deadline) {
  columnar::SeriesFilter filter{.resource = resource, .symbols = symbols, .timeframe = timeframe, .deadline = deadline};
  if (!source.empty()) filter.variant = source;
  BF_ASSIGN_OR_RETURN(const std::vector<columnar::SeriesHead> found, chunks_.List(filter, as_of));
  std::map<std::string, std::vector<const columnar::SeriesHead*>> by_symbol;
  for (const columnar::SeriesHead& head : found) by_symbol[head.key.symbol].push_back(&head);
  std::vector<columnar::SeriesHead> heads;
  base::ErrorDetails unknown{.reason = "UNKNOWN_SERIES"};
  base::ErrorDetails several{.reason = "SEVERAL_SOURCES"};
  const bool absent = std::any_of(symbols.begin(), symbols.end(),
                                  [&](const std::string& symbol) { return !by_symbol.contains(symbol); });
  std::map<std::string, absl::Time> first_known;
  if (absent && as_of != absl::InfiniteFuture()) {
    BF_ASSIGN_OR_RETURN(first_known, FirstKnown(resource, symbols, timeframe, source, deadline));
  }
  for (size_t i = 0; i < symbols.size(); ++i) {
    const std::vector<const columnar::SeriesHead*>& candidates = by_symbol[symbols[i]];
    const std::string field = fmt::format("symbols[{}]", i);
    if (const auto known = first_known.find(symbols[i]); candidates.empty() && known != first_known.end()) {
      unknown.violations.push_back(
          {field, fmt::format("nothing of {} {} was known at {}; the first of it came at {}", symbols[i],
                              quant::ToText(timeframe), InstantText(as_of), InstantText(known->second))});
    } else if (candidates.empty()) {
      unknown.violations.push_back({field, fmt::format("{} {} is not stored{}", symbols[i], quant::ToText(timeframe),
                                                       source.empty() ? "" : " from " + source)});
    } else if (candidates.size() > 1) {
      std::string names;
      for (const columnar::SeriesHead* head : candidates) names += (names.empty() ? "" : ", ") + head->key.variant;
      several.violations.push_back({field, fmt::format("{} is stored from {}: name the source", symbols[i], names)});
    } else {
      heads.push_back(*candidates.front());
    }
  }
  const auto fail = [&](absl::StatusCode code, const base::ErrorDetails& details) {
    std::string text = details.violations.front().description;
    if (details.violations.size() > 1) text += fmt::format(" (and {} more)", details.violations.size() - 1);
    return base::MakeError(code, fmt::format("{}: {}", resource, text), details);
  };
  if (!unknown.violations.empty()) return fail(absl::StatusCode::kNotFound, unknown);
  if (!several.violations.empty()) return fail(absl::StatusCode::kFailedPrecondition, several);
  return heads;
}

absl::StatusOr<columnar::SeriesHead> SeriesStore::Newest(const quant::SeriesKey& key, absl::Time deadline) {
  BF_ASSIGN_OR_RETURN(const std::vector<columnar::SeriesHead> heads, chunks_.List({.resource = key.resource,
                                                                                   .symbols = {key.symbol},
                                                                                   .timeframe = key.timeframe,
                                                                                   .variant = key.variant,
                                                                                   .deadline = deadline}));
  return heads.empty() ? columnar::SeriesHead() : heads.front();
}

absl::StatusOr<absl::Time> SeriesStore::Settle(const std::string& resource, const std::vector<std::string>& symbols,
                                               quant::Timeframe timeframe, absl::Time deadline) {
  absl::Time settled;
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        BF_RETURN_IF_ERROR(
            tx.Query(kHold, {resource, postgres::TextArray(symbols), static_cast<int64_t>(timeframe)}).status());
        BF_ASSIGN_OR_RETURN(const postgres::Rows now, tx.Query("SELECT clock_timestamp()"));
        settled = now[0].Time(0);
        return absl::OkStatus();
      },
      {.deadline = deadline, .took_effect = [](postgres::Transaction&) { return true; }}));
  return settled;
}

absl::StatusOr<quant::Series> SeriesStore::Read(const PlannedSeries& planned, const std::vector<std::string>& fields,
                                                absl::Time deadline, std::function<absl::Status(int64_t)> admit) {
  return chunks_.Read(planned.key, columnar::ReadOptions{.range = planned.range,
                                                         .version = planned.version,
                                                         .columns = fields,
                                                         .admit = std::move(admit),
                                                         .deadline = deadline});
}

absl::Status SeriesStore::ReadEach(const std::vector<PlannedSeries>& planned,
                                   const std::function<absl::Status(size_t, quant::Series)>& take,
                                   absl::Time deadline) {
  constexpr size_t kSeriesAtOnce = 64;
  constexpr int64_t kRowsAtOnce = 200'000;
  for (size_t begin = 0; begin < planned.size();) {
    std::vector<columnar::SeriesVersion> wanted;
    int64_t rows = 0;
    for (size_t i = begin; i < planned.size() && wanted.size() < kSeriesAtOnce; ++i) {
      rows += planned[i].max_rows;
      if (!wanted.empty() && (rows > kRowsAtOnce || planned[i].range != planned[begin].range)) break;
      wanted.push_back({planned[i].key, planned[i].version});
    }
    BF_ASSIGN_OR_RETURN(std::vector<quant::Series> read,
                        chunks_.ReadMany(wanted, {.range = planned[begin].range, .deadline = deadline}));
    for (quant::Series& one : read) BF_RETURN_IF_ERROR(take(begin++, std::move(one)));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<SeriesCursor>> SeriesCursor::Open(SeriesStore& store, std::span<const PlannedSeries> planned,
                                                             absl::Time deadline) {
  std::vector<SeriesCursor> cursors;
  if (planned.empty()) return cursors;
  std::vector<columnar::SeriesVersion> wanted;
  for (const PlannedSeries& one : planned) wanted.push_back({one.key, one.version});
  BF_ASSIGN_OR_RETURN(std::vector<columnar::ChunkCursor> opened,
                      store.chunks().OpenMany(wanted, {.range = planned.front().range, .deadline = deadline}));
  for (size_t i = 0; i < opened.size(); ++i) cursors.push_back(SeriesCursor(planned[i], std::move(opened[i])));
  return cursors;
}

absl::StatusOr<std::optional<columnar::EncodedChunk>> SeriesCursor::NextStored() {
  while (true) {
    BF_ASSIGN_OR_RETURN(std::optional<columnar::EncodedChunk> chunk, cursor_.Next());
    const quant::TimeRange& range = planned_.range;
    if (!chunk || (chunk->first_time_ns >= range.start_ns && chunk->last_time_ns < range.end_ns)) return chunk;
    quant::Series rows;
    BF_RETURN_IF_ERROR(columnar::AppendChunk(chunk->bytes, range, {}, rows));
    if (rows.empty()) continue;
    BF_ASSIGN_OR_RETURN(chunk->bytes, columnar::EncodeChunk(rows));
    chunk->rows = static_cast<int64_t>(rows.size());
    chunk->first_time_ns = rows.times.front();
    chunk->last_time_ns = rows.times.back();
    return chunk;
  }
}

absl::StatusOr<std::optional<quant::Series>> SeriesCursor::NextRows(const std::vector<std::string>& fields) {
  while (true) {
    BF_ASSIGN_OR_RETURN(const std::optional<columnar::EncodedChunk> chunk, cursor_.Next());
    if (!chunk) return std::nullopt;
    quant::Series rows{.key = planned_.key, .basis = planned_.basis, .repeats = repeats()};
    BF_RETURN_IF_ERROR(columnar::AppendChunk(chunk->bytes, planned_.range, fields, rows));
    if (!rows.empty()) return std::optional(std::move(rows));
  }
}

}  // namespace breadthflow::data
