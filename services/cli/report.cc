#include "services/cli/report.h"

#include <map>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/rpc/convert.h"
#include "services/cli/bars.h"
#include "services/cli/models.h"
#include "services/cli/output_file.h"
#include "services/cli/quality.h"
#include "services/cli/values.h"

namespace breadthflow::cli {
namespace {

// What a report shows from other services; a part that they do not have any more is left out.
struct Background {
  std::optional<data::v1::QualityReport> quality;
  std::optional<training::v1::Model> model;
};

absl::StatusOr<Background> BackgroundOf(Session& session, const backtest::v1::BacktestSpec& spec) {
  Background background;
  if (auto quality = QualityOf(session, spec.snapshot()); quality.ok()) {
    background.quality = *std::move(quality);
  } else if (quality.status().code() != absl::StatusCode::kNotFound) {
    return quality.status();
  }
  signal::v1::GetSignalRunRequest signals;
  signals.set_name(spec.signal_run());
  const auto run = session.signal().Call(&signal::v1::SignalService::Stub::GetSignalRun, signals, session.scope());
  if (!run.ok() && run.status().code() != absl::StatusCode::kNotFound) return run.status();
  if (run.ok() && !run->spec().model().empty()) {
    training::v1::GetModelRequest request;
    request.set_name(run->spec().model());
    BF_ASSIGN_OR_RETURN(background.model, session.training().Call(&training::v1::TrainingService::Stub::GetModel,
                                                                  request, session.scope()));
  }
  return background;
}

void AddSection(const Table& table, backtest::v1::GetReportRequest& request) {
  backtest::v1::ReportSection& section = *request.add_sections();
  section.set_title(table.title);
  for (const std::string& column : table.columns) section.add_columns(column);
  for (const auto& row : table.rows) {
    backtest::v1::ReportRow& out = *section.add_rows();
    for (const std::string& cell : row) out.add_cells(cell);
  }
}

std::string MetricText(const backtest::v1::Metric& metric) {
  if (metric.unit() == "fraction") return Percent(metric.value());
  if (metric.unit() == "money") return Money(metric.value());
  if (metric.unit() == "count" || metric.unit() == "days") return Grouped(static_cast<int64_t>(metric.value()));
  return fmt::format("{:.4f}", metric.value());
}

// First and last point of the equity curve: "2013-03-01 to 2017-12-29".
absl::StatusOr<std::string> PeriodOf(Session& session, const std::string& run) {
  backtest::v1::ReadEquityCurveRequest request;
  request.set_name(run);
  int64_t first = 0;
  int64_t last = 0;
  int64_t points = 0;
  BF_RETURN_IF_ERROR(session.backtest().Read(&backtest::v1::BacktestService::Stub::ReadEquityCurve, request,
                                             session.scope(), [&](common::v1::SeriesMessage& message) {
                                               const auto& times = message.packed().times_unix_ns();
                                               if (times.empty()) return absl::OkStatus();
                                               if (points == 0) first = times[0];
                                               last = times[times.size() - 1];
                                               points += times.size();
                                               return absl::OkStatus();
                                             }));
  if (points == 0) return "";
  return fmt::format("{} to {}, {} bars", Day(rpc::ToProto(absl::FromUnixNanos(first))),
                     Day(rpc::ToProto(absl::FromUnixNanos(last))), Grouped(points));
}

std::string ComponentText(const common::v1::ComponentRef& component) {
  const std::map<std::string, common::v1::ParamValue> params(component.params().begin(), component.params().end());
  std::string text;
  for (const auto& [name, value] : params)
    text += fmt::format("{}{}={}", text.empty() ? "" : ", ", name, ToText(value));
  return component.name() + (text.empty() ? "" : " (" + text + ")");
}

Table SymbolTable(const backtest::v1::Report& report) {
  Table table{.title = "trades by symbol",
              .columns = {"symbol", "round trips", "won", "realised", "open", "costs", "shares held"}};
  for (const backtest::v1::SymbolSummary& symbol : report.symbols()) {
    table.rows.push_back({symbol.symbol(), Grouped(symbol.trade_count()),
                          symbol.has_win_rate() ? Percent(symbol.win_rate()) : "-", Money(symbol.realized_pnl()),
                          symbol.open_quantity() == 0 ? "-" : Money(symbol.open_pnl()), Money(symbol.costs()),
                          fmt::format("{:.6g}", symbol.open_quantity())});
  }
  return table;
}

}  // namespace

absl::Status SayWhatWasTested(Session& session, const backtest::v1::BacktestRun& run) {
  Printer& out = session.out();
  const backtest::v1::BacktestSpec& spec = run.spec();
  signal::v1::GetSignalRunRequest get;
  get.set_name(spec.signal_run());
  const auto signals = session.signal().Call(&signal::v1::SignalService::Stub::GetSignalRun, get, session.scope());
  if (!signals.ok() && !absl::IsNotFound(signals.status())) return signals.status();
  if (signals.ok()) {
    out.Say(fmt::format("  strategy   {}{}{}", ComponentText(signals->spec().strategy()),
                        signals->spec().model().empty() ? "" : " with ", signals->spec().model()));
  }
  out.Say(fmt::format("  execution  {}, risk {}, sizing {}", ComponentText(spec.engine()), ComponentText(spec.risk()),
                      ComponentText(spec.sizer())));
  if (run.job().state() != common::v1::JobStatus::STATE_SUCCEEDED) return absl::OkStatus();
  backtest::v1::GetReportRequest request;
  request.set_name(run.name());
  BF_ASSIGN_OR_RETURN(
      const backtest::v1::Report report,
      session.backtest().Call(&backtest::v1::BacktestService::Stub::GetReport, request, session.scope()));
  std::vector<std::string> symbols;
  double costs = 0;
  for (const backtest::v1::SymbolSummary& symbol : report.symbols()) {
    symbols.push_back(symbol.symbol());
    costs += symbol.costs();
  }
  BF_ASSIGN_OR_RETURN(const std::string period, PeriodOf(session, run.name()));
  out.Say(fmt::format("  symbols    {}", SomeOf(symbols)));
  out.Say(fmt::format("  period     {}", period));
  out.Say(
      fmt::format("  costs      {} in {} fills (commissions and slippage)", Money(costs), Grouped(run.fill_count())));
  return absl::OkStatus();
}

Table MetricTable(const backtest::v1::BacktestRun& run, bool explain) {
  Table table{.title = fmt::format("metrics of {}", run.name()), .columns = {"metric", "value"}};
  if (explain) table.columns.emplace_back("what it is");
  for (const backtest::v1::Metric& metric : run.metrics()) {
    std::vector<std::string> row{metric.name(), MetricText(metric)};
    if (explain) row.push_back(metric.description());
    table.rows.push_back(std::move(row));
  }
  return table;
}

absl::StatusOr<backtest::v1::Report> GetReport(Session& session, const std::string& run, const std::string& html_file) {
  backtest::v1::GetReportRequest request;
  request.set_name(run);
  if (!html_file.empty()) {
    backtest::v1::GetBacktestRunRequest get;
    get.set_name(run);
    BF_ASSIGN_OR_RETURN(
        const backtest::v1::BacktestRun backtest,
        session.backtest().Call(&backtest::v1::BacktestService::Stub::GetBacktestRun, get, session.scope()));
    BF_ASSIGN_OR_RETURN(const Background background, BackgroundOf(session, backtest.spec()));
    if (background.quality) AddSection(QualityTable(*background.quality), request);
    if (background.model) AddSection(ScoreTable(*background.model), request);
    request.set_html(true);
  }
  BF_ASSIGN_OR_RETURN(
      backtest::v1::Report report,
      session.backtest().Call(&backtest::v1::BacktestService::Stub::GetReport, request, session.scope()));
  if (!html_file.empty()) BF_RETURN_IF_ERROR(WriteFile(html_file, report.html()));
  return report;
}

absl::Status ShowReport(Session& session, const backtest::v1::Report& report) {
  BF_ASSIGN_OR_RETURN(const Background background, BackgroundOf(session, report.run().spec()));
  Printer& out = session.out();
  BF_RETURN_IF_ERROR(SayBarsOf(session, report.run().spec().snapshot()));
  BF_RETURN_IF_ERROR(SayWhatWasTested(session, report.run()));
  if (background.quality) out.Show(QualityTable(*background.quality));
  if (background.model) out.Show(ScoreTable(*background.model));
  out.Show(SymbolTable(report));
  out.Show(MetricTable(report.run(), false));
  out.Say("result digest " + report.run().digest());
  return absl::OkStatus();
}

}  // namespace breadthflow::cli
