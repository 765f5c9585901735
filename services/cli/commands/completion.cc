#include "services/cli/completion.h"

#include "services/cli/session.h"

namespace breadthflow::cli {
namespace {

absl::Status Run(Session& session, const Arguments& arguments) {
  BF_ASSIGN_OR_RETURN(const std::string script, CompletionScript(arguments.argument()));
  session.out().Raw(script);
  return absl::OkStatus();
}

}  // namespace

Command Completion() {
  return {.group = "",
          .verb = "completion",
          .summary = "completion script of bash, zsh or fish: source <(breadthflow completion bash)",
          .argument = "SHELL",
          .argument_required = true,
          .run = Run};
}

}  // namespace breadthflow::cli
