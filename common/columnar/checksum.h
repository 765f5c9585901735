#pragma once

#include <cstdint>
#include <string_view>

namespace breadthflow::columnar {

// XXH64 with seed 0 (Collet, "xxHash fast digest algorithm", specification 0.1.1). Finds damage, not forgery: what
// must not be forged is addressed by SHA-256.
uint64_t Xxh64(std::string_view bytes);

}  // namespace breadthflow::columnar
