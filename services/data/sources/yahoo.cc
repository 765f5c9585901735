#include "services/data/sources/yahoo.h"

#include <memory>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/http/http_client.h"
#include "services/data/sources/catalog.h"

namespace breadthflow::data {
namespace {

const std::vector<Capability>& Offers() {
  static const auto* offers = new std::vector<Capability>(
      BarsAnd(quant::PriceBasis::kSplitAdjusted,
              {"balance_sheet", "cash_flow", "dividend", "earnings", "revenue", "shares_outstanding", "split"}));
  return *offers;
}

std::string ChartUrl(const std::string& symbol, std::string_view interval, int64_t start, int64_t end) {
  return fmt::format(
      "https://query2.finance.yahoo.com/v8/finance/chart/{}?period1={}&period2={}&interval={}&includePrePost=false"
      "&events=div%7Csplit%7CcapitalGain",
      http::UrlEncode(symbol), start, end, interval);
}

class YahooSource final : public HttpSource {
 public:
  YahooSource(Upstream* upstream, std::string currency)
      : HttpSource("yahoo", upstream), currency_(std::move(currency)) {}

  absl::StatusOr<SourceRequest> TransformQuery(const SourceQuery& query) const override {
    BF_RETURN_IF_ERROR(CheckOffered(provider(), Offers(), query));
    constexpr int64_t kDay = 86'400;
    const int64_t start = Seconds(query.range.start_ns);
    const int64_t end = Seconds(query.range.end_ns) + 1;
    if (const std::string types = YahooFundamentalTypes(query.resource); !types.empty()) {
      // The range is of times of publication, the provider's of period ends, half a year before at most.
      return SourceRequest{query,
                           fmt::format("https://query1.finance.yahoo.com/ws/fundamentals-timeseries/v1/finance/"
                                       "timeseries/{}?type={}&period1={}&period2={}",
                                       http::UrlEncode(query.symbol), http::UrlEncode(types), start - 190 * kDay, end)};
    }
    if (query.resource == "dividend" || query.resource == "split") {
      // All later splits are needed to know what was paid per share then.
      constexpr int64_t kFarFuture = 4'102'444'800;
      return SourceRequest{query, ChartUrl(query.symbol, "1d", start - 2 * kDay, kFarFuture)};
    }
    if (query.timeframe == quant::Timeframe::kDay) {
      return SourceRequest{query, ChartUrl(query.symbol, "1d", start - 2 * kDay, end)};
    }
    std::string_view interval;
    int days = 55;  // what one answer holds
    switch (query.timeframe) {
      case quant::Timeframe::kMin1:
        interval = "1m";
        days = 7;
        break;
      case quant::Timeframe::kMin5:
        interval = "5m";
        break;
      case quant::Timeframe::kMin15:
        interval = "15m";
        break;
      case quant::Timeframe::kMin30:
        interval = "30m";
        break;
      default:  // an hour: nothing else is offered
        interval = "60m";
        days = 700;
        break;
    }
    SourceRequest request{query, ""};
    BF_ASSIGN_OR_RETURN(const auto parts,
                        Parts({query.range.start_ns - 3600 * int64_t{1'000'000'000}, query.range.end_ns}, days));
    for (const auto& [from, to] : parts) {
      request.locator +=
          fmt::format("{}{}", request.locator.empty() ? "" : "\n", ChartUrl(query.symbol, interval, from, to));
    }
    return request;
  }

  absl::Status Judge(const SourceRequest& request, const RawBody& body) const override {
    BF_RETURN_IF_ERROR(JudgeStatus(provider(), body.http_status));
    for (const std::string_view page : Pages(body.bytes)) {
      if (SaysNoData(page)) continue;
      const absl::StatusOr<Json> document = ParseObject(provider(), page);
      if (!document.ok()) {
        // In a saved body, whose HTTP status is not known, its edge and its servers say so in plain words.
        if (body.http_status == 200 && page.size() < 100 && page.find("Too Many Requests") != std::string_view::npos) {
          return RateLimited(provider(), page);
        }
        // 400 and 404 in other words than the provider's own say nothing about the symbol.
        return body.http_status == 200 ? document.status()
                                       : UnexpectedBody(provider(), fmt::format("HTTP {}", body.http_status));
      }
      for (const char* kind : {"chart", "timeseries", "finance"}) {
        const Json* error = Member(Member(*document, kind), "error");
        if (error == nullptr) continue;
        const std::string code = TextMember(error, "code");
        if (code == "Not Found") return UnknownSymbol(provider(), request.query.symbol);
        if (code == "Unauthorized") return Unauthenticated(provider(), TextMember(error, "description"));
        return Rejected(provider(), code + ": " + TextMember(error, "description"));
      }
      if (body.http_status != 200) return UnexpectedBody(provider(), fmt::format("HTTP {}", body.http_status));
    }
    return absl::OkStatus();
  }

  std::string SymbolIn(const RawBody& body) const override {
    const absl::StatusOr<Json> document = ParseObject(provider(), Pages(body.bytes).front());
    if (!document.ok()) return "";
    for (const char* kind : {"chart", "timeseries"}) {
      const Json* results = Member(Member(*document, kind), "result");
      if (results == nullptr || !results->is_array() || results->empty()) continue;
      const Json* symbol = Member(Member(results->front(), "meta"), "symbol");
      if (symbol != nullptr && symbol->is_array() && symbol->size() == 1) symbol = &symbol->front();
      if (symbol != nullptr && symbol->is_string()) return symbol->get<std::string>();
    }
    return "";
  }

  absl::StatusOr<SourceData> TransformData(const SourceRequest& request, const RawBody& body) const override {
    BF_RETURN_IF_ERROR(Judge(request, body));
    if (!YahooFundamentalTypes(request.query.resource).empty()) return ParseYahooFundamentals(request.query, body);
    return ParseYahooChart(request, body, currency_);
  }

 private:
  std::string currency_;
};

}  // namespace

// Yahoo Finance, without a key.
SourceEntry Yahoo();

SourceEntry Yahoo() {
  SourceEntry entry;
  entry.info = {
      "data_source", "yahoo", "1.1.0",
      "Yahoo Finance: stock_price (1min 5min 15min 30min 1hour 1day), dividend, split, revenue, earnings, "
      "balance_sheet, cash_flow, shares_outstanding. No key; asked once in 2 seconds. Prices are adjusted for "
      "splits as of the day of the fetch, dividends are given per share of their own day. Minutes reach back "
      "30 days, other intraday bars 60, hours 730. Yahoo does not say when a statement was published: its "
      "time is when it was due (22:00 New York 45 days after a quarter and 90 days after a year or its last "
      "quarter, 92 and 123 days where it is not in dollars or the symbol has the suffix of an exchange abroad) and "
      "publication_estimated is 1; a later restatement replaces the amounts."};
  entry.params = {component::StringParam("currency", "USD",
                                         "Currency that the prices must be in, as Yahoo writes it (GBp is pence); any: "
                                         "whatever they are in.")};
  entry.capabilities = Offers();
  entry.provider = "yahoo";
  entry.make = [](const component::Params& params,
                  const SourceEntry::Environment& environment) -> absl::StatusOr<std::unique_ptr<Source>> {
    return std::make_unique<YahooSource>(environment.upstream, params.String("currency"));
  };
  return entry;
}

}  // namespace breadthflow::data
