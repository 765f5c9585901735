#include "services/registry/rpc/component_service.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/rpc/convert.h"

namespace breadthflow::registry {
namespace {

v1::Component ToProto(const Component& component) {
  v1::Component proto;
  proto.set_name(NameOf(KeyOf(component.offer.info)));
  *proto.mutable_info() = rpc::ToProto(component.offer.info, component.offer.params);
  proto.set_service(component.service);
  *proto.mutable_create_time() = rpc::ToProto(component.create_time);
  *proto.mutable_announce_time() = rpc::ToProto(component.announce_time);
  return proto;
}

absl::StatusOr<std::vector<Offer>> OffersOf(const v1::AnnounceComponentsRequest& request) {
  base::Violations violations;
  std::vector<Offer> offers;
  for (int i = 0; i < request.components_size(); ++i) {
    Offer offer;
    offer.info = rpc::FromProto(request.components(i), &offer.params, fmt::format("components[{}]", i), violations);
    offers.push_back(std::move(offer));
  }
  BF_RETURN_IF_ERROR(violations.ToStatus("invalid announcement", "INVALID_ANNOUNCEMENT"));
  return offers;
}

}  // namespace

grpc::Status ComponentService::AnnounceComponents(grpc::ServerContext* context,
                                                  const v1::AnnounceComponentsRequest* request,
                                                  v1::AnnounceComponentsResponse* response) {
  return guard_.Serve(context, request, response, [&](const rpc::Call& call) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const std::vector<Offer> offers, OffersOf(*request));
    BF_ASSIGN_OR_RETURN(const int64_t new_count, components_.Announce(request->service(), offers, call.deadline));
    response->set_new_count(static_cast<int32_t>(new_count));
    return absl::OkStatus();
  });
}

grpc::Status ComponentService::ListComponents(grpc::ServerContext* context, const v1::ListComponentsRequest* request,
                                              v1::ListComponentsResponse* response) {
  return guard_.Serve(context, request, response, [&](const rpc::Call& call) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const int page_size, rpc::PageSize(request->page_size()));
    const std::string query = fmt::format("ListComponents|kind={}", request->kind());
    BF_ASSIGN_OR_RETURN(const std::string cursor, page_tokens_.Decode(query, request->page_token()));
    std::optional<ComponentKey> after;
    if (!cursor.empty()) {
      BF_ASSIGN_OR_RETURN(const ComponentName name, ParseName(cursor));
      after = ComponentKey{name.kind, name.name, name.version.value_or("")};
    }
    BF_ASSIGN_OR_RETURN(const Components::Page page,
                        components_.List(request->kind(), after, page_size, call.deadline));
    for (const Component& component : page.components) *response->add_components() = ToProto(component);
    response->set_next_page_token(page_tokens_.Encode(query, page.next ? NameOf(*page.next) : ""));
    return absl::OkStatus();
  });
}

grpc::Status ComponentService::GetComponent(grpc::ServerContext* context, const v1::GetComponentRequest* request,
                                            v1::Component* response) {
  return guard_.Serve(context, request, response, [&](const rpc::Call& call) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const Component component, components_.Get(request->name(), call.deadline));
    *response = ToProto(component);
    return absl::OkStatus();
  });
}

}  // namespace breadthflow::registry
