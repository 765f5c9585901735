#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "common/quant/series.h"

// How rows are cut into the messages of a stream: by bytes, since rows may be wide. Pure.
namespace breadthflow::data {

inline constexpr size_t kMaxMessageBytes = size_t{1} << 20;
// Rows of one chunk that fit this go out together; more are cut into messages of about kTargetBytes.
inline constexpr size_t kWholeBytes = size_t{512} << 10;
inline constexpr size_t kTargetBytes = size_t{256} << 10;

// An upper bound of the bytes of a row as packed columns. `rows` must outlive it.
class RowBytes {
 public:
  explicit RowBytes(const quant::Series& rows);
  // Whether rows differ in it.
  bool varies() const { return !texts_.empty(); }
  size_t fixed() const { return fixed_; }
  size_t Of(size_t row) const;

 private:
  size_t fixed_;
  std::vector<const std::vector<std::string>*> texts_;
};

// Where the message that begins at row `begin` ends: at most at `most`, where an instant ends, with about so many
// bytes; never within an instant, however many bytes that has.
size_t PieceEnd(const quant::Series& rows, size_t begin, size_t most);

// A message of a stream in which an instant may be cut.
struct CutPiece {
  size_t end = 0;
  bool continues = false;      // its rows are of the instant that the row before `begin` is of
  bool within = false;         // the row behind it is of the instant of its last row
  size_t too_large_bytes = 0;  // of its only row, when no message can have that; 0 otherwise
};

// The piece that begins at row `begin`, up to row `most`, where an instant ends. Rows of one instant stay together
// where a message can have them; else its pieces have rows of that instant only, and where they end does not depend on
// where the reading of the others began.
CutPiece CutAt(const quant::Series& rows, size_t begin, size_t most);

}  // namespace breadthflow::data
