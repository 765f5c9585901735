#include "services/data/sources/polygon.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

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
  PolygonSource(Upstream* upstream, quant::PriceBasis basis, bool crypto, std::string shares_every)
      : HttpSource("polygon", upstream), basis_(basis), crypto_(crypto), shares_every_(std::move(shares_every)) {}

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
    if (query.resource == "shares_outstanding") {
      SourceRequest request{query, ""};
      const std::vector<absl::CivilDay> days = PolygonSharesDays(query.range, shares_every_);
      if (days.size() > kMaxUrls) {
        return base::MakeError(
            absl::StatusCode::kInvalidArgument, "RANGE_TOO_LONG",
            fmt::format("shares of at most {} days can be asked for at once, these are {}, one a {}: ask for a shorter "
                        "range, or less often by the parameter shares_every",
                        kMaxUrls, days.size(), shares_every_));
      }
      for (const absl::CivilDay day : days) {
        request.locator += fmt::format("{}{}/v3/reference/tickers/{}?date={}", request.locator.empty() ? "" : "\n",
                                       kHost, ticker, absl::FormatCivilTime(day));
      }
      return request;
    }
    if (query.resource == "delisting") return path(fmt::format("/v3/reference/tickers?ticker={}&active=false", ticker));
    // Payments and splits count by the day on which they become known, too, and are stored together with all that
    // became known with them: all are asked for.
    if (query.resource == "dividend") return path(fmt::format("/v3/reference/dividends?ticker={}&limit=1000", ticker));
    if (query.resource == "split") return path(fmt::format("/v3/reference/splits?ticker={}&limit=1000", ticker));
    // What is left are statements.
    return path(fmt::format("/vX/reference/financials?ticker={}&filing_date.gte={}&filing_date.lte={}&limit=100",
                            ticker, Day(query.range.start_ns - kDayNanos), to));
  }

  // Of shares day by day, as far as the days are over: what lies ahead is not known yet.
  absl::StatusOr<RawBody> Extract(const SourceRequest& request, const base::CancelToken& cancel) const override {
    if (request.query.resource != "shares_outstanding") return HttpSource::Extract(request, cancel);
    const std::vector<absl::CivilDay> days = PolygonSharesDays(request.query.range, shares_every_);
    RawBody all;
    size_t begin = 0;
    for (const absl::CivilDay day : days) {
      if (quant::FromNanos(DayEndInNewYork(day)) > all.received) break;
      const size_t end = std::min(request.locator.find('\n', begin), request.locator.size());
      BF_RETURN_IF_ERROR(Get(request, request.locator.substr(begin, end - begin), cancel, all));
      begin = end + 1;
    }
    return all;
  }

  absl::Status Judge(const SourceRequest& request, const RawBody& body) const override {
    BF_RETURN_IF_ERROR(JudgeStatus(provider(), body.http_status));
    const bool shares = request.query.resource == "shares_outstanding";
    if (shares && body.bytes.empty() && request.locator.empty()) return absl::OkStatus();  // of no day
    for (const std::string_view page : Pages(body.bytes)) {
      const absl::StatusOr<Json> document = ParseObject(provider(), page);
      const std::string status = document.ok() ? TextMember(&*document, "status") : "";
      if (body.http_status >= 400) {
        // Only what the provider says in its own format speaks of the symbol or the request.
        if (status.empty()) return UnexpectedBody(provider(), fmt::format("HTTP {}", body.http_status));
        // There may be no such company on one day and one on another.
        if (body.http_status == 404 && shares && status == "NOT_FOUND") continue;
        if (body.http_status == 404) return UnknownSymbol(provider(), request.query.symbol);
      }
      BF_RETURN_IF_ERROR(document.status());
      if (body.http_status >= 400 || status == "ERROR" || status == "NOT_AUTHORIZED") {
        const std::string said = TextMember(&*document, "error") + TextMember(&*document, "message");
        return body.http_status >= 400 ? Rejected(provider(), said) : SaidWithoutStatus(status, said);
      }
    }
    return absl::OkStatus();
  }

  // Of an error whose HTTP status is not known, as in a saved body: the provider has one form for all of them.
  absl::Status SaidWithoutStatus(const std::string& status, const std::string& said) const {
    const auto has = [&](std::string_view words) { return said.find(words) != std::string::npos; };
    if (status == "NOT_AUTHORIZED") return NotEntitled(provider(), said);
    if (has("maximum requests per minute")) return RateLimited(provider(), said);
    if (has("Unknown API Key") || has("API Key was not provided")) return Unauthenticated(provider(), said);
    return Rejected(provider(), said);
  }

  // Bars say it, with the market before it, and rows of one company alone.
  std::string SymbolIn(const RawBody& body) const override { return SymbolOf(body, false); }
  std::string FirstSymbolIn(const RawBody& body) const override { return SymbolOf(body, true); }

  absl::StatusOr<SourceData> TransformData(const SourceRequest& request, const RawBody& body) const override {
    BF_RETURN_IF_ERROR(Judge(request, body));
    const SourceQuery& query = request.query;
    if (query.resource == "stock_price") return ParsePolygonBars(query, body, Ticker(query), basis_);
    if (query.resource == "trade" || query.resource == "quote") return ParsePolygonTicks(query, body);
    if (query.resource == "shares_outstanding") {
      return ParsePolygonShares(query, body, PolygonSharesDays(query.range, shares_every_));
    }
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

  // Of answers with rows of several companies the first one, or none.
  std::string SymbolOf(const RawBody& body, bool first) const {
    const absl::StatusOr<Json> document = ParseObject(provider(), Pages(body.bytes).front());
    if (!document.ok()) return "";
    std::string ticker = TextMember(&*document, "ticker");
    const Json* results = ticker.empty() ? Member(*document, "results") : nullptr;
    for (size_t i = 0; results != nullptr && results->is_array() && i < (first ? 1 : results->size()); ++i) {
      const std::string other = TextMember(&(*results)[i], "ticker");
      if (other.empty() || (i > 0 && other != ticker)) return "";
      ticker = other;
    }
    constexpr std::string_view kCrypto = "X:";
    if (ticker.starts_with(kCrypto) != crypto_) return "";
    return crypto_ ? ticker.substr(kCrypto.size()) : ticker;
  }

  std::string Ticker(const SourceQuery& query) const { return crypto_ ? "X:" + query.symbol : query.symbol; }

  quant::PriceBasis basis_;
  bool crypto_;
  std::string shares_every_;
};

}  // namespace

