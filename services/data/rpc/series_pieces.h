#pragma once

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "breadthflow/common/v1/series.pb.h"

#include "common/quant/series.h"
#include "services/data/domain/row_pieces.h"

// How rows are cut into the messages of a read: chunk by chunk, and by bytes where rows are wide.
namespace breadthflow::data {

// Where the message that begins at row `begin` ends: at most a chunk of rows, of about so many bytes; never within an
// instant, however many bytes that has.
size_t PieceEnd(const quant::Series& rows, size_t begin);

// Puts the rows from `begin` on into the payload of `message`, as many as a message takes, and returns where they end.
// RESOURCE_EXHAUSTED MESSAGE_TOO_LARGE, with `limit_bytes` and `bytes`, when the rows of one instant alone are more
// than a message may have.
absl::StatusOr<size_t> FillMessage(const quant::Series& rows, size_t begin, bool stored,
                                   common::v1::SeriesMessage& message);

}  // namespace breadthflow::data
