#include "common/clients/registry_client.h"

#include <utility>

#include "breadthflow/registry/v1/component_service.grpc.pb.h"

#include "common/rpc/convert.h"
#include "common/rpc/peer.h"

namespace breadthflow::clients {
namespace {

using Stub = registry::v1::ComponentService::Stub;

class GrpcRegistryClient final : public RegistryClient {
 public:
  explicit GrpcRegistryClient(rpc::Channels& channels) : peer_(channels, "registry") {}

  absl::StatusOr<int64_t> AnnounceComponents(const std::string& service,
                                             const std::vector<component::Announcement>& components,
                                             const CallScope& scope) override {
    registry::v1::AnnounceComponentsRequest request;
    request.set_service(service);
    for (const component::Announcement& announced : components) {
      *request.add_components() = rpc::ToProto(announced.info, announced.params);
    }
    BF_ASSIGN_OR_RETURN(const registry::v1::AnnounceComponentsResponse response,
                        peer_.Call(&Stub::AnnounceComponents, request, scope));
    return response.new_count();
  }

  absl::StatusOr<std::vector<RegisteredComponent>> ListComponents(const std::string& kind,
                                                                  const CallScope& scope) override {
    std::vector<RegisteredComponent> components;
    registry::v1::ListComponentsRequest request;
    request.set_kind(kind);
    request.set_page_size(1000);
    do {
      BF_ASSIGN_OR_RETURN(const registry::v1::ListComponentsResponse response,
                          peer_.Call(&Stub::ListComponents, request, scope));
      base::Violations violations;
      for (const registry::v1::Component& component : response.components()) {
        RegisteredComponent registered;
        registered.name = component.name();
        registered.info = rpc::FromProto(component.info(), &registered.params, "info", violations);
        registered.service = component.service();
        registered.create_time = rpc::FromProto(component.create_time());
        registered.announce_time = rpc::FromProto(component.announce_time());
        components.push_back(std::move(registered));
      }
      BF_RETURN_IF_ERROR(violations.ToStatus("the registry's answer", "BAD_ANSWER"));
      request.set_page_token(response.next_page_token());
    } while (!request.page_token().empty());
    return components;
  }

 private:
  rpc::Peer<registry::v1::ComponentService> peer_;
};

}  // namespace

std::unique_ptr<RegistryClient> MakeRegistryClient(rpc::Channels& channels) {
  return std::make_unique<GrpcRegistryClient>(channels);
}

}  // namespace breadthflow::clients
