#include "services/backtest/domain/report/tables.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "services/backtest/domain/report/format.h"

namespace breadthflow::backtest::report {
namespace {

constexpr size_t kMaxTrades = 250, kMaxRefusals = 200, kMaxSectionRows = 500;
constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::string_view Sign(double value) { return value > 0 ? "good" : value < 0 ? "bad" : ""; }

std::string Cut(size_t shown, size_t all, std::string_view what) {
  if (all <= shown) return "";
  return fmt::format(R"(<p class="soft">The first {} of {} {}.</p>)", shown, all, what);
}

// A value in the unit of its rule.
std::string LimitText(RefusalRule rule, double value) {
  switch (rule) {
    case RefusalRule::kPositionShare:
    case RefusalRule::kGrossExposure:
    case RefusalRule::kDrawdownHalt:
      return Percent(value);
    case RefusalRule::kMinTradeValue:
    case RefusalRule::kMaxTradeValue:
    case RefusalRule::kBuyingPower:
      return Money(value);
    case RefusalRule::kLotSize:
      return Quantity(value);
  }
  return Decimal(value, 2);
}

// A cell whose colour says sign and size; full colour at 10 %.
std::string HeatCell(const std::optional<double>& value) {
  if (!value) return "<td></td>";
  const double strength = std::min(std::abs(*value) / 0.10, 1.0);
  const int alpha = static_cast<int>(std::lround(8 + strength * 47));
  return fmt::format(R"html(<td style="background:color-mix(in srgb,var(--{}) {}%,transparent)">{}</td>)html",
                     *value >= 0 ? "good" : "bad", *value == 0 ? 0 : alpha, Decimal(*value * 100, 1));
}

}  // namespace

std::string MonthlyTable(const std::vector<MonthlyReturn>& months) {
  if (months.empty()) return "";
  std::map<int, std::map<int, double>> years;
  for (const MonthlyReturn& month : months) years[month.year][month.month] = month.value;
  std::string html =
      R"(<section class="card"><h2>Monthly returns, %</h2><div class="scroll"><table class="heat"><tr><th></th>)";
  for (const char* month : kMonths) html += fmt::format("<th>{}</th>", month);
  html += "<th>Year</th></tr>";
  for (const auto& [year, values] : years) {
    html += fmt::format("<tr><td>{}</td>", year);
    double growth = 1;
    for (int month = 1; month <= 12; ++month) {
      const auto found = values.find(month);
      html += HeatCell(found == values.end() ? std::nullopt : std::optional(found->second));
      if (found != values.end()) growth *= 1 + found->second;
    }
    html += HeatCell(growth - 1) + "</tr>";
  }
  return html + "</table></div></section>";
}

std::string MetricList(const std::vector<MetricRow>& metrics) {
  if (metrics.empty()) return "";
  std::string html = R"(<section class="card"><h2>Metrics</h2><div class="metrics">)";
  for (const MetricRow& metric : metrics) {
    fmt::format_to(std::back_inserter(html), R"(<div class="metric"><span>{}</span><b>{}</b><small>{}</small></div>)",
                   Escape(MetricTitle(metric.name)), MetricText(metric), Escape(metric.description));
  }
  return html + "</div></section>";
}

std::string SymbolTable(const std::vector<SymbolSummary>& symbols) {
  std::string html =
      R"(<div class="scroll"><table><tr><th>Symbol</th><th>Round trips</th><th>Won</th><th>Realised</th>)"
      "<th>Open</th><th>Costs</th><th>Shares held</th></tr>";
  for (const SymbolSummary& summary : symbols) {
    fmt::format_to(
        std::back_inserter(html),
        R"(<tr><td>{}</td><td>{}</td><td>{}</td><td class="{}">{}</td><td class="{}">{}</td><td>{}</td><td>{}</td></tr>)",
        Escape(summary.symbol), summary.trade_count, summary.win_rate ? Percent(*summary.win_rate, 1) : "\u2013",
        Sign(summary.realized_pnl), Money(summary.realized_pnl), Sign(summary.open_pnl),
        summary.open_quantity == 0 ? "\u2013" : Money(summary.open_pnl), Money(summary.costs),
        summary.open_quantity == 0 ? "\u2013" : Quantity(summary.open_quantity));
  }
  return html + "</table></div>";
}

std::string TradeTable(std::span<const Trade* const> trades) {
  std::string html =
      R"(<div class="scroll"><table><tr><th>Opened</th><th class="text">Closed</th><th>Quantity</th><th>Entry</th>)"
      R"(<th>Exit</th><th>Profit</th><th>Return</th><th>Bars</th><th class="text">Why closed</th></tr>)";
  for (const Trade* trade : trades.first(std::min(trades.size(), kMaxTrades))) {
    fmt::format_to(std::back_inserter(html),
                   R"(<tr><td>{}</td><td class="text">{}</td><td>{}</td><td>{}</td><td>{}</td><td class="{}">{}</td>)"
                   R"(<td class="{}">{}</td><td>{}</td><td class="text">{}</td></tr>)",
                   Day(trade->entry_ns), trade->open ? "open" : Day(trade->exit_ns), Quantity(trade->quantity),
                   Price(trade->entry_price), Price(trade->exit_price), Sign(trade->pnl), Money(trade->pnl),
                   Sign(trade->pnl), SignedPercent(trade->Return(), 2), trade->bars,
                   trade->open ? "\u2013" : Words(ToText(trade->exit_reason)));
  }
  return html + "</table></div>" + Cut(kMaxTrades, trades.size(), "trades");
}

std::string SectionTable(const Section& section) {
  std::string html =
      fmt::format(R"(<section class="card"><h2>{}</h2><div class="scroll"><table><tr>)", Escape(section.title));
  // A column of numbers is set to the right, everything else to the left.
  std::vector<bool> text(section.columns.size());
  for (size_t column = 0; column < section.columns.size(); ++column) {
    for (const auto& row : section.rows)
      if (column < row.size() &&
          row[column].find_first_not_of("0123456789.,+-%eE \u2212\u202f\u2013") != std::string::npos)
        text[column] = true;
  }
  const auto style = [&](size_t column) { return text[column] ? R"( class="text wrap")" : ""; };
  for (size_t column = 0; column < section.columns.size(); ++column)
    html += fmt::format("<th{}>{}</th>", style(column), Escape(section.columns[column]));
  html += "</tr>";
  for (size_t i = 0; i < std::min(section.rows.size(), kMaxSectionRows); ++i) {
    html += "<tr>";
    for (size_t column = 0; column < std::min(section.rows[i].size(), section.columns.size()); ++column)
      html += fmt::format("<td{}>{}</td>", style(column), Escape(section.rows[i][column]));
    html += "</tr>";
  }
  return html + "</table></div>" + Cut(kMaxSectionRows, section.rows.size(), "rows") + "</section>";
}

std::string RefusalTable(const std::vector<NamedRefusal>& refusals) {
  if (refusals.empty()) return "";
  std::string html =
      fmt::format(R"(<section class="card"><h2>Orders cut or refused</h2><details{}><summary>{} orders</summary>)",
                  refusals.size() <= 12 ? " open" : "", refusals.size());
  html += R"(<div class="scroll"><table><tr><th>Day</th><th class="text">Symbol</th><th class="text">Limit</th>)"
          "<th>Requested</th><th>Allowed</th><th>Limit value</th><th>Would have been</th></tr>";
  for (size_t i = 0; i < std::min(refusals.size(), kMaxRefusals); ++i) {
    const Refusal& refusal = refusals[i].refusal;
    fmt::format_to(std::back_inserter(html),
                   R"(<tr><td>{}</td><td class="text">{}</td><td class="text">{}</td><td>{}</td><td>{}</td><td>{}</td>)"
                   "<td>{}</td></tr>",
                   Day(refusal.time_ns), Escape(refusals[i].symbol), Words(ToText(refusal.rule)),
                   Quantity(refusal.requested), Quantity(refusal.allowed), LimitText(refusal.rule, refusal.limit),
                   LimitText(refusal.rule, refusal.requested_value));
  }
  return html + "</table></div>" + Cut(kMaxRefusals, refusals.size(), "refusals") + "</details></section>";
}

std::string LineageTable(const std::vector<LineageRow>& rows, const std::string& digest) {
  std::string html = R"(<section class="card"><h2>Where this comes from</h2><table>)";
  const auto add = [&](const std::string& what, const std::string& value) {
    fmt::format_to(std::back_inserter(html),
                   R"(<tr><td class="soft">{}</td><td class="text wrap"><code>{}</code></td></tr>)", Escape(what),
                   Escape(value));
  };
  for (const LineageRow& row : rows) add(row.what, row.value);
  if (!digest.empty()) add("Result digest (SHA-256)", digest);
  return html + "</table></section>";
}

}  // namespace breadthflow::backtest::report
