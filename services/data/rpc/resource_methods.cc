#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"
#include "common/rpc/convert.h"
#include "services/data/app/create_resource.h"
#include "services/data/domain/custom_resource.h"
#include "services/data/rpc/convert.h"
#include "services/data/rpc/data_service.h"

// The methods of DataService about kinds of data.
namespace breadthflow::data {

using rpc::Call;

grpc::Status DataService::ListResources(grpc::ServerContext* context, const v1::ListResourcesRequest* request,
                                        v1::ListResourcesResponse* response) {
  return parts_.guard.Serve(context, request, response, [&](const Call& call) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const int size, rpc::PageSize(request->page_size()));
    BF_ASSIGN_OR_RETURN(const std::string after, parts_.page_tokens.Decode("ListResources", request->page_token()));
    BF_ASSIGN_OR_RETURN(const std::vector<const Resource*> all, parts_.resources.List(call.deadline));
    for (const Resource* resource : all) {
      if (resource->id <= after) continue;
      if (response->resources_size() == size) {
        const std::string& last = response->resources(size - 1).name();
        response->set_next_page_token(
            parts_.page_tokens.Encode("ListResources", last.substr(std::string_view("resources/").size())));
        break;
      }
      *response->add_resources() = ToProto(*resource);
    }
    return absl::OkStatus();
  });
}

grpc::Status DataService::GetResource(grpc::ServerContext* context, const v1::GetResourceRequest* request,
                                      v1::Resource* response) {
  return parts_.guard.Serve(context, request, response, [&](const Call& call) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const std::string id, rpc::IdOf("resources", request->name()));
    BF_ASSIGN_OR_RETURN(const Resource* resource, parts_.resources.Find(id, call.deadline));
    *response = ToProto(*resource);
    return absl::OkStatus();
  });
}

grpc::Status DataService::CreateResource(grpc::ServerContext* context, const v1::CreateResourceRequest* request,
                                         v1::Resource* response) {
  return parts_.guard.Serve(context, request, response, [&](const Call& call) -> absl::Status {
    base::Violations violations;
    const Resource resource = FromProto(*request, violations);
    rpc::CheckRequestId(request->request_id(), "request_id", violations);
    if (!violations.empty()) {
      CheckDefinition(resource, violations);
      return violations.ToStatus("invalid resource");
    }
    if (request->validate_only()) {
      BF_RETURN_IF_ERROR(CheckNewResource(parts_.resources, resource, call.deadline));
      *response = ToProto(resource);
      return absl::OkStatus();
    }
    BF_ASSIGN_OR_RETURN(const Resource* made, data::CreateResource(parts_.database, parts_.resources, resource,
                                                                   SubmissionOf(call, request->request_id())));
    *response = ToProto(*made);
    return absl::OkStatus();
  });
}

}  // namespace breadthflow::data
