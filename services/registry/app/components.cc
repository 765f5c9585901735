#include "services/registry/app/components.h"

#include <utility>

#include "common/base/status.h"

namespace breadthflow::registry {

absl::StatusOr<int64_t> Components::Announce(const std::string& service, const std::vector<Offer>& offers,
                                             absl::Time deadline) {
  BF_RETURN_IF_ERROR(CheckAnnouncement(service, offers));
  return store_.Announce(service, offers, deadline);
}

absl::StatusOr<Components::Page> Components::List(const std::string& kind, const std::optional<ComponentKey>& after,
                                                  int page_size, absl::Time deadline) {
  Page page;
  BF_ASSIGN_OR_RETURN(page.components, store_.List(kind, after, page_size + 1, deadline));
  if (page.components.size() > static_cast<size_t>(page_size)) {
    page.components.resize(static_cast<size_t>(page_size));
    page.next = KeyOf(page.components.back().offer.info);
  }
  return page;
}

absl::StatusOr<Component> Components::Get(const std::string& name, absl::Time deadline) {
  BF_ASSIGN_OR_RETURN(const ComponentName parsed, ParseName(name));
  return store_.Get(parsed, deadline);
}

}  // namespace breadthflow::registry
