#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace breadthflow::cli {

// A script that completes groups, verbs and flags in `shell` ("bash", "zsh" or "fish"), made from the catalogue.
absl::StatusOr<std::string> CompletionScript(std::string_view shell);

}  // namespace breadthflow::cli
