#pragma once

#include <string>
#include <string_view>

#include "absl/time/time.h"

// Identifiers: 36-character lower-case UUIDs.
namespace breadthflow::base {

// Time-ordered (version 7): 48 bits of Unix milliseconds, the rest random from the kernel. Thread-safe.
std::string NewUuid(absl::Time now);

// Name-based (version 5) in the suite's own namespace: the same name gives the same id everywhere. Steps of a pipeline
// use it for the request_id of what they create: NameUuid("run/step/generation").
std::string NameUuid(std::string_view name);

// True for 8-4-4-4-12 hexadecimal digits, upper or lower case.
bool IsUuid(std::string_view text);

// `size` random bytes from getrandom(2), as lower-case hexadecimal digits.
std::string RandomHex(size_t size);

}  // namespace breadthflow::base
