#include <vector>

#include "common/base/status.h"
#include "common/rpc/convert.h"
#include "services/data/rpc/convert.h"
#include "services/data/rpc/data_service.h"

// The method of DataService about sources.
namespace breadthflow::data {
namespace {

using rpc::Call;

// All that a source offers; one that reads anything, in the bar sizes that it can tell.
std::vector<Capability> CapabilitiesOf(const SourceEntry& source, const std::vector<const Resource*>& resources) {
  if (!source.any_resource) return source.capabilities;
  using enum quant::Timeframe;
  std::vector<Capability> all;
  for (const Resource* resource : resources) {
    all.push_back({.resource = resource->id, .timeframes = {kTick}});
    if (resource->bars) all.back().timeframes = {kMin1, kMin5, kMin15, kMin30, kHour1, kDay};
  }
  return all;
}

v1::Source ToProto(const SourceEntry& source, const std::vector<const Resource*>& resources, const Upstream& upstream) {
  v1::Source out;
  *out.mutable_component() = rpc::ToProto(source.info, source.params);
  for (const Capability& capability : CapabilitiesOf(source, resources)) {
    v1::SourceCapability& to = *out.add_capabilities();
    to.set_resource(capability.resource);
    for (const quant::Timeframe timeframe : capability.timeframes) to.add_timeframes(rpc::ToProto(timeframe));
    to.set_basis(rpc::ToProto(capability.basis));
  }
  out.set_authoritative(source.authoritative);
  out.set_ready(true);
  if (source.provider.empty()) return out;
  const UpstreamInfo info = upstream.Describe(source.provider);
  out.mutable_limit()->set_per_second(info.per_second);
  out.mutable_limit()->set_burst(static_cast<int32_t>(info.burst));
  out.mutable_limit()->set_per_day(static_cast<int32_t>(info.per_day));
  out.set_credential(info.credential);
  if (const absl::Status ready = upstream.CheckReady(source.provider); !ready.ok()) {
    out.set_ready(false);
    out.set_not_ready_reason(base::Message(ready));
  }
  return out;
}

}  // namespace

grpc::Status DataService::ListSources(grpc::ServerContext* context, const v1::ListSourcesRequest* request,
                                      v1::ListSourcesResponse* response) {
  return parts_.guard.Serve(context, request, response, [&](const Call& call) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const std::vector<const Resource*> resources, parts_.resources.List(call.deadline));
    for (const SourceEntry& source : parts_.sources.entries()) {
      *response->add_sources() = ToProto(source, resources, parts_.upstream);
    }
    return absl::OkStatus();
  });
}

}  // namespace breadthflow::data
