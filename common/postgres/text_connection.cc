#include "common/postgres/text_connection.h"

#include <new>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/postgres/open_raw.h"
#include "common/postgres/param_text.h"

namespace breadthflow::postgres {
namespace {

constexpr size_t kMaxPrepared = 256;  // per connection; more different texts than that are sent as they are

// "ERROR:  no such thing\nDETAIL:  ..." -> "no such thing".
std::string Primary(const std::string& message) {
  const std::string line = message.substr(0, message.find('\n'));
  const size_t severity = line.find(":  ");
  return severity == std::string::npos ? line : line.substr(severity + 3);
}

}  // namespace

thread_local PGconn* Handed::next = nullptr;

absl::StatusOr<std::unique_ptr<Connection>> TextConnection::Connect(const std::string& connection_string,
                                                                    const Limits& limits) {
  BF_ASSIGN_OR_RETURN(RawConnection opened, OpenRaw(connection_string, limits));
  std::unique_ptr<TextConnection> connection;
  try {
    Handed::next = opened.release();
    auto raw = std::make_unique<PqxxConnection>(connection_string);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    raw->inhibit_reactivation(true);
#pragma GCC diagnostic pop
    connection.reset(new TextConnection(std::move(raw)));
  } catch (const std::exception& error) {
    const std::string what = error.what();
    return Unavailable(what.substr(0, what.find('\n')));
  }
  BF_ASSIGN_OR_RETURN(const std::vector<std::string> backend, connection->Simple(kBackendSql));
  if (backend.size() == 2) connection->backend_ = {backend[0], backend[1]};
  return connection;
}

TextConnection::TextConnection(std::unique_ptr<PqxxConnection> connection)
    : connection_(std::move(connection)),
      quiet_(*connection_),
      session_(std::make_unique<pqxx::nontransaction>(*connection_)),
      pid_(connection_->backendpid()) {}

TextConnection::~TextConnection() = default;

absl::StatusOr<pqxx::result> TextConnection::Catch(const std::function<pqxx::result()>& call) {
  BF_RETURN_IF_ERROR(BeforeStatement());
  if (connection_->backendpid() != pid_) return Fail({.message = "another backend than before"}, true);
  SqlError error;
  bool broken = false;
  try {
    return call();
  } catch (const pqxx::sql_error& caught) {
    error.sqlstate = caught.sqlstate();
    error.message = caught.what();
  } catch (const pqxx::serialization_failure& caught) {  // these four are not sql_errors in 6.4
    error.sqlstate = "40001";
    error.message = caught.what();
  } catch (const pqxx::deadlock_detected& caught) {
    error.sqlstate = "40P01";
    error.message = caught.what();
  } catch (const pqxx::statement_completion_unknown& caught) {
    error.sqlstate = "40003";
    error.message = caught.what();
  } catch (const pqxx::transaction_rollback& caught) {
    error.sqlstate = "40000";
    error.message = caught.what();
  } catch (const pqxx::broken_connection& caught) {
    error.message = caught.what();
    broken = true;
  } catch (const pqxx::in_doubt_error& caught) {
    error.message = caught.what();
    broken = true;
  } catch (const std::bad_alloc&) {
    MarkUncertain();
    throw;
  } catch (const std::exception& caught) {
    error.sqlstate = "XX000";
    error.message = caught.what();
    MarkUncertain();
  }
  if (!connection_->is_open()) broken = true;
  if (!broken && error.sqlstate.empty()) error.sqlstate = "XX000";
  error.message = Primary(error.message);
  if (error.sqlstate.rfind("23", 0) == 0) error.constraint = ConstraintIn(error.message);
  return Fail(error, broken);
}

absl::StatusOr<std::vector<std::string>> TextConnection::Simple(const std::string& sql) {
  BF_ASSIGN_OR_RETURN(const pqxx::result result, Catch([&] { return session_->exec(sql); }));
  std::vector<std::string> values;
  if (result.empty()) return values;
  for (const pqxx::field& field : result[0]) values.push_back(field.c_str());
  return values;
}

const std::string& TextConnection::Prepared(std::string_view sql) {
  static const std::string* const kNone = new std::string;
  const auto found = prepared_.find(sql);
  if (found != prepared_.end()) return found->second;
  if (prepared_.size() >= kMaxPrepared) return *kNone;
  std::string name = fmt::format("s{}", prepared_.size());
  connection_->prepare(name, std::string(sql));
  return prepared_.emplace(std::string(sql), std::move(name)).first->second;
}

absl::StatusOr<pqxx::result> TextConnection::Execute(std::string_view sql, const std::vector<Param>& params,
                                                     bool prepare) {
  const ParamTexts texts(params);
  if (!texts.status().ok()) return Fail(texts.status());
  const auto values = pqxx::prepare::make_dynamic_params(texts.values());
  return Catch([&] {
    const std::string& name = prepare ? Prepared(sql) : std::string();
    if (!name.empty()) return session_->exec_prepared(name, values);
    return session_->exec_params(std::string(sql), values);
  });
}

void TextConnection::Cancel() {
  try {
    connection_->cancel_query();
  } catch (const std::exception&) {
    // The server can not be reached: then the statement fails by itself, and the watchdog asks again anyway.
    return;
  }
}

absl::StatusOr<std::unique_ptr<Connection>> ConnectText(const std::string& connection_string, const Limits& limits) {
  return TextConnection::Connect(connection_string, limits);
}

}  // namespace breadthflow::postgres
