#include "common/clients/signal_client.h"

#include <map>
#include <utility>

#include "breadthflow/signal/v1/signal_service.grpc.pb.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/columnar/chunk_codec.h"
#include "common/quant/signal.h"
#include "common/rpc/convert.h"
#include "common/rpc/peer.h"
#include "common/rpc/status_bridge.h"

namespace breadthflow::clients {
namespace {

using Stub = signal::v1::SignalService::Stub;

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

absl::StatusOr<SignalRun> RunFrom(const signal::v1::SignalRun& proto) {
  base::Violations violations;
  SignalRun run;
  run.status = StatusFrom(proto.name(), proto.job());
  run.spec.snapshot = proto.spec().snapshot();
  run.spec.symbols.assign(proto.spec().symbols().begin(), proto.spec().symbols().end());
  run.spec.strategy = rpc::FromProto(proto.spec().strategy(), "spec.strategy", violations);
  run.spec.model = proto.spec().model();
  if (proto.spec().has_range())
    run.spec.range = rpc::FromProto(proto.spec().range(), /*required=*/false, "spec.range", violations);
  for (const signal::v1::SignalResult& result : proto.results()) {
    run.results.push_back({.symbol = result.symbol(),
                           .signal_count = result.signal_count(),
                           .warm_up_bar_count = result.warm_up_bar_count(),
                           .long_count = result.long_count(),
                           .short_count = result.short_count(),
                           .error = result.has_error() ? rpc::FromProto(result.error()) : absl::OkStatus(),
                           .content_sha256 = result.content_sha256()});
  }
  run.strategy_version = proto.strategy_version();
  if (proto.has_valid_from_time()) run.valid_from = rpc::FromProto(proto.valid_from_time());
  if (!violations.empty()) {
    return base::MakeError(absl::StatusCode::kInternal, "BAD_ANSWER",
                           fmt::format("{} came back with {}: {}", proto.name(), violations.list()[0].field,
                                       violations.list()[0].description));
  }
  return run;
}

signal::v1::SignalSpec ToProto(const SignalSpec& spec) {
  signal::v1::SignalSpec proto;
  proto.set_snapshot(spec.snapshot);
  for (const std::string& symbol : spec.symbols) proto.add_symbols(symbol);
  *proto.mutable_strategy() = rpc::ToProto(spec.strategy);
  proto.set_model(spec.model);
  if (spec.range != quant::TimeRange()) *proto.mutable_range() = rpc::ToProto(spec.range);
  return proto;
}

class GrpcSignalClient final : public SignalClient {
 public:
  explicit GrpcSignalClient(rpc::Channels& channels) : peer_(channels, "signal") {}

  absl::StatusOr<std::string> CreateSignalRun(const SignalSpec& spec, const std::string& request_id,
                                              const CallScope& scope) override {
    signal::v1::CreateSignalRunRequest request;
    *request.mutable_spec() = ToProto(spec);
    request.set_request_id(request_id);
    BF_ASSIGN_OR_RETURN(const signal::v1::SignalRun run, peer_.Call(&Stub::CreateSignalRun, request, scope));
    return run.name();
  }

  absl::StatusOr<SignalRun> GetSignalRun(const std::string& name, const CallScope& scope) override {
    signal::v1::GetSignalRunRequest request;
    request.set_name(name);
    BF_ASSIGN_OR_RETURN(const signal::v1::SignalRun run, peer_.Call(&Stub::GetSignalRun, request, scope));
    return RunFrom(run);
  }

  absl::Status CancelSignalRun(const std::string& name, const CallScope& scope) override {
    signal::v1::CancelSignalRunRequest request;
    request.set_name(name);
    return peer_.Call(&Stub::CancelSignalRun, request, scope).status();
  }

  absl::StatusOr<std::vector<quant::Series>> ReadSignals(const std::string& name,
                                                         const std::vector<std::string>& symbols,
                                                         const CallScope& scope) override {
    signal::v1::ReadSignalsRequest request;
    request.set_name(name);
    for (const std::string& symbol : symbols) request.add_symbols(symbol);
    request.set_encoding(common::v1::SERIES_ENCODING_STORED);
    const std::string run_id = name.substr(name.find('/') + 1);
    std::vector<quant::Series> series;
    BF_RETURN_IF_ERROR(
        peer_.Read(&Stub::ReadSignals, request, scope, [&](const common::v1::SeriesMessage& message) -> absl::Status {
          if (message.has_first_of()) {
            BF_ASSIGN_OR_RETURN(quant::SeriesKey key, rpc::FromProto(message.first_of()));
            key.variant = run_id;
            series.push_back(quant::SignalSeries(std::move(key), {}, {}, {}, {}));
          }
          if (message.stored().empty()) return absl::OkStatus();
          if (series.empty()) {
            return base::MakeError(absl::StatusCode::kInternal, "BAD_ANSWER",
                                   fmt::format("{}: rows came before the series that they are of", name));
          }
          return columnar::AppendChunk(message.stored(), {}, {}, series.back());
        }));
    return series;
  }

 private:
  rpc::Peer<signal::v1::SignalService> peer_;
};

}  // namespace

std::unique_ptr<SignalClient> MakeSignalClient(rpc::Channels& channels) {
  return std::make_unique<GrpcSignalClient>(channels);
}

}  // namespace breadthflow::clients
