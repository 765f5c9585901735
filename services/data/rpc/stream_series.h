#pragma once

#include <memory>

#include "services/data/app/live.h"

namespace breadthflow::data {

// Rows as the LiveRows of a StreamSeriesResponse, made once for all subscribers; for the Streamer.
std::shared_ptr<const EncodedRows> EncodeLiveRows(const LivePiece& piece);

}  // namespace breadthflow::data
