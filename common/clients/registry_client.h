#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/clients/call.h"
#include "common/component/catalog.h"
#include "common/component/params.h"

namespace breadthflow::rpc {
class Channels;
}

namespace breadthflow::clients {

using component::Announce;
using component::Announcement;

struct RegisteredComponent {
  std::string name;  // "components/{kind}/{component}/{version}"
  component::ComponentInfo info;
  std::vector<component::ParamSpec> params;
  std::string service;
  absl::Time create_time;    // first announcement
  absl::Time announce_time;  // last announcement, to the minute
};

// The registry as other services see it. Implementations are thread-safe. Errors are those of the registry, details
// included; UNAVAILABLE when it can not be reached.
class RegistryClient {
 public:
  virtual ~RegistryClient() = default;

  // Makes the components of `service` known; repeating it changes nothing. Returns how many versions were new.
  // ALREADY_EXISTS COMPONENT_CHANGED when a known version comes with other parameters: its version must be raised.
  virtual absl::StatusOr<int64_t> AnnounceComponents(const std::string& service,
                                                     const std::vector<component::Announcement>& components,
                                                     const CallScope& scope) = 0;
  // All components of a kind, or of all kinds when it is empty; by kind, name and version.
  virtual absl::StatusOr<std::vector<RegisteredComponent>> ListComponents(const std::string& kind,
                                                                          const CallScope& scope) = 0;
};

// Calls go through the channel "registry" of `channels`, which must outlive the client.
std::unique_ptr<RegistryClient> MakeRegistryClient(rpc::Channels& channels);

}  // namespace breadthflow::clients
