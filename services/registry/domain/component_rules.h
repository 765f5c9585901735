#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/component/catalog.h"
#include "common/component/params.h"

// What may be announced, and when two announcements are of the same thing.
namespace breadthflow::registry {

// A component as a service offers it.
using Offer = component::Announcement;

// A component as the registry knows it.
struct Component {
  Offer offer;
  std::string service;
  absl::Time create_time;
  absl::Time announce_time;  // to the minute
};

// What identifies one version of a component.
struct ComponentKey {
  std::string kind;
  std::string name;
  std::string version;
  friend auto operator<=>(const ComponentKey&, const ComponentKey&) = default;
};

constexpr size_t kMaxComponents = 10'000;  // in one announcement
constexpr size_t kMaxParams = 200;         // of one component
constexpr size_t kMaxDescriptionBytes = 4'096;

// All violations of an announcement at once, INVALID_ARGUMENT INVALID_ANNOUNCEMENT; fields as in the request:
// "components[3].params[1].default_value".
//   service, kind, names    [a-z][a-z0-9_]*, 1 to 63 characters; a component may occur once
//   version                 see ParseVersion
//   params                  named once each; bounds in order; the default is accepted by its own specification
absl::Status CheckAnnouncement(std::string_view service, const std::vector<Offer>& offers);

// SHA-256 over what a caller's values depend on: parameter names, types, defaults, bounds, choices, and which are
// required, in any order of parameters. Texts for people are not in it, so they can be corrected without a new version.
std::string Fingerprint(const std::vector<component::ParamSpec>& params);

// How the parameters of a version differ from those known for it, for people: "period: default 14, was 10; window:
// added". Empty when the fingerprints are equal.
std::string Difference(const std::vector<component::ParamSpec>& known,
                       const std::vector<component::ParamSpec>& offered);

ComponentKey KeyOf(const component::ComponentInfo& info);
// "components/{kind}/{component}/{version}".
std::string NameOf(const ComponentKey& key);

// ALREADY_EXISTS COMPONENT_CHANGED: each pair is what is known and what was offered under the same version.
absl::Status ComponentChanged(const std::vector<std::pair<Offer, Offer>>& changes);
// NOT_FOUND COMPONENT_NOT_FOUND with the names that are known for its kind, or the kinds.
absl::Status ComponentNotFound(std::string_view name, const std::vector<std::string>& known);

// The name of a component with or without its version. INVALID_ARGUMENT with what was expected.
struct ComponentName {
  std::string kind;
  std::string name;
  std::optional<std::string> version;
};
absl::StatusOr<ComponentName> ParseName(std::string_view name);

}  // namespace breadthflow::registry
