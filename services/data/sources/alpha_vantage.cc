#include "services/data/sources/alpha_vantage.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/http/http_client.h"
#include "common/quant/calendar.h"
#include "services/data/sources/catalog.h"

namespace breadthflow::data {
namespace {

constexpr char kEarnings[] = "EARNINGS";  // also says when the results of a period were announced

const std::vector<Capability>& Offers() {
  static const auto* offers = new std::vector<Capability>(
      BarsAnd(quant::PriceBasis::kRaw, {"balance_sheet", "cash_flow", "dividend", "earnings", "news_sentiment",
                                        "option_chain", "revenue", "shares_outstanding", "split"}));
  return *offers;
}

const std::map<std::string, std::vector<std::string>, std::less<>>& Functions() {
  static const auto* functions =
      new std::map<std::string, std::vector<std::string>, std::less<>>{{"dividend", {"DIVIDENDS"}},
                                                                       {"split", {"SPLITS"}},
                                                                       {"revenue", {kEarnings, "INCOME_STATEMENT"}},
                                                                       {"earnings", {kEarnings, "INCOME_STATEMENT"}},
                                                                       {"balance_sheet", {kEarnings, "BALANCE_SHEET"}},
                                                                       {"cash_flow", {kEarnings, "CASH_FLOW"}},
                                                                       {"shares_outstanding", {"SHARES_OUTSTANDING"}}};
  return *functions;
}

constexpr int kMostNewsPages = 10;  // a free key has 25 requests a day

// The newest bars that a compact answer has, but for some days without trades: it has 100.
constexpr size_t kCompactSessions = 95;

// Which daily bars are asked for. kAuto: the newest 100 when the range needs no more, for free keys get no others.
enum class Output { kAuto, kFull, kCompact };

std::string Minute(absl::Time time) { return absl::FormatTime("%Y%m%dT%H%M", time, absl::UTCTimeZone()); }

std::string NewsUrl(const SourceQuery& query, std::string_view from) {
  const absl::Time end = quant::FromNanos(query.range.end_ns) + absl::Minutes(1) - absl::Nanoseconds(1);
  return fmt::format(
      "https://www.alphavantage.co/query?function=NEWS_SENTIMENT&tickers={}&time_from={}&time_to={}&sort=EARLIEST"
      "&limit={}",
      http::UrlEncode(query.symbol), from, Minute(end), kMostArticles);
}

class AlphaVantageSource final : public HttpSource {
 public:
  AlphaVantageSource(Upstream* upstream, bool actions, Output output, bool announcements)
      : HttpSource("alpha_vantage", upstream), actions_(actions), output_(output), announcements_(announcements) {}

  absl::StatusOr<SourceRequest> TransformQuery(const SourceQuery& query) const override {
    BF_RETURN_IF_ERROR(CheckOffered(provider(), Offers(), query));
    SourceRequest request{query, ""};
    const std::string symbol = http::UrlEncode(query.symbol);
    const auto add = [&](const std::string& rest) {
      request.locator +=
          fmt::format("{}https://www.alphavantage.co/query?function={}", request.locator.empty() ? "" : "\n", rest);
    };
    const absl::Time start = quant::FromNanos(query.range.start_ns);
    const absl::Time end = quant::FromNanos(query.range.end_ns);
    if (query.resource == "stock_price") {
      if (query.timeframe == quant::Timeframe::kDay) {
        add(fmt::format("TIME_SERIES_DAILY{}&symbol={}&outputsize={}", actions_ ? "_ADJUSTED" : "", symbol,
                        Compact(query) ? "compact" : "full"));
        return request;
      }
      const absl::Duration length = quant::IntradayLength(query.timeframe);
      const absl::CivilMonth last(absl::ToCivilDay(end, absl::UTCTimeZone()));
      absl::CivilMonth month(absl::ToCivilDay(start, absl::UTCTimeZone()) - 1);
      if (last - month >= static_cast<int64_t>(kMaxUrls)) return TooLong("months");
      for (; month <= last; ++month) {
        add(
            fmt::format("TIME_SERIES_INTRADAY&symbol={}&interval={}min&adjusted=false&extended_hours=false&month={}&"
                        "outputsize=full",
                        symbol, absl::ToInt64Minutes(length), absl::FormatCivilTime(month)));
      }
      return request;
    }
    if (query.resource == "news_sentiment") {
      request.locator = NewsUrl(query, Minute(start));
      return request;
    }
    if (query.resource == "option_chain") {
      const auto sessions = quant::Xnys().ClosingIn(query.range);
      if (sessions.size() > kMaxUrls) return TooLong("sessions");
      if (sessions.empty()) {
        return base::MakeError(absl::StatusCode::kInvalidArgument, "NO_SESSION",
                               "no session of XNYS closes in the range");
      }
      for (const quant::Session& session : sessions) {
        add(fmt::format("HISTORICAL_OPTIONS&symbol={}&date={}", symbol, absl::FormatCivilTime(session.day)));
      }
      return request;
    }
    for (const std::string& function : Functions().at(query.resource)) {
      if (function == kEarnings && query.resource != "earnings" && !announcements_) continue;
      add(fmt::format("{}&symbol={}", function, symbol));
    }
    return request;
  }

