#pragma once

#include "absl/status/statusor.h"

#include "services/data/app/fetcher.h"
#include "services/data/domain/resource.h"
#include "services/data/store/resource_store.h"

namespace breadthflow::data {

// Makes a kind of data, or only checks whether it could be made. The same request_id gives the same resource.
// INVALID_ARGUMENT with every violation of CheckDefinition; ALREADY_EXISTS RESOURCE_EXISTS when the name is taken.
absl::StatusOr<const Resource*> CreateResource(postgres::Database& database, ResourceStore& resources,
                                               const Resource& resource, const Submission& submission);
absl::Status CheckNewResource(ResourceStore& resources, const Resource& resource, absl::Time deadline);

}  // namespace breadthflow::data
