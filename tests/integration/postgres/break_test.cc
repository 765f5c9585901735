// Connections that break at the worst moments (PROMISES E3, A5), and servers that go away (E10).
#include <atomic>
#include <iterator>
#include <set>
#include <sstream>
#include <thread>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/status.h"
#include "common/postgres/binary.h"
#include "common/postgres/database.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"
#include "tests/support/postgres_proxy.h"

namespace breadthflow::postgres {
namespace {

using ::breadthflow::testing::IsOk;
using ::breadthflow::testing::PostgresProxy;
using ::breadthflow::testing::PostgresServer;
using ::breadthflow::testing::StatusIs;
using ::breadthflow::testing::TestDatabase;

constexpr char kSchema[] = "CREATE SCHEMA app; CREATE TABLE app.t (id text)";

absl::Status Insert(Transaction& tx, const std::string& id) {
  return tx.Execute("INSERT INTO t VALUES ($1)", {id}).status();
}

absl::StatusOr<bool> Exists(Transaction& tx, const std::string& id) {
  BF_ASSIGN_OR_RETURN(const Rows rows, tx.Query("SELECT 1 FROM t WHERE id = $1", {id}));
  return !rows.empty();
}

// What each id ended with, so that the table can be compared with what callers were told.
struct Told {
  absl::Mutex mutex;
  std::set<std::string> ok;
  std::set<std::string> failed;

  void Add(const std::string& id, const absl::Status& status) {
    absl::MutexLock lock(&mutex);
    (status.ok() ? ok : failed).insert(id);
  }
  void ExpectTable(const TestDatabase& server) {
    EXPECT_EQ(server.Sql("SELECT count(*) - count(DISTINCT id) FROM app.t"), "0") << "written twice";
    std::istringstream rows(server.Sql("SELECT string_agg(id, ' ') FROM app.t"));
    const std::set<std::string> found(std::istream_iterator<std::string>(rows), {});
    for (const std::string& id : ok) EXPECT_TRUE(found.contains(id)) << "lost " << id;
    for (const std::string& id : failed) EXPECT_FALSE(found.contains(id)) << "half done " << id;
  }
};

TEST(Break, TerminatedBackendsNeverShowASessionWithoutItsSettings) {
  TestDatabase server;
  server.Sql(kSchema);
  const auto database =
      Database::Open({.url = server.url(), .schema = "app", .pool_size = 4, .application_name = "victim"});
  Told told;
  std::atomic<bool> stop{false};
  std::atomic<int> unset{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&, caller] {
      for (int i = 0; !stop; ++i) {
        const std::string id = fmt::format("{}-{}", caller, i);
        TransactOptions options;
        options.took_effect = [&](Transaction& tx) { return Exists(tx, id); };
        const bool binary = i % 4 == 3;
        const auto look = [&](std::string_view timeout, std::string_view path) {
          if (timeout != "5s" || path != "app") ++unset;
        };
        constexpr char kLook[] = "SELECT current_setting('statement_timeout'), current_setting('search_path')";
        if (binary) {
          told.Add(id, TransactBinary(
                           *database,
                           [&](BinaryTransaction& tx) -> absl::Status {
                             BF_ASSIGN_OR_RETURN(const BinaryRows rows, tx.Query(kLook));
                             look(rows[0].View(0), rows[0].View(1));
                             return tx.Execute("INSERT INTO t VALUES ($1)", {id}).status();
                           },
                           options));
        } else {
          told.Add(id, database->Transact(
                           [&](Transaction& tx) -> absl::Status {
                             BF_ASSIGN_OR_RETURN(const Rows rows, tx.Query(kLook));
                             look(rows[0].Text(0), rows[0].Text(1));
                             return Insert(tx, id);
                           },
                           options));
        }
      }
    });
  }
  for (int kill = 0; kill < 60; ++kill) {
    server.Sql(
        "SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity WHERE application_name = 'victim' "
        "ORDER BY random() LIMIT 1) one");
    absl::SleepFor(absl::Milliseconds(15));
  }
  stop = true;
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(unset, 0);
  EXPECT_GT(database->stats().discarded_total, 20);
  EXPECT_GT(told.ok.size(), 100u);
  told.ExpectTable(server);
}