  absl::StatusOr<RawBody> Extract(const SourceRequest& request, const base::CancelToken& cancel) const override {
    if (request.query.resource != "news_sentiment") return HttpSource::Extract(request, cancel);
    RawBody all;
    std::string from = Minute(quant::FromNanos(request.query.range.start_ns));
    for (int pages = 1;; ++pages) {
      const size_t before = all.bytes.size();
      BF_RETURN_IF_ERROR(Get(request, NewsUrl(request.query, from), cancel, all));
      const std::string_view page = std::string_view(all.bytes).substr(before == 0 ? 0 : before + 1);
      std::string last = LastMinuteOfNews(page);
      if (last.empty() || last == from || pages == kMostNewsPages) return all;
      from = std::move(last);
    }
  }

  absl::Status Judge(const SourceRequest& request, const RawBody& body) const override {
    BF_RETURN_IF_ERROR(JudgeStatus(provider(), body.http_status));
    if (body.http_status >= 400) return UnexpectedBody(provider(), fmt::format("HTTP {}", body.http_status));
    for (const std::string_view page : Pages(body.bytes))
      BF_RETURN_IF_ERROR(JudgeAlphaVantage(request.query.symbol, page));
    return absl::OkStatus();
  }

  std::string SymbolIn(const RawBody& body) const override { return AlphaVantageSymbol(Pages(body.bytes).front()); }

  absl::StatusOr<SourceData> TransformData(const SourceRequest& request, const RawBody& body) const override {
    BF_RETURN_IF_ERROR(Judge(request, body));
    if (request.query.resource != "stock_price") return ParseAlphaVantageCompany(request.query, body);
    const bool compact =
        request.locator.empty() ? output_ == Output::kCompact : request.locator.ends_with("outputsize=compact");
    return ParseAlphaVantageBars(request.query, body, compact && request.query.timeframe == quant::Timeframe::kDay);
  }

 private:
  bool Compact(const SourceQuery& query) const {
    if (output_ != Output::kAuto) return output_ == Output::kCompact;
    if (query.now == absl::InfinitePast()) return false;
    const int64_t end = quant::ToNanos(query.now + absl::Hours(24));
    return query.range.start_ns < end &&
           quant::Xnys().ClosingIn({query.range.start_ns, end}).size() <= kCompactSessions;
  }

  static absl::Status TooLong(std::string_view what) {
    return base::MakeError(absl::StatusCode::kInvalidArgument, "RANGE_TOO_LONG",
                           fmt::format("at most {} {} can be asked for at once", kMaxUrls, what));
  }

  bool actions_;
  Output output_;
  bool announcements_;
};

}  // namespace

// Alpha Vantage, with a key.
SourceEntry AlphaVantage();

SourceEntry AlphaVantage() {
  SourceEntry entry;
  entry.info = {
      "data_source", "alpha_vantage", "1.1.0",
      "Alpha Vantage: stock_price (1min 5min 15min 30min 1hour 1day; raw, American exchanges), dividend, split, "
      "revenue, earnings, balance_sheet, cash_flow, shares_outstanding, news_sentiment, option_chain. Needs a "
      "key; asked 4 times a minute and 25 times a day. earnings hold the announcements at the time they were "
      "made (09:30 New York for those before the open, 20:00 for those after the close), which is also the time of "
      "revenue and earnings of that period. Other statements do not say when they were published: their time is when "
      "they were due (22:00 New York 45 days after a quarter and 90 days after a year or its last quarter, 92 and "
      "123 days where they are not in dollars or the symbol is of an exchange abroad), not before the announcement, "
      "and publication_estimated is 1."};
  entry.params = {component::BoolParam("actions", false,
                                       "Daily bars with adjusted close, dividends and splits (an endpoint that needs a "
                                       "paid key)."),
                  component::ChoiceParam("output", "auto", {"auto", "full", "compact"},
                                         "Daily bars: all (which needs a paid key), or the newest 100; auto: the "
                                         "newest 100 when the range asked for begins among them."),
                  component::BoolParam("announcements", true,
                                       "Asks beside each statement when results were announced (one request more).")};
  entry.capabilities = Offers();
  entry.provider = "alpha_vantage";
  entry.access_params = {"output"};  // a compact body that is not enough is refused
  entry.make = [](const component::Params& params,
                  const SourceEntry::Environment& environment) -> absl::StatusOr<std::unique_ptr<Source>> {
    if (environment.upstream != nullptr) BF_RETURN_IF_ERROR(environment.upstream->CheckReady("alpha_vantage"));
    const std::string output = params.String("output");
    return std::make_unique<AlphaVantageSource>(environment.upstream, params.Bool("actions"),
                                                output == "compact" ? Output::kCompact
                                                : output == "full"  ? Output::kFull
                                                                    : Output::kAuto,
                                                params.Bool("announcements"));
  };
  return entry;
}

}  // namespace breadthflow::data
