#include "services/backtest/rpc/backtest_service.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/rpc/convert.h"
#include "common/rpc/convert_job.h"
#include "services/backtest/domain/report/render.h"
#include "services/backtest/rpc/convert.h"
#include "services/backtest/rpc/equity_stream.h"

namespace breadthflow::backtest {
namespace {

// Everything but page_size and page_token, which must be the same from page to page.
constexpr char kListQuery[] = "ListBacktestRuns";

template <typename Entry, typename Field>
absl::Status Describe(const component::Catalog<Entry>& catalog, Field* field) {
  std::vector<const Entry*> entries;
  for (const Entry& entry : catalog.entries()) entries.push_back(&entry);
  std::sort(entries.begin(), entries.end(), [](const Entry* a, const Entry* b) { return a->info.name < b->info.name; });
  for (const Entry* entry : entries) *field->Add() = rpc::ToProto(entry->info, entry->params);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::BacktestRun> BacktestService::GetProto(const std::string& id, absl::Time deadline) {
  BF_ASSIGN_OR_RETURN(const BacktestRun run, runs_.Get(id, deadline));
  return ToProto(run);
}

grpc::Status BacktestService::ListExecutionEngines(grpc::ServerContext* context,
                                                   const v1::ListExecutionEnginesRequest* request,
                                                   v1::ListExecutionEnginesResponse* response) {
  return guard_.Serve(context, request, response, [&](const rpc::Call&) {
    return Describe(ExecutionEngines(), response->mutable_execution_engines());
  });
}

grpc::Status BacktestService::ListRiskManagers(grpc::ServerContext* context, const v1::ListRiskManagersRequest* request,
                                               v1::ListRiskManagersResponse* response) {
  return guard_.Serve(context, request, response,
                      [&](const rpc::Call&) { return Describe(RiskManagers(), response->mutable_risk_managers()); });
}

grpc::Status BacktestService::ListSizers(grpc::ServerContext* context, const v1::ListSizersRequest* request,
                                         v1::ListSizersResponse* response) {
  return guard_.Serve(context, request, response,
                      [&](const rpc::Call&) { return Describe(Sizers(), response->mutable_sizers()); });
}

grpc::Status BacktestService::CreateBacktestRun(grpc::ServerContext* context,
                                                const v1::CreateBacktestRunRequest* request,
                                                v1::BacktestRun* response) {
  return guard_.Serve(context, request, response, [&](const rpc::Call& call) -> absl::Status {
    base::Violations violations;
    const BacktestSpec spec = FromProto(request->spec(), violations);
    rpc::CheckRequestId(request->request_id(), "request_id", violations);
    CheckSpec(spec, violations);
    BF_RETURN_IF_ERROR(violations.ToStatus("invalid backtest", "INVALID_BACKTEST_SPEC"));
    if (request->validate_only()) return absl::OkStatus();
    BF_ASSIGN_OR_RETURN(const std::string id,
                        runs_.Create(spec, request->request_id(), call.principal.name, call.As<clients::CallScope>()));
    BF_ASSIGN_OR_RETURN(*response, GetProto(id, call.deadline));
    return absl::OkStatus();
  });
}

grpc::Status BacktestService::GetBacktestRun(grpc::ServerContext* context, const v1::GetBacktestRunRequest* request,
                                             v1::BacktestRun* response) {
  return guard_.Serve(context, request, response, [&](const rpc::Call& call) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const std::string id, rpc::IdOf(kCollection, request->name()));
    BF_ASSIGN_OR_RETURN(*response, GetProto(id, call.deadline));
    return absl::OkStatus();
  });
}

grpc::Status BacktestService::ListBacktestRuns(grpc::ServerContext* context, const v1::ListBacktestRunsRequest* request,
                                               v1::ListBacktestRunsResponse* response) {
  return guard_.Serve(context, request, response, [&](const rpc::Call& call) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const int page_size, rpc::PageSize(request->page_size()));
    BF_ASSIGN_OR_RETURN(const std::string before, page_tokens_.Decode(kListQuery, request->page_token()));
    BF_ASSIGN_OR_RETURN(std::vector<BacktestRun> runs, runs_.List(before, page_size + 1, call.deadline));
    if (runs.size() > static_cast<size_t>(page_size)) {
      runs.pop_back();
      response->set_next_page_token(page_tokens_.Encode(kListQuery, runs.back().id));
    }
    for (const BacktestRun& run : runs) *response->add_backtest_runs() = ToProto(run);
    return absl::OkStatus();
  });
}

