#include "services/data/domain/action_choice.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "absl/time/time.h"
#include <fmt/format.h>

#include "services/data/domain/adjustment_events.h"
#include "services/data/domain/coverage.h"
#include "services/data/domain/source.h"

namespace breadthflow::data {
namespace {

std::string TimeText(int64_t time_ns) { return quant::BoundText(quant::FromNanos(time_ns), quant::Timeframe::kTick); }

std::vector<quant::TimeRange> NotAsked(const ActionOffer& offer, const quant::TimeRange& needed) {
  if (!offer.asked) return {};
  return Outside(needed, *offer.asked);
}

constexpr int64_t kYearNs = int64_t{366} * 24 * 3600 * 1'000'000'000;

}  // namespace

bool ActionOffer::Lacks(const quant::TimeRange& needed) const {
  if (lost_before_ns == std::numeric_limits<int64_t>::min()) return false;
  return lost_before_ns > INT64_MAX - kYearNs || lost_before_ns + kYearNs > needed.start_ns;
}

bool MayCount(std::string_view source, std::string_view prices) {
  return source == prices || (!IsMadeUp(source) && !IsMadeUp(prices));
}

std::optional<size_t> FirstWhole(std::span<const ActionOffer> offers, const quant::TimeRange& needed) {
  for (size_t i = 0; i < offers.size(); ++i) {
    if (NotAsked(offers[i], needed).empty()) return i;
  }
  return std::nullopt;
}

std::string WhyNoneIsWhole(std::span<const ActionOffer> offers, const quant::TimeRange& needed, std::string_view what) {
  std::string why;
  for (const ActionOffer& offer : offers) {
    const std::vector<quant::TimeRange> missing = NotAsked(offer, needed);
    if (missing.empty()) continue;
    why += fmt::format("{}nobody asked {} for {} from {} to {}", why.empty() ? "" : "; ", offer.source, what,
                       TimeText(missing.front().start_ns), TimeText(missing.front().end_ns));
  }
  return why + ": fetch them";
}

std::string Difference(const quant::Series& rows, const CorporateActions& chosen, const CorporateActions& other,
                       bool dividends) {
  constexpr double kRounding = 0.005;  // of dividends that a source has divided by splits
  const absl::StatusOr<RowEvents> here = EventsByRow(rows, chosen, false);
  const absl::StatusOr<RowEvents> there = EventsByRow(rows, other, false);
  // What can not be counted can not be compared: whoever adjusts by it says why.
  if (!here.ok() || !there.ok()) return "";
  const std::optional<std::vector<double>>& a = dividends ? here->dividends : here->splits;
  const std::optional<std::vector<double>>& b = dividends ? there->dividends : there->splits;
  if (!a || !b) return "";
  // What came before the first row changes nothing.
  for (size_t row = 1; row < rows.size(); ++row) {
    if (std::abs((*a)[row] - (*b)[row]) <= kRounding * std::max(std::abs((*a)[row]), std::abs((*b)[row]))) continue;
    return fmt::format("in the row of {}: {} there, {} here",
                       absl::FormatTime("%Y-%m-%d", quant::FromNanos(rows.times[row]), absl::UTCTimeZone()), (*b)[row],
                       (*a)[row]);
  }
  return "";
}

}  // namespace breadthflow::data
