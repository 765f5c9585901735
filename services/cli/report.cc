#include "services/cli/report.h"

#include <cstdio>
#include <fstream>
#include <optional>

#include <fmt/format.h>

#include "common/base/status.h"
#include "services/cli/models.h"
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

absl::Status WriteFile(const std::string& file, const std::string& content) {
  const std::string temporary = file + ".part";
  std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
  out << content;
  out.close();
  if (!out || std::rename(temporary.c_str(), file.c_str()) != 0) {
    std::remove(temporary.c_str());
    return base::MakeError(absl::StatusCode::kFailedPrecondition, "CANNOT_WRITE",
                           fmt::format("can not write {}", file));
  }
  return absl::OkStatus();
}

std::string MetricText(const backtest::v1::Metric& metric) {
  if (metric.unit() == "fraction") return Percent(metric.value());
  if (metric.unit() == "money") return Money(metric.value());
  if (metric.unit() == "count") return Grouped(static_cast<int64_t>(metric.value()));
  return fmt::format("{:.4f}", metric.value());
}

Table SymbolTable(const backtest::v1::Report& report) {
  Table table{.title = "trades by symbol", .columns = {"symbol", "trades", "won", "profit", "costs", "still held"}};
  for (const backtest::v1::SymbolSummary& symbol : report.symbols()) {
    table.rows.push_back({symbol.symbol(), Grouped(symbol.trade_count()),
                          symbol.has_win_rate() ? Percent(symbol.win_rate()) : "-", Money(symbol.pnl()),
                          Money(symbol.costs()), fmt::format("{:.6g}", symbol.open_quantity())});
  }
  return table;
}

}  // namespace

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
  if (background.quality) out.Show(QualityTable(*background.quality));
  if (background.model) out.Show(ScoreTable(*background.model));
  out.Show(SymbolTable(report));
  out.Show(MetricTable(report.run(), false));
  out.Say("result digest " + report.run().digest());
  return absl::OkStatus();
}

}  // namespace breadthflow::cli
