#include "services/data/rpc/series_pieces.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/columnar/chunk_codec.h"
#include "common/columnar/series_rows.h"
#include "common/rpc/convert.h"

namespace breadthflow::data {
namespace {

constexpr size_t kRowNumberBytes = 3;  // of a missing value
constexpr size_t kIntBytes = 10;       // the longest varint
constexpr size_t kTextBytes = 4;       // tag and length, for what fits a message
// What a message has beside its rows: key, names of columns, resume token.
constexpr size_t kOverheadBytes = 4096;

// An upper bound of the bytes of one row as packed columns.
class RowBytes {
 public:
  explicit RowBytes(const quant::Series& rows) : fixed_(sizeof(int64_t)) {
    for (const quant::Column& column : rows.columns) {
      if (!column.valid.empty()) fixed_ += kRowNumberBytes;
      if (const auto* texts = std::get_if<std::vector<std::string>>(&column.values)) {
        fixed_ += kTextBytes;
        texts_.push_back(texts);
      } else {
        fixed_ += column.type() == quant::ColumnType::kDouble ? sizeof(double) : kIntBytes;
      }
    }
  }
  bool varies() const { return !texts_.empty(); }
  size_t fixed() const { return fixed_; }
  size_t Of(size_t row) const {
    size_t bytes = fixed_;
    for (const std::vector<std::string>* texts : texts_) bytes += (*texts)[row].size();
    return bytes;
  }

 private:
  size_t fixed_;
  std::vector<const std::vector<std::string>*> texts_;
};

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
  const size_t chunk_end = columnar::ChunkEnd(rows.times, begin);
  const RowBytes row_bytes(rows);
  if (!row_bytes.varies() && (chunk_end - begin) * row_bytes.fixed() <= kWholeBytes) return chunk_end;
  size_t bytes = 0;
  size_t cut = 0;  // where kTargetBytes are full
  for (size_t row = begin; row < chunk_end;) {
    const size_t next = columnar::InstantEnd(rows.times, row);
    size_t unit = 0;
    for (size_t i = row; i < next; ++i) unit += row_bytes.Of(i);
    if (cut == 0 && bytes + unit > kTargetBytes) cut = row == begin ? next : row;
    bytes += unit;
    row = next;
    if (bytes > kWholeBytes) return cut;
  }
  return chunk_end;
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
