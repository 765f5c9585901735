#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "services/data/sources/row_builder.h"
#include "services/data/sources/yahoo.h"
#include "services/data/sources/yahoo_document.h"

namespace breadthflow::data {
namespace {

constexpr std::string_view kYahoo = "yahoo";
constexpr int64_t kSecond = 1'000'000'000;

// Kinds of events of which a body tells, if only that there were none.
struct Listed {
  bool dividends = false;
  bool splits = false;
};

class BarReader {
 public:
  // `known`: of which events the pages tell.
  BarReader(const SourceQuery& query, const RawBody& body, Listed known, RowBuilder& rows)
      : length_(absl::ToInt64Seconds(quant::IntradayLength(query.timeframe))),
        received_(body.received),
        known_(known),
        rows_(rows) {}

  absl::Status Read(const YahooChart& chart) {
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
      const auto stamp = YahooStamp(&(*stamps)[i]);
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

  absl::Status ReadActions(const YahooChart& chart) {
    cash_.clear();
    ratio_.clear();
    if (length_ != 0) return absl::OkStatus();
    for (const char* kind : {"dividends", "capitalGains"}) {
      BF_ASSIGN_OR_RETURN(const std::vector<YahooAction> actions, YahooPayments(chart, kind));
      for (const YahooAction& action : actions) cash_[chart.market.DayOf(action.stamp)] += action.value;
    }
    BF_ASSIGN_OR_RETURN(const std::vector<YahooAction> splits, YahooSplits(chart));
    for (const YahooAction& action : splits)
      ratio_.try_emplace(chart.market.DayOf(action.stamp), 1).first->second *= action.value;
    return absl::OkStatus();
  }

  void ReadBar(const YahooChart& chart, const Json& quote, const Json* adjusted, size_t i, int64_t stamp) {
    const YahooMarket& market = chart.market;
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
    if (known_.dividends) rows_.Set("dividend", paid.empty() ? 0.0 : paid.mapped());
    if (known_.splits) rows_.Set("split_ratio", split.empty() ? 1.0 : split.mapped());
  }

  const int64_t length_;  // seconds of an intraday bar; 0: daily
  const absl::Time received_;
  const Listed known_;
  RowBuilder& rows_;
  std::map<absl::CivilDay, double> cash_;
  std::map<absl::CivilDay, double> ratio_;
};

absl::Status AddActions(const SourceQuery& query, const YahooChart& chart, RowBuilder& rows) {
  BF_ASSIGN_OR_RETURN(const std::vector<YahooAction> splits, YahooSplits(chart));
  const auto begin = [&](const YahooAction& action) {
    const std::string day = absl::FormatCivilTime(chart.market.DayOf(action.stamp));
    rows.Begin(chart.market.DayStart(action.stamp), day);
    rows.Set("ex_date", day);
  };
  if (query.resource == "split") {
    for (const YahooAction& split : splits) {
      begin(split);
      rows.Set("ratio", split.value);
    }
    return absl::OkStatus();
  }
  for (const auto& [kind, word] : {std::pair("dividends", "cash"), std::pair("capitalGains", "capital_gain")}) {
    BF_ASSIGN_OR_RETURN(const std::vector<YahooAction> payments, YahooPayments(chart, kind));
    for (const YahooAction& payment : payments) {
      double later = 1;
      for (const YahooAction& split : splits) later *= split.stamp > payment.stamp ? split.value : 1;
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

// What the pages list: they are of one question.
absl::StatusOr<Listed> ListedIn(const SourceQuery& query, const RawBody& body, std::string_view granularity,
                                const std::string& currency) {
  Listed listed;
  for (const std::string_view page : Pages(body.bytes)) {
    if (SaysNoData(page)) continue;
    BF_ASSIGN_OR_RETURN(const YahooChart chart, ReadYahooChart(query, page, granularity, currency));
    listed.dividends |= ListsYahooEvents(chart, "dividends");
    listed.splits |= ListsYahooEvents(chart, "splits");
  }
  return listed;
}

}  // namespace

bool SaysNoData(std::string_view page) {
  constexpr size_t kMostBytes = 2000;  // what is longer has rows
  if (page.size() > kMostBytes) return false;
  const absl::StatusOr<Json> document = ParseObject(kYahoo, page);
  if (!document.ok()) return false;
  const std::string said = TextMember(Member(Member(*document, "chart"), "error"), "description");
  return said.starts_with("Data doesn't exist for startDate");
}

absl::StatusOr<SourceData> ParseYahooChart(const SourceRequest& request, const RawBody& body,
                                           const std::string& currency) {
  const SourceQuery& query = request.query;
  const bool bars = query.resource == "stock_price";
  const std::string_view granularity = bars ? Granularity(query.timeframe) : "1d";
  // Every question of a fetch asks for all kinds of events; of a saved body nobody knows the question.
  Listed known{true, true};
  if (request.locator.empty()) {
    BF_ASSIGN_OR_RETURN(known, ListedIn(query, body, granularity, currency));
  }
  RowBuilder rows(query, bars ? quant::PriceBasis::kSplitAdjusted : quant::PriceBasis::kNotPrices, body.received);
  BarReader reader(query, body, known, rows);
  for (const std::string_view page : Pages(body.bytes)) {
    if (SaysNoData(page)) continue;
    BF_ASSIGN_OR_RETURN(const YahooChart chart, ReadYahooChart(query, page, granularity, currency));
    BF_RETURN_IF_ERROR(bars ? reader.Read(chart) : AddActions(query, chart, rows));
  }
  BF_ASSIGN_OR_RETURN(SourceData data, std::move(rows).Finish(kYahoo));
  data.says_timeframe = bars;
  if (query.resource == "split") data.certain = known.splits;
  if (query.resource == "dividend") {
    data.certain = known.dividends;
    if (!known.splits && !data.series.empty()) {
      data.notes.emplace_back(
          "the answer lists no splits, and may not have been asked for them: dividends before a split are per share "
          "as of the answer");
    }
  }
  return data;
}

}  // namespace breadthflow::data
