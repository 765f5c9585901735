#include "services/cli/bars.h"

#include <algorithm>
#include <set>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/rpc/convert.h"
#include "services/cli/runs.h"
#include "services/cli/values.h"

namespace breadthflow::cli {
namespace {

using Stub = data::v1::DataService::Stub;
constexpr size_t kMaxNames = 8;

// First and last instant of what the snapshot froze, as far as the store still says: a series that has changed since
// does not.
absl::StatusOr<std::string> RangeOf(Session& session, const data::v1::Snapshot& snapshot) {
  std::set<std::tuple<std::string, int, std::string>> missing;
  for (const data::v1::SnapshotSeries& series : snapshot.series()) {
    if (series.row_count() > 0) missing.emplace(series.key().symbol(), series.key().timeframe(), series.source());
  }
  absl::Time first = absl::InfiniteFuture();
  absl::Time last = absl::InfinitePast();
  data::v1::ListSeriesRequest request;
  if (snapshot.series_size() > 0) request.set_resource(snapshot.series(0).key().resource());
  BF_RETURN_IF_ERROR(ListPages(session, session.data(), &Stub::ListSeries, request, 100000, [&](const auto& page) {
    for (const data::v1::SeriesSummary& series : page.series()) {
      if (rpc::FromProto(series.update_time()) > rpc::FromProto(snapshot.create_time())) continue;
      if (missing.erase({series.key().symbol(), series.key().timeframe(), series.source()}) == 0) continue;
      first = std::min(first, rpc::FromProto(series.first_time()));
      last = std::max(last, rpc::FromProto(series.last_time()));
    }
    return page.series_size();
  }));
  if (!missing.empty() || first > last) return "";
  if (snapshot.range().has_start_time()) first = std::max(first, rpc::FromProto(snapshot.range().start_time()));
  if (snapshot.range().has_end_time())
    last = std::min(last, rpc::FromProto(snapshot.range().end_time()) - absl::Nanoseconds(1));
  const quant::Timeframe timeframe = TimeframeOf(snapshot.series(0).key().timeframe());
  return fmt::format("{} to {}", absl::FormatCivilTime(quant::DayOf(first, timeframe)),
                     absl::FormatCivilTime(quant::DayOf(last, timeframe)));
}

}  // namespace

std::string SomeOf(const std::vector<std::string>& names) {
  if (names.size() <= kMaxNames) return fmt::format("{}", fmt::join(names, ", "));
  return fmt::format("{} and {} more", fmt::join(names.begin(), names.begin() + kMaxNames, ", "),
                     names.size() - kMaxNames);
}

std::string SourceText(const std::string& source) {
  return source == "simulated" || source.starts_with("simulated:") ? source + " (made-up data)" : source;
}

absl::StatusOr<Bars> BarsOf(Session& session, const data::v1::Snapshot& snapshot) {
  Bars bars;
  for (const data::v1::SnapshotSeries& series : snapshot.series()) {
    bars.symbols.push_back(series.key().symbol());
    bars.symbols_by_source[series.source()].push_back(series.key().symbol());
  }
  BF_ASSIGN_OR_RETURN(bars.range, RangeOf(session, snapshot));
  return bars;
}

absl::StatusOr<Bars> BarsOf(Session& session, const std::string& snapshot) {
  data::v1::GetSnapshotRequest request;
  request.set_name(snapshot);
  BF_ASSIGN_OR_RETURN(const data::v1::Snapshot found,
                      session.data().Call(&Stub::GetSnapshot, request, session.scope()));
  return BarsOf(session, found);
}

std::string DescribeBars(const Bars& bars) {
  std::vector<std::string> sources;
  for (const auto& [source, symbols] : bars.symbols_by_source) sources.push_back(SourceText(source));
  return fmt::format("{} from {}{}{}", SomeOf(bars.symbols), fmt::join(sources, " and "),
                     bars.range.empty() ? "" : ", ", bars.range);
}

void SayBars(Printer& out, const Bars& bars) {
  out.Say("bars of " + DescribeBars(bars));
  WarnOfMixedSources(out, bars);
}

void WarnOfMixedSources(Printer& out, const Bars& bars) {
  if (bars.symbols_by_source.size() < 2) return;
  std::vector<std::string> parts;
  for (const auto& [source, symbols] : bars.symbols_by_source)
    parts.push_back(fmt::format("{} from {}", SomeOf(symbols), SourceText(source)));
  out.Say(fmt::format("warning: this snapshot mixes sources: {}", fmt::join(parts, "; ")));
}

absl::Status SayBarsOf(Session& session, const std::string& snapshot) {
  if (session.out().quiet()) return absl::OkStatus();
  const absl::StatusOr<Bars> bars = BarsOf(session, snapshot);
  if (absl::IsNotFound(bars.status())) return absl::OkStatus();
  if (bars.ok()) SayBars(session.out(), *bars);
  return bars.status();
}

}  // namespace breadthflow::cli
