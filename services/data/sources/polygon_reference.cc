#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "services/data/sources/polygon.h"
#include "services/data/sources/row_builder.h"

namespace breadthflow::data {
namespace {

constexpr std::string_view kName = "polygon";

struct Item {
  const char* column;
  const char* statement;
  const char* name;
};

const std::map<std::string, std::vector<Item>, std::less<>>& Statements() {
  static const auto* items = new std::map<std::string, std::vector<Item>, std::less<>>{
      {"revenue",
       {{"revenue", "income_statement", "revenues"},
        {"cost_of_revenue", "income_statement", "cost_of_revenue"},
        {"gross_profit", "income_statement", "gross_profit"}}},
      {"earnings",
       {{"operating_income", "income_statement", "operating_income_loss"},
        {"net_income", "income_statement", "net_income_loss_available_to_common_stockholders_basic"},
        {"eps_basic", "income_statement", "basic_earnings_per_share"},
        {"eps_diluted", "income_statement", "diluted_earnings_per_share"},
        {"research_and_development", "income_statement", "research_and_development"},
        {"interest_expense", "income_statement", "interest_expense_operating"},
        {"income_tax", "income_statement", "income_tax_expense_benefit"}}},
      {"balance_sheet",
       {{"total_assets", "balance_sheet", "assets"},
        {"current_assets", "balance_sheet", "current_assets"},
        {"cash", "balance_sheet", "cash"},
        {"receivables", "balance_sheet", "accounts_receivable"},
        {"inventory", "balance_sheet", "inventory"},
        {"property", "balance_sheet", "fixed_assets"},
        {"intangible_assets", "balance_sheet", "intangible_assets"},
        {"total_liabilities", "balance_sheet", "liabilities"},
        {"current_liabilities", "balance_sheet", "current_liabilities"},
        {"accounts_payable", "balance_sheet", "accounts_payable"},
        {"long_term_debt", "balance_sheet", "long_term_debt"},
        {"shareholder_equity", "balance_sheet", "equity_attributable_to_parent"}}},
      {"cash_flow",
       {{"operating_cash_flow", "cash_flow_statement", "net_cash_flow_from_operating_activities"},
        {"investing_cash_flow", "cash_flow_statement", "net_cash_flow_from_investing_activities"},
        {"financing_cash_flow", "cash_flow_statement", "net_cash_flow_from_financing_activities"}}}};
  return *items;
}

int64_t EndOfDay(absl::CivilDay day) { return quant::NewYorkInstant(absl::CivilSecond(day + 1)); }

std::optional<absl::CivilDay> Day(const Json& record, std::string_view name, RowBuilder& rows) {
  const std::string text = TextMember(&record, name);
  const auto day = ParseDay(std::string_view(text).substr(0, 10));
  if (!day) rows.Complain(text.empty() ? name : text, fmt::format("{} is no date YYYY-MM-DD", name));
  return day;
}

void AddDividend(const Json& record, RowBuilder& rows) {
  const auto ex = Day(record, "ex_dividend_date", rows);
  if (!ex) return;
  const auto declared = ParseDay(TextMember(&record, "declaration_date"));
  rows.Begin(declared ? EndOfDay(*declared) : quant::Xnys().DayStart(*ex), absl::FormatCivilTime(*ex));
  rows.Set("ex_date", absl::FormatCivilTime(*ex));
  rows.SetNumber("amount", Member(record, "cash_amount"));
  rows.SetText("currency", TextMember(&record, "currency"));
  const std::string type = TextMember(&record, "dividend_type");
  rows.Set("kind", std::string(type == "SC" ? "special" : type == "LT" || type == "ST" ? "capital_gain" : "cash"));
  rows.SetDay("declaration_date", TextMember(&record, "declaration_date"));
  rows.SetDay("record_date", TextMember(&record, "record_date"));
  rows.SetDay("payment_date", TextMember(&record, "pay_date"));
}

void AddSplit(const Json& record, RowBuilder& rows) {
  const auto day = Day(record, "execution_date", rows);
  if (!day) return;
  rows.Begin(quant::Xnys().DayStart(*day), absl::FormatCivilTime(*day));
  rows.Set("ex_date", absl::FormatCivilTime(*day));
  const Json* from = Member(record, "split_from");
  const Json* to = Member(record, "split_to");
  if (from == nullptr || to == nullptr || !from->is_number() || !to->is_number() || from->get<double>() <= 0) {
    rows.Complain("has no ratio");
    return;
  }
  rows.Set("ratio", to->get<double>() / from->get<double>());
}

void AddArticle(const SourceQuery& query, const Json& record, RowBuilder& rows) {
  const std::string when = TextMember(&record, "published_utc");
  absl::Time time;
  std::string problem;
  if (!absl::ParseTime("%Y-%m-%dT%H:%M:%E*SZ", when, &time, &problem)) {
    rows.Complain(when.empty() ? "article" : when, "published_utc is no time");
    return;
  }
  if (rows.InFuture(quant::ToNanos(time), when)) return;
  rows.Begin(quant::ToNanos(time), when);
  rows.Set("mentions", 1.0);
  rows.SetText("headline", TextMember(&record, "title"));
  rows.SetText("url", TextMember(&record, "article_url"));
  rows.SetText("publisher", TextMember(Member(record, "publisher"), "name"));
  const Json* insights = Member(record, "insights");
  for (size_t i = 0; insights != nullptr && insights->is_array() && i < insights->size(); ++i) {
    const Json& insight = (*insights)[i];
    if (TextMember(&insight, "ticker") != query.symbol) continue;
    rows.SetText("label", TextMember(&insight, "sentiment"));
    break;
  }
}

absl::Status AddStatement(const SourceQuery& query, const Json& record, RowBuilder& rows) {
  const auto end = Day(record, "end_date", rows);
  if (!end) return absl::OkStatus();
  const Json* financials = Member(record, "financials");
  if (financials == nullptr || !financials->is_object()) return UnexpectedBody(kName, "a report without financials");
  const std::string fiscal = TextMember(&record, "fiscal_period");
  const auto filed = ParseDay(TextMember(&record, "filing_date"));
  const bool instant = query.resource == "balance_sheet";
  if (!instant && fiscal != "FY" && fiscal != "TTM" && !fiscal.starts_with('Q')) {
    rows.LeaveOut("report of an unknown period", absl::FormatCivilTime(*end));
    return absl::OkStatus();
  }
  std::string currency;
  for (const Item& item : Statements().find(query.resource)->second) {
    const std::string unit = TextMember(Member(Member(financials, item.statement), item.name), "unit");
    if (unit.size() == 3) currency = unit;
  }
  const bool year_end = !fiscal.starts_with('Q') || fiscal == "Q4";
  rows.Begin(filed ? FiledBy(*filed) : FilingDeadline(*end, year_end, FilerBy(currency)),
             fmt::format("{} {}", fiscal, absl::FormatCivilTime(*end)));
  rows.Set(kPublicationEstimated, int64_t{filed ? 0 : 1});
  rows.Set("period_end", absl::FormatCivilTime(*end));
  rows.Set("period", std::string(instant           ? "instant"
                                 : fiscal == "FY"  ? "annual"
                                 : fiscal == "TTM" ? "ttm"
                                                   : "quarter"));
  if (!instant) rows.SetDay("period_start", TextMember(&record, "start_date"));
  if (fiscal != "TTM") rows.SetText("fiscal_period", fiscal);
  if (const auto year = ParseNumber(TextMember(&record, "fiscal_year")))
    rows.Set("fiscal_year", static_cast<int64_t>(*year));
  for (const Item& item : Statements().find(query.resource)->second) {
    rows.SetNumber(item.column, Member(Member(Member(financials, item.statement), item.name), "value"));
  }
  rows.SetText("currency", currency);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SourceData> ParsePolygonReference(const SourceQuery& query, const RawBody& body) {
  RowBuilder rows(query, quant::PriceBasis::kNotPrices, body.received);
  for (const std::string_view page : Pages(body.bytes)) {
    BF_ASSIGN_OR_RETURN(const Json document, ParseObject(kName, page));
    BF_ASSIGN_OR_RETURN(const std::vector<Json> records, PolygonResults(document));
    for (const Json& record : records) {
      const std::string ticker = TextMember(&record, "ticker");
      if (!ticker.empty() && ticker != query.symbol) {
        rows.LeaveOut("row of another ticker", ticker);
      } else if (query.resource == "dividend") {
        AddDividend(record, rows);
      } else if (query.resource == "split") {
        AddSplit(record, rows);
      } else if (query.resource == "news_sentiment") {
        AddArticle(query, record, rows);
      } else if (query.resource == "delisting") {
        const auto day = Day(record, "delisted_utc", rows);
        if (!day) continue;
        rows.Begin(EndOfDay(*day), absl::FormatCivilTime(*day));
        rows.Set("last_date", absl::FormatCivilTime(*day));
      } else {
        BF_RETURN_IF_ERROR(AddStatement(query, record, rows));
      }
    }
  }
  return std::move(rows).Finish(kName);
}

}  // namespace breadthflow::data
