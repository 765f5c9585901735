#include "services/backtest/domain/report/render.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>

#include <fmt/format.h>

#include "services/backtest/domain/report/format.h"
#include "services/backtest/domain/report/style.h"
#include "services/backtest/domain/report/svg_chart.h"
#include "services/backtest/domain/report/tables.h"

namespace breadthflow::backtest::report {
namespace {

constexpr size_t kMaxSymbolCharts = 40;
constexpr size_t kMaxMarkers = 400;  // of one symbol

const MetricRow* Find(const Report& report, std::string_view name) {
  for (const MetricRow& metric : report.metrics)
    if (metric.name == name) return &metric;
  return nullptr;
}

std::string Tile(const std::string& label, const std::string& value, std::string_view style, const std::string& note) {
  return fmt::format(R"(<div class="tile"><span>{}</span><b class="{}">{}</b><span>{}</span></div>)", label, style,
                     value, note);
}

std::string_view Sign(double value) { return value > 0 ? "good" : value < 0 ? "bad" : ""; }

std::string Tiles(const Report& report) {
  std::string html = R"(<div class="tiles">)";
  const auto add = [&](std::string_view name, const std::string& label, bool coloured, const std::string& note) {
    const MetricRow* metric = Find(report, name);
    if (metric != nullptr)
      html += Tile(label, MetricText(*metric), coloured ? Sign(metric->value) : std::string_view(), note);
  };
  const MetricRow* hold = Find(report, "benchmark_total_return");
  add("total_return", "Total return", true, hold == nullptr ? "" : "hold " + Percent(hold->value));
  add("cagr", "CAGR", true, "by calendar time");
  add("sharpe", "Sharpe ratio", true, "annual");
  const MetricRow* days = Find(report, "max_drawdown_days");
  add("max_drawdown", "Max drawdown", false, days == nullptr ? "" : Decimal(days->value, 0) + " days long");
  const MetricRow* rate = Find(report, "win_rate");
  add("round_trips", "Round trips", false, rate == nullptr ? "" : Percent(rate->value, 1) + " won");
  if (!report.equity.empty())
    html += Tile("Final equity", Money(report.equity.back()), "", "from " + Money(report.capital));
  return html + "</div>";
}

std::vector<double> Growth(const std::vector<double>& values, double capital) {
  std::vector<double> growth;
  growth.reserve(values.size());
  for (const double value : values) growth.push_back(value / capital - 1);
  return growth;
}

std::string Curves(const Report& report) {
  if (report.times.empty()) return "";
  const std::vector<double> equity = Growth(report.equity, report.capital);
  const std::vector<double> hold = Growth(report.benchmark, report.capital);
  std::vector<double> falls;
  falls.reserve(report.drawdown.size());
  for (const double value : report.drawdown) falls.push_back(-value);
  const auto percent = [](double value) { return Percent(value, std::abs(value) < 0.095 && value != 0 ? 1 : 0); };

  Chart growth{.description = "Return of the strategy against buying and holding, over time",
               .height = 330,
               .lines = {},
               .markers = {},
               .format = percent};
  if (!hold.empty()) growth.lines.push_back({"hold", "Hold " + SignedPercent(hold.back(), 1), report.times, hold});
  growth.lines.push_back({"strategy", "Strategy " + SignedPercent(equity.back(), 1), report.times, equity});
  Chart drawdown{.description = "Fall of equity from its highest point, over time",
                 .height = 150,
                 .lines = {{"fall", "", report.times, falls, true}},
                 .markers = {},
                 .format = percent,
                 .zero = true};
  Chart invested{.description = "Positions as a share of equity, over time",
                 .height = 110,
                 .lines = {{"invested", "", report.times, report.exposure, true}},
                 .markers = {},
                 .format = percent,
                 .zero = true};
  return fmt::format(R"(<section class="card"><h2>Equity against buy and hold</h2><figure>{}</figure>)"
                     R"(<figure><figcaption>Drawdown</figcaption>{}</figure>)"
                     R"(<figure><figcaption>Positions as a share of equity</figcaption>{}</figure></section>)",
                     RenderChart(growth), RenderChart(drawdown), RenderChart(invested));
}

std::string SymbolChart(const PriceHistory& prices, const std::vector<const NamedFill*>& fills) {
  Chart chart{.description = fmt::format("Closes of {} with the fills of the run", prices.symbol),
              .height = 230,
              .lines = {{"close", prices.close.empty() ? "" : "Close " + Price(prices.close.back()), prices.times,
                         prices.close}},
              .markers = {},
              .format = [](double value) { return Decimal(value, std::abs(value) < 10 && value != 0 ? 2 : 0); }};
  for (const NamedFill* named : fills) {
    if (chart.markers.size() == kMaxMarkers) break;
    const Fill& fill = named->fill;
    chart.markers.push_back(
        {.time = fill.time_ns,
         .value = fill.price,
         .style = fill.quantity > 0 ? "buy" : "sell",
         .up = fill.quantity > 0,
         .title = fmt::format("{}: {} {} at {} ({})", Day(fill.time_ns), fill.quantity > 0 ? "bought" : "sold",
                              Quantity(std::abs(fill.quantity)), Price(fill.price), Words(ToText(fill.reason)))});
  }
  return RenderChart(chart);
}

std::string Symbols(const Report& report) {
  std::map<std::string_view, std::vector<const NamedFill*>> fills;
  for (const NamedFill& fill : report.fills) fills[fill.symbol].push_back(&fill);
  std::map<std::string_view, std::vector<const Trade*>> trades;
  for (const Trade& trade : report.trades) trades[trade.symbol].push_back(&trade);

  std::string html = R"(<section class="card"><h2>Symbols</h2>)" + SymbolTable(report.symbols);
  size_t shown = 0;
  for (const PriceHistory& prices : report.prices) {
    if (++shown > kMaxSymbolCharts) break;
    const auto& own = trades[prices.symbol];
    fmt::format_to(std::back_inserter(html),
                   R"(<div class="symbol"><div class="row"><h3>{}</h3><span class="soft">{} fills</span></div>)",
                   Escape(prices.symbol), fills[prices.symbol].size());
    html += SymbolChart(prices, fills[prices.symbol]);
    if (fills[prices.symbol].size() > kMaxMarkers)
      html += fmt::format(R"(<p class="soft">The chart shows the first {} fills.</p>)", kMaxMarkers);
    if (!own.empty())
      html += fmt::format("<details{}><summary>Trades</summary>{}</details>", own.size() <= 12 ? " open" : "",
                          TradeTable(own));
    html += "</div>";
  }
  if (shown > kMaxSymbolCharts)
    html += fmt::format(R"(<p class="soft">Charts of the first {} symbols are shown.</p>)", kMaxSymbolCharts);
  return html + "</section>";
}

}  // namespace

std::string RenderHtml(const Report& report) {
  std::string html =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">";
  fmt::format_to(std::back_inserter(html), "<title>{} \u2013 BreadthFlow</title><style>{}</style></head><body><main>",
                 Escape(report.title), PageStyle());
  html += "<header><h1>" + Escape(report.title);
  for (const std::string& badge : report.badges) html += R"( <span class="badge">)" + Escape(badge) + "</span>";
  html += R"(</h1><p class="soft">)" + Escape(report.subtitle) + "</p></header>";
  html += Tiles(report);
  html += Curves(report);
  html += MonthlyTable(report.monthly);
  html += MetricList(report.metrics);
  html += Symbols(report);
  for (const Section& section : report.sections) html += SectionTable(section);
  html += RefusalTable(report.refusals);
  html += LineageTable(report.lineage, report.digest);
  if (!report.notes.empty()) {
    html += R"(<section class="card"><h2>How to read this</h2><ul>)";
    for (const std::string& note : report.notes) html += "<li>" + Escape(note) + "</li>";
    html += "</ul></section>";
  }
  return html + "</main></body></html>\n";
}

}  // namespace breadthflow::backtest::report
