#include "common/security/authenticator.h"

namespace breadthflow::security {
namespace {

class OpenAuthenticator final : public Authenticator {
 public:
  absl::StatusOr<Principal> Authenticate(std::string_view) const override {
    return Principal{.name = "anonymous", .key_id = "none", .scopes = Scopes::All()};
  }
};

}  // namespace

std::unique_ptr<Authenticator> MakeOpenAuthenticator() { return std::make_unique<OpenAuthenticator>(); }

}  // namespace breadthflow::security
