#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/columnar/zstd_bytes.h"
#include "common/postgres/database.h"

namespace breadthflow::data {

// Bodies as sources sent them, by their SHA-256. Thread-safe; holds nothing but the database.
class RawBodyStore {
 public:
  explicit RawBodyStore(postgres::Database& database) : database_(database) {}

  // Keeps the body, compressed; one that is there is as fresh as if it had come now.
  absl::Status Keep(const std::string& sha256, std::string_view bytes, absl::Time deadline);

  // Removes what nobody received for `retention`; how many.
  absl::StatusOr<int64_t> Sweep(absl::Duration retention);

  // Hands over one body piece by piece, in bounded memory. Not thread-safe.
  class Reader {
   public:
    // The next bytes, at most kMaxPiece; empty at the end. NOT_FOUND RAW_BODY_NOT_FOUND when it was never kept, or is
    // no longer; DATA_LOSS when it is damaged.
    static constexpr size_t kMaxPiece = size_t{256} << 10;
    absl::StatusOr<std::string> Next();

   private:
    friend class RawBodyStore;
    Reader(postgres::Database& database, std::string sha256, absl::Time deadline)
        : database_(&database), sha256_(std::move(sha256)), deadline_(deadline) {}
    absl::Status ReadMore();

    postgres::Database* database_;
    std::string sha256_;
    absl::Time deadline_;
    std::unique_ptr<columnar::BytesDecompressor> decompressor_ = std::make_unique<columnar::BytesDecompressor>();
    int64_t offset_ = 0;  // of the compressed bytes
    bool all_read_ = false;
    std::string ready_;
  };
  // INVALID_ARGUMENT unless `sha256` is 64 hexadecimal digits; NOT_FOUND as Reader::Next.
  absl::StatusOr<Reader> Open(std::string sha256, absl::Time deadline);

 private:
  postgres::Database& database_;
};

}  // namespace breadthflow::data
