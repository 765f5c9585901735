#include <string>
#include <utility>

#include <fmt/format.h>

#include "services/data/sources/simulated/company.h"
#include "services/data/sources/simulated/reports.h"
#include "services/data/sources/simulated/tables.h"

namespace breadthflow::data {
namespace {

using quant::Series;
using Statement = SimulatedStatement;

Series Empty(const SimulatedQuery& query) {
  return {.key = {query.query.resource, query.query.symbol, query.query.timeframe, ""}};
}

SimulatedStock StockOf(const SimulatedQuery& query) {
  return MakeStock(query.world, query.query.symbol, quant::Xnys());
}

std::vector<Statement> StatementsOf(const SimulatedQuery& query) {
  return SimulateStatements(query.world.seed, StockOf(query), quant::Xnys());
}

std::string DayText(absl::CivilDay day) { return absl::FormatCivilTime(day); }

// The instant at which what happens on the day of bar `index` was known: the close of the session before.
int64_t KnownBefore(const SimulatedBar& bar) {
  const quant::Session* session = bar.session;
  return session == quant::Xnys().sessions().data() ? session->open_ns : (session - 1)->close_ns;
}

// One row per event of a stock: `rows` collects texts and numbers.
struct Events {
  explicit Events(const SimulatedQuery& query) : range(query.query.range), series(Empty(query)) {}
  bool Begin(int64_t time_ns) {
    if (!range.Contains(time_ns)) return false;
    series.times.push_back(time_ns);
    return true;
  }
  quant::TimeRange range;
  Series series;
};

}  // namespace

absl::StatusOr<Series> SimulatedDividendTable(const SimulatedQuery& query) {
  Events events(query);
  std::vector<std::string> ex_dates, paid;
  std::vector<double> amounts;
  for (const SimulatedBar& bar : StockOf(query).bars) {
    if (bar.dividend == 0 || !events.Begin(KnownBefore(bar))) continue;
    ex_dates.push_back(DayText(bar.session->day));
    amounts.push_back(bar.dividend);
    paid.push_back(DayText(bar.session->day + 14));
  }
  const size_t rows = amounts.size();
  events.series.Add("ex_date", std::move(ex_dates));
  events.series.Add("amount", std::move(amounts));
  events.series.Add("currency", std::vector<std::string>(rows, "USD"));
  events.series.Add("kind", std::vector<std::string>(rows, "cash"));
  events.series.Add("payment_date", std::move(paid));
  return std::move(events.series);
}

absl::StatusOr<Series> SimulatedSplitTable(const SimulatedQuery& query) {
  Events events(query);
  std::vector<std::string> ex_dates;
  std::vector<double> ratios;
  for (const SimulatedBar& bar : StockOf(query).bars) {
    if (bar.split_ratio == 1 || !events.Begin(KnownBefore(bar))) continue;
    ex_dates.push_back(DayText(bar.session->day));
    ratios.push_back(bar.split_ratio);
  }
  events.series.Add("ex_date", std::move(ex_dates));
  events.series.Add("ratio", std::move(ratios));
  return std::move(events.series);
}

absl::StatusOr<Series> SimulatedSymbolChangeTable(const SimulatedQuery& query) {
  Events events(query);
  std::vector<std::string> days, names, former;
  if (const auto& change = StockOf(query).change; change && events.Begin(change->known_ns)) {
    days.push_back(DayText(change->effective_day));
    names.push_back(change->new_symbol);
    former.push_back(change->old_symbol);
  }
  events.series.Add("effective_date", std::move(days));
  events.series.Add("new_symbol", std::move(names));
  events.series.Add("old_symbol", std::move(former));
  return std::move(events.series);
}

absl::StatusOr<Series> SimulatedDelistingTable(const SimulatedQuery& query) {
  Events events(query);
  std::vector<std::string> days, reasons;
  std::vector<double> payouts;
  if (const auto& delisting = StockOf(query).delisting; delisting && events.Begin(delisting->known_ns)) {
    days.push_back(DayText(delisting->last_day));
    reasons.push_back(delisting->reason);
    payouts.push_back(delisting->payout);
  }
  events.series.Add("last_date", std::move(days));
  events.series.Add("reason", std::move(reasons));
  events.series.Add("payout", std::move(payouts));
  return std::move(events.series);
}

absl::StatusOr<Series> SimulatedSharesTable(const SimulatedQuery& query) {
  Events events(query);
  std::vector<double> shares;
  std::vector<std::string> ends, accessions;
  for (const Statement& statement : StatementsOf(query)) {
    if (statement.annual || !events.Begin(statement.published_ns)) continue;
    shares.push_back(statement.shares);
    ends.push_back(DayText(statement.period_end));
    accessions.push_back(statement.accession);
  }
  events.series.Add("shares", std::move(shares));
  events.series.Add("period_end", std::move(ends));
  events.series.Add("accession", std::move(accessions));
  return std::move(events.series);
}

absl::StatusOr<Series> SimulatedMarketCapTable(const SimulatedQuery& query) {
  Events events(query);
  std::vector<double> values;
  const SimulatedStock stock = StockOf(query);
  const auto statements = SimulateStatements(query.world.seed, stock, quant::Xnys());
  for (const SimulatedValue& value : SimulateMarketCap(stock, statements)) {
    if (events.Begin(value.time_ns)) values.push_back(value.value);
  }
  events.series.Add("currency", std::vector<std::string>(values.size(), "USD"));
  events.series.Add("market_cap", std::move(values));
  return std::move(events.series);
}

namespace {

struct Amount {
  const char* name;
  double Statement::*value;
};

// A statement: `instant` ones describe the end of a period, of which a year has no other than its last quarter.
Series StatementTable(const SimulatedQuery& query, bool instant, const std::vector<Amount>& amounts,
                      bool report_times = false) {
  Events events(query);
  std::vector<std::string> ends, periods, starts, parts, forms, accessions, times;
  std::vector<int64_t> years;
  std::vector<std::vector<double>> values(amounts.size());
  for (const Statement& statement : StatementsOf(query)) {
    if ((instant && statement.annual) || !events.Begin(statement.published_ns)) continue;
    const bool with_year = statement.annual || (instant && statement.quarter == 4);
    ends.push_back(DayText(statement.period_end));
    periods.emplace_back(instant ? "instant" : statement.annual ? "annual" : "quarter");
    starts.push_back(DayText(instant ? statement.period_end : statement.period_start));
    years.push_back(statement.period_end.year());
    parts.push_back(statement.annual ? "FY" : fmt::format("Q{}", statement.quarter));
    forms.push_back(fmt::format("{}{}", with_year ? "10-K" : "10-Q", statement.restated ? "/A" : ""));
    accessions.push_back(statement.accession);
    times.emplace_back(statement.before_open ? "pre_market" : "post_market");
    for (size_t i = 0; i < amounts.size(); ++i) values[i].push_back(statement.*amounts[i].value);
  }
  Series& series = events.series;
  const size_t rows = series.size();
  series.Add("period_end", std::move(ends));
  series.Add("period", std::move(periods));
  series.Add("period_start", std::move(starts));
  series.Add("fiscal_year", std::move(years));
  series.Add("fiscal_period", std::move(parts));
  series.Add("currency", std::vector<std::string>(rows, "USD"));
  series.Add("form", std::move(forms));
  series.Add("accession", std::move(accessions));
  for (size_t i = 0; i < amounts.size(); ++i) series.Add(amounts[i].name, std::move(values[i]));
  if (report_times) series.Add("report_time", std::move(times));
  return std::move(series);
}

}  // namespace

absl::StatusOr<Series> SimulatedRevenueTable(const SimulatedQuery& query) {
  return StatementTable(query, false,
                        {{"revenue", &Statement::revenue},
                         {"cost_of_revenue", &Statement::cost_of_revenue},
                         {"gross_profit", &Statement::gross_profit}});
}

absl::StatusOr<Series> SimulatedEarningsTable(const SimulatedQuery& query) {
  return StatementTable(query, false,
                        {{"operating_income", &Statement::operating_income},
                         {"ebitda", &Statement::ebitda},
                         {"net_income", &Statement::net_income},
                         {"eps_basic", &Statement::eps},
                         {"eps_diluted", &Statement::eps},
                         {"eps_reported", &Statement::eps},
                         {"eps_estimate", &Statement::eps_estimate},
                         {"research_and_development", &Statement::research_and_development},
                         {"interest_expense", &Statement::interest_expense},
                         {"income_tax", &Statement::income_tax}},
                        true);
}

absl::StatusOr<Series> SimulatedBalanceSheetTable(const SimulatedQuery& query) {
  return StatementTable(query, true,
                        {{"total_assets", &Statement::total_assets},
                         {"current_assets", &Statement::current_assets},
                         {"cash", &Statement::cash},
                         {"receivables", &Statement::receivables},
                         {"inventory", &Statement::inventory},
                         {"property", &Statement::property},
                         {"goodwill", &Statement::goodwill},
                         {"total_liabilities", &Statement::total_liabilities},
                         {"current_liabilities", &Statement::current_liabilities},
                         {"accounts_payable", &Statement::accounts_payable},
                         {"short_term_debt", &Statement::short_term_debt},
                         {"long_term_debt", &Statement::long_term_debt},
                         {"retained_earnings", &Statement::retained_earnings},
                         {"shareholder_equity", &Statement::shareholder_equity},
                         {"shares_outstanding", &Statement::shares}});
}

absl::StatusOr<Series> SimulatedCashFlowTable(const SimulatedQuery& query) {
  return StatementTable(query, false,
                        {{"operating_cash_flow", &Statement::operating_cash_flow},
                         {"investing_cash_flow", &Statement::investing_cash_flow},
                         {"financing_cash_flow", &Statement::financing_cash_flow},
                         {"capital_expenditure", &Statement::capital_expenditure},
                         {"free_cash_flow", &Statement::free_cash_flow},
                         {"depreciation", &Statement::depreciation},
                         {"dividends_paid", &Statement::dividends_paid},
                         {"share_repurchases", &Statement::share_repurchases},
                         {"net_income", &Statement::net_income}});
}

absl::StatusOr<Series> SimulatedNewsTable(const SimulatedQuery& query) {
  Events events(query);
  const SimulatedStock stock = StockOf(query);
  std::vector<double> scores, relevances;
  std::vector<std::string> labels, headlines, topics;
  for (size_t i = 0; i < stock.bars.size(); ++i) {
    for (SimulatedArticle& article : SimulateNews(query.world.seed, stock, i)) {
      if (!events.Begin(article.time_ns)) continue;
      scores.push_back(article.score);
      labels.push_back(std::move(article.label));
      relevances.push_back(article.relevance);
      headlines.push_back(std::move(article.headline));
      topics.push_back(std::move(article.topics));
    }
  }
  const size_t rows = scores.size();
  events.series.Add("score", std::move(scores));
  events.series.Add("label", std::move(labels));
  events.series.Add("relevance", std::move(relevances));
  events.series.Add("headline", std::move(headlines));
  events.series.Add("publisher", std::vector<std::string>(rows, "Simulated Wire"));
  events.series.Add("topics", std::move(topics));
  return std::move(events.series);
}

}  // namespace breadthflow::data
