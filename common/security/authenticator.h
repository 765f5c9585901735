#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "common/base/clock.h"
#include "common/security/scope.h"

namespace breadthflow::security {

// Who a call is made by.
struct Principal {
  std::string name;    // "alice", "orchestrator"; the owner of what it creates
  std::string key_id;  // names the key without revealing it; goes to logs
  Scopes scopes;
};

// Tells from the key of a call who makes it. Thread-safe; called on every request, so an answer takes microseconds.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // `key` is what stood after "Bearer " in the authorization metadata, empty when there was none. UNAUTHENTICATED
  // `MISSING_API_KEY` or `INVALID_API_KEY`; the message never repeats the key.
  virtual absl::StatusOr<Principal> Authenticate(std::string_view key) const = 0;
};

// Everybody is "anonymous" and may do everything. Only for servers that listen on loopback.
std::unique_ptr<Authenticator> MakeOpenAuthenticator();

// Keys from a YAML file: a list of {key: TEXT, name: NAME, scopes: [SCOPE, ...]}. A key has at least 16 characters.
// Only hashes stay in memory. The file is looked at again at most every 5 s, by the first call after that, which counts
// with what it finds; other calls do not wait meanwhile. A file that became invalid is reported in the log and the keys
// of before stay. INVALID_ARGUMENT with every violation and its line, or
// NOT_FOUND.
absl::StatusOr<std::unique_ptr<Authenticator>> MakeFileAuthenticator(const std::string& path, const base::Clock& clock);

}  // namespace breadthflow::security
