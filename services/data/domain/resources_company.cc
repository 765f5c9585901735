#include "services/data/domain/resource_fields.h"

namespace breadthflow::data {
namespace {

constexpr char kEstimates[] = "where nobody says when it was published, publication_estimated is 1";
constexpr char kCountsTwice[] = "fetched with a range that its time or its ex_date lies in";

Resource Dividend() {
  return {
      .id = "dividend",
      .description = "Cash paid to holders.",
      .fields = {Required(Date("ex_date", "First day on which it trades without the right to it.")),
                 Required(Positive(Amount("amount", "currency per share", "Cash per share, before any later split."))),
                 Currency(), Text("kind", "What sort of payment.", {"cash", "special", "capital_gain"}),
                 Date("declaration_date", "Announced."), Date("record_date", "Holders of this day get it."),
                 Date("payment_date", "Paid.")},
      .frequency = "one row per payment",
      .rules = {"amount > 0", kCountsTwice},
      .repeats = true,
      .identity = {"ex_date", "kind"},
      .time = kPublished,
      .takes_effect = "ex_date"};
}

Resource Split() {
  return {.id = "split",
          .description = "Changes of the number of shares at the same value.",
          .fields = {Required(Date("ex_date", "First day on which the new shares trade.")),
                     Required(Positive(Number("ratio", "new shares per old share", "4 for a 4:1 split.")))},
          .frequency = "one row per split",
          .rules = {"ratio > 0", kCountsTwice},
          .repeats = true,
          .identity = {"ex_date"},
          .time = kPublished,
          .takes_effect = "ex_date"};
}

Resource SymbolChange() {
  return {.id = "symbol_change",
          .description = "A security that goes on under another symbol.",
          .fields = {Required(Date("effective_date", "First day of the new symbol.")),
                     Required(Text("new_symbol", "Symbol from that day on.")), Text("old_symbol", "Symbol before."),
                     Text("exchange", "Where it is listed.")},
          .frequency = "one row per change",
          .repeats = true,
          .identity = {"effective_date", "new_symbol"},
          .time = kPublished};
}

Resource Delisting() {
  return {.id = "delisting",
          .description = "The end of trading of a security.",
          .fields = {Required(Date("last_date", "Last day on which it traded.")), Text("reason", "Why."),
                     Amount("payout", "currency per share", "What a holder got per share, if known.")},
          .frequency = "one row per listing",
          .time = kPublished};
}

Resource SharesOutstanding() {
  return {.id = "shares_outstanding",
          .description = "Shares that exist, as reported.",
          .fields = {Required(Positive(Amount("shares", "shares", "Issued and outstanding."))),
                     Amount("diluted_shares", "shares", "With what can become shares."),
                     Date("period_end", "Day for which the number holds."), Text("share_class", "Class, if several."),
                     Text("accession", "Filing that says so."), PublicationEstimated()},
          .frequency = "one row per report",
          .rules = {"shares > 0", kEstimates},
          .repeats = true,
          .identity = {"period_end", "share_class", "accession"},
          .time = kPublished};
}

Resource MarketCap() {
  return {.id = "market_cap",
          .description =
              "Shares outstanding as known at the instant, times the raw close. Where no source has stored it, "
              "it is derived when it is read.",
          .fields = {Required(Positive(Amount("market_cap", "currency", "Value of all shares."))), Currency()},
          .frequency = "one row per session",
          .rules = {"never today's number of shares for an earlier day",
                    "derived: daily raw close x the last number published by then (for 456 days) x the splits since "
                    "the day for which that number holds"},
          .time = "close of the session"};
}

// What each statement begins with: which period it is about and where it was published.
std::vector<Field> Statement(std::vector<Field> amounts) {
  std::vector<Field> fields = {
      Required(Date("period_end", "Last day of the period.")),
      Required(Text("period", "Length of the period.", {"quarter", "half", "nine_months", "annual", "ttm", "instant"})),
      Date("period_start", "First day of the period."),
      Count("fiscal_year", "Year of the company's own calendar."),
      Text("fiscal_period", "Part of it.", {"Q1", "Q2", "Q3", "Q4", "H1", "H2", "FY"}),
      Currency(),
      Text("form", "Kind of the filing, such as 10-Q."),
      Text("accession", "Filing; another one for the same period is a restatement."),
      PublicationEstimated()};
  for (Field& amount : amounts) {
    if (amount.unit.empty() && amount.type != quant::ColumnType::kText) amount.unit = "currency";
    fields.push_back(std::move(amount));
  }
  return fields;
}

Resource StatementResource(std::string id, std::string description, std::vector<Field> amounts) {
  return {.id = std::move(id),
          .description = std::move(description),
          .fields = Statement(std::move(amounts)),
          .frequency = "one row per period and publication",
          .rules = {"a restatement is a new row with its own time; the earlier one stays",
                    "missing amounts are missing, never 0", kEstimates},
          .repeats = true,
          .identity = {"period_end", "period", "accession"},
          .time = kPublished};
}

Resource Revenue() {
  return StatementResource(
      "revenue", "Sales and what they cost, by fiscal period.",
      {Number("revenue", "", "Total revenue."), Number("cost_of_revenue", "", "Cost of what was sold."),
       Number("gross_profit", "", "Revenue less its cost.")});
}

Resource Earnings() {
  return StatementResource(
      "earnings", "Results by fiscal period.",
      {Number("operating_income", "", "Before interest and taxes, from operations."),
       Number("ebitda", "", "Before interest, taxes, depreciation and amortisation."),
       Number("net_income", "", "To all holders of common shares."),
       Number("eps_basic", "currency per share", "Earnings per share."),
       Number("eps_diluted", "currency per share", "With all that can become shares."),
       Number("eps_reported", "currency per share", "As announced, with the adjustments of analysts."),
       Number("eps_estimate", "currency per share", "What analysts expected."),
       Number("research_and_development", "", "Spent on it."), Number("interest_expense", "", "Paid on debt."),
       Number("income_tax", "", "Taxes."),
       Text("report_time", "When in the day it was announced.", {"pre_market", "post_market", "during_market"})});
}

Resource BalanceSheet() {
  return StatementResource(
      "balance_sheet", "What a company has and owes at the end of a fiscal period.",
      {Number("total_assets", "", "All assets."), Number("current_assets", "", "Due within a year."),
       Number("cash", "", "Cash and equivalents."), Number("short_term_investments", "", "Held for less than a year."),
       Number("receivables", "", "Owed by customers."), Number("inventory", "", "Goods."),
       Number("property", "", "Property, plant and equipment, net."), Number("goodwill", "", "Goodwill."),
       Number("intangible_assets", "", "Other than goodwill."), Number("total_liabilities", "", "All liabilities."),
       Number("current_liabilities", "", "Due within a year."), Number("accounts_payable", "", "Owed to suppliers."),
       Number("short_term_debt", "", "Debt due within a year."), Number("long_term_debt", "", "Debt due later."),
       Number("retained_earnings", "", "Kept profits."), Number("shareholder_equity", "", "Assets less liabilities."),
       Number("shares_outstanding", "shares", "Common shares.")});
}

Resource CashFlow() {
  return StatementResource(
      "cash_flow", "Where cash came from and went, by fiscal period.",
      {Number("operating_cash_flow", "", "From operations."), Number("investing_cash_flow", "", "From investing."),
       Number("financing_cash_flow", "", "From financing."),
       Number("capital_expenditure", "", "Spent on property; positive."),
       Number("free_cash_flow", "", "Operating cash flow less capital expenditure."),
       Number("depreciation", "", "Depreciation and amortisation."),
       Number("dividends_paid", "", "Paid to holders; positive."),
       Number("share_repurchases", "", "Paid for own shares; positive."),
       Number("net_income", "", "As the statement begins with.")});
}

Resource NewsSentiment() {
  return {
      .id = "news_sentiment",
      .description = "How news or a survey speak of a symbol.",
      .fields = {Share("score", "From -1 (bad) to 1 (good).", -1), Text("label", "The same in a word of the source."),
                 Share("relevance", "How much it is about the symbol."), Text("headline", "Title of the article."),
                 Text("url", "Where it is."), Text("publisher", "Who wrote it."),
                 Text("topics", "Topics, comma separated."), Share("positive", "Share of positive voices."),
                 Share("neutral", "Share of neutral voices."), Share("negative", "Share of negative voices."),
                 Amount("mentions", "articles or posts", "How many are summed up in the row.")},
      .frequency = "one row per article, or per summary",
      .rules = {"a row has a score, a label, shares or mentions"},
      .repeats = true,
      .identity = {"headline", "url", "publisher"},
      .time = kPublished};
}

}  // namespace

std::vector<Resource> CompanyResources() {
  return {Dividend(), Split(),    SymbolChange(), Delisting(), SharesOutstanding(), MarketCap(),
          Revenue(),  Earnings(), BalanceSheet(), CashFlow(),  NewsSentiment()};
}

}  // namespace breadthflow::data
