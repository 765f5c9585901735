#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/postgres/database.h"

// Bulk traffic in libpq's binary format: chunks go in by COPY and come out as they are stored, without a text form
// between. The connections come from the same pool and get the same settings as those of Database::Transact.
namespace breadthflow::postgres {

// One row of a binary result. The type read must be the column's type; a mismatch of width, NULL or an index out of
// range ends the transaction with INTERNAL, and the value read is zero or empty. Valid only until the row's callback
// returns (Stream) or as long as its BinaryRows (Query).
class BinaryRow {
 public:
  bool IsNull(int column) const;
  int16_t Int16(int column) const;          // smallint
  int32_t Int32(int column) const;          // integer
  int64_t Int64(int column) const;          // bigint
  double Double(int column) const;          // double precision
  bool Bool(int column) const;              // boolean
  std::string_view View(int column) const;  // text and bytea, not copied
  absl::Time Time(int column) const;        // timestamptz

 private:
  friend class BinaryRows;
  friend class BinaryTransaction;
  BinaryRow(const void* result, int index, bool* misread) : result_(result), index_(index), misread_(misread) {}
  std::string_view Field(int column, size_t width) const;

  const void* result_;
  int index_;
  bool* misread_;
};

// All rows of one binary result, in memory.
class BinaryRows {
 public:
  int size() const;
  bool empty() const { return size() == 0; }
  BinaryRow operator[](int index) const;

 private:
  friend class BinaryTransaction;
  BinaryRows(std::shared_ptr<const void> result, std::shared_ptr<bool> misread)
      : result_(std::move(result)), misread_(std::move(misread)) {}
  std::shared_ptr<const void> result_;
  std::shared_ptr<bool> misread_;
};

// Builds the rows of one COPY ... FROM STDIN (FORMAT binary): StartRow, then one value per column, in order.
// Values must have exactly the types of the columns; the server refuses others (INVALID_ARGUMENT CONSTRAINT_VIOLATION).
class CopyWriter {
 public:
  void StartRow(int columns);
  void Null();
  void Int16(int16_t value);
  void Int32(int32_t value);
  void Int64(int64_t value);
  void Double(double value);
  void Bool(bool value);
  void Text(std::string_view value);
  void Bytes(std::string_view value);
  void Time(absl::Time value);

 private:
  friend class BinaryTransaction;
  explicit CopyWriter(std::function<void(const std::string&)> send) : send_(std::move(send)) {}
  void Put(const void* data, size_t size);
  void PutBig(uint64_t value, int bytes);
  std::function<void(const std::string&)> send_;
  std::string buffer_;
};

// One transaction on a binary connection. Not thread-safe; valid only inside the body it was given to.
class BinaryTransaction {
 public:
  // The whole result at once.
  absl::StatusOr<BinaryRows> Query(std::string_view sql, const std::vector<Param>& params = {});
  // Row by row in constant memory. When `row` fails the statement is cancelled and its status is returned.
  absl::Status Stream(std::string_view sql, const std::vector<Param>& params,
                      const std::function<absl::Status(const BinaryRow&)>& row);
  absl::StatusOr<int64_t> Execute(std::string_view sql, const std::vector<Param>& params = {});
  // `sql` is "COPY table (columns) FROM STDIN (FORMAT binary)". Returns the number of rows. A failed `write` ends the
  // COPY and the transaction.
  absl::StatusOr<int64_t> CopyIn(std::string_view sql, const std::function<absl::Status(CopyWriter&)>& write);

  BinaryTransaction(const BinaryTransaction&) = delete;
  BinaryTransaction& operator=(const BinaryTransaction&) = delete;

 private:
  friend absl::Status TransactBinary(Database&, const std::function<absl::Status(BinaryTransaction&)>&,
                                     const TransactOptions&);
  BinaryTransaction(Connection& connection, bool prepare) : connection_(connection), prepare_(prepare) {}
  absl::Status Fail(absl::Status status);
  Connection& connection_;
  const bool prepare_;
  std::shared_ptr<bool> misread_ = std::make_shared<bool>(false);
  absl::Status failed_;
};

// Database::Transact for bulk traffic: the same settings, retries, deadline, cancel and COMMIT rules.
absl::Status TransactBinary(Database& database, const std::function<absl::Status(BinaryTransaction&)>& body,
                            const TransactOptions& options = {});

}  // namespace breadthflow::postgres
