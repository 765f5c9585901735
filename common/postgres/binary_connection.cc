#include "common/postgres/binary_connection.h"

#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/postgres/open_raw.h"
#include "common/postgres/param_text.h"

namespace breadthflow::postgres {
namespace {

constexpr size_t kMaxPrepared = 256;  // per connection; more different texts than that are sent as they are

std::string Field(const PGresult* result, int code) {
  const char* text = result == nullptr ? nullptr : PQresultErrorField(result, code);
  return text == nullptr ? std::string() : std::string(text);
}

std::string FirstLine(const char* text) {
  const std::string message(text);
  return message.substr(0, message.find('\n'));
}

bool Failed(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE || status == PGRES_NONFATAL_ERROR;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> BinaryConnection::Connect(const std::string& connection_string,
                                                                      const Limits& limits) {
  BF_ASSIGN_OR_RETURN(RawConnection raw, OpenRaw(connection_string, limits));
  std::unique_ptr<BinaryConnection> connection(new BinaryConnection(raw.release()));
  PQsetNoticeProcessor(
      connection->connection_, +[](void*, const char*) {}, nullptr);
  BF_ASSIGN_OR_RETURN(const std::vector<std::string> backend, connection->Simple(kBackendSql));
  if (backend.size() == 2) connection->backend_ = {backend[0], backend[1]};
  return connection;
}

BinaryConnection::~BinaryConnection() { PQfinish(connection_); }

absl::Status BinaryConnection::ErrorOf(const PGresult* result) {
  SqlError error{.sqlstate = Field(result, PG_DIAG_SQLSTATE),
                 .constraint = Field(result, PG_DIAG_CONSTRAINT_NAME),
                 .message = Field(result, PG_DIAG_MESSAGE_PRIMARY)};
  if (error.message.empty()) error.message = FirstLine(PQerrorMessage(connection_));
  const bool broken = PQstatus(connection_) != CONNECTION_OK;
  if (!broken && error.sqlstate.empty()) {
    error.sqlstate = "XX000";
    MarkUncertain();
  }
  return Connection::Fail(error, broken);
}

absl::StatusOr<PgResult> BinaryConnection::LastResult() {
  PgResult last;
  PgResult failed;
  while (PGresult* raw = PQgetResult(connection_)) {
    last.reset(raw);
    if (Failed(raw) && failed == nullptr) failed = std::move(last);
    // A COPY that was begun answers the same for ever until data is sent.
    if (PQresultStatus(raw) == PGRES_COPY_IN) return last;
    if (PQstatus(connection_) != CONNECTION_OK) break;
  }
  if (failed != nullptr) return ErrorOf(failed.get());
  if (last == nullptr || PQstatus(connection_) != CONNECTION_OK) return ErrorOf(last.get());
  return last;
}

absl::StatusOr<std::vector<std::string>> BinaryConnection::Simple(const std::string& sql) {
  BF_RETURN_IF_ERROR(BeforeStatement());
  if (PQsendQuery(connection_, sql.c_str()) == 0) return ErrorOf(nullptr);
  BF_ASSIGN_OR_RETURN(const PgResult result, LastResult());
  std::vector<std::string> values;
  if (PQntuples(result.get()) == 0) return values;
  for (int column = 0; column < PQnfields(result.get()); ++column)
    values.emplace_back(PQgetvalue(result.get(), 0, column));
  return values;
}

absl::StatusOr<std::string> BinaryConnection::Prepared(const std::string& sql) {
  const auto found = prepared_.find(sql);
  if (found != prepared_.end()) return found->second;
  if (prepared_.size() >= kMaxPrepared) return std::string();
  std::string name = fmt::format("b{}", prepared_.size());
  if (PQsendPrepare(connection_, name.c_str(), sql.c_str(), 0, nullptr) == 0) return ErrorOf(nullptr);
  BF_RETURN_IF_ERROR(LastResult().status());
  return prepared_.emplace(sql, std::move(name)).first->second;
}

absl::Status BinaryConnection::SendParams(std::string_view sql, const std::vector<Param>& params, bool prepare) {
  BF_RETURN_IF_ERROR(BeforeStatement());
  const ParamTexts texts(params);
  if (!texts.status().ok()) return Fail(texts.status());
  const std::string text(sql);
  constexpr int kBinaryResult = 1;
  std::string name;
  if (prepare) {
    BF_ASSIGN_OR_RETURN(name, Prepared(text));
  }
  if (!name.empty()) {
    if (PQsendQueryPrepared(connection_, name.c_str(), static_cast<int>(texts.values().size()), texts.values().data(),
                            nullptr, nullptr, kBinaryResult) == 0) {
      return ErrorOf(nullptr);
    }
    return absl::OkStatus();
  }
  if (PQsendQueryParams(connection_, text.c_str(), static_cast<int>(texts.values().size()), nullptr,
                        texts.values().data(), nullptr, nullptr, kBinaryResult) == 0) {
    return ErrorOf(nullptr);
  }
  return absl::OkStatus();
}

absl::StatusOr<PgResult> BinaryConnection::Execute(std::string_view sql, const std::vector<Param>& params,
                                                   bool prepare) {
  BF_RETURN_IF_ERROR(SendParams(sql, params, prepare));
  return LastResult();
}

absl::Status BinaryConnection::BeginStream(std::string_view sql, const std::vector<Param>& params, bool prepare) {
  BF_RETURN_IF_ERROR(SendParams(sql, params, prepare));
  if (PQsetSingleRowMode(connection_) == 0) return ErrorOf(nullptr);
  return absl::OkStatus();
}

absl::StatusOr<PgResult> BinaryConnection::NextRow() {
  PgResult result(PQgetResult(connection_));
  if (result == nullptr) return result;
  if (PQresultStatus(result.get()) == PGRES_SINGLE_TUPLE) return result;
  if (!Failed(result.get())) {
    while (PGresult* rest = PQgetResult(connection_)) PQclear(rest);
    return PgResult();
  }
  absl::Status status = ErrorOf(result.get());
  while (PGresult* rest = PQgetResult(connection_)) PQclear(rest);
  return status;
}

absl::Status BinaryConnection::BeginCopy(std::string_view sql) {
  BF_RETURN_IF_ERROR(BeforeStatement());
  if (PQsendQuery(connection_, std::string(sql).c_str()) == 0) return ErrorOf(nullptr);
  BF_ASSIGN_OR_RETURN(const PgResult result, LastResult());
  if (PQresultStatus(result.get()) == PGRES_COPY_IN) return absl::OkStatus();
  return Fail(base::MakeError(absl::StatusCode::kInternal, "INTERNAL", "the statement is not a COPY ... FROM STDIN"));
}

absl::Status BinaryConnection::SendCopy(std::string_view data) {
  BF_RETURN_IF_ERROR(BeforeStatement());
  if (PQputCopyData(connection_, data.data(), static_cast<int>(data.size())) == 1) return absl::OkStatus();
  return ErrorOf(nullptr);
}

absl::StatusOr<int64_t> BinaryConnection::EndCopy(const std::string& error) {
  if (PQputCopyEnd(connection_, error.empty() ? nullptr : error.c_str()) != 1) return ErrorOf(nullptr);
  BF_ASSIGN_OR_RETURN(const PgResult result, LastResult());
  return static_cast<int64_t>(std::strtoll(PQcmdTuples(result.get()), nullptr, 10));
}

void BinaryConnection::Cancel() {
  PGcancel* cancel = PQgetCancel(connection_);
  if (cancel == nullptr) return;
  // When the server can not be reached the statement fails by itself, and the watchdog asks again anyway.
  char problem[256];
  PQcancel(cancel, problem, sizeof(problem));
  PQfreeCancel(cancel);
}

absl::StatusOr<std::unique_ptr<Connection>> ConnectBinary(const std::string& connection_string, const Limits& limits) {
  return BinaryConnection::Connect(connection_string, limits);
}

}  // namespace breadthflow::postgres
