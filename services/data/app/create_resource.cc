#include "services/data/app/create_resource.h"

#include <optional>
#include <string>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/jobs/submit.h"
#include "services/data/domain/custom_resource.h"

namespace breadthflow::data {

absl::Status CheckNewResource(ResourceStore& resources, const Resource& resource, absl::Time deadline) {
  base::Violations violations;
  CheckDefinition(resource, violations);
  BF_RETURN_IF_ERROR(violations.ToStatus("invalid resource"));
  const absl::StatusOr<const Resource*> taken = resources.Find(resource.id, deadline);
  if (taken.ok()) return ResourceExists(**taken);
  return absl::IsNotFound(taken.status()) ? absl::OkStatus() : taken.status();
}

absl::StatusOr<const Resource*> CreateResource(postgres::Database& database, ResourceStore& resources,
                                               const Resource& resource, const Submission& submission) {
  const jobs::SubmitKey key{submission.principal, "breadthflow.data.v1.DataService/CreateResource",
                            submission.request_id, Fingerprint(resource)};
  BF_ASSIGN_OR_RETURN(const std::optional<std::string> known,
                      jobs::FindSubmitted(database, key, {.deadline = submission.deadline}));
  if (known) return resources.Find(*known, submission.deadline);
  BF_RETURN_IF_ERROR(CheckNewResource(resources, resource, submission.deadline));
  BF_ASSIGN_OR_RETURN(const std::string id,
                      jobs::SubmitOnce(database, key,
                                       [&](postgres::Transaction& tx) -> absl::StatusOr<std::string> {
                                         BF_RETURN_IF_ERROR(resources.Insert(tx, resource, submission.principal));
                                         return resource.id;
                                       },
                                       {.deadline = submission.deadline}));
  return resources.Find(id, submission.deadline);
}

}  // namespace breadthflow::data
