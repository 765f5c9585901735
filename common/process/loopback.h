#pragma once

#include <string_view>

namespace breadthflow::process {

// True when a server on `host` can be reached from this machine only. Empty is the default address, which is one.
inline bool IsLoopback(std::string_view host) {
  return host.empty() || host == "localhost" || host == "::1" || host == "[::1]" || host.starts_with("127.");
}

}  // namespace breadthflow::process
