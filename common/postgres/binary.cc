#include "common/postgres/binary.h"

#include <bit>
#include <cstring>
#include <limits>

#include "common/base/status.h"
#include "common/postgres/binary_connection.h"
#include "common/postgres/pool.h"

namespace breadthflow::postgres {
namespace {

// Microseconds between 1970-01-01 and 2000-01-01, where PostgreSQL counts from.
constexpr int64_t kEpochMicros = 946'684'800'000'000;
constexpr size_t kCopyBuffer = 256 << 10;
constexpr std::string_view kCopyHeader("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);

uint64_t BigEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (const char byte : bytes) value = (value << 8) | static_cast<uint8_t>(byte);
  return value;
}

absl::Status Misread() {
  return base::MakeError(absl::StatusCode::kInternal, "RESULT_MISREAD",
                         "a column of a result was read as a type that it does not hold");
}

BinaryConnection& Raw(Connection& connection) { return static_cast<BinaryConnection&>(connection); }

}  // namespace

std::string_view BinaryRow::Field(int column, size_t width) const {
  const auto* result = static_cast<const PGresult*>(result_);
  const bool readable = column >= 0 && column < PQnfields(result) && PQgetisnull(result, index_, column) == 0;
  if (readable) {
    const auto size = static_cast<size_t>(PQgetlength(result, index_, column));
    if (width == 0 || size == width) return {PQgetvalue(result, index_, column), size};
  }
  *misread_ = true;
  return {};
}

bool BinaryRow::IsNull(int column) const {
  return PQgetisnull(static_cast<const PGresult*>(result_), index_, column) != 0;
}
int16_t BinaryRow::Int16(int column) const { return static_cast<int16_t>(BigEndian(Field(column, 2))); }
int32_t BinaryRow::Int32(int column) const { return static_cast<int32_t>(BigEndian(Field(column, 4))); }
int64_t BinaryRow::Int64(int column) const { return static_cast<int64_t>(BigEndian(Field(column, 8))); }
double BinaryRow::Double(int column) const { return std::bit_cast<double>(BigEndian(Field(column, 8))); }
bool BinaryRow::Bool(int column) const { return BigEndian(Field(column, 1)) != 0; }
std::string_view BinaryRow::View(int column) const { return Field(column, 0); }

absl::Time BinaryRow::Time(int column) const {
  const int64_t micros = Int64(column);
  if (micros == std::numeric_limits<int64_t>::max()) return absl::InfiniteFuture();
  if (micros == std::numeric_limits<int64_t>::min()) return absl::InfinitePast();
  return absl::FromUnixMicros(micros + kEpochMicros);
}

int BinaryRows::size() const { return PQntuples(static_cast<const PGresult*>(result_.get())); }
BinaryRow BinaryRows::operator[](int index) const { return BinaryRow(result_.get(), index, misread_.get()); }

void CopyWriter::Put(const void* data, size_t size) {
  buffer_.append(static_cast<const char*>(data), size);
  if (buffer_.size() < kCopyBuffer) return;
  send_(buffer_);
  buffer_.clear();
}

void CopyWriter::PutBig(uint64_t value, int bytes) {
  char out[8];
  for (int i = 0; i < bytes; ++i) out[i] = static_cast<char>(value >> (8 * (bytes - 1 - i)));
  Put(out, static_cast<size_t>(bytes));
}

void CopyWriter::StartRow(int columns) { PutBig(static_cast<uint64_t>(columns), 2); }
void CopyWriter::Null() { PutBig(0xffffffff, 4); }
void CopyWriter::Int16(int16_t value) {
  PutBig(2, 4);
  PutBig(static_cast<uint16_t>(value), 2);
}
void CopyWriter::Int32(int32_t value) {
  PutBig(4, 4);
  PutBig(static_cast<uint32_t>(value), 4);
}
void CopyWriter::Int64(int64_t value) {
  PutBig(8, 4);
  PutBig(static_cast<uint64_t>(value), 8);
}
void CopyWriter::Double(double value) { Int64(std::bit_cast<int64_t>(value)); }
void CopyWriter::Bool(bool value) {
  PutBig(1, 4);
  PutBig(value ? 1 : 0, 1);
}
void CopyWriter::Text(std::string_view value) { Bytes(value); }
void CopyWriter::Bytes(std::string_view value) {
  PutBig(value.size(), 4);
  Put(value.data(), value.size());
}
void CopyWriter::Time(absl::Time value) {
  if (value == absl::InfiniteFuture()) return Int64(std::numeric_limits<int64_t>::max());
  if (value == absl::InfinitePast()) return Int64(std::numeric_limits<int64_t>::min());
  Int64(absl::ToUnixMicros(value) - kEpochMicros);
}

absl::Status BinaryTransaction::Fail(absl::Status status) {
  if (failed_.ok()) failed_ = status;
  return status;
}

absl::StatusOr<BinaryRows> BinaryTransaction::Query(std::string_view sql, const std::vector<Param>& params) {
  BF_RETURN_IF_ERROR(failed_);
  BF_ASSIGN_OR_RETURN(PgResult result, Raw(connection_).Execute(sql, params, prepare_));
  return BinaryRows(
      std::shared_ptr<const void>(
          result.release(), [](const void* p) { PQclear(const_cast<PGresult*>(static_cast<const PGresult*>(p))); }),
      misread_);
}

absl::Status BinaryTransaction::Stream(std::string_view sql, const std::vector<Param>& params,
                                       const std::function<absl::Status(const BinaryRow&)>& row) {
  BF_RETURN_IF_ERROR(failed_);
  BinaryConnection& raw = Raw(connection_);
  BF_RETURN_IF_ERROR(raw.BeginStream(sql, params, prepare_));
  absl::Status stopped;
  while (true) {
    absl::StatusOr<PgResult> next = raw.NextRow();
    if (!stopped.ok()) {
      // What is still under way is read and dropped; the statement's own end does not matter any more.
      if (!next.ok() || *next == nullptr) return Fail(stopped);
      continue;
    }
    if (!next.ok()) return next.status();
    if (*next == nullptr) return *misread_ ? Fail(Misread()) : absl::OkStatus();
    stopped = row(BinaryRow(next->get(), 0, misread_.get()));
    if (stopped.ok()) continue;
    raw.MarkUncertain();
    raw.Cancel();
  }
}

absl::StatusOr<int64_t> BinaryTransaction::Execute(std::string_view sql, const std::vector<Param>& params) {
  BF_RETURN_IF_ERROR(failed_);
  BF_ASSIGN_OR_RETURN(const PgResult result, Raw(connection_).Execute(sql, params, prepare_));
  return static_cast<int64_t>(std::strtoll(PQcmdTuples(result.get()), nullptr, 10));
}

absl::StatusOr<int64_t> BinaryTransaction::CopyIn(std::string_view sql,
                                                  const std::function<absl::Status(CopyWriter&)>& write) {
  BF_RETURN_IF_ERROR(failed_);
  BinaryConnection& raw = Raw(connection_);
  BF_RETURN_IF_ERROR(raw.BeginCopy(sql));
  absl::Status sent = raw.SendCopy(kCopyHeader);
  CopyWriter writer([&](const std::string& data) {
    if (sent.ok()) sent = raw.SendCopy(data);
  });
  const absl::Status written = write(writer);
  if (written.ok()) {
    writer.PutBig(0xffff, 2);  // the trailer
    if (sent.ok()) sent = raw.SendCopy(writer.buffer_);
  }
  const absl::Status outcome = written.ok() ? sent : written;
  const absl::StatusOr<int64_t> ended = raw.EndCopy(outcome.ok() ? "" : "given up by the writer");
  if (!outcome.ok()) return Fail(outcome);
  return ended;
}

absl::Status TransactBinary(Database& database, const std::function<absl::Status(BinaryTransaction&)>& body,
                            const TransactOptions& options) {
  const auto run = [&](Connection& connection) -> absl::Status {
    BinaryTransaction transaction(connection, database.options().prepare_statements);
    BF_RETURN_IF_ERROR(body(transaction));
    if (*transaction.misread_) return Misread();
    return transaction.failed_;
  };
  return database.pool().Transact(Kind::kBinary, run, options);
}

}  // namespace breadthflow::postgres
