#include "services/data/sources/polygon.h"

#include <memory>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/http/http_client.h"
#include "common/quant/calendar_zones.h"
#include "services/data/sources/catalog.h"

namespace breadthflow::data {
namespace {

constexpr std::string_view kHost = "https://api.polygon.io";

const std::vector<Capability>& Offers() {
  static const auto* offers = new std::vector<Capability>(
      BarsAnd(quant::PriceBasis::kRaw, {"balance_sheet", "cash_flow", "delisting", "dividend", "earnings",
                                        "news_sentiment", "quote", "revenue", "shares_outstanding", "split", "trade"}));
  return *offers;
}

class PolygonSource final : public HttpSource {
 public:
  PolygonSource(Upstream* upstream, quant::PriceBasis basis, bool crypto)
      : HttpSource("polygon", upstream), basis_(basis), crypto_(crypto) {}

  absl::StatusOr<SourceRequest> TransformQuery(const SourceQuery& query) const override {
    BF_RETURN_IF_ERROR(CheckOffered(provider(), Offers(), query));
    const std::string ticker = http::UrlEncode(Ticker(query));
    const auto path = [&](const std::string& rest) { return SourceRequest{query, fmt::format("{}{}", kHost, rest)}; };
    if (query.resource == "stock_price") {
      const absl::Duration length = quant::IntradayLength(query.timeframe);
      // The provider's range is of bar starts; a daily bar starts up to a day before its close.
      const absl::Duration before = length == absl::ZeroDuration() ? absl::Hours(26) : length;
      return path(fmt::format("/v2/aggs/ticker/{}/range/{}/{}/{}/{}?adjusted={}&sort=asc&limit=50000", ticker,
                              length == absl::ZeroDuration() ? 1 : absl::ToInt64Minutes(length),
                              length == absl::ZeroDuration() ? "day" : "minute",
                              absl::ToUnixMillis(quant::FromNanos(query.range.start_ns) - before),
                              absl::ToUnixMillis(quant::FromNanos(query.range.end_ns - 1)),
                              basis_ == quant::PriceBasis::kSplitAdjusted));
    }
    const std::string from = Day(query.range.start_ns);
    const std::string to = Day(query.range.end_ns - 1);
    if (query.resource == "trade" || query.resource == "quote") {
      return path(fmt::format("/v3/{}s/{}?timestamp.gte={}&timestamp.lt={}&order=asc&sort=timestamp&limit=50000",
                              query.resource, ticker, query.range.start_ns, query.range.end_ns));
    }
    if (query.resource == "news_sentiment") {
      return path(
          fmt::format("/v2/reference/news?ticker={}&published_utc.gte={}&published_utc.lte={}&order=asc&limit=1000",
                      ticker, from, Day(query.range.end_ns + kDayNanos)));
    }
    if (query.resource == "shares_outstanding")
      return path(fmt::format("/v3/reference/tickers/{}?date={}", ticker, to));
    if (query.resource == "delisting") return path(fmt::format("/v3/reference/tickers?ticker={}&active=false", ticker));
    // Payments and splits become known before they take effect: all are asked for.
    if (query.resource == "dividend") return path(fmt::format("/v3/reference/dividends?ticker={}&limit=1000", ticker));
    if (query.resource == "split") return path(fmt::format("/v3/reference/splits?ticker={}&limit=1000", ticker));
    // What is left are statements.
    return path(fmt::format("/vX/reference/financials?ticker={}&filing_date.gte={}&filing_date.lte={}&limit=100",
                            ticker, Day(query.range.start_ns - kDayNanos), to));
  }

  absl::Status Judge(const SourceRequest& request, const RawBody& body) const override {
    BF_RETURN_IF_ERROR(JudgeStatus(provider(), body.http_status));
    for (const std::string_view page : Pages(body.bytes)) {
      const absl::StatusOr<Json> document = ParseObject(provider(), page);
      const std::string status = document.ok() ? TextMember(&*document, "status") : "";
      if (body.http_status >= 400) {
        // Only what the provider says in its own format speaks of the symbol or the request.
        if (status.empty()) return UnexpectedBody(provider(), fmt::format("HTTP {}", body.http_status));
        if (body.http_status == 404) return UnknownSymbol(provider(), request.query.symbol);
      }
      BF_RETURN_IF_ERROR(document.status());
      if (body.http_status >= 400 || status == "ERROR" || status == "NOT_AUTHORIZED") {
        return Rejected(provider(), TextMember(&*document, "error") + TextMember(&*document, "message"));
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<SourceData> TransformData(const SourceRequest& request, const RawBody& body) const override {
    BF_RETURN_IF_ERROR(Judge(request, body));
    const SourceQuery& query = request.query;
    if (query.resource == "stock_price") return ParsePolygonBars(query, body, Ticker(query), basis_);
    if (query.resource == "trade" || query.resource == "quote") return ParsePolygonTicks(query, body);
    return ParsePolygonReference(query, body);
  }

 protected:
  // Of the next page only path and query are taken: our key goes to no other host.
  std::optional<std::string> NextPage(const RawBody& body) const override {
    const absl::StatusOr<Json> document = ParseObject(provider(), body.bytes);
    if (!document.ok()) return std::nullopt;
    const std::string url = TextMember(&*document, "next_url");
    const size_t scheme = url.find("://");
    const size_t slash = scheme == std::string::npos ? scheme : url.find('/', scheme + 3);
    if (slash == std::string::npos) return std::nullopt;
    return fmt::format("{}{}", kHost, url.substr(slash));
  }

 private:
  static constexpr int64_t kDayNanos = 86'400'000'000'000;

  static std::string Day(int64_t nanos) {
    return absl::FormatCivilTime(
        absl::CivilDay(absl::CivilSecond(1970, 1, 1) + Seconds(nanos) + quant::NewYorkOffsetSeconds(nanos)));
  }

  std::string Ticker(const SourceQuery& query) const { return crypto_ ? "X:" + query.symbol : query.symbol; }

  quant::PriceBasis basis_;
  bool crypto_;
};

}  // namespace

// Polygon, with a key.
SourceEntry Polygon();

SourceEntry Polygon() {
  SourceEntry entry;
  entry.info = {"data_source", "polygon", "1.0.0",
                "Polygon: stock_price (1min 5min 15min 30min 1hour 1day), trade, quote, dividend, split, delisting, "
                "shares_outstanding, revenue, earnings, balance_sheet, cash_flow, news_sentiment. Needs a key; asked 4 "
                "times a minute. Bars hold trades of extended hours too; statements are known at 22:00 New York of "
                "their filing date; shares_outstanding are those of the last day of the range."};
  entry.params = {component::ChoiceParam("basis", "raw", {"raw", "split"}, "How bars are adjusted."),
                  component::ChoiceParam("market", "stocks", {"stocks", "crypto"},
                                         "Market of the symbols; the crypto pair of bitcoin in dollars is BTCUSD.")};
  entry.capabilities = Offers();
  entry.provider = "polygon";
  entry.make = [](const component::Params& params,
                  const SourceEntry::Environment& environment) -> absl::StatusOr<std::unique_ptr<Source>> {
    if (environment.upstream != nullptr) BF_RETURN_IF_ERROR(environment.upstream->CheckReady("polygon"));
    BF_ASSIGN_OR_RETURN(const quant::PriceBasis basis, quant::ParsePriceBasis(params.String("basis")));
    return std::make_unique<PolygonSource>(environment.upstream, basis, params.String("market") == "crypto");
  };
  return entry;
}

}  // namespace breadthflow::data
