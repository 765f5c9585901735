#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"

#include "common/base/status.h"
#include "services/cli/session.h"

// A command that makes several things asks every service first whether it would take its part, so that a refusal leaves
// nothing behind and names everything that is wrong at once.
namespace breadthflow::cli {

// Which flag of the command line a field of a request comes from.
struct FlagOfField {
  std::string_view field;  // "spec.model.params"; what is below it counts too
  std::string_view flag;   // "--param"
};

// Adds the violations of `refused`, each after the flag that was typed: with {"spec.model.params", "--param"} the field
// "spec.model.params.trees" becomes "--param trees (spec.model.params.trees)". Left out are those of a flag that
// `violations` complains of already: the service saw only what stood in for it.
void MergeByFlag(const absl::Status& refused, const std::vector<FlagOfField>& flags, base::Violations& violations);

// Adds the violations of `more` that `violations` does not have yet.
void MergeNew(const base::Violations& more, base::Violations& violations);

// Sends `request` with validate_only and adds what is wrong with it. Another failure is returned, unless there are
// violations: those are what the user has to mend first.
template <typename Service, typename Create, typename Request>
absl::Status Rehearse(Session& session, rpc::Peer<Service>& peer, Create create, Request request,
                      const std::vector<FlagOfField>& flags, base::Violations& violations) {
  request.set_validate_only(true);
  const absl::Status answer = peer.Call(create, request, session.scope()).status();
  if (absl::IsInvalidArgument(answer)) {
    MergeByFlag(answer, flags, violations);
    return absl::OkStatus();
  }
  return violations.empty() ? answer : absl::OkStatus();
}

}  // namespace breadthflow::cli
