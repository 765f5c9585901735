#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "services/registry/domain/component_rules.h"
#include "services/registry/store/component_store.h"

namespace breadthflow::registry {

// Knows every component of the suite. Thread-safe.
class Components {
 public:
  explicit Components(ComponentStore& store) : store_(store) {}

  // Returns how many versions were new. INVALID_ARGUMENT with every violation; ALREADY_EXISTS COMPONENT_CHANGED with
  // every conflict. Nothing of an announcement that is refused is stored.
  absl::StatusOr<int64_t> Announce(const std::string& service, const std::vector<Offer>& offers, absl::Time deadline);

  // One page, by kind, name and version, and where the next one begins (nothing on the last).
  struct Page {
    std::vector<Component> components;
    std::optional<ComponentKey> next;
  };
  absl::StatusOr<Page> List(const std::string& kind, const std::optional<ComponentKey>& after, int page_size,
                            absl::Time deadline);

  // By name, with or without the version (then the newest). NOT_FOUND with the names known.
  absl::StatusOr<Component> Get(const std::string& name, absl::Time deadline);

 private:
  ComponentStore& store_;
};

}  // namespace breadthflow::registry
