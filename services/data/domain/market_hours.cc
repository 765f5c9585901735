#include "services/data/domain/market_hours.h"

#include <algorithm>
#include <bitset>
#include <string_view>

#include "absl/time/time.h"

#include "common/quant/closing_auction.h"
#include "services/data/domain/source.h"

namespace breadthflow::data {
namespace {

using quant::Calendar;
using quant::Timeframe;

constexpr int64_t kMinuteNs = 60'000'000'000;
constexpr int64_t kHourNs = 60 * kMinuteNs;
constexpr int64_t kDayNs = 24 * kHourNs;
constexpr size_t kEnoughRows = 100;  // to say something of the hours of a day

// Of exchanges whose calendars are not here, as Yahoo and others write them.
constexpr std::string_view kOtherExchanges[] = {
    ".L",  ".IL", ".PA", ".MI", ".TO", ".V",  ".CN", ".NE", ".T",  ".HK", ".SS", ".SZ", ".AX",  ".NZ", ".SW",
    ".AS", ".BR", ".LS", ".MC", ".ST", ".CO", ".OL", ".HE", ".IC", ".IR", ".VI", ".WA", ".PR",  ".BD", ".AT",
    ".IS", ".TA", ".JO", ".SA", ".MX", ".BA", ".SN", ".NS", ".BO", ".KS", ".KQ", ".TW", ".TWO", ".SI", ".KL",
    ".BK", ".JK", ".VN", ".SR", ".QA", ".F",  ".BE", ".MU", ".SG", ".DU", ".HM", ".HA"};
constexpr std::string_view kCoins[] = {"BTC", "XBT", "ETH", "LTC",  "XRP", "SOL", "ADA", "DOGE",
                                       "BCH", "DOT", "BNB", "AVAX", "XMR", "ETC", "TRX", "LINK"};
constexpr std::string_view kCurrencies[] = {"USD", "EUR", "JPY", "GBP", "CHF", "AUD", "CAD", "NZD",
                                            "SEK", "NOK", "DKK", "CNH", "CNY", "HKD", "SGD", "MXN",
                                            "ZAR", "TRY", "PLN", "HUF", "CZK", "INR", "KRW", "BRL"};
constexpr std::string_view kTraded[] = {"stock_price", "trade", "quote", "order_book"};
constexpr std::string_view kQuotes[] = {"USD", "USDT", "USDC", "EUR", "GBP", "JPY", "BTC", "ETH"};

template <size_t n>
bool IsOneOf(std::string_view text, const std::string_view (&list)[n]) {
  return std::find(std::begin(list), std::end(list), text) != std::end(list);
}

}  // namespace

bool IsCoin(std::string_view symbol) {
  if (symbol.starts_with("X:")) return true;
  for (const std::string_view quote : kQuotes) {
    if (symbol.size() <= quote.size() || !symbol.ends_with(quote)) continue;
    const std::string_view base = symbol.substr(0, symbol.size() - quote.size());
    if ((base.ends_with('-') && base.size() > 1) || IsOneOf(base, kCoins)) return true;
  }
  return false;
}

bool IsCurrencyPair(std::string_view symbol) {
  if (symbol.ends_with("=X") || symbol.starts_with("C:")) return true;
  return symbol.size() == 6 && IsOneOf(symbol.substr(0, 3), kCurrencies) && IsOneOf(symbol.substr(3), kCurrencies);
}

namespace {

// What symbol and source say; null: nothing.
const Calendar* ByName(const quant::SeriesKey& key) {
  const std::string_view symbol = key.symbol;
  if (IsMadeUp(key.variant)) return &quant::Xnys();
  if (IsCurrencyPair(symbol)) return &quant::FxWeek();
  if (symbol.ends_with(".DE")) return &quant::Xetr();
  if (IsCoin(symbol)) return &quant::AlwaysOpen();
  for (const std::string_view suffix : kOtherExchanges) {
    if (symbol.size() > suffix.size() && symbol.ends_with(suffix)) return &quant::UtcDays();
  }
  return nullptr;
}

// From two hours into Saturday to Sunday 20:00, UTC: New York's late trading is over and the currency week not begun.
bool OnWeekend(int64_t time_ns) {
  constexpr int64_t kWeekNs = 7 * kDayNs;
  constexpr int64_t kSaturdayNs = 2 * kDayNs;  // the epoch was a Thursday
  const int64_t into_week = ((time_ns - kSaturdayNs) % kWeekNs + kWeekNs) % kWeekNs;
  return into_week > 2 * kHourNs && into_week <= 44 * kHourNs;
}

// All but a hundredth.
bool IsFew(size_t rows, size_t of) { return rows * 100 <= of; }

// Whose sessions the rows close; null: nobody's.
const Calendar* ByCloses(std::span<const int64_t> times) {
  for (const Calendar* calendar : {&quant::Xnys(), &quant::Xetr(), &quant::FxWeek(), &quant::AlwaysOpen()}) {
    const auto closes = static_cast<size_t>(std::count_if(
        times.begin(), times.end(), [&](int64_t time_ns) { return calendar->ClosingAt(time_ns) != nullptr; }));
    const size_t off = times.size() - closes;
    if (closes <= off || off > std::max<size_t>(2, times.size() / 100)) continue;
    const bool weekdays_only = times.size() >= 7 && std::none_of(times.begin(), times.end(), OnWeekend);
    if (calendar != &quant::AlwaysOpen() || !weekdays_only) return calendar;
  }
  return nullptr;
}

// In whose hours the rows are, which end at these times.
const Calendar& ByHours(const quant::SeriesKey& key, std::span<const int64_t> times) {
  std::bitset<24> hours;
  size_t weekend = 0;
  for (const int64_t time_ns : times) {
    weekend += OnWeekend(time_ns) ? 1 : 0;
    hours.set(static_cast<size_t>((((time_ns - 1) % kDayNs + kDayNs) % kDayNs) / kHourNs));
  }
  const bool enough = times.size() >= kEnoughRows;
  const bool around_the_clock = hours.count() >= 20;
  if (weekend * 100 >= times.size() && (!enough || around_the_clock)) return quant::AlwaysOpen();
  // What is not traded, such as news, has no extended hours: all that is not in a session would be left out of bars.
  const bool traded = key.timeframe != Timeframe::kTick || IsOneOf(key.resource, kTraded);
  const RowHours at_xnys = HoursOf(times, quant::Xnys(), key.timeframe, false);
  const bool in_sessions = !enough || at_xnys.outside() * 4 <= at_xnys.rows * 3;
  if (in_sessions && IsFew(traded ? at_xnys.closed : at_xnys.outside(), at_xnys.rows)) return quant::Xnys();
  const RowHours at_fx = HoursOf(times, quant::FxWeek(), key.timeframe, false);
  if (enough && around_the_clock && IsFew(at_fx.closed, at_fx.rows)) return quant::FxWeek();
  return quant::UtcDays();
}

}  // namespace

const Calendar& CalendarOf(const quant::SeriesKey& key, std::span<const int64_t> times, const Calendar* named) {
  if (named != nullptr) return *named;
  const Calendar* by_name = ByName(key);
  if (by_name != nullptr && !by_name->says_hours()) return *by_name;
  if (times.empty()) return by_name != nullptr ? *by_name : quant::Xnys();
  const bool within_day =
      key.timeframe == Timeframe::kTick || quant::IntradayLength(key.timeframe) > absl::ZeroDuration();
  const Calendar* by_closes = within_day ? nullptr : ByCloses(times);
  if (by_closes != nullptr) return *by_closes;
  if (by_name != nullptr) {
    const RowHours hours = HoursOf(times, *by_name, key.timeframe, false);
    if (hours.closed * 100 <= hours.rows * kMostOutsidePercent) return *by_name;
  }
  return within_day ? ByHours(key, times) : quant::UtcDays();
}

std::vector<quant::TimeRange> RowsThatTell(Timeframe timeframe, int64_t first_ns, int64_t last_ns) {
  const bool ticks = timeframe == Timeframe::kTick;
  const bool within_day = ticks || quant::IntradayLength(timeframe) > absl::ZeroDuration();
  const int64_t span = ticks ? kHourNs : 7 * kDayNs;
  const int64_t count = ticks ? 24 : 8;
  const int64_t end = last_ns == INT64_MAX ? last_ns : last_ns + 1;
  // Halves, since the difference of two instants may be more than there are numbers.
  if (!within_day || last_ns / 2 - first_ns / 2 <= span * count / 2) return {{first_ns, end}};
  const int64_t last_start = end - span;
  const int64_t step = last_start / (count - 1) - first_ns / (count - 1);
  std::vector<quant::TimeRange> ranges;
  int64_t start = first_ns;
  for (int64_t i = 0; i + 1 < count; ++i, start += step) ranges.push_back({start, start + span});
  ranges.push_back({last_start, end});
  return ranges;
}

int64_t ClosingOf(const Calendar& calendar, Timeframe timeframe) {
  const int64_t auction = calendar.around().closing_ns;
  const int64_t length = absl::ToInt64Nanoseconds(quant::IntradayLength(timeframe));
  return auction > 0 && length <= 5 * kMinuteNs ? std::max(auction, length) : auction;
}

RowHours HoursOf(std::span<const int64_t> times, const Calendar& calendar, Timeframe timeframe, bool trades,
                 int64_t until_ns) {
  const int64_t closing = ClosingOf(calendar, timeframe);
  const bool days = timeframe >= Timeframe::kDay;
  const auto end = std::lower_bound(times.begin(), times.end(), until_ns);
  RowHours hours{.rows = static_cast<size_t>(end - times.begin())};
  quant::ClosingAuction auction(calendar, closing, times, trades);
  for (const int64_t time_ns : times.first(hours.rows)) {
    const int64_t position = trades || time_ns == INT64_MIN ? time_ns : time_ns - 1;
    quant::Phase phase = calendar.PhaseAt(position, closing);
    if (phase == quant::Phase::kClosing && !days && auction.SessionOf(position) == nullptr) {
      phase = quant::Phase::kExtended;
    }
    const bool extended = phase == quant::Phase::kExtended && !days;
    hours.extended += extended ? 1 : 0;
    hours.closed += !extended && (phase == quant::Phase::kExtended || phase == quant::Phase::kClosed) ? 1 : 0;
  }
  return hours;
}

std::string CalendarsThatFit(std::span<const int64_t> times, Timeframe timeframe, bool trades) {
  std::string names;
  for (const std::string_view name : quant::CalendarNames()) {
    if (!IsFew(HoursOf(times, **quant::FindCalendar(name), timeframe, trades).closed, times.size())) continue;
    names += std::string(name) + ", ";
  }
  return names + std::string(quant::kNoCalendar);
}

}  // namespace breadthflow::data
