#include "common/postgres/migrate.h"

#include <algorithm>
#include <map>

#include "absl/time/clock.h"
#include <fmt/format.h>

#include "common/base/hash.h"
#include "common/base/status.h"
#include "common/postgres/connection.h"
#include "common/postgres/settings.h"

namespace breadthflow::postgres {
namespace {

constexpr char kNoTransaction[] = "-- no transaction";
constexpr absl::Duration kLockPoll = absl::Milliseconds(100);

std::string Quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

// The part of the numbers that one component owns: 1-9 jobs, 10-19 chunks, 100 and up the service.
int RangeOf(int number) { return number < 100 ? number / 10 : 100; }

// Migrations on one connection of its own, outside the pool: the advisory lock lives in its session.
class Migrator {
 public:
  Migrator(Connection& connection, const std::string& schema, const MigrateOptions& options)
      : connection_(connection), schema_(schema), options_(options) {}

  absl::Status Run(const std::vector<Migration>& migrations) {
    BF_RETURN_IF_ERROR(Lock());
    BF_RETURN_IF_ERROR(
        Do(fmt::format("SET statement_timeout = {}", absl::ToInt64Milliseconds(options_.statement_timeout))));
    BF_RETURN_IF_ERROR(Do(fmt::format("SET lock_timeout = {}", absl::ToInt64Milliseconds(options_.lock_timeout))));
    BF_RETURN_IF_ERROR(Do("SET client_min_messages = warning"));
    BF_RETURN_IF_ERROR(Do(fmt::format("CREATE SCHEMA IF NOT EXISTS {}", schema_)));
    BF_RETURN_IF_ERROR(Do(fmt::format("SET search_path = {}", schema_)));
    BF_RETURN_IF_ERROR(
        Do("CREATE TABLE IF NOT EXISTS schema_migration (number int PRIMARY KEY, name text NOT NULL, "
           "sha256 text NOT NULL, apply_time timestamptz NOT NULL DEFAULT clock_timestamp())"));
    BF_RETURN_IF_ERROR(ReadApplied());
    BF_RETURN_IF_ERROR(CheckApplied(migrations));
    for (const Migration& migration : migrations) {
      if (!applied_.contains(migration.number)) BF_RETURN_IF_ERROR(Apply(migration));
    }
    return absl::OkStatus();  // the lock goes with the session
  }

 private:
  absl::Status Do(const std::string& sql) { return connection_.Simple(sql).status(); }

  // Polled, never waited for: a waiter inside PostgreSQL would deadlock with CREATE INDEX CONCURRENTLY.
  absl::Status Lock() {
    const std::string sql = fmt::format("SELECT pg_try_advisory_lock(hashtextextended({}, 7))",
                                        Quoted("breadthflow migrations of " + schema_));
    const absl::Time give_up = std::min(options_.deadline, absl::Now() + options_.statement_timeout * 2);
    while (true) {
      BF_ASSIGN_OR_RETURN(const std::vector<std::string> got, connection_.Simple(sql));
      if (!got.empty() && got[0] == "t") return absl::OkStatus();
      if (absl::Now() + kLockPoll >= give_up) {
        return base::MakeError(absl::StatusCode::kAborted, "LOCK_TIMEOUT",
                               fmt::format("another process is migrating schema {} for too long", schema_));
      }
      absl::SleepFor(kLockPoll);
    }
  }

  absl::Status ReadApplied() {
    BF_ASSIGN_OR_RETURN(
        const std::vector<std::string> rows,
        connection_.Simple("SELECT coalesce(string_agg(number || ' ' || sha256, ',' ORDER BY number), '') "
                           "FROM schema_migration"));
    const std::string list = rows.empty() ? "" : rows[0];
    for (size_t at = 0; at < list.size();) {
      const size_t end = std::min(list.find(',', at), list.size());
      const std::string entry = list.substr(at, end - at);
      const size_t space = entry.find(' ');
      applied_[std::stoi(entry.substr(0, space))] = entry.substr(space + 1);
      at = end + 1;
    }
    return absl::OkStatus();
  }

