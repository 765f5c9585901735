#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "breadthflow/backtest/v1/backtest_service.grpc.pb.h"

#include "common/rpc/guard.h"
#include "common/rpc/page_token.h"
#include "services/backtest/app/backtest_runs.h"
#include "services/backtest/app/reporter.h"

namespace breadthflow::backtest {

using BacktestServiceBase = v1::BacktestService::WithCallbackMethod_ReadEquityCurve<
    v1::BacktestService::WithCallbackMethod_WatchBacktestRun<v1::BacktestService::Service>>;

// The BacktestService over BacktestRuns. Thread-safe. What is lent to it must outlive it.
class BacktestService final : public BacktestServiceBase {
 public:
  BacktestService(rpc::Guard& guard, BacktestRuns& runs, BacktestStore& store, const Reporter& reporter,
                  const rpc::PageTokens& page_tokens)
      : guard_(guard), runs_(runs), store_(store), reporter_(reporter), page_tokens_(page_tokens) {}

  grpc::Status ListExecutionEngines(grpc::ServerContext* context, const v1::ListExecutionEnginesRequest* request,
                                    v1::ListExecutionEnginesResponse* response) override;
  grpc::Status ListRiskManagers(grpc::ServerContext* context, const v1::ListRiskManagersRequest* request,
                                v1::ListRiskManagersResponse* response) override;
  grpc::Status ListSizers(grpc::ServerContext* context, const v1::ListSizersRequest* request,
                          v1::ListSizersResponse* response) override;
  grpc::Status CreateBacktestRun(grpc::ServerContext* context, const v1::CreateBacktestRunRequest* request,
                                 v1::BacktestRun* response) override;
  grpc::Status GetBacktestRun(grpc::ServerContext* context, const v1::GetBacktestRunRequest* request,
                              v1::BacktestRun* response) override;
  grpc::Status ListBacktestRuns(grpc::ServerContext* context, const v1::ListBacktestRunsRequest* request,
                                v1::ListBacktestRunsResponse* response) override;
  grpc::Status CancelBacktestRun(grpc::ServerContext* context, const v1::CancelBacktestRunRequest* request,
                                 v1::BacktestRun* response) override;
  grpc::ServerWriteReactor<v1::BacktestRun>* WatchBacktestRun(grpc::CallbackServerContext* context,
                                                              const v1::WatchBacktestRunRequest* request) override;
  grpc::Status ListTrades(grpc::ServerContext* context, const v1::ListTradesRequest* request,
                          v1::ListTradesResponse* response) override;
  grpc::ServerWriteReactor<common::v1::SeriesMessage>* ReadEquityCurve(
      grpc::CallbackServerContext* context, const v1::ReadEquityCurveRequest* request) override;
  grpc::Status GetReport(grpc::ServerContext* context, const v1::GetReportRequest* request,
                         v1::Report* response) override;

 private:
  absl::StatusOr<v1::BacktestRun> GetProto(const std::string& id, absl::Time deadline);

  rpc::Guard& guard_;
  BacktestRuns& runs_;
  BacktestStore& store_;
  const Reporter& reporter_;
  const rpc::PageTokens& page_tokens_;
};

}  // namespace breadthflow::backtest
