#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

#include "common/base/cancel.h"

namespace breadthflow::base {

// All bytes of a regular file or a named pipe (or of what links to it). NOT_FOUND NO_SUCH_FILE when there is none,
// INVALID_ARGUMENT NOT_A_FILE for folders and devices, FILE_TOO_LARGE above `limit` bytes, UNAVAILABLE READ_FAILED when
// the system fails. The status of
// `cancel` when it is set meanwhile. Never throws.
absl::StatusOr<std::string> ReadFile(const std::string& path, int64_t limit = int64_t{64} << 20,
                                     const CancelToken& cancel = {});

}  // namespace breadthflow::base