TEST(Break, CommitsInDoubtAreResolvedAndNothingIsWrittenTwiceOrLost) {
  TestDatabase server;
  server.Sql(kSchema);
  if (!PostgresServer::Shared().owned()) GTEST_SKIP() << "the proxy needs the socket of a private server";
  PostgresProxy proxy(PostgresServer::Shared(), {.cut_before_commit = 0.05, .cut_after_commit = 0.05, .seed = 5});
  const auto database = Database::Open({.url = proxy.Url(server.name()), .schema = "app", .pool_size = 4});
  Told told;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&, caller] {
      for (int i = 0; i < 100; ++i) {
        const std::string id = fmt::format("{}-{}", caller, i);
        TransactOptions options;
        options.took_effect = [&](Transaction& tx) { return Exists(tx, id); };
        told.Add(id, database->Transact([&](Transaction& tx) { return Insert(tx, id); }, options));
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_GT(proxy.cut_before(), 5);
  EXPECT_GT(proxy.cut_after(), 5);
  EXPECT_GE(told.ok.size(), 390u);
  told.ExpectTable(server);
}

TEST(Break, CommitInDoubtWithoutAnAnswerSaysSo) {
  TestDatabase server;
  server.Sql(kSchema);
  if (!PostgresServer::Shared().owned()) GTEST_SKIP() << "the proxy needs the socket of a private server";
  PostgresProxy proxy(PostgresServer::Shared(), {.cut_after_commit = 1});
  const auto database = Database::Open({.url = proxy.Url(server.name()), .schema = "app"});
  int runs = 0;
  const auto body = [&](Transaction& tx) {
    ++runs;
    return Insert(tx, "x");
  };
  EXPECT_THAT(database->Transact(body), StatusIs(absl::StatusCode::kUnknown, "COMMIT_UNKNOWN"));
  TransactOptions options;
  options.safe_to_retry = true;
  EXPECT_THAT(database->Transact(body, options), StatusIs(absl::StatusCode::kUnavailable, "COMMIT_UNKNOWN"));
  EXPECT_EQ(runs, 2);  // never again without knowing
  options.read_only = true;
  EXPECT_THAT(database->Transact([](Transaction& tx) { return tx.Query("SELECT 1").status(); }, options), IsOk());
}

TEST(Break, RidesOutARestartAndAKilledServer) {
  PostgresServer server;
  if (!server.owned()) GTEST_SKIP() << "a given server is not stopped";
  TestDatabase test(server);
  test.Sql(kSchema);
  const auto database = Database::Open({.url = test.url(), .schema = "app", .pool_size = 3});
  for (const bool kill : {false, true}) {
    ASSERT_THAT(database->Ping(absl::Seconds(5)), IsOk());
    if (kill) {
      server.Kill();
    } else {
      server.Stop();
    }
    // Backends of a killed server live on for a moment.
    const absl::Time gone = absl::Now() + absl::Seconds(5);
    while (database->Ping(absl::Seconds(1)).ok() && absl::Now() < gone) absl::SleepFor(absl::Milliseconds(10));
    for (int i = 0; i < 20; ++i) {
      EXPECT_THAT(database->Ping(absl::Seconds(1)), StatusIs(absl::StatusCode::kUnavailable, "DB_UNAVAILABLE"));
      absl::SleepFor(absl::Milliseconds(20));
    }
    EXPECT_FALSE(database->reachable());
    server.Start();
    const absl::Time back = absl::Now();
    absl::Status status = database->Ping(absl::Seconds(5));
    while (!status.ok() && absl::Now() - back < absl::Seconds(10)) {
      absl::SleepFor(absl::Milliseconds(20));
      status = database->Ping(absl::Seconds(5));
    }
    EXPECT_THAT(status, IsOk());
    EXPECT_LE(absl::Now() - back, absl::Seconds(3));
  }
}

// A port that takes connections and never says a word.
class SilentServer {
 public:
  SilentServer() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(socket_, reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(socket_, 16), 0);
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~SilentServer() { close(socket_); }
  std::string url() const { return fmt::format("host=127.0.0.1 port={} dbname=x user=x", port_); }

 private:
  int socket_;
  int port_ = 0;
};

TEST(Connecting, EndsWithTheDeadlineAndWithTheToken) {
  const SilentServer silent;
  const auto database = Database::Open({.url = silent.url(), .schema = "app", .pool_size = 2});
  const auto ask = [](Transaction& tx) { return tx.Query("SELECT 1").status(); };
  const auto ask_binary = [](BinaryTransaction& tx) { return tx.Query("SELECT 1").status(); };
  for (const bool binary : {false, true}) {
    const absl::Time begin = absl::Now();
    const TransactOptions options{.deadline = begin + absl::Milliseconds(300)};
    EXPECT_THAT(binary ? TransactBinary(*database, ask_binary, options) : database->Transact(ask, options),
                StatusIs(absl::StatusCode::kDeadlineExceeded));
    EXPECT_LT(absl::Now() - begin, absl::Seconds(1)) << binary;
  }
  TransactOptions options;
  std::thread later([token = options.cancel] {
    absl::SleepFor(absl::Milliseconds(200));
    token.Cancel(base::CancelReason::kCancelled);
  });
  const absl::Time begin = absl::Now();
  EXPECT_THAT(database->Transact(ask, options), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(1));
  later.join();
  const absl::Time patient = absl::Now();
  EXPECT_THAT(database->Transact(ask), StatusIs(absl::StatusCode::kUnavailable, "DB_UNAVAILABLE"))
      << "who has time is told that the server does not answer";
  EXPECT_LT(absl::Now() - patient, absl::Seconds(8));
}

}  // namespace
}  // namespace breadthflow::postgres
