#include "common/postgres/database.h"

#include "absl/time/clock.h"
#include <fmt/format.h>
#include <signal.h>

#include "common/base/status.h"
#include "common/postgres/pool.h"
#include "common/postgres/text_connection.h"
#include "common/postgres/text_transaction.h"

namespace breadthflow::postgres {

struct Transaction::State {
  TextConnection& connection;
  bool prepare = true;
  int savepoints = 0;
  std::shared_ptr<bool> misread = std::make_shared<bool>(false);

  absl::StatusOr<pqxx::result> Run(std::string_view sql, const std::vector<Param>& params) {
    return connection.Execute(sql, params, prepare);
  }
};

Transaction::Transaction(std::unique_ptr<State> state) : state_(std::move(state)) {}
Transaction::~Transaction() = default;

absl::StatusOr<Rows> Transaction::Query(std::string_view sql, std::vector<Param> params) {
  BF_ASSIGN_OR_RETURN(pqxx::result result, state_->Run(sql, params));
  return Rows(std::make_shared<const Row::Result>(Row::Result{std::move(result), state_->misread}));
}

absl::StatusOr<int64_t> Transaction::Execute(std::string_view sql, std::vector<Param> params) {
  BF_ASSIGN_OR_RETURN(const pqxx::result result, state_->Run(sql, params));
  return static_cast<int64_t>(result.affected_rows());
}

absl::Status Transaction::Nested(const std::function<absl::Status(Transaction&)>& body) {
  TextConnection& connection = state_->connection;
  const std::string name = fmt::format("nested_{}", ++state_->savepoints);
  BF_RETURN_IF_ERROR(connection.Simple("SAVEPOINT " + name).status());
  absl::Status status = body(*this);
  if (status.ok()) status = connection.failure();
  if (status.ok()) return connection.Simple("RELEASE SAVEPOINT " + name).status();
  // A broken connection and a reached limit end the whole transaction, not only this part of it.
  if (connection.broken() || !connection.certain()) return status;
  connection.ClearFailure();
  const absl::Status undone = connection.Simple("ROLLBACK TO SAVEPOINT " + name).status();
  return undone.ok() ? status : undone;
}

absl::Status Transaction::Finished() const {
  if (!*state_->misread) return absl::OkStatus();
  return base::MakeError(absl::StatusCode::kInternal, "RESULT_MISREAD",
                         "a column of a result was read as a type that it does not hold");
}

absl::Status WithTransaction(Connection& connection, const DatabaseOptions& options,
                             const std::function<absl::Status(Transaction&)>& body) {
  Transaction transaction(std::make_unique<Transaction::State>(
      Transaction::State{static_cast<TextConnection&>(connection), options.prepare_statements}));
  BF_RETURN_IF_ERROR(body(transaction));
  return transaction.Finished();
}

std::unique_ptr<Database> Database::Open(DatabaseOptions options) {
  signal(SIGPIPE, SIG_IGN);
  return std::unique_ptr<Database>(new Database(std::make_unique<Pool>(std::move(options))));
}

Database::Database(std::unique_ptr<Pool> pool) : pool_(std::move(pool)) {}
Database::~Database() = default;

absl::Status Database::Transact(const std::function<absl::Status(Transaction&)>& body, const TransactOptions& options) {
  const auto run = [&](Connection& connection) { return WithTransaction(connection, pool_->options(), body); };
  return pool_->Transact(Kind::kText, run, options);
}

absl::Status Database::Ping(absl::Duration timeout) {
  TransactOptions options;
  options.deadline = absl::Now() + timeout;
  options.statement_timeout = timeout;
  options.read_only = true;
  return Transact([](Transaction& tx) { return tx.Query("SELECT 1").status(); }, options);
}

bool Database::reachable() const { return pool_->reachable(); }
const std::string& Database::schema() const { return pool_->options().schema; }
const DatabaseOptions& Database::options() const { return pool_->options(); }
PoolStats Database::stats() const { return pool_->stats(); }

}  // namespace breadthflow::postgres