// Polygon, with a key.
SourceEntry Polygon();

SourceEntry Polygon() {
  SourceEntry entry;
  entry.info = {"data_source", "polygon", "1.1.0",
                "Polygon: stock_price (1min 5min 15min 30min 1hour 1day), trade, quote, dividend, split, delisting, "
                "shares_outstanding, revenue, earnings, balance_sheet, cash_flow, news_sentiment. Needs a key; asked 4 "
                "times a minute. Bars hold trades of extended hours too; statements are known at 22:00 New York of "
                "their filing date (one without is known when it was due, and publication_estimated is 1). "
                "shares_outstanding are asked for once for each month that ends in the range, as of its last day."};
  entry.params = {component::ChoiceParam("basis", "raw", {"raw", "split"}, "How bars are adjusted."),
                  component::ChoiceParam("market", "stocks", {"stocks", "crypto"},
                                         "Market of the symbols; the crypto pair of bitcoin in dollars is BTCUSD."),
                  component::ChoiceParam("shares_every", "month", {"month", "quarter", "day"},
                                         "Of which days shares_outstanding are asked for, each by a request: the last "
                                         "of a month or quarter, or every one.")};
  entry.capabilities = Offers();
  entry.provider = "polygon";
  entry.told_by_body = {"basis", "market"};
  entry.dated_by_query = {"shares_outstanding"};
  entry.make = [](const component::Params& params,
                  const SourceEntry::Environment& environment) -> absl::StatusOr<std::unique_ptr<Source>> {
    if (environment.upstream != nullptr) BF_RETURN_IF_ERROR(environment.upstream->CheckReady("polygon"));
    BF_ASSIGN_OR_RETURN(const quant::PriceBasis basis, quant::ParsePriceBasis(params.String("basis")));
    return std::make_unique<PolygonSource>(environment.upstream, basis, params.String("market") == "crypto",
                                           params.String("shares_every"));
  };
  return entry;
}

}  // namespace breadthflow::data
