#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/postgres/database.h"
#include "common/postgres/migrate.h"
#include "services/registry/domain/component_rules.h"

namespace breadthflow::registry {

// The tables of the registry's schema, from number 100 on.
const std::vector<postgres::Migration>& Migrations();

// The table of components. Thread-safe.
class ComponentStore {
 public:
  // `database` must outlive the store.
  explicit ComponentStore(postgres::Database& database) : database_(database) {}

  // Stores what is new, in one transaction; returns how many versions that were. What is known already is only marked
  // as seen, at most once a minute, and takes over changed texts and a changed service. ALREADY_EXISTS
  // COMPONENT_CHANGED with every conflict, and then nothing is stored. The offers have been checked.
  absl::StatusOr<int64_t> Announce(const std::string& service, const std::vector<Offer>& offers, absl::Time deadline);

  // Up to `limit` components after `after` (from the start without it), of one kind unless `kind` is empty, by kind,
  // name and version.
  absl::StatusOr<std::vector<Component>> List(const std::string& kind, const std::optional<ComponentKey>& after,
                                              int limit, absl::Time deadline);

  // The version asked for, or the newest. NOT_FOUND COMPONENT_NOT_FOUND with the names known.
  absl::StatusOr<Component> Get(const ComponentName& name, absl::Time deadline);

 private:
  postgres::Database& database_;
};

}  // namespace breadthflow::registry
