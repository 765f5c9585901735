#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "breadthflow/signal/v1/signal_service.grpc.pb.h"

#include "common/rpc/guard.h"
#include "common/rpc/page_token.h"
#include "services/signal/app/signal_runs.h"

namespace breadthflow::signal {

using SignalServiceBase = v1::SignalService::WithCallbackMethod_ReadSignals<
    v1::SignalService::WithCallbackMethod_WatchSignalRun<v1::SignalService::Service>>;

// The SignalService over SignalRuns. Thread-safe. What is lent to it must outlive it.
class SignalService final : public SignalServiceBase {
 public:
  SignalService(rpc::Guard& guard, SignalRuns& runs, const rpc::PageTokens& page_tokens)
      : guard_(guard), runs_(runs), page_tokens_(page_tokens) {}

  grpc::Status ListIndicators(grpc::ServerContext* context, const v1::ListIndicatorsRequest* request,
                              v1::ListIndicatorsResponse* response) override;
  grpc::Status ListStrategies(grpc::ServerContext* context, const v1::ListStrategiesRequest* request,
                              v1::ListStrategiesResponse* response) override;
  grpc::Status CreateSignalRun(grpc::ServerContext* context, const v1::CreateSignalRunRequest* request,
                               v1::SignalRun* response) override;
  grpc::Status GetSignalRun(grpc::ServerContext* context, const v1::GetSignalRunRequest* request,
                            v1::SignalRun* response) override;
  grpc::Status ListSignalRuns(grpc::ServerContext* context, const v1::ListSignalRunsRequest* request,
                              v1::ListSignalRunsResponse* response) override;
  grpc::Status CancelSignalRun(grpc::ServerContext* context, const v1::CancelSignalRunRequest* request,
                               v1::SignalRun* response) override;
  grpc::ServerWriteReactor<v1::SignalRun>* WatchSignalRun(grpc::CallbackServerContext* context,
                                                          const v1::WatchSignalRunRequest* request) override;
  grpc::ServerWriteReactor<common::v1::SeriesMessage>* ReadSignals(grpc::CallbackServerContext* context,
                                                                   const v1::ReadSignalsRequest* request) override;

 private:
  absl::StatusOr<v1::SignalRun> GetProto(const std::string& id, absl::Time deadline);

  rpc::Guard& guard_;
  SignalRuns& runs_;
  const rpc::PageTokens& page_tokens_;
};

}  // namespace breadthflow::signal
