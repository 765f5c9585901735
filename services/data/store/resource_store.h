#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/postgres/database.h"
#include "services/data/domain/resource.h"

namespace breadthflow::data {

// ALREADY_EXISTS RESOURCE_EXISTS.
absl::Status ResourceExists(const Resource& resource);

// All resources: those that are predefined and those made at run time, which are never changed or taken away. What was
// found once is kept; what is not known is asked of the database each time, so that another replica's are found as soon
// as they are there. Pointers stay valid as long as the store. Thread-safe.
class ResourceStore {
 public:
  explicit ResourceStore(postgres::Database& database) : database_(database) {}

  // NOT_FOUND UNKNOWN_RESOURCE with the known ids.
  absl::StatusOr<const Resource*> Find(const std::string& id, absl::Time deadline = absl::InfiniteFuture());

  // For those that look up by id alone.
  ResourceLookup Lookup(absl::Time deadline);

  // Ordered by id.
  absl::StatusOr<std::vector<const Resource*>> List(absl::Time deadline);

  // Adds one made at run time, whose definition was checked. ALREADY_EXISTS RESOURCE_EXISTS when the name is taken.
  absl::Status Insert(postgres::Transaction& tx, const Resource& resource, const std::string& principal);

 private:
  absl::StatusOr<const Resource*> Keep(const std::string& id, const std::string& definition);
  const Resource* Known(const std::string& id) const;

  postgres::Database& database_;
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<const Resource>, std::less<>> known_;  // made at run time
};

}  // namespace breadthflow::data
