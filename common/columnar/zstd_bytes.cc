#include "common/columnar/zstd_bytes.h"

#include <cstddef>

#include <fmt/format.h>
#include <zstd.h>

#include "common/base/status.h"

namespace breadthflow::columnar {
namespace {

constexpr int kLevel = 3;

absl::Status Damaged(std::string_view what) {
  return base::MakeError(absl::StatusCode::kDataLoss, "BAD_ZSTD",
                         fmt::format("compressed bytes are damaged: {}", what));
}

}  // namespace

struct BytesDecompressor::State {
  ZSTD_DStream* stream = ZSTD_createDStream();
  std::string piece = std::string(kMaxPiece, '\0');
  size_t wanted = 1;  // 0 at the end of a frame
  ~State() { ZSTD_freeDStream(stream); }
};

std::string CompressBytes(std::string_view bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), kLevel));
  return out;
}

BytesDecompressor::BytesDecompressor() : state_(std::make_unique<State>()) {}
BytesDecompressor::~BytesDecompressor() = default;

absl::Status BytesDecompressor::Feed(std::string_view compressed,
                                     const std::function<absl::Status(std::string_view)>& out) {
  ZSTD_inBuffer in{compressed.data(), compressed.size(), 0};
  while (true) {
    ZSTD_outBuffer piece{state_->piece.data(), state_->piece.size(), 0};
    state_->wanted = ZSTD_decompressStream(state_->stream, &piece, &in);
    if (ZSTD_isError(state_->wanted)) return Damaged(ZSTD_getErrorName(state_->wanted));
    if (piece.pos > 0) BF_RETURN_IF_ERROR(out(std::string_view(state_->piece).substr(0, piece.pos)));
    // A full piece may have more behind it, also when all input is taken.
    if (in.pos == in.size && piece.pos < piece.size) return absl::OkStatus();
    if (state_->wanted == 0 && in.pos == in.size) return absl::OkStatus();
  }
}

absl::Status BytesDecompressor::Finish() const {
  return state_->wanted == 0 ? absl::OkStatus() : Damaged("the end is missing");
}

}  // namespace breadthflow::columnar
