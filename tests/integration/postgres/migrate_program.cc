// One of the processes of MigrateProcesses: postgres_migrate_program URL. Exit status 0 when the schema is complete.
#include <cstdio>

#include <fmt/format.h>

#include "common/postgres/migrate.h"

int main(int, char** argv) {
  using namespace breadthflow::postgres;
  const auto database = Database::Open({.url = argv[1], .schema = "app", .pool_size = 1});
  std::vector<Migration> migrations = {{100, "log", "CREATE TABLE log (n int); INSERT INTO log VALUES (100);"}};
  for (int n = 101; n < 107; ++n) {
    migrations.push_back(
        {n, fmt::format("step_{}", n),
         fmt::format("CREATE TABLE t{0} (x int); SELECT pg_sleep(0.01); INSERT INTO log VALUES ({0});", n)});
  }
  migrations.push_back({107, "index", "-- no transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS log_n ON log (n);"});
  const absl::Status status = Migrate(*database, migrations);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
