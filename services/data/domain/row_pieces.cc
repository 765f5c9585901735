#include "services/data/domain/row_pieces.h"

#include <cstdint>
#include <variant>

namespace breadthflow::data {
namespace {

constexpr size_t kRowNumberBytes = 3;  // of a missing value
constexpr size_t kIntBytes = 10;       // the longest varint
constexpr size_t kTextBytes = 4;       // tag and length, for what fits a message
// What rows may have: a message has key, names of columns and a resume token beside them.
constexpr size_t kMaxRowsBytes = kMaxMessageBytes - (size_t{128} << 10);

size_t InstantEnd(const quant::Series& rows, size_t row) {
  size_t end = row + 1;
  while (end < rows.size() && rows.times[end] == rows.times[row]) ++end;
  return end;
}

}  // namespace

RowBytes::RowBytes(const quant::Series& rows) : fixed_(sizeof(int64_t)) {
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

size_t RowBytes::Of(size_t row) const {
  size_t bytes = fixed_;
  for (const std::vector<std::string>* texts : texts_) bytes += (*texts)[row].size();
  return bytes;
}

size_t PieceEnd(const quant::Series& rows, size_t begin, size_t most) {
  const RowBytes row_bytes(rows);
  if (!row_bytes.varies() && (most - begin) * row_bytes.fixed() <= kWholeBytes) return most;
  size_t bytes = 0;
  size_t cut = 0;  // where kTargetBytes are full
  for (size_t row = begin; row < most;) {
    const size_t next = InstantEnd(rows, row);
    size_t unit = 0;
    for (size_t i = row; i < next; ++i) unit += row_bytes.Of(i);
    if (cut == 0 && bytes + unit > kTargetBytes) cut = row == begin ? next : row;
    bytes += unit;
    row = next;
    if (bytes > kWholeBytes) return cut;
  }
  return most;
}

CutPiece CutAt(const quant::Series& rows, size_t begin, size_t most) {
  CutPiece piece;
  piece.continues = begin > 0 && rows.times[begin - 1] == rows.times[begin];
  const size_t instant_end = InstantEnd(rows, begin);
  const RowBytes row_bytes(rows);
  size_t instant_bytes = 0;
  for (size_t row = begin; row < instant_end; ++row) instant_bytes += row_bytes.Of(row);
  if (!piece.continues && instant_bytes <= kMaxRowsBytes) {
    piece.end = PieceEnd(rows, begin, most);
    return piece;
  }
  size_t bytes = row_bytes.Of(begin);
  piece.end = begin + 1;
  if (bytes > kMaxRowsBytes) piece.too_large_bytes = bytes;
  while (piece.end < instant_end && bytes + row_bytes.Of(piece.end) <= kTargetBytes) {
    bytes += row_bytes.Of(piece.end++);
  }
  piece.within = piece.end < instant_end;
  return piece;
}

}  // namespace breadthflow::data
