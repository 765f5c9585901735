#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <libpq-fe.h>

#include "common/postgres/connection.h"
#include "common/postgres/value.h"

namespace breadthflow::postgres {

struct ResultDeleter {
  void operator()(PGresult* result) const { PQclear(result); }
};
using PgResult = std::unique_ptr<PGresult, ResultDeleter>;

// A libpq connection: results and COPY in binary format.
class BinaryConnection final : public Connection {
 public:
  static absl::StatusOr<std::unique_ptr<Connection>> Connect(const std::string& connection_string,
                                                             const Limits& limits);
  ~BinaryConnection() override;

  absl::StatusOr<std::vector<std::string>> Simple(const std::string& sql) override;
  void Cancel() override;
  Kind kind() const override { return Kind::kBinary; }

  // One statement with parameters; its result has binary columns. With `prepare` the server keeps its plan.
  absl::StatusOr<PgResult> Execute(std::string_view sql, const std::vector<Param>& params, bool prepare);
  // The same, delivered one row at a time by NextRow(), whose null result is the end. Every stream is read to its end,
  // or cancelled and then read to its end.
  absl::Status BeginStream(std::string_view sql, const std::vector<Param>& params, bool prepare);
  absl::StatusOr<PgResult> NextRow();

  absl::Status BeginCopy(std::string_view sql);
  absl::Status SendCopy(std::string_view data);
  // `error` not empty: the COPY is given up with it. Returns the number of rows.
  absl::StatusOr<int64_t> EndCopy(const std::string& error);

  PGconn* raw() { return connection_; }

 private:
  explicit BinaryConnection(PGconn* connection) : connection_(connection) {}
  absl::Status ErrorOf(const PGresult* result);
  absl::Status SendParams(std::string_view sql, const std::vector<Param>& params, bool prepare);
  // The name under which the server knows the statement; empty when it is not to keep more of them.
  absl::StatusOr<std::string> Prepared(const std::string& sql);
  // The last result of what was sent; everything before it is read and dropped.
  absl::StatusOr<PgResult> LastResult();

  PGconn* connection_;
  std::map<std::string, std::string> prepared_;
};

}  // namespace breadthflow::postgres
