#include "services/signal/rpc/signal_service.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/quant/indicators/catalog.h"
#include "common/quant/strategies/catalog.h"
#include "common/rpc/convert.h"
#include "common/rpc/convert_job.h"
#include "services/signal/rpc/convert.h"
#include "services/signal/rpc/signal_stream.h"

namespace breadthflow::signal {
namespace {

// Everything but page_size and page_token, which must be the same from page to page.
constexpr char kListQuery[] = "ListSignalRuns";

template <typename Entry, typename Field>
void Describe(const component::Catalog<Entry>& catalog, Field* field) {
  std::vector<const Entry*> entries;
  for (const Entry& entry : catalog.entries()) entries.push_back(&entry);
  std::sort(entries.begin(), entries.end(), [](const Entry* a, const Entry* b) { return a->info.name < b->info.name; });
  for (const Entry* entry : entries) *field->Add() = rpc::ToProto(entry->info, entry->params);
}

absl::Status CheckEncoding(common::v1::SeriesEncoding encoding) {
  base::Violations violations;
  if (!common::v1::SeriesEncoding_IsValid(encoding))
    violations.Add("encoding", fmt::format("must be 0, 1 or 2, was {}", static_cast<int>(encoding)));
  return violations.ToStatus("invalid request");
}

}  // namespace

absl::StatusOr<v1::SignalRun> SignalService::GetProto(const std::string& id, absl::Time deadline) {
  BF_ASSIGN_OR_RETURN(const SignalRun run, runs_.Get(id, deadline));
  return ToProto(run);
}

grpc::Status SignalService::ListIndicators(grpc::ServerContext* context, const v1::ListIndicatorsRequest* request,
                                           v1::ListIndicatorsResponse* response) {
  return guard_.Serve(context, request, response, [&](const rpc::Call&) -> absl::Status {
    Describe(quant::Indicators(), response->mutable_indicators());
    return absl::OkStatus();
  });
}

grpc::Status SignalService::ListStrategies(grpc::ServerContext* context, const v1::ListStrategiesRequest* request,
                                           v1::ListStrategiesResponse* response) {
  return guard_.Serve(context, request, response, [&](const rpc::Call&) -> absl::Status {
    Describe(quant::Strategies(), response->mutable_strategies());
    return absl::OkStatus();
  });
}

grpc::Status SignalService::CreateSignalRun(grpc::ServerContext* context, const v1::CreateSignalRunRequest* request,
                                            v1::SignalRun* response) {
  return guard_.Serve(context, request, response, [&](const rpc::Call& call) -> absl::Status {
    base::Violations violations;
    const SignalSpec spec = FromProto(request->spec(), violations);
    rpc::CheckRequestId(request->request_id(), "request_id", violations);
    CheckSpec(spec, violations);
    BF_RETURN_IF_ERROR(violations.ToStatus("invalid signal run", "INVALID_SIGNAL_SPEC"));
    if (request->validate_only()) return absl::OkStatus();
    BF_ASSIGN_OR_RETURN(const std::string id,
                        runs_.Create(spec, request->request_id(), call.principal.name, call.As<clients::CallScope>()));
    BF_ASSIGN_OR_RETURN(*response, GetProto(id, call.deadline));
    return absl::OkStatus();
  });
}

grpc::Status SignalService::GetSignalRun(grpc::ServerContext* context, const v1::GetSignalRunRequest* request,
                                         v1::SignalRun* response) {
  return guard_.Serve(context, request, response, [&](const rpc::Call& call) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const std::string id, rpc::IdOf(kCollection, request->name()));
    BF_ASSIGN_OR_RETURN(*response, GetProto(id, call.deadline));
    return absl::OkStatus();
  });
}

grpc::Status SignalService::ListSignalRuns(grpc::ServerContext* context, const v1::ListSignalRunsRequest* request,
                                           v1::ListSignalRunsResponse* response) {
  return guard_.Serve(context, request, response, [&](const rpc::Call& call) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const int page_size, rpc::PageSize(request->page_size()));
    BF_ASSIGN_OR_RETURN(const std::string before, page_tokens_.Decode(kListQuery, request->page_token()));
    BF_ASSIGN_OR_RETURN(std::vector<SignalRun> runs, runs_.List(before, page_size + 1, call.deadline));
    if (runs.size() > static_cast<size_t>(page_size)) {
      runs.pop_back();
      response->set_next_page_token(page_tokens_.Encode(kListQuery, runs.back().id));
    }
    for (const SignalRun& run : runs) *response->add_signal_runs() = ToProto(run);
    return absl::OkStatus();
  });
}

grpc::Status SignalService::CancelSignalRun(grpc::ServerContext* context, const v1::CancelSignalRunRequest* request,
                                            v1::SignalRun* response) {
  return guard_.Serve(context, request, response, [&](const rpc::Call& call) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const std::string id, rpc::IdOf(kCollection, request->name()));
    BF_RETURN_IF_ERROR(runs_.Cancel(id, call.deadline));
    BF_ASSIGN_OR_RETURN(*response, GetProto(id, call.deadline));
    return absl::OkStatus();
  });
}

grpc::ServerWriteReactor<v1::SignalRun>* SignalService::WatchSignalRun(grpc::CallbackServerContext* context,
                                                                       const v1::WatchSignalRunRequest* request) {
  return guard_.Stream<v1::SignalRun>(
      context, request,
      [this](const rpc::Call& call,
             const v1::WatchSignalRunRequest& watch) -> absl::StatusOr<std::unique_ptr<rpc::Source<v1::SignalRun>>> {
        BF_ASSIGN_OR_RETURN(const std::string id, rpc::IdOf(kCollection, watch.name()));
        return rpc::WatchRun<v1::SignalRun>(
            [this, id, deadline = call.deadline] { return GetProto(id, deadline); },
            [](const v1::SignalRun& run) { return rpc::IsFinal(run.job()); },
            [this, id](std::function<void()> changed) { return runs_.Watch(id, std::move(changed)); });
      });
}

grpc::ServerWriteReactor<common::v1::SeriesMessage>* SignalService::ReadSignals(grpc::CallbackServerContext* context,
                                                                                const v1::ReadSignalsRequest* request) {
  return guard_.Stream<common::v1::SeriesMessage>(
      context, request,
      [this](const rpc::Call& call, const v1::ReadSignalsRequest& read)
          -> absl::StatusOr<std::unique_ptr<rpc::Source<common::v1::SeriesMessage>>> {
        BF_ASSIGN_OR_RETURN(std::string id, rpc::IdOf(kCollection, read.name()));
        BF_RETURN_IF_ERROR(CheckEncoding(read.encoding()));
        BF_ASSIGN_OR_RETURN(std::vector<SymbolResult> results,
                            runs_.Readable(id, {read.symbols().begin(), read.symbols().end()}, call.deadline));
        return StreamSignals(runs_, std::move(id), std::move(results), read.encoding(), call.deadline);
      });
}

}  // namespace breadthflow::signal
