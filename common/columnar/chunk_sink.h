#pragma once

#include <cstddef>
#include <future>
#include <string>
#include <vector>

#include "absl/status/status.h"

#include "common/base/hash.h"
#include "common/columnar/chunk_store.h"
#include "common/postgres/database.h"
#include "common/quant/series.h"

namespace breadthflow::columnar {

// Encodes rows and stores the chunks batch by batch, each once however often it occurs; while one batch is on its way
// the next is encoded. They belong to no series until references to them are inserted. Not thread-safe; the destructor
// waits for the batch under way.
class ChunkSink {
 public:
  explicit ChunkSink(postgres::Database& database) : database_(database) {}

  absl::Status Add(const quant::Series& series, size_t begin, size_t end);
  // Stores what is held back. To be called after the last Add.
  absl::Status Flush();
  // All chunks added, in that order.
  std::vector<ChunkRef> TakeRefs() { return std::move(refs_); }

 private:
  struct Pending {
    base::Sha256Digest hash{};
    std::string body;
  };
  absl::Status Store(const std::vector<Pending>& chunks);
  // The outcome of the batch under way, if there is one.
  absl::Status Finish();

  postgres::Database& database_;
  std::vector<Pending> pending_;
  size_t bytes_ = 0;
  std::vector<ChunkRef> refs_;
  std::future<absl::Status> under_way_;
};

// Makes chunks part of a series from `version` on, within the caller's transaction.
absl::Status InsertParts(postgres::Transaction& tx, int64_t series_id, int64_t version,
                         const std::vector<ChunkRef>& added);

}  // namespace breadthflow::columnar
