#include "services/data/sources/yahoo_document.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::data {
namespace {

constexpr std::string_view kYahoo = "yahoo";
constexpr int64_t kSecond = 1'000'000'000;
constexpr std::array<std::string_view, 15> kAmerican = {"NYQ", "NMS", "NGM", "NCM", "ASE", "PCX", "BTS", "PNK",
                                                        "OQB", "OQX", "OEM", "SNP", "DJI", "NIM", "NAS"};

absl::StatusOr<YahooMarket> MarketOf(const Json* meta) {
  YahooMarket market;
  const std::string exchange = TextMember(meta, "exchangeName");
  market.utc_offset = YahooStamp(Member(meta, "gmtoffset")).value_or(0);
  if (std::find(kAmerican.begin(), kAmerican.end(), exchange) != kAmerican.end()) {
    market.calendar = &quant::Xnys();
    market.zone = "NY";
  } else if (exchange == "GER") {
    market.calendar = &quant::Xetr();
    market.zone = "FRA";
  } else if (exchange == "CCC") {
    market.calendar = &quant::AlwaysOpen();
    market.utc_offset = 0;
  } else if (exchange == "CCY") {
    market.day_seconds = 86'400;
  } else {
    const Json* regular = Member(Member(meta, "currentTradingPeriod"), "regular");
    const auto start = YahooStamp(Member(regular, "start"));
    const auto end = YahooStamp(Member(regular, "end"));
    if (!start || !end || *end <= *start || *end - *start > 86'400) {
      return UnexpectedBody(kYahoo, "a chart without the trading hours of its exchange");
    }
    market.day_seconds = *end - *start;
  }
  return market;
}

// Members of `events.<kind>`, an object whose keys say nothing that the members do not.
std::vector<const Json*> Events(const YahooChart& chart, std::string_view kind) {
  std::vector<const Json*> events;
  const Json* members = Member(Member(chart.result, "events"), kind);
  if (members != nullptr && members->is_object()) {
    for (const Json& event : *members) events.push_back(&event);
  }
  return events;
}

}  // namespace

absl::CivilDay YahooMarket::DayOf(int64_t stamp) const {
  int64_t offset = utc_offset;
  if (zone == "NY") offset = quant::NewYorkOffsetSeconds(stamp * kSecond);
  if (zone == "FRA") offset = quant::FrankfurtOffsetSeconds(stamp * kSecond);
  return absl::CivilDay(absl::CivilSecond(1970, 1, 1) + stamp + offset);
}

int64_t YahooMarket::DayStart(int64_t stamp) const {
  const absl::CivilDay day = DayOf(stamp);
  if (calendar != nullptr) return calendar->DayStart(day);
  return quant::UtcInstant(absl::CivilSecond(day)) - utc_offset * kSecond;
}

std::optional<int64_t> YahooStamp(const Json* value) {
  if (value == nullptr || !value->is_number_integer()) return std::nullopt;
  const auto number = value->get<int64_t>();
  // Seconds of the years 1900 to 2200: what is outside is not a time, and would overflow as nanoseconds.
  if (number < -2'208'988'800 || number > 7'258'118'400) return std::nullopt;
  return number;
}

absl::StatusOr<YahooChart> ReadYahooChart(const SourceQuery& query, std::string_view page, std::string_view granularity,
                                          const std::string& currency) {
  YahooChart chart;
  BF_ASSIGN_OR_RETURN(chart.document, ParseObject(kYahoo, page));
  const Json* results = Member(Member(chart.document, "chart"), "result");
  if (results == nullptr || !results->is_array() || results->size() != 1) {
    return UnexpectedBody(kYahoo, "no chart result");
  }
  chart.result = &(*results)[0];
  chart.meta = Member(chart.result, "meta");
  if (TextMember(chart.meta, "symbol") != query.symbol) {
    return UnexpectedBody(kYahoo, fmt::format("a chart of another symbol than {}", query.symbol));
  }
  const std::string given = TextMember(chart.meta, "dataGranularity");
  if (given != granularity && !(granularity == "60m" && given == "1h")) {
    return UnexpectedBody(kYahoo, fmt::format("bars of '{}' and not of {}", given, granularity));
  }
  if (const std::string has = TextMember(chart.meta, "currency"); currency != "any" && has != currency) {
    return base::MakeError(absl::StatusCode::kFailedPrecondition, "WRONG_CURRENCY",
                           fmt::format("{} is in '{}' at yahoo and the fetch expects {}: set the parameter currency",
                                       query.symbol, has, currency));
  }
  BF_ASSIGN_OR_RETURN(chart.market, MarketOf(chart.meta));
  if (const auto last = YahooStamp(Member(chart.meta, "regularMarketTime"))) chart.last_trade = *last;
  return chart;
}

bool ListsYahooEvents(const YahooChart& chart, std::string_view kind) {
  const Json* members = Member(Member(chart.result, "events"), kind);
  return members != nullptr && members->is_object();
}

absl::StatusOr<std::vector<YahooAction>> YahooPayments(const YahooChart& chart, std::string_view kind) {
  std::vector<YahooAction> actions;
  for (const Json* event : Events(chart, kind)) {
    const auto stamp = YahooStamp(Member(event, "date"));
    const Json* amount = Member(event, "amount");
    if (!stamp || amount == nullptr || !amount->is_number())
      return UnexpectedBody(kYahoo, "a dividend without date or amount");
    actions.push_back({*stamp, amount->get<double>()});
  }
  return actions;
}

absl::StatusOr<std::vector<YahooAction>> YahooSplits(const YahooChart& chart) {
  std::vector<YahooAction> actions;
  for (const Json* event : Events(chart, "splits")) {
    const auto stamp = YahooStamp(Member(event, "date"));
    const Json* numerator = Member(event, "numerator");
    const Json* denominator = Member(event, "denominator");
    if (!stamp || numerator == nullptr || denominator == nullptr || !numerator->is_number() ||
        !denominator->is_number() || denominator->get<double>() == 0) {
      return UnexpectedBody(kYahoo, "a split without date or ratio");
    }
    actions.push_back({*stamp, numerator->get<double>() / denominator->get<double>()});
  }
  return actions;
}

}  // namespace breadthflow::data
