#pragma once

#include "breadthflow/registry/v1/component_service.grpc.pb.h"

#include "common/rpc/guard.h"
#include "common/rpc/page_token.h"
#include "services/registry/app/components.h"

namespace breadthflow::registry {

// ComponentService: requests to use cases and back.
class ComponentService final : public registry::v1::ComponentService::Service {
 public:
  ComponentService(Components& components, rpc::Guard& guard, const rpc::PageTokens& page_tokens)
      : components_(components), guard_(guard), page_tokens_(page_tokens) {}

  grpc::Status AnnounceComponents(grpc::ServerContext* context, const registry::v1::AnnounceComponentsRequest* request,
                                  registry::v1::AnnounceComponentsResponse* response) override;
  grpc::Status ListComponents(grpc::ServerContext* context, const registry::v1::ListComponentsRequest* request,
                              registry::v1::ListComponentsResponse* response) override;
  grpc::Status GetComponent(grpc::ServerContext* context, const registry::v1::GetComponentRequest* request,
                            registry::v1::Component* response) override;

 private:
  Components& components_;
  rpc::Guard& guard_;
  const rpc::PageTokens& page_tokens_;
};

}  // namespace breadthflow::registry
