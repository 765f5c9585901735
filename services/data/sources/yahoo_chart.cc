#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "services/data/sources/row_builder.h"
#include "services/data/sources/yahoo.h"

namespace breadthflow::data {
namespace {

constexpr std::string_view kYahoo = "yahoo";
constexpr int64_t kSecond = 1'000'000'000;
constexpr std::array<std::string_view, 15> kAmerican = {"NYQ", "NMS", "NGM", "NCM", "ASE", "PCX", "BTS", "PNK",
                                                        "OQB", "OQX", "OEM", "SNP", "DJI", "NIM", "NAS"};

// When the bars of one body end.
struct Market {
  const quant::Calendar* calendar = nullptr;  // null: hours as the body gives them
  int64_t day_seconds = 0;                    // without a calendar: from the stamp to the end of a daily bar
  int64_t utc_offset = 0;
  std::string_view zone;  // "NY", "FRA", "": the fixed offset

  absl::CivilDay DayOf(int64_t stamp) const {
    int64_t offset = utc_offset;
    if (zone == "NY") offset = quant::NewYorkOffsetSeconds(stamp * kSecond);
    if (zone == "FRA") offset = quant::FrankfurtOffsetSeconds(stamp * kSecond);
    return absl::CivilDay(absl::CivilSecond(1970, 1, 1) + stamp + offset);
  }
  int64_t DayStart(int64_t stamp) const {
    const absl::CivilDay day = DayOf(stamp);
    if (calendar != nullptr) return calendar->DayStart(day);
    return quant::UtcInstant(absl::CivilSecond(day)) - utc_offset * kSecond;
  }
};

// A chart document: its parts, checked to be there.
struct Chart {
  Json document;
  const Json* meta = nullptr;
  const Json* result = nullptr;
  Market market;
  int64_t last_trade = INT64_MAX;
};

std::optional<int64_t> Whole(const Json* value) {
  if (value == nullptr || !value->is_number_integer()) return std::nullopt;
  const auto number = value->get<int64_t>();
  // Seconds of the years 1900 to 2200: what is outside is not a time, and would overflow as nanoseconds.
  if (number < -2'208'988'800 || number > 7'258'118'400) return std::nullopt;
  return number;
}

absl::StatusOr<Market> MarketOf(const Json* meta) {
  Market market;
  const std::string exchange = TextMember(meta, "exchangeName");
  market.utc_offset = Whole(Member(meta, "gmtoffset")).value_or(0);
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
    const auto start = Whole(Member(regular, "start"));
    const auto end = Whole(Member(regular, "end"));
    if (!start || !end || *end <= *start || *end - *start > 86'400) {
      return UnexpectedBody(kYahoo, "a chart without the trading hours of its exchange");
    }
    market.day_seconds = *end - *start;
  }
  return market;
}

absl::StatusOr<Chart> ReadChart(const SourceQuery& query, std::string_view page, std::string_view granularity,
                                const std::string& currency) {
  Chart chart;
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
  if (const auto last = Whole(Member(chart.meta, "regularMarketTime"))) chart.last_trade = *last;
  return chart;
}

// Members of `events.<kind>`, an object whose keys say nothing that the members do not.
std::vector<const Json*> Events(const Chart& chart, std::string_view kind) {
  std::vector<const Json*> events;
  const Json* members = Member(Member(chart.result, "events"), kind);
  if (members != nullptr && members->is_object()) {
    for (const Json& event : *members) events.push_back(&event);
  }
  return events;
}

struct Action {
  int64_t stamp = 0;
  double value = 0;  // cash per share, or the ratio
};

absl::StatusOr<std::vector<Action>> Cash(const Chart& chart, std::string_view kind) {
  std::vector<Action> actions;
  for (const Json* event : Events(chart, kind)) {
    const auto stamp = Whole(Member(event, "date"));
    const Json* amount = Member(event, "amount");
    if (!stamp || amount == nullptr || !amount->is_number())
      return UnexpectedBody(kYahoo, "a dividend without date or amount");
    actions.push_back({*stamp, amount->get<double>()});
  }
  return actions;
}

absl::StatusOr<std::vector<Action>> Splits(const Chart& chart) {
  std::vector<Action> actions;
  for (const Json* event : Events(chart, "splits")) {
    const auto stamp = Whole(Member(event, "date"));
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

class BarReader {
 public:
  BarReader(const SourceQuery& query, const RawBody& body, RowBuilder& rows)
      : length_(absl::ToInt64Seconds(quant::IntradayLength(query.timeframe))), received_(body.received), rows_(rows) {}

  absl::Status Read(const Chart& chart) {
    const Json* stamps = Member(chart.result, "timestamp");
    const Json* quotes = Member(Member(chart.result, "indicators"), "quote");
    if (quotes == nullptr || !quotes->is_array() || quotes->size() != 1 || !(*quotes)[0].is_object()) {
      return UnexpectedBody(kYahoo, "a chart without quotes");
    }
    const Json& quote = (*quotes)[0];
    const size_t count = stamps == nullptr ? 0 : stamps->size();
    if (stamps != nullptr && !stamps->is_array()) return UnexpectedBody(kYahoo, "time stamps that are no list");
    for (const char* name : kFields) {
      const Json* values = Member(quote, name);
      if (values == nullptr ? count > 0 : !values->is_array() || values->size() != count) {
        return UnexpectedBody(kYahoo, fmt::format("{} has not one value per time stamp", name));
      }
    }
    const Json* adjusted = Member(Member(chart.result, "indicators"), "adjclose");
    adjusted = adjusted != nullptr && adjusted->is_array() && adjusted->size() == 1 ? Member((*adjusted)[0], "adjclose")
                                                                                    : nullptr;
    if (adjusted != nullptr && (!adjusted->is_array() || adjusted->size() != count)) {
      return UnexpectedBody(kYahoo, "adjclose has not one value per time stamp");
    }
    BF_RETURN_IF_ERROR(ReadActions(chart));
    for (size_t i = 0; i < count; ++i) {
      const auto stamp = Whole(&(*stamps)[i]);
      if (!stamp) return UnexpectedBody(kYahoo, fmt::format("time stamp {} is no time", i));
      ReadBar(chart, quote, adjusted, i, *stamp);
    }
    for (const auto& [day, unused] : cash_)
      rows_.LeaveOut("payment on a day without a bar", absl::FormatCivilTime(day));
    for (const auto& [day, unused] : ratio_) rows_.LeaveOut("split on a day without a bar", absl::FormatCivilTime(day));
    return absl::OkStatus();
  }

 private:
  static constexpr std::array<const char*, 5> kFields = {"open", "high", "low", "close", "volume"};

  absl::Status ReadActions(const Chart& chart) {
    cash_.clear();
    ratio_.clear();
    if (length_ != 0) return absl::OkStatus();
    for (const char* kind : {"dividends", "capitalGains"}) {
      BF_ASSIGN_OR_RETURN(const std::vector<Action> actions, Cash(chart, kind));
      for (const Action& action : actions) cash_[chart.market.DayOf(action.stamp)] += action.value;
    }
    BF_ASSIGN_OR_RETURN(const std::vector<Action> splits, Splits(chart));
    for (const Action& action : splits)
      ratio_.try_emplace(chart.market.DayOf(action.stamp), 1).first->second *= action.value;
    return absl::OkStatus();
  }

  void ReadBar(const Chart& chart, const Json& quote, const Json* adjusted, size_t i, int64_t stamp) {
    const Market& market = chart.market;
    const absl::CivilDay day = market.DayOf(stamp);
    std::string label = length_ == 0
                            ? absl::FormatCivilTime(day)
                            : absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixSeconds(stamp), absl::UTCTimeZone());
    if (rows_.InFuture(stamp * kSecond, label)) return;
    bool empty = true;
    for (size_t field = 0; field < 4; ++field) empty = empty && Member(quote, kFields[field])->at(i).is_null();
    if (empty) {
      rows_.LeaveOut("row without prices", label);
      return;
    }
    int64_t end = (stamp + (length_ == 0 ? market.day_seconds : length_)) * kSecond;
    if (market.calendar != nullptr) {
      const quant::Session* session = length_ == 0 ? market.calendar->Find(day) : market.calendar->At(stamp * kSecond);
      if (session == nullptr && length_ == 0) {
        rows_.Complain(label, fmt::format("is no session of {}", market.calendar->name()));
        return;
      }
      if (session == nullptr) {
        rows_.LeaveOut("bar outside the sessions", label);
        return;
      }
      end = length_ == 0 ? session->close_ns : std::min(end, session->close_ns);
    }
    const bool settled = received_ != absl::InfiniteFuture() && quant::ToNanos(received_ - absl::Minutes(30)) >= end;
    if (end > chart.last_trade * kSecond && !settled && chart.last_trade != INT64_MAX) {
      rows_.LeaveOut("bar that was not complete", label);
      return;
    }
    rows_.Begin(end, std::move(label));
    for (const char* name : kFields) rows_.SetNumber(name, &Member(quote, name)->at(i));
    if (adjusted != nullptr) rows_.SetNumber("adj_close", &adjusted->at(i));
    if (length_ != 0) return;
    const auto paid = cash_.extract(day);
    const auto split = ratio_.extract(day);
    rows_.Set("dividend", paid.empty() ? 0.0 : paid.mapped());
    rows_.Set("split_ratio", split.empty() ? 1.0 : split.mapped());
  }

  const int64_t length_;  // seconds of an intraday bar; 0: daily
  const absl::Time received_;
  RowBuilder& rows_;
  std::map<absl::CivilDay, double> cash_;
  std::map<absl::CivilDay, double> ratio_;
};

absl::Status AddActions(const SourceQuery& query, const Chart& chart, RowBuilder& rows) {
  BF_ASSIGN_OR_RETURN(const std::vector<Action> splits, Splits(chart));
  const auto begin = [&](const Action& action) {
    const std::string day = absl::FormatCivilTime(chart.market.DayOf(action.stamp));
    rows.Begin(chart.market.DayStart(action.stamp), day);
    rows.Set("ex_date", day);
  };
  if (query.resource == "split") {
    for (const Action& split : splits) {
      begin(split);
      rows.Set("ratio", split.value);
    }
    return absl::OkStatus();
  }
  for (const auto& [kind, word] : {std::pair("dividends", "cash"), std::pair("capitalGains", "capital_gain")}) {
    BF_ASSIGN_OR_RETURN(const std::vector<Action> payments, Cash(chart, kind));
    for (const Action& payment : payments) {
      double later = 1;
      for (const Action& split : splits) later *= split.stamp > payment.stamp ? split.value : 1;
      begin(payment);
      rows.Set("amount", payment.value * later);
      rows.SetText("currency", TextMember(chart.meta, "currency"));
      rows.Set("kind", std::string(word));
    }
  }
  return absl::OkStatus();
}

std::string_view Granularity(quant::Timeframe timeframe) {
  switch (timeframe) {
    case quant::Timeframe::kMin1:
      return "1m";
    case quant::Timeframe::kMin5:
      return "5m";
    case quant::Timeframe::kMin15:
      return "15m";
    case quant::Timeframe::kMin30:
      return "30m";
    case quant::Timeframe::kHour1:
      return "60m";
    default:
      return "1d";
  }
}

}  // namespace

absl::StatusOr<SourceData> ParseYahooChart(const SourceQuery& query, const RawBody& body, const std::string& currency) {
  const bool bars = query.resource == "stock_price";
  RowBuilder rows(query, bars ? quant::PriceBasis::kSplitAdjusted : quant::PriceBasis::kNotPrices, body.received);
  BarReader reader(query, body, rows);
  for (const std::string_view page : Pages(body.bytes)) {
    BF_ASSIGN_OR_RETURN(const Chart chart,
                        ReadChart(query, page, bars ? Granularity(query.timeframe) : "1d", currency));
    BF_RETURN_IF_ERROR(bars ? reader.Read(chart) : AddActions(query, chart, rows));
  }
  return std::move(rows).Finish(kYahoo);
}

}  // namespace breadthflow::data
