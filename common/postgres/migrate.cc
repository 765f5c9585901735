#include "common/postgres/migrate.h"

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <sstream>

#include "absl/time/clock.h"
#include <fmt/format.h>

#include "common/base/hash.h"
#include "common/base/status.h"
#include "common/postgres/connection.h"
#include "common/postgres/settings.h"
#include "common/postgres/watchdog.h"

namespace breadthflow::postgres {
namespace {

constexpr char kNoTransaction[] = "-- no transaction";

// Numbers of one range belong to one owner: 1-9 jobs, 10-19 chunks, the rest the service.
int RangeOf(int number) { return number < 10 ? 0 : number < 20 ? 1 : 2; }

int64_t LockKey(std::string_view schema) {
  const base::Sha256Digest digest = base::Sha256Of(fmt::format("breadthflow migration of {}", schema));
  uint64_t key = 0;
  for (int i = 0; i < 8; ++i) key = key << 8 | digest[static_cast<size_t>(i)];
  return static_cast<int64_t>(key);
}

void Pause(absl::Duration about) {
  thread_local std::minstd_rand engine{std::random_device{}()};
  absl::SleepFor(about * std::uniform_real_distribution<double>(0.5, 1.5)(engine));
}

absl::Status CheckGiven(std::vector<Migration>& migrations) {
  std::sort(migrations.begin(), migrations.end(),
            [](const Migration& a, const Migration& b) { return a.number < b.number; });
  for (size_t i = 0; i < migrations.size(); ++i) {
    if (migrations[i].number <= 0) {
      return base::MakeError(absl::StatusCode::kInvalidArgument, "MIGRATION_NUMBER",
                             fmt::format("a migration's number must be positive, was {}", migrations[i].number));
    }
    if (i > 0 && migrations[i].number == migrations[i - 1].number) {
      return base::MakeError(absl::StatusCode::kInvalidArgument, "MIGRATION_NUMBER",
                             fmt::format("migration {} is given twice ({}, {})", migrations[i].number,
                                         migrations[i - 1].name, migrations[i].name));
    }
  }
  return absl::OkStatus();
}

// The work, on one connection that holds the advisory lock.
class Migrator {
 public:
  Migrator(Connection& connection, const std::string& schema, const MigrateOptions& options)
      : connection_(connection), schema_(schema), options_(options) {}

  absl::Status Run(const std::vector<Migration>& migrations) {
    BF_RETURN_IF_ERROR(Configure());
    BF_RETURN_IF_ERROR(Lock());
    BF_RETURN_IF_ERROR(PrepareSchema());
    BF_RETURN_IF_ERROR(Read());
    BF_RETURN_IF_ERROR(CheckAgainst(migrations));
    for (const Migration& migration : migrations) BF_RETURN_IF_ERROR(Apply(migration));
    return absl::OkStatus();
  }

 private:
  absl::Status Lock() {
    while (true) {
      BF_ASSIGN_OR_RETURN(const std::vector<std::string> got,
                          connection_.Simple(fmt::format("SELECT pg_try_advisory_lock({})", LockKey(schema_))));
      if (!got.empty() && got[0] == "t") return absl::OkStatus();
      if (absl::Now() >= options_.deadline) {
        return StatusOf(SqlError{.sqlstate = "55P03", .message = "another process is migrating this schema"});
      }
      Pause(absl::Milliseconds(50));
    }
  }

  absl::Status PrepareSchema() {
    return Retrying([&] {
      return Simple(
          fmt::format("CREATE SCHEMA IF NOT EXISTS {0}; "
                      "CREATE TABLE IF NOT EXISTS {0}.schema_migration ("
                      "number integer CONSTRAINT schema_migration_pkey PRIMARY KEY, name text NOT NULL, "
                      "sha256 text NOT NULL, apply_time timestamptz NOT NULL DEFAULT clock_timestamp())",
                      schema_));
    });
  }

  absl::Status Read() {
    BF_ASSIGN_OR_RETURN(const std::vector<std::string> row,
                        connection_.Simple("SELECT coalesce(string_agg(number || ' ' || sha256, ' '), '') "
                                           "FROM schema_migration"));
    std::istringstream list(row.empty() ? "" : row[0]);
    int number = 0;
    std::string sha256;
    while (list >> number >> sha256) applied_[number] = sha256;
    return absl::OkStatus();
  }

