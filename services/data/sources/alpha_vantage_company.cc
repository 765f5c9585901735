#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "services/data/sources/alpha_vantage.h"
#include "services/data/sources/row_builder.h"

namespace breadthflow::data {
namespace {

constexpr std::string_view kName = "alpha_vantage";

// 24:00 of a day in New York: what happened on it is known then, whatever the hour.
int64_t EndOfDay(absl::CivilDay day) { return quant::NewYorkInstant(absl::CivilSecond(day + 1)); }

std::optional<absl::CivilDay> Day(const Json& record, std::string_view name, RowBuilder& rows) {
  const std::string text = TextMember(&record, name);
  const auto day = ParseDay(text);
  if (!day) rows.Complain(text.empty() ? name : text, fmt::format("{} is no date YYYY-MM-DD", name));
  return day;
}

absl::Status AddShares(const SourceQuery& query, std::string_view page, const RawBody& body, RowBuilder& rows) {
  const Filer filer = AlphaVantageFiler(query.symbol, "");
  if (page.starts_with('{')) {
    BF_ASSIGN_OR_RETURN(const Json document, ParseObject(kName, page));
    if (Member(document, "SharesOutstanding") != nullptr) {  // OVERVIEW: what holds now
      if (body.received == absl::InfiniteFuture()) return UnexpectedBody(kName, "an overview of an unknown day");
      rows.Begin(quant::ToNanos(body.received), "overview");
      rows.SetNumber("shares", Member(document, "SharesOutstanding"));
      rows.SetDay("period_end", TextMember(&document, "LatestQuarter"));
      return absl::OkStatus();
    }
  }
  BF_ASSIGN_OR_RETURN(const std::vector<Json> records,
                      AlphaVantageRecords(page, "data", {"date", "shares_outstanding_basic"}));
  for (const Json& record : records) {
    const auto end = Day(record, "date", rows);
    if (!end) continue;
    // Which quarter ends the fiscal year is not said, so each may be as late as an annual report.
    rows.Begin(FilingDeadline(*end, true, filer), absl::FormatCivilTime(*end));
    rows.Set(kPublicationEstimated, int64_t{1});
    rows.SetNumber("shares", Member(record, "shares_outstanding_basic"));
    rows.SetNumber("diluted_shares", Member(record, "shares_outstanding_diluted"));
    rows.Set("period_end", absl::FormatCivilTime(*end));
  }
  return absl::OkStatus();
}

absl::Status AddDividends(std::string_view page, RowBuilder& rows) {
  BF_ASSIGN_OR_RETURN(const std::vector<Json> records,
                      AlphaVantageRecords(page, "data", {"ex_dividend_date", "amount"}));
  for (const Json& record : records) {
    const auto ex = Day(record, "ex_dividend_date", rows);
    if (!ex) continue;
    const auto declared = ParseDay(TextMember(&record, "declaration_date"));
    rows.Begin(declared ? EndOfDay(*declared) : quant::Xnys().DayStart(*ex), absl::FormatCivilTime(*ex));
    rows.Set("ex_date", absl::FormatCivilTime(*ex));
    rows.SetNumber("amount", Member(record, "amount"));
    for (const char* name : {"declaration_date", "record_date", "payment_date"})
      rows.SetDay(name, TextMember(&record, name));
  }
  return absl::OkStatus();
}

absl::Status AddSplits(std::string_view page, RowBuilder& rows) {
  BF_ASSIGN_OR_RETURN(const std::vector<Json> records,
                      AlphaVantageRecords(page, "data", {"effective_date", "split_factor"}));
  for (const Json& record : records) {
    const auto day = Day(record, "effective_date", rows);
    if (!day) continue;
    rows.Begin(quant::Xnys().DayStart(*day), absl::FormatCivilTime(*day));
    rows.Set("ex_date", absl::FormatCivilTime(*day));
    rows.SetNumber("ratio", Member(record, "split_factor"));
  }
  return absl::OkStatus();
}

absl::Status AddOptions(const SourceQuery& query, std::string_view page, RowBuilder& rows) {
  BF_ASSIGN_OR_RETURN(const std::vector<Json> records,
                      AlphaVantageRecords(page, "data", {"contractID", "expiration", "strike", "type", "date"}));
  for (const Json& record : records) {
    const std::string contract = TextMember(&record, "contractID");
    const auto day = Day(record, "date", rows);
    if (!day) continue;
    const quant::Session* session = quant::Xnys().Find(*day);
    if (session == nullptr || TextMember(&record, "symbol") != query.symbol) {
      rows.Complain(contract, "is of another symbol, or of a day without a session");
      continue;
    }
    if (rows.InFuture(session->open_ns, contract)) continue;
    rows.Begin(session->close_ns, fmt::format("{} {}", contract, absl::FormatCivilTime(*day)));
    rows.SetText("contract", contract);
    rows.SetDay("expiration", TextMember(&record, "expiration"));
    rows.SetText("right", TextMember(&record, "type"));
    for (const char* name : {"strike", "bid", "bid_size", "ask", "ask_size", "mark", "volume", "open_interest", "delta",
                             "gamma", "theta", "vega", "rho"}) {
      rows.SetNumber(name, Member(record, name));
    }
    // 0 stands for "never traded" and for "can not be solved".
    for (const char* name : {"last", "implied_volatility"}) {
      const auto value = ParseNumber(TextMember(&record, name));
      if (!value || *value != 0) rows.SetNumber(name, Member(record, name));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status JudgeAlphaVantage(const std::string& symbol, std::string_view page) {
  if (page.empty()) return MalformedBody(kName, "it is empty");
  if (!page.starts_with('{')) return absl::OkStatus();
  BF_ASSIGN_OR_RETURN(const Json document, ParseObject(kName, page));
  if (document.empty()) return UnknownSymbol(kName, symbol);
  size_t notices = 0;
  std::string said;
  for (const char* notice : {"Note", "Information", "Error Message"}) {
    if (Member(document, notice) == nullptr) continue;
    ++notices;
    said += fmt::format("{}{}", said.empty() ? "" : " ", TextMember(&document, notice));
  }
  if (notices == 0 || notices < document.size()) return absl::OkStatus();
  std::string words = said;
  absl::AsciiStrToLower(&words);
  // Not "premium" alone: every notice advertises the premium plans.
  for (const char* paid : {"a premium endpoint", "a premium feature"}) {
    if (words.find(paid) != std::string::npos) return NotEntitled(kName, said);
  }
  const bool error = notices == 1 && Member(document, "Error Message") != nullptr;
  if (!error) return RateLimited(kName, said);
  if (words.find("apikey") != std::string::npos) {
    return base::MakeError(absl::StatusCode::kUnauthenticated, "UNAUTHENTICATED",
                           "alpha_vantage does not accept the key");
  }
  return UnknownSymbol(kName, symbol, said);
}

std::string AlphaVantageSymbol(std::string_view page) {
  if (!page.starts_with('{')) return "";
  const absl::StatusOr<Json> document = ParseObject(kName, page);
  if (!document.ok()) return "";
  for (const Json* said : {&*document, Member(*document, "Meta Data")}) {
    for (const char* name : {"symbol", "Symbol", "2. Symbol"}) {
      if (std::string symbol = TextMember(said, name); !symbol.empty()) return symbol;
    }
  }
  const Json* meta = Member(*document, "Meta Data");
  if (const std::string coin = TextMember(meta, "2. Digital Currency Code"); !coin.empty()) {
    return fmt::format("{}-{}", coin, TextMember(meta, "4. Market Code"));
  }
  const Json* rows = Member(*document, "data");
  return rows != nullptr && rows->is_array() && !rows->empty() ? TextMember(&rows->front(), "symbol") : "";
}

absl::StatusOr<SourceData> ParseAlphaVantageCompany(const SourceQuery& query, const RawBody& body) {
  RowBuilder rows(query, quant::PriceBasis::kNotPrices, body.received);
  if (IsAlphaVantageReport(query.resource)) {
    BF_RETURN_IF_ERROR(AddAlphaVantageReports(query, body, rows));
    return std::move(rows).Finish(kName);
  }
  std::set<std::string> articles;
  const std::vector<std::string_view> pages = Pages(body.bytes);
  for (const std::string_view& page : pages) {
    if (query.resource == "shares_outstanding") {
      BF_RETURN_IF_ERROR(AddShares(query, page, body, rows));
    } else if (query.resource == "dividend") {
      BF_RETURN_IF_ERROR(AddDividends(page, rows));
    } else if (query.resource == "split") {
      BF_RETURN_IF_ERROR(AddSplits(page, rows));
    } else if (query.resource == "news_sentiment") {
      BF_RETURN_IF_ERROR(AddAlphaVantageNews(query, page, &page == &pages.back(), articles, rows));
    } else {
      BF_RETURN_IF_ERROR(AddOptions(query, page, rows));
    }
  }
  return std::move(rows).Finish(kName);
}

}  // namespace breadthflow::data
