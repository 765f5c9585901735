#include "services/data/domain/market_hours.h"

#include <algorithm>
#include <string_view>

namespace breadthflow::data {
namespace {

constexpr size_t kRowsLookedAt = 64;
constexpr int64_t kHourNs = 3'600'000'000'000;

const quant::Calendar& BySymbol(std::string_view symbol) {
  constexpr std::string_view kQuotes[] = {"-USD", "-USDT", "-USDC", "-EUR", "-GBP", "-JPY", "-BTC", "-ETH"};
  if (symbol.ends_with("=X")) return quant::FxWeek();
  if (symbol.ends_with(".DE")) return quant::Xetr();
  for (const std::string_view quote : kQuotes) {
    if (symbol.size() > quote.size() && symbol.ends_with(quote)) return quant::AlwaysOpen();
  }
  return quant::Xnys();
}

// From two hours into Saturday to Sunday 20:00, UTC: New York's late trading is over and the currency week not begun.
bool OnWeekend(int64_t time_ns) {
  constexpr int64_t kWeekNs = 168 * kHourNs;
  constexpr int64_t kSaturdayNs = 48 * kHourNs;  // the epoch was a Thursday
  const int64_t into_week = ((time_ns - kSaturdayNs) % kWeekNs + kWeekNs) % kWeekNs;
  return into_week > 2 * kHourNs && into_week <= 44 * kHourNs;
}

}  // namespace

const quant::Calendar& CalendarOf(const quant::SeriesKey& key, std::span<const int64_t> times,
                                  const quant::Calendar* named_for_it) {
  if (named_for_it != nullptr) return *named_for_it;
  const std::span<const int64_t> last = times.last(std::min(times.size(), kRowsLookedAt));
  const quant::Calendar& named = BySymbol(key.symbol);
  if (key.timeframe == quant::Timeframe::kDay) {
    for (const quant::Calendar* calendar : {&quant::Xnys(), &quant::Xetr(), &quant::FxWeek(), &quant::AlwaysOpen()}) {
      const auto closes = std::count_if(last.begin(), last.end(),
                                        [&](int64_t time_ns) { return calendar->ClosingAt(time_ns) != nullptr; });
      if (2 * static_cast<size_t>(closes) <= last.size()) continue;
      const bool weekdays_only = last.size() >= 7 && std::none_of(last.begin(), last.end(), OnWeekend);
      if (calendar != &quant::AlwaysOpen() || !weekdays_only) return *calendar;
    }
    return named;
  }
  const bool in_day =
      quant::IntradayLength(key.timeframe) > absl::ZeroDuration() || key.timeframe == quant::Timeframe::kTick;
  if (in_day && std::any_of(last.begin(), last.end(), OnWeekend)) return quant::AlwaysOpen();
  return named;
}

}  // namespace breadthflow::data
