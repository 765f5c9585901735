#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <libpq-fe.h>
#include <pqxx/pqxx>

#include "common/postgres/connection.h"
#include "common/postgres/value.h"

namespace breadthflow::postgres {

// What a Row points into; `misread` is shared with the transaction that asked.
struct Row::Result {
  pqxx::result rows;
  std::shared_ptr<bool> misread;
};

// How libpqxx gets a connection that we opened, within limits that it does not know of: `next` of this thread. There is
// no second one, so none is ever opened behind our back.
class Handed final : public pqxx::connectionpolicy {
 public:
  explicit Handed(const std::string& options) : connectionpolicy(options) {}
  handle do_startconnect(handle before) override { return before != nullptr ? before : std::exchange(next, nullptr); }
  static thread_local PGconn* next;
};
using PqxxConnection = pqxx::basic_connection_base<Handed>;

// A libpqxx connection that can not come back to life: pqxx 6.4 reconnects inside the same object without its session
// state, so reactivation is inhibited and the client's idea of the backend is compared before each use.
class TextConnection final : public Connection {
 public:
  static absl::StatusOr<std::unique_ptr<Connection>> Connect(const std::string& connection_string,
                                                             const Limits& limits);
  ~TextConnection() override;

  absl::StatusOr<std::vector<std::string>> Simple(const std::string& sql) override;
  absl::StatusOr<pqxx::result> Execute(std::string_view sql, const std::vector<Param>& params, bool prepare);
  void Cancel() override;
  Kind kind() const override { return Kind::kText; }

 private:
  explicit TextConnection(std::unique_ptr<PqxxConnection> connection);
  // The one place where exceptions of pqxx end.
  absl::StatusOr<pqxx::result> Catch(const std::function<pqxx::result()>& call);
  const std::string& Prepared(std::string_view sql);

  std::unique_ptr<PqxxConnection> connection_;
  pqxx::quiet_errorhandler quiet_;                 // notices of the server do not go to stderr
  std::unique_ptr<pqxx::nontransaction> session_;  // BEGIN and COMMIT are ours, and so is the doubt about COMMIT
  int pid_ = 0;
  std::map<std::string, std::string, std::less<>> prepared_;  // text -> name
};

}  // namespace breadthflow::postgres