grpc::Status BacktestService::CancelBacktestRun(grpc::ServerContext* context,
                                                const v1::CancelBacktestRunRequest* request,
                                                v1::BacktestRun* response) {
  return guard_.Serve(context, request, response, [&](const rpc::Call& call) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const std::string id, rpc::IdOf(kCollection, request->name()));
    BF_RETURN_IF_ERROR(runs_.Cancel(id, call.deadline));
    BF_ASSIGN_OR_RETURN(*response, GetProto(id, call.deadline));
    return absl::OkStatus();
  });
}

grpc::ServerWriteReactor<v1::BacktestRun>* BacktestService::WatchBacktestRun(
    grpc::CallbackServerContext* context, const v1::WatchBacktestRunRequest* request) {
  return guard_.Stream<v1::BacktestRun>(
      context, request,
      [this](const rpc::Call& call, const v1::WatchBacktestRunRequest& watch)
          -> absl::StatusOr<std::unique_ptr<rpc::Source<v1::BacktestRun>>> {
        BF_ASSIGN_OR_RETURN(const std::string id, rpc::IdOf(kCollection, watch.name()));
        return rpc::WatchRun<v1::BacktestRun>(
            [this, id, deadline = call.deadline] { return GetProto(id, deadline); },
            [](const v1::BacktestRun& run) { return rpc::IsFinal(run.job()); },
            [this, id](std::function<void()> changed) { return runs_.Watch(id, std::move(changed)); });
      });
}

grpc::Status BacktestService::ListTrades(grpc::ServerContext* context, const v1::ListTradesRequest* request,
                                         v1::ListTradesResponse* response) {
  return guard_.Serve(context, request, response, [&](const rpc::Call& call) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const std::string id, rpc::IdOf(kCollection, request->parent(), "parent"));
    BF_ASSIGN_OR_RETURN(const int page_size, rpc::PageSize(request->page_size()));
    const std::string query = fmt::format("ListTrades|{}|{}", id, request->symbol());
    BF_ASSIGN_OR_RETURN(const std::string after, page_tokens_.Decode(query, request->page_token()));
    TradeQuery wanted{.symbol = request->symbol(), .limit = page_size + 1};
    std::from_chars(after.data(), after.data() + after.size(), wanted.after);
    BF_RETURN_IF_ERROR(runs_.GetSucceeded(id, call.deadline).status());
    BF_ASSIGN_OR_RETURN(std::vector<Trade> trades, store_.Trades(id, wanted, call.deadline));
    if (trades.size() > static_cast<size_t>(page_size)) {
      trades.pop_back();
      response->set_next_page_token(page_tokens_.Encode(query, fmt::format("{}", trades.back().sequence)));
    }
    for (const Trade& trade : trades) *response->add_trades() = ToProto(trade);
    return absl::OkStatus();
  });
}

grpc::ServerWriteReactor<common::v1::SeriesMessage>* BacktestService::ReadEquityCurve(
    grpc::CallbackServerContext* context, const v1::ReadEquityCurveRequest* request) {
  return guard_.Stream<common::v1::SeriesMessage>(
      context, request,
      [this](const rpc::Call& call, const v1::ReadEquityCurveRequest& read)
          -> absl::StatusOr<std::unique_ptr<rpc::Source<common::v1::SeriesMessage>>> {
        BF_ASSIGN_OR_RETURN(const std::string id, rpc::IdOf(kCollection, read.name()));
        BF_ASSIGN_OR_RETURN(const BacktestRun run, runs_.GetSucceeded(id, call.deadline));
        return StreamEquity(store_, run, read.encoding(), call.deadline);
      });
}

grpc::Status BacktestService::GetReport(grpc::ServerContext* context, const v1::GetReportRequest* request,
                                        v1::Report* response) {
  return guard_.Serve(context, request, response, [&](const rpc::Call& call) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const std::string id, rpc::IdOf(kCollection, request->name()));
    base::Violations violations;
    std::vector<report::Section> sections;
    for (int i = 0; i < request->sections_size(); ++i)
      sections.push_back(FromProto(request->sections(i), fmt::format("sections[{}]", i), violations));
    BF_RETURN_IF_ERROR(violations.ToStatus("invalid report sections"));
    BF_ASSIGN_OR_RETURN(const BacktestRun run, runs_.GetSucceeded(id, call.deadline));
    const clients::CallScope scope = call.As<clients::CallScope>();
    if (!request->html()) {
      BF_ASSIGN_OR_RETURN(const report::Report report, reporter_.Summary(run, scope));
      *response = ToProto(run, report);
      return absl::OkStatus();
    }
    BF_ASSIGN_OR_RETURN(const report::Report report, reporter_.Full(run, std::move(sections), scope));
    *response = ToProto(run, report);
    response->set_html(report::RenderHtml(report));
    return absl::OkStatus();
  });
}

}  // namespace breadthflow::backtest