  absl::Status CheckApplied(const std::vector<Migration>& migrations) const {
    std::map<int, const Migration*> given;
    std::map<int, int> newest;  // by range
    for (const Migration& migration : migrations) {
      given[migration.number] = &migration;
      int& last = newest[RangeOf(migration.number)];
      last = std::max(last, migration.number);
    }
    for (const auto& [number, hash] : applied_) {
      const auto found = given.find(number);
      if (found != given.end() && base::Sha256HexOf(found->second->sql) != hash) {
        return base::MakeError(absl::StatusCode::kFailedPrecondition, "MIGRATION_CHANGED",
                               fmt::format("migration {:04}_{} of schema {} was applied with another text", number,
                                           found->second->name, schema_));
      }
      const auto range = newest.find(RangeOf(number));
      if (found == given.end() && range != newest.end() && number < range->second) {
        return base::MakeError(
            absl::StatusCode::kFailedPrecondition, "MIGRATION_MISSING",
            fmt::format("schema {} has migration {:04}, which this program does not know", schema_, number));
      }
    }
    return absl::OkStatus();
  }

  absl::Status Apply(const Migration& migration) {
    const std::string record =
        fmt::format("INSERT INTO schema_migration (number, name, sha256) VALUES ({}, {}, {})", migration.number,
                    Quoted(migration.name), Quoted(base::Sha256HexOf(migration.sql)));
    const bool alone = migration.sql.starts_with(kNoTransaction);
    for (int attempt = 1;; ++attempt) {
      absl::Status status;
      if (alone) {
        status = Do(migration.sql);
        if (status.ok()) status = Do(record);
      } else {
        status = Do("BEGIN; " + migration.sql + "\n; " + record + "; COMMIT");
      }
      if (status.ok()) return status;
      const std::string sqlstate = connection_.failure_sqlstate();
      if (connection_.broken()) return status;
      connection_.ClearFailure();
      if (!alone) BF_RETURN_IF_ERROR(Do("ROLLBACK"));
      const bool lock_was_taken = sqlstate == "55P03" || IsTransactionConflict(sqlstate);
      if (!lock_was_taken || attempt >= options_.lock_tries || absl::Now() >= options_.deadline) {
        return base::MakeError(status.code(),
                               fmt::format("migration {:04}_{} of schema {}: {}", migration.number, migration.name,
                                           schema_, base::Message(status)),
                               base::DetailsOf(status));
      }
      absl::SleepFor(kLockPoll);
    }
  }

  Connection& connection_;
  const std::string schema_;
  const MigrateOptions options_;
  std::map<int, std::string> applied_;
};

absl::Status CheckNumbers(const std::vector<Migration>& migrations) {
  for (size_t i = 0; i < migrations.size(); ++i) {
    if (migrations[i].number <= 0) {
      return base::MakeError(absl::StatusCode::kInvalidArgument, "BAD_MIGRATION", "migration numbers are positive");
    }
    if (i > 0 && migrations[i].number == migrations[i - 1].number) {
      return base::MakeError(absl::StatusCode::kInvalidArgument, "BAD_MIGRATION",
                             fmt::format("migration {} is given twice", migrations[i].number));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Migrate(Database& database, std::vector<Migration> migrations, const MigrateOptions& options) {
  std::sort(migrations.begin(), migrations.end(),
            [](const Migration& a, const Migration& b) { return a.number < b.number; });
  BF_RETURN_IF_ERROR(CheckNumbers(migrations));
  BF_ASSIGN_OR_RETURN(const std::string connection_string, ConnectionString(database.options()));
  BF_ASSIGN_OR_RETURN(const std::unique_ptr<Connection> connection, ConnectBinary(connection_string));
  connection->SetLimits({.deadline = options.deadline});
  return Migrator(*connection, database.schema(), options).Run(migrations);
}

}  // namespace breadthflow::postgres
