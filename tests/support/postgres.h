#pragma once

#include <memory>
#include <string>
#include <vector>

// A private PostgreSQL for tests. One server per test binary, started on first use, gone with the process however it
// ends. With BREADTHFLOW_TEST_DATABASE_URL set that server is used and can not be stopped (owned() is false).
namespace breadthflow::testing {

struct PostgresServerOptions {
  bool fsync = false;
  bool tcp = false;                   // also on 127.0.0.1, a free port
  std::vector<std::string> settings;  // "name=value"
};

class PostgresServer {
 public:
  // The server of this binary. Ends the process with a message when no server can be started.
  static PostgresServer& Shared();

  // Another one, for tests that break it.
  explicit PostgresServer(const PostgresServerOptions& options = {});
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // key=value connection string of `database`, by unix socket (by TCP: TcpUrl, when asked for).
  std::string Url(const std::string& database = "postgres") const;
  std::string TcpUrl(const std::string& database = "postgres") const;
  // host and port of the unix socket's file, for proxies.
  std::string SocketPath() const;

  bool owned() const;
  void Start();  // returns when it accepts connections
  void Stop();   // fast shutdown: clients are disconnected
  void Kill();   // SIGKILL of the postmaster; its children end too
  void Restart() {
    Stop();
    Start();
  }

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// A fresh, empty database of its own on `server`; gone with a private server, dropped from a given one.
class TestDatabase {
 public:
  explicit TestDatabase(PostgresServer& server = PostgresServer::Shared());
  ~TestDatabase();
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  const std::string& name() const { return name_; }
  std::string url() const { return server_.Url(name_); }
  // Runs SQL as superuser outside the code under test; the first column of the first row, or "". Fails the test on
  // error.
  std::string Sql(const std::string& sql) const;

 private:
  PostgresServer& server_;
  std::string name_;
};

}  // namespace breadthflow::testing
