// Reader: the quality of a snapshot.
#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "services/data/app/reader.h"
#include "services/data/app/reader_heads.h"
#include "services/data/domain/action_choice.h"
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

absl::StatusOr<std::map<quant::SeriesKey, quant::Series>> Reader::SplitsOf(const Snapshot& snapshot,
                                                                           absl::Time deadline) {
  std::map<quant::SeriesKey, quant::Series> splits;
  columnar::SeriesFilter filter{
      .resource = "split", .symbols = {}, .timeframe = quant::Timeframe::kTick, .deadline = deadline};
  for (const SnapshotSeries& one : snapshot.series) {
    if (one.basis == quant::PriceBasis::kRaw) filter.symbols.push_back(one.key.symbol);
  }
  if (filter.symbols.empty()) return splits;
  BF_ASSIGN_OR_RETURN(const std::vector<columnar::SeriesHead> heads, series_.chunks().List(filter, snapshot.as_of));
  std::map<std::string_view, Heads> by_symbol;
  for (const columnar::SeriesHead& head : heads) by_symbol[head.key.symbol].push_back(&head);
  std::vector<PlannedSeries> planned;
  std::vector<quant::SeriesKey> prices;  // for which each of them is
  for (const SnapshotSeries& one : snapshot.series) {
    const auto stored = by_symbol.find(one.key.symbol);
    if (one.basis != quant::PriceBasis::kRaw || stored == by_symbol.end()) continue;
    Heads counted = stored->second;
    std::erase_if(counted, [&](const columnar::SeriesHead* head) {
      return head->rows == 0 || !MayCount(head->key.variant, one.key.variant);
    });
    if (counted.empty()) continue;
    Order(counted, one.key.variant);
    planned.push_back(Whole(*counted.front()));
    prices.push_back(one.key);
  }
  const auto take = [&](size_t at, quant::Series rows) -> absl::Status {
    splits.emplace(prices[at], std::move(rows));
    return absl::OkStatus();
  };
  BF_RETURN_IF_ERROR(series_.ReadEach(planned, take, deadline));
  return splits;
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
  for (const SnapshotSeries& one : snapshot.series) {
    keys.push_back(one.key);
    symbols.push_back(one.key.symbol);
  }
  BF_ASSIGN_OR_RETURN(const NamedCalendars named, series_.Calendars(keys, snapshot.as_of, deadline));
  BF_ASSIGN_OR_RETURN(const OtherSources others, OthersOf(snapshot, deadline));
  BF_ASSIGN_OR_RETURN(const auto splits, SplitsOf(snapshot, deadline));
  // Each series, and behind it the same of other sources, so that short ones are read together.
  std::vector<PlannedSeries> planned;
  std::vector<size_t> places;  // of which series of the snapshot
  for (size_t place = 0; place < keys.size(); ++place) {
    const SnapshotSeries& one = snapshot.series[place];
    planned.push_back({one.key, one.basis, one.version, snapshot.range, one.rows});
    if (const auto beside = others.find(one.key.symbol); beside != others.end()) {
      for (const columnar::SeriesHead& head : beside->second) {
        planned.push_back({head.key, head.basis, head.version, snapshot.range, head.rows});
      }
    }
    places.resize(planned.size(), place);
  }
  std::vector<quant::SeriesKey> adjusted;
  for (const PlannedSeries& one : planned) {
    if (one.basis == quant::PriceBasis::kSplitAdjusted) adjusted.push_back(one.key);
  }
  BF_ASSIGN_OR_RETURN(const auto said, series_.anchors().Find(adjusted, snapshot.as_of, deadline));
  // Only ranges that somebody said have ends that rows can lack.
  std::map<std::string, CoverageStore::BySource> covered;
  if (!keys.empty() && snapshot.range != quant::TimeRange()) {
    BF_ASSIGN_OR_RETURN(covered, coverage_.Find(keys.front().resource, symbols, keys.front().timeframe, deadline));
  }
  std::vector<SeriesQuality> qualities;
  const auto anchors = [&](const quant::SeriesKey& key) {
    const auto found = said.find(key);
    return found == said.end() ? PriceAnchors() : found->second.anchors;
  };
  quant::Series own;  // the one that was judged last
  const quant::Calendar* by = nullptr;
  const auto judge = [&](size_t at, quant::Series rows) -> absl::Status {
    BF_RETURN_IF_ERROR(cancel.Check());
    const quant::SeriesKey& key = keys[places[at]];
    if (planned[at].key != key) {
      CheckAgainst(own, rows, *by, qualities.back(), anchors(key), anchors(planned[at].key));
      return absl::OkStatus();
    }
    own = std::move(rows);
    by = &CalendarOf(key, own.times, query.calendar != nullptr ? query.calendar : NamedFor(named, key));
    SeriesKnowledge known{.asset_class = query.asset_class, .range = {.expect_all = query.expect_all}};
    if (const auto of_symbol = covered.find(key.symbol); of_symbol != covered.end()) {
      const auto of_source = of_symbol->second.find(key.variant);
      if (of_source != of_symbol->second.end()) known.range.coverage = of_source->second;
    }
    known.anchors = anchors(key);
    if (const auto declared = splits.find(key); declared != splits.end()) known.splits = &declared->second;
    qualities.push_back(CheckQuality(own, *by, snapshot.range, quant::ToNanos(snapshot.as_of), known));
    return absl::OkStatus();
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
