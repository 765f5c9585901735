#include "common/clients/backtest_client.h"

#include <map>
#include <utility>

#include "breadthflow/backtest/v1/backtest_service.grpc.pb.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/columnar/chunk_codec.h"
#include "common/rpc/convert.h"
#include "common/rpc/peer.h"
#include "common/rpc/status_bridge.h"

namespace breadthflow::clients {
namespace {

using Stub = backtest::v1::BacktestService::Stub;

constexpr int kTradesPerPage = 1000;

RunStatus StatusFrom(const std::string& name, const common::v1::JobStatus& job) {
  RunStatus status;
  status.name = name;
  status.state = static_cast<RunState>(job.state());
  status.progress = job.progress();
  status.stage = job.stage();
  if (job.has_error()) status.error = rpc::FromProto(job.error());
  if (status.state == RunState::kSucceeded) status.result = name;
  return status;
}

absl::Status BadAnswer(std::string_view what, const base::Violations& violations) {
  if (violations.empty()) return absl::OkStatus();
  return base::MakeError(
      absl::StatusCode::kInternal, "BAD_ANSWER",
      fmt::format("{} came back with {}: {}", what, violations.list()[0].field, violations.list()[0].description));
}

backtest::v1::BacktestSpec ToProto(const BacktestSpec& spec) {
  backtest::v1::BacktestSpec proto;
  proto.set_snapshot(spec.snapshot);
  proto.set_signal_run(spec.signal_run);
  for (const std::string& symbol : spec.symbols) proto.add_symbols(symbol);
  if (spec.range != quant::TimeRange()) *proto.mutable_range() = rpc::ToProto(spec.range);
  proto.set_initial_cash(spec.initial_cash);
  *proto.mutable_engine() = rpc::ToProto(spec.engine);
  *proto.mutable_risk() = rpc::ToProto(spec.risk);
  *proto.mutable_sizer() = rpc::ToProto(spec.sizer);
  proto.set_risk_free_rate(spec.risk_free_rate);
  return proto;
}

BacktestSpec SpecFrom(const backtest::v1::BacktestSpec& proto, base::Violations& violations) {
  BacktestSpec spec;
  spec.snapshot = proto.snapshot();
  spec.signal_run = proto.signal_run();
  spec.symbols.assign(proto.symbols().begin(), proto.symbols().end());
  if (proto.has_range()) spec.range = rpc::FromProto(proto.range(), /*required=*/false, "spec.range", violations);
  spec.initial_cash = proto.initial_cash();
  spec.engine = rpc::FromProto(proto.engine(), "spec.engine", violations);
  spec.risk = rpc::FromProto(proto.risk(), "spec.risk", violations);
  spec.sizer = rpc::FromProto(proto.sizer(), "spec.sizer", violations);
  spec.risk_free_rate = proto.risk_free_rate();
  return spec;
}

BacktestTrade TradeFrom(const backtest::v1::Trade& proto) {
  return {.sequence = proto.sequence(),
          .symbol = proto.symbol(),
          .entry_time = rpc::FromProto(proto.entry_time()),
          .exit_time = rpc::FromProto(proto.exit_time()),
          .quantity = proto.quantity(),
          .entry_price = proto.entry_price(),
          .exit_price = proto.exit_price(),
          .pnl = proto.pnl(),
          .return_fraction = proto.return_fraction(),
          .commission = proto.commission(),
          .open = proto.open(),
          .exit_reason = proto.exit_reason(),
          .bar_count = proto.bar_count()};
}

class GrpcBacktestClient final : public BacktestClient {
 public:
  explicit GrpcBacktestClient(rpc::Channels& channels) : peer_(channels, "backtest") {}

  absl::StatusOr<std::string> CreateBacktestRun(const BacktestSpec& spec, const std::string& request_id,
                                                const CallScope& scope) override {
    backtest::v1::CreateBacktestRunRequest request;
    *request.mutable_spec() = ToProto(spec);
    request.set_request_id(request_id);
    BF_ASSIGN_OR_RETURN(const backtest::v1::BacktestRun run, peer_.Call(&Stub::CreateBacktestRun, request, scope));
    return run.name();
  }

