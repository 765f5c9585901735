#include "services/data/rpc/series_pieces.h"

#include <string>
#include <utility>

#include "absl/time/time.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/columnar/chunk_codec.h"
#include "common/rpc/convert.h"

namespace breadthflow::data {
namespace {

// What a message has beside its rows: key, names of columns, resume token.
constexpr size_t kOverheadBytes = 4096;

absl::Status TooLarge(const quant::Series& rows, size_t row, size_t bytes) {
  return base::MakeError(
      absl::StatusCode::kResourceExhausted,
      fmt::format("the rows of {} {} at {} have {} bytes, a message may have {}: ask for fewer columns by `fields`",
                  rows.key.resource, rows.key.symbol,
                  std::string(absl::FormatTime(quant::FromNanos(rows.times[row]), absl::UTCTimeZone())), bytes,
                  kMaxMessageBytes),
      {.reason = "MESSAGE_TOO_LARGE",
       .metadata = {{"limit_bytes", std::to_string(kMaxMessageBytes)}, {"bytes", std::to_string(bytes)}}});
}

}  // namespace

size_t PieceEnd(const quant::Series& rows, size_t begin) {
  return PieceEnd(rows, begin, columnar::ChunkEnd(rows.times, begin));
}

absl::StatusOr<size_t> FillMessage(const quant::Series& rows, size_t begin, bool stored,
                                   common::v1::SeriesMessage& message) {
  const RowBytes row_bytes(rows);
  size_t end = PieceEnd(rows, begin);
  if (!stored) {
    *message.mutable_packed() = rpc::ToProto(rows, begin, end);
    if (!row_bytes.varies() && (end - begin) * row_bytes.fixed() <= kWholeBytes) return end;
    const size_t bytes = message.ByteSizeLong() + kOverheadBytes;
    if (bytes > kMaxMessageBytes) return TooLarge(rows, begin, bytes);
    return end;
  }
  // Compressed, a whole chunk mostly fits.
  if (!row_bytes.varies()) end = columnar::ChunkEnd(rows.times, begin);
  BF_ASSIGN_OR_RETURN(std::string chunk, columnar::EncodeChunk(rows, begin, end));
  if (chunk.size() + kOverheadBytes > kMaxMessageBytes && end != PieceEnd(rows, begin)) {
    end = PieceEnd(rows, begin);
    BF_ASSIGN_OR_RETURN(chunk, columnar::EncodeChunk(rows, begin, end));
  }
  if (chunk.size() + kOverheadBytes > kMaxMessageBytes) return TooLarge(rows, begin, chunk.size());
  message.set_stored(std::move(chunk));
  return end;
}

}  // namespace breadthflow::data
