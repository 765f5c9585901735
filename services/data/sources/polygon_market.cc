#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "services/data/sources/polygon.h"
#include "services/data/sources/row_builder.h"

namespace breadthflow::data {
namespace {

constexpr std::string_view kName = "polygon";
constexpr int64_t kMilli = 1'000'000;

// Epoch milliseconds as nanoseconds; nothing for what is no time of the years 1900 to 2200.
std::optional<int64_t> Millis(const Json* value) {
  if (value == nullptr || !value->is_number_integer()) return std::nullopt;
  const auto number = value->get<int64_t>();
  if (number < -2'208'988'800'000 || number > 7'258'118'400'000) return std::nullopt;
  return number * kMilli;
}

std::optional<int64_t> Nanos(const Json* value) {
  if (value == nullptr || !value->is_number_integer()) return std::nullopt;
  const auto number = value->get<int64_t>();
  return number > 0 && number < 7'258'118'400'000'000'000 ? std::optional(number) : std::nullopt;
}

void AddTrade(const Json& trade, RowBuilder& rows) {
  rows.SetNumber("price", Member(trade, "price"));
  rows.SetNumber("size", Member(trade, "size"));
  rows.SetText("trade_id", TextMember(&trade, "id"));
  rows.SetCount("polygon.correction", Member(trade, "correction"));
  if (const Json* exchange = Member(trade, "exchange"); exchange != nullptr) rows.Set("exchange", exchange->dump());
}

bool IsPrice(const Json* value) { return value != nullptr && !(value->is_number() && value->get<double>() == 0); }

// Whether a tick is a trade where quotes are asked for, or the reverse.
bool IsOfOtherKind(std::string_view resource, const Json& tick) {
  const bool trade = Member(tick, "price") != nullptr;
  const bool quote = Member(tick, "bid_price") != nullptr || Member(tick, "ask_price") != nullptr;
  return resource == "trade" ? quote && !trade : trade && !quote;
}

void AddQuote(const Json& quote, RowBuilder& rows) {
  for (const auto& [price, size] : {std::pair("bid_price", "bid_size"), std::pair("ask_price", "ask_size")}) {
    const Json* value = Member(quote, price);
    if (!IsPrice(value)) continue;
    rows.SetNumber(price, value);
    rows.SetNumber(size, Member(quote, size));
  }
  const Json* bid = Member(quote, "bid_exchange");
  const Json* ask = Member(quote, "ask_exchange");
  if (bid != nullptr || ask != nullptr) {
    rows.Set("exchange", fmt::format("{}/{}", bid == nullptr ? "" : bid->dump(), ask == nullptr ? "" : ask->dump()));
  }
}

}  // namespace

absl::StatusOr<std::vector<Json>> PolygonResults(const Json& document) {
  const Json* results = Member(document, "results");
  if (results == nullptr) {
    // An answer without rows still says how many there are, or that all is well.
    const Json* count = Member(document, "resultsCount");
    const bool none = count != nullptr ? *count == 0 : TextMember(&document, "status") == "OK";
    if (none) return std::vector<Json>();
    return UnexpectedBody(kName, "no results");
  }
  if (!results->is_array()) return UnexpectedBody(kName, "results that are no list");
  std::vector<Json> rows;
  for (const Json& row : *results) {
    if (!row.is_object()) return UnexpectedBody(kName, "a result that is no object");
    rows.push_back(row);
  }
  return rows;
}

absl::StatusOr<SourceData> ParsePolygonBars(const SourceQuery& query, const RawBody& body, const std::string& ticker,
                                            quant::PriceBasis basis) {
  const bool crypto = ticker.starts_with("X:");
  const quant::Calendar& calendar = crypto ? quant::AlwaysOpen() : quant::Xnys();
  const int64_t length = absl::ToInt64Nanoseconds(quant::IntradayLength(query.timeframe));
  RowBuilder rows(query, basis, body.received);
  for (const std::string_view page : Pages(body.bytes)) {
    BF_ASSIGN_OR_RETURN(const Json document, ParseObject(kName, page));
    if (TextMember(&document, "ticker") != ticker) {
      return UnexpectedBody(kName, fmt::format("bars of another ticker than {}", ticker));
    }
    const Json* adjusted = Member(document, "adjusted");
    if (adjusted == nullptr || *adjusted != (basis == quant::PriceBasis::kSplitAdjusted)) {
      return UnexpectedBody(kName, "bars that are not adjusted as was asked for");
    }
    BF_ASSIGN_OR_RETURN(const std::vector<Json> bars, PolygonResults(document));
    for (const Json& bar : bars) {
      const auto start = Millis(Member(bar, "t"));
      if (!start) return UnexpectedBody(kName, "a bar without a time");
      std::string label = absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", quant::FromNanos(*start), absl::UTCTimeZone());
      if (rows.InFuture(*start, label)) continue;
      int64_t end = *start + length;
      if (length == 0) {
        const int64_t offset = crypto ? 0 : quant::NewYorkOffsetSeconds(*start);
        const quant::Session* session =
            calendar.Find(absl::CivilDay(absl::CivilSecond(1970, 1, 1) + Seconds(*start) + offset));
        if (session == nullptr) {
          rows.Complain(label, fmt::format("is no session of {}", calendar.name()));
          continue;
        }
        end = session->close_ns;
      }
      rows.Begin(end, std::move(label));
      for (const auto& [column, name] : {std::pair("open", "o"), std::pair("high", "h"), std::pair("low", "l"),
                                         std::pair("close", "c"), std::pair("volume", "v")}) {
        rows.SetNumber(column, Member(bar, name));
      }
      // A bar without trades has no average price.
      const Json* average = Member(bar, "vw");
      if (average != nullptr && *average != 0) rows.SetNumber("vwap", average);
      rows.SetCount("trade_count", Member(bar, "n"));
    }
  }
  return std::move(rows).Finish(kName);
}

absl::StatusOr<SourceData> ParsePolygonTicks(const SourceQuery& query, const RawBody& body) {
  RowBuilder rows(query, quant::PriceBasis::kNotPrices, body.received);
  for (const std::string_view page : Pages(body.bytes)) {
    BF_ASSIGN_OR_RETURN(const Json document, ParseObject(kName, page));
    BF_ASSIGN_OR_RETURN(const std::vector<Json> ticks, PolygonResults(document));
    for (const Json& tick : ticks) {
      if (IsOfOtherKind(query.resource, tick)) {
        return UnexpectedBody(kName, fmt::format("ticks of another kind than {}", query.resource));
      }
      const auto time = Nanos(Member(tick, "sip_timestamp"));
      if (!time) return UnexpectedBody(kName, "a tick without a time");
      std::string label = absl::FormatTime("%Y-%m-%dT%H:%M:%E9SZ", quant::FromNanos(*time), absl::UTCTimeZone());
      if (rows.InFuture(*time, label)) continue;
      if (query.resource == "quote" && !IsPrice(Member(tick, "bid_price")) && !IsPrice(Member(tick, "ask_price"))) {
        rows.LeaveOut("quote without a price", label);
        continue;
      }
      rows.Begin(*time, std::move(label));
      query.resource == "trade" ? AddTrade(tick, rows) : AddQuote(tick, rows);
      if (const auto at = Nanos(Member(tick, "participant_timestamp"))) rows.Set("exchange_time_ns", *at);
      std::string conditions;
      if (const Json* codes = Member(tick, "conditions"); codes != nullptr && codes->is_array()) {
        for (const Json& code : *codes) conditions += fmt::format("{}{}", conditions.empty() ? "" : ",", code.dump());
      }
      rows.SetText("conditions", conditions);
      rows.SetCount("polygon.sequence_number", Member(tick, "sequence_number"));
      rows.SetCount("polygon.tape", Member(tick, "tape"));
    }
  }
  return std::move(rows).Finish(kName);
}

}  // namespace breadthflow::data