  absl::StatusOr<BacktestRun> GetBacktestRun(const std::string& name, const CallScope& scope) override {
    backtest::v1::GetBacktestRunRequest request;
    request.set_name(name);
    BF_ASSIGN_OR_RETURN(const backtest::v1::BacktestRun proto, peer_.Call(&Stub::GetBacktestRun, request, scope));
    base::Violations violations;
    BacktestRun run;
    run.status = StatusFrom(proto.name(), proto.job());
    run.spec = SpecFrom(proto.spec(), violations);
    for (const backtest::v1::Metric& metric : proto.metrics())
      run.metrics.push_back({metric.name(), metric.value(), metric.unit(), metric.description()});
    run.digest = proto.digest();
    run.trade_count = proto.trade_count();
    run.fill_count = proto.fill_count();
    run.refusal_count = proto.refusal_count();
    BF_RETURN_IF_ERROR(BadAnswer(name, violations));
    return run;
  }

  absl::Status CancelBacktestRun(const std::string& name, const CallScope& scope) override {
    backtest::v1::CancelBacktestRunRequest request;
    request.set_name(name);
    return peer_.Call(&Stub::CancelBacktestRun, request, scope).status();
  }

  absl::StatusOr<std::vector<BacktestTrade>> ListTrades(const std::string& name, const CallScope& scope) override {
    backtest::v1::ListTradesRequest request;
    request.set_parent(name);
    request.set_page_size(kTradesPerPage);
    std::vector<BacktestTrade> trades;
    do {
      BF_ASSIGN_OR_RETURN(const backtest::v1::ListTradesResponse page, peer_.Call(&Stub::ListTrades, request, scope));
      for (const backtest::v1::Trade& trade : page.trades()) trades.push_back(TradeFrom(trade));
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    return trades;
  }

  absl::StatusOr<quant::Series> ReadEquityCurve(const std::string& name, const CallScope& scope) override {
    backtest::v1::ReadEquityCurveRequest request;
    request.set_name(name);
    request.set_encoding(common::v1::SERIES_ENCODING_STORED);
    quant::Series curve;
    BF_RETURN_IF_ERROR(peer_.Read(&Stub::ReadEquityCurve, request, scope,
                                  [&](const common::v1::SeriesMessage& message) -> absl::Status {
                                    if (message.has_first_of()) {
                                      BF_ASSIGN_OR_RETURN(curve.key, rpc::FromProto(message.first_of()));
                                      curve.key.variant = name.substr(name.find('/') + 1);
                                    }
                                    return columnar::AppendChunk(message.stored(), {}, {}, curve);
                                  }));
    return curve;
  }

  absl::StatusOr<std::string> GetReportHtml(const std::string& name, const std::vector<BacktestReportSection>& sections,
                                            const CallScope& scope) override {
    backtest::v1::GetReportRequest request;
    request.set_name(name);
    request.set_html(true);
    for (const BacktestReportSection& section : sections) {
      backtest::v1::ReportSection* added = request.add_sections();
      added->set_title(section.title);
      for (const std::string& column : section.columns) added->add_columns(column);
      for (const std::vector<std::string>& row : section.rows) {
        backtest::v1::ReportRow* cells = added->add_rows();
        for (const std::string& cell : row) cells->add_cells(cell);
      }
    }
    BF_ASSIGN_OR_RETURN(backtest::v1::Report report, peer_.Call(&Stub::GetReport, request, scope));
    return std::move(*report.mutable_html());
  }

 private:
  rpc::Peer<backtest::v1::BacktestService> peer_;
};

}  // namespace

std::unique_ptr<BacktestClient> MakeBacktestClient(rpc::Channels& channels) {
  return std::make_unique<GrpcBacktestClient>(channels);
}

}  // namespace breadthflow::clients