  absl::Status CheckAgainst(const std::vector<Migration>& migrations) const {
    std::map<int, int> newest_given;
    std::map<int, int> newest_applied;
    for (const auto& [number, sha256] : applied_) newest_applied[RangeOf(number)] = number;
    std::map<int, const Migration*> given;
    for (const Migration& migration : migrations) {
      given[migration.number] = &migration;
      newest_given[RangeOf(migration.number)] = migration.number;
      const auto applied = applied_.find(migration.number);
      if (applied != applied_.end() && applied->second != base::Sha256HexOf(migration.sql)) {
        return Refused("MIGRATION_CHANGED", migration.number, "was changed after it had been applied");
      }
      if (applied == applied_.end() && migration.number < newest_applied[RangeOf(migration.number)]) {
        return Refused("MIGRATION_OUT_OF_ORDER", migration.number, "is older than one that has been applied");
      }
    }
    for (const auto& [number, sha256] : applied_) {
      if (!given.contains(number) && number < newest_given[RangeOf(number)]) {
        return Refused("MIGRATION_MISSING", number, "has been applied, but this program does not know it");
      }
    }
    return absl::OkStatus();
  }

  absl::Status Apply(const Migration& migration) {
    if (applied_.contains(migration.number)) return absl::OkStatus();
    const std::string record =
        fmt::format("INSERT INTO {}.schema_migration (number, name, sha256) VALUES ({}, '{}', '{}')", schema_,
                    migration.number, migration.name, base::Sha256HexOf(migration.sql));
    const absl::Status status = Retrying([&]() -> absl::Status {
      if (migration.sql.rfind(kNoTransaction, 0) == 0) {
        BF_RETURN_IF_ERROR(DropUnfinishedIndexes());
        BF_RETURN_IF_ERROR(Simple(migration.sql));
        return Simple(record);
      }
      return Simple(fmt::format("BEGIN;\n{}\n;{};COMMIT", migration.sql, record));
    });
    if (status.ok()) return status;
    return base::MakeError(status.code(),
                           fmt::format("migration {} ({}) of schema {}: {}", migration.number, migration.name, schema_,
                                       base::Message(status)),
                           base::DetailsOf(status));
  }

  absl::Status Configure() {
    return Simple(
        fmt::format("SET search_path = {}; SET lock_timeout = {}; SET statement_timeout = {}; "
                    "SET client_min_messages = warning",
                    schema_, absl::ToInt64Milliseconds(options_.lock_timeout),
                    absl::ToInt64Milliseconds(options_.statement_timeout)));
  }

  absl::Status Simple(const std::string& sql) { return connection_.Simple(sql).status(); }

  absl::Status Refused(const char* reason, int number, const char* what) const {
    return base::MakeError(absl::StatusCode::kFailedPrecondition, reason,
                           fmt::format("migration {} of schema {} {}", number, schema_, what));
  }

  // CREATE INDEX CONCURRENTLY that is killed leaves an invalid index, which IF NOT EXISTS would take for the finished
  // one.
  absl::Status DropUnfinishedIndexes() {
    BF_ASSIGN_OR_RETURN(
        const std::vector<std::string> drop,
        connection_.Simple(fmt::format("SELECT string_agg(format('DROP INDEX %s;', indexrelid::regclass), ' ') "
                                       "FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid "
                                       "WHERE NOT indisvalid AND relnamespace = '{}'::regnamespace",
                                       schema_)));
    return drop.empty() || drop[0].empty() ? absl::OkStatus() : Simple(drop[0]);
  }

  // Again while a lock or a conflict is in the way; other queries get their turn in the pauses.
  absl::Status Retrying(const std::function<absl::Status()>& work) {
    for (int attempt = 1;; ++attempt) {
      const absl::Status status = work();
      if (status.ok() || connection_.broken()) return status;
      const bool again = status.code() == absl::StatusCode::kAborted;
      connection_.ClearFailure();
      BF_RETURN_IF_ERROR(Simple("ROLLBACK"));
      if (!again || attempt >= options_.lock_tries || absl::Now() >= options_.deadline) return status;
      Pause(absl::Milliseconds(100));
    }
  }

  Connection& connection_;
  const std::string& schema_;
  const MigrateOptions& options_;
  std::map<int, std::string> applied_;  // number -> sha256 of its text
};

}  // namespace

absl::Status Migrate(Database& database, std::vector<Migration> migrations, const MigrateOptions& options) {
  BF_RETURN_IF_ERROR(CheckGiven(migrations));
  // A connection of its own, outside the pool: its settings and its advisory lock end with it.
  const Limits limits{.cancel = options.cancel};
  BF_RETURN_IF_ERROR(limits.Check());
  BF_ASSIGN_OR_RETURN(const std::string connection_string, ConnectionString(database.options()));
  BF_ASSIGN_OR_RETURN(const std::unique_ptr<Connection> connection, ConnectBinary(connection_string, limits));
  connection->SetLimits(limits);
  Watchdog watchdog;
  const Watchdog::Guard guard(watchdog, *connection, limits);
  const absl::Status status = Migrator(*connection, database.schema(), options).Run(migrations);
  // A statement that was told to stop says so in its own words.
  BF_RETURN_IF_ERROR(options.cancel.Check());
  return status;
}

}  // namespace breadthflow::postgres
