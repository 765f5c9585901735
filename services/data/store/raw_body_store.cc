#include "services/data/store/raw_body_store.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::data {
namespace {

constexpr int64_t kSlice = int64_t{256} << 10;  // compressed bytes read at once
constexpr absl::Duration kTimeout = absl::Seconds(60);

constexpr std::string_view kRenew = "UPDATE raw_body SET received_at = clock_timestamp() WHERE sha256 = $1";

constexpr std::string_view kInsert = R"sql(
  INSERT INTO raw_body (sha256, body, byte_count) VALUES ($1, $2, $3)
  ON CONFLICT (sha256) DO UPDATE SET received_at = clock_timestamp())sql";

constexpr std::string_view kSlices = R"sql(
  SELECT substring(body FROM $2::int FOR $3::int), octet_length(body) FROM raw_body WHERE sha256 = $1)sql";

constexpr std::string_view kSweep = R"sql(
  DELETE FROM raw_body WHERE sha256 IN (
    SELECT sha256 FROM raw_body WHERE received_at < clock_timestamp() - make_interval(secs => $1::double precision)
    ORDER BY received_at LIMIT 1000 FOR UPDATE SKIP LOCKED))sql";

}  // namespace

absl::Status RawBodyStore::Keep(const std::string& sha256, std::string_view bytes, absl::Time deadline) {
  bool known = false;
  const postgres::TransactOptions options{
      .deadline = deadline, .statement_timeout = kTimeout, .took_effect = [](postgres::Transaction&) { return false; }};
  BF_RETURN_IF_ERROR(database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        BF_ASSIGN_OR_RETURN(const int64_t renewed, tx.Execute(kRenew, {sha256}));
        known = renewed > 0;
        return absl::OkStatus();
      },
      options));
  if (known) return absl::OkStatus();
  const std::string body = columnar::CompressBytes(bytes);
  return database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        return tx.Execute(kInsert, {sha256, postgres::Bytes{body}, static_cast<int64_t>(bytes.size())}).status();
      },
      options);
}

absl::StatusOr<int64_t> RawBodyStore::Sweep(absl::Duration retention) {
  int64_t all = 0;
  int64_t swept = 1;
  while (swept > 0) {
    BF_RETURN_IF_ERROR(database_.Transact(
        [&](postgres::Transaction& tx) -> absl::Status {
          BF_ASSIGN_OR_RETURN(swept, tx.Execute(kSweep, {absl::ToDoubleSeconds(retention)}));
          return absl::OkStatus();
        },
        {.statement_timeout = kTimeout, .took_effect = [](postgres::Transaction&) { return false; }}));
    all += swept;
  }
  return all;
}

absl::StatusOr<RawBodyStore::Reader> RawBodyStore::Open(std::string sha256, absl::Time deadline) {
  constexpr size_t kDigits = 64;
  std::transform(sha256.begin(), sha256.end(), sha256.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
  base::Violations violations;
  if (sha256.size() != kDigits || sha256.find_first_not_of("0123456789abcdef") != std::string::npos) {
    violations.Add("body_sha256", "must be 64 hexadecimal digits");
  }
  BF_RETURN_IF_ERROR(violations.ToStatus("invalid body"));
  Reader reader(database_, std::move(sha256), deadline);
  BF_RETURN_IF_ERROR(reader.ReadMore());
  return reader;
}

absl::Status RawBodyStore::Reader::ReadMore() {
  std::string slice;
  int64_t size = 0;
  BF_RETURN_IF_ERROR(database_->Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        BF_ASSIGN_OR_RETURN(const postgres::Rows rows, tx.Query(kSlices, {sha256_, offset_ + 1, kSlice}));
        if (rows.empty()) {
          return base::MakeError(absl::StatusCode::kNotFound, "RAW_BODY_NOT_FOUND",
                                 fmt::format("no body {} is kept: those of providers are for a while, those of files "
                                             "and simulations never",
                                             sha256_));
        }
        slice = rows[0].Bytes(0);
        size = rows[0].Int(1);
        return absl::OkStatus();
      },
      {.deadline = deadline_, .read_only = true}));
  offset_ += static_cast<int64_t>(slice.size());
  all_read_ = offset_ >= size;
  BF_RETURN_IF_ERROR(decompressor_->Feed(slice, [&](std::string_view bytes) {
    ready_.append(bytes);
    return absl::OkStatus();
  }));
  return all_read_ ? decompressor_->Finish() : absl::OkStatus();
}

absl::StatusOr<std::string> RawBodyStore::Reader::Next() {
  while (ready_.empty() && !all_read_) BF_RETURN_IF_ERROR(ReadMore());
  std::string piece = ready_.substr(0, kMaxPiece);
  ready_.erase(0, piece.size());
  return piece;
}

}  // namespace breadthflow::data
