#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace breadthflow::columnar {

// One zstd frame of any bytes.
std::string CompressBytes(std::string_view bytes);

// Reads a frame that arrives in pieces, in bounded memory. Not thread-safe.
class BytesDecompressor {
 public:
  BytesDecompressor();
  ~BytesDecompressor();
  BytesDecompressor(const BytesDecompressor&) = delete;
  BytesDecompressor& operator=(const BytesDecompressor&) = delete;

  // Calls `out` with the bytes that follow from `compressed`, at most kMaxPiece at a time; ends with its first error.
  // DATA_LOSS BAD_ZSTD when they are damaged.
  static constexpr size_t kMaxPiece = size_t{128} << 10;
  absl::Status Feed(std::string_view compressed, const std::function<absl::Status(std::string_view)>& out);
  // DATA_LOSS BAD_ZSTD unless the frame has come to its end.
  absl::Status Finish() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace breadthflow::columnar
