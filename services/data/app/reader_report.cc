// Reader: the quality of a snapshot.
#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "services/data/app/reader.h"
#include "services/data/domain/market_hours.h"
#include "services/data/domain/source.h"

namespace breadthflow::data {

absl::StatusOr<Reader::OtherSources> Reader::OthersOf(const Snapshot& snapshot, absl::Time deadline) {
  OtherSources others;
  if (snapshot.series.empty()) return others;
  std::map<std::string, std::string> own;  // sources by symbol
  columnar::SeriesFilter filter{.resource = snapshot.series.front().key.resource,
                                .timeframe = snapshot.series.front().key.timeframe,
                                .deadline = deadline};
  for (const SnapshotSeries& one : snapshot.series) {
    if (!IsMadeUp(one.key.variant)) own[one.key.symbol] = one.key.variant;
  }
  if (own.empty()) return others;
  for (const auto& [symbol, source] : own) filter.symbols.push_back(symbol);
  BF_ASSIGN_OR_RETURN(std::vector<columnar::SeriesHead> heads, series_.chunks().List(filter, snapshot.as_of));
  for (columnar::SeriesHead& head : heads) {
    const auto found = own.find(head.key.symbol);
    if (found == own.end() || found->second == head.key.variant || IsMadeUp(head.key.variant)) continue;
    if (!WhyLost(head, snapshot.range.start_ns).empty()) continue;
    std::vector<columnar::SeriesHead>& of_symbol = others[head.key.symbol];
    if (of_symbol.size() < kMaxCompared) of_symbol.push_back(std::move(head));
  }
  return others;
}

absl::Status Reader::CompareWith(const std::vector<columnar::SeriesHead>& others, const Statements& said,
                                 const quant::Series& rows, const quant::Calendar& calendar, quant::TimeRange range,
                                 absl::Time deadline, const base::CancelToken& cancel, SeriesQuality& quality) {
  const auto anchors = [&](const quant::SeriesKey& key) {
    const auto found = said.find(key);
    return found == said.end() ? PriceAnchors() : found->second.anchors;
  };
  for (const columnar::SeriesHead& head : others) {
    BF_RETURN_IF_ERROR(cancel.Check());
    BF_ASSIGN_OR_RETURN(
        const quant::Series other,
        series_.chunks().Read(
            head.key,
            columnar::ReadOptions{.range = range, .version = head.version, .columns = {}, .deadline = deadline}));
    CheckAgainst(rows, other, calendar, quality, anchors(rows.key), anchors(other.key));
  }
  return absl::OkStatus();
}

absl::StatusOr<QualityReport> Reader::GetReport(const ReportQuery& query, absl::Time deadline,
                                                const base::CancelToken& cancel) {
  if (query.plain()) {
    BF_ASSIGN_OR_RETURN(std::optional<QualityReport> known, snapshots_.FindReport(query.snapshot, deadline));
    if (known) return *std::move(known);
  }
  BF_ASSIGN_OR_RETURN(const Snapshot snapshot, snapshots_.Get(query.snapshot, deadline));
  std::vector<quant::SeriesKey> keys;
  std::vector<std::string> symbols;
  std::vector<PlannedSeries> planned;
  for (const SnapshotSeries& one : snapshot.series) {
    keys.push_back(one.key);
    symbols.push_back(one.key.symbol);
    planned.push_back({one.key, one.basis, one.version, snapshot.range, one.rows});
  }
  BF_ASSIGN_OR_RETURN(const NamedCalendars named, series_.Calendars(keys, snapshot.as_of, deadline));
  BF_ASSIGN_OR_RETURN(const OtherSources others, OthersOf(snapshot, deadline));
  std::vector<quant::SeriesKey> adjusted;
  for (const SnapshotSeries& one : snapshot.series) {
    if (one.basis == quant::PriceBasis::kSplitAdjusted) adjusted.push_back(one.key);
  }
  for (const auto& [symbol, heads] : others) {
    for (const columnar::SeriesHead& head : heads) {
      if (head.basis == quant::PriceBasis::kSplitAdjusted) adjusted.push_back(head.key);
    }
  }
  BF_ASSIGN_OR_RETURN(const Statements said, series_.anchors().Find(adjusted, snapshot.as_of, deadline));
  // Only ranges that somebody said have ends that rows can lack.
  std::map<std::string, CoverageStore::BySource> covered;
  if (!keys.empty() && snapshot.range != quant::TimeRange()) {
    BF_ASSIGN_OR_RETURN(covered, coverage_.Find(keys.front().resource, symbols, keys.front().timeframe, deadline));
  }
  std::vector<SeriesQuality> qualities;
  const auto judge = [&](size_t place, const quant::Series& rows) -> absl::Status {
    BF_RETURN_IF_ERROR(cancel.Check());
    const quant::SeriesKey& key = keys[place];
    const quant::Calendar& by =
        CalendarOf(key, rows.times, query.calendar != nullptr ? query.calendar : NamedFor(named, key));
    SeriesKnowledge known{.asset_class = query.asset_class, .range = {.expect_all = query.expect_all}};
    if (const auto of_symbol = covered.find(key.symbol); of_symbol != covered.end()) {
      const auto of_source = of_symbol->second.find(key.variant);
      if (of_source != of_symbol->second.end()) known.range.coverage = of_source->second;
    }
    if (const auto of_key = said.find(key); of_key != said.end()) known.anchors = of_key->second.anchors;
    qualities.push_back(CheckQuality(rows, by, snapshot.range, quant::ToNanos(snapshot.as_of), known));
    const auto beside = others.find(key.symbol);
    if (beside == others.end()) return absl::OkStatus();
    return CompareWith(beside->second, said, rows, by, snapshot.range, deadline, cancel, qualities.back());
  };
  BF_RETURN_IF_ERROR(series_.ReadEach(planned, judge, deadline));
  BF_RETURN_IF_ERROR(cancel.Check());
  CheckTogether(qualities);
  QualityReport made = MakeReport(query.snapshot, std::move(qualities));
  if (!query.plain()) {
    made.create_time = clock_.Now();
    return made;
  }
  BF_RETURN_IF_ERROR(snapshots_.SaveReport(made, deadline));
  BF_ASSIGN_OR_RETURN(std::optional<QualityReport> known, snapshots_.FindReport(query.snapshot, deadline));
  if (!known) return base::MakeError(absl::StatusCode::kInternal, "INTERNAL", "the report was not kept");
  return *std::move(known);
}

}  // namespace breadthflow::data
