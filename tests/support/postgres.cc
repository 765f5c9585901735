#include "tests/support/postgres.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

#include "absl/time/clock.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/process.h"

namespace breadthflow::testing {
namespace fs = std::filesystem;
namespace {

constexpr char kUser[] = "postgres";

[[noreturn]] void Die(const std::string& message) {
  std::fprintf(stderr, "tests/support/postgres: %s\n", message.c_str());
  std::exit(1);
}

std::string Program(const std::string& name) {
  for (const char* dir : {"/usr/lib/postgresql/15/bin/", "/usr/local/pgsql/bin/", "/usr/bin/", "/usr/local/bin/"}) {
    if (fs::exists(dir + name)) return dir + name;
  }
  Die("PostgreSQL 15 is not installed: " + name + " was not found");
}

std::string FileText(const fs::path& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

void Run(const std::vector<std::string>& argv, const std::string& user, const fs::path& log) {
  const int status = RunProgram({argv, user, log.string()});
  if (status != 0) Die(fmt::format("{} failed ({}):\n{}", argv[0], status, FileText(log)));
}

void CopyTree(const fs::path& from, const fs::path& to, const fs::path& log) {
  Run({"/bin/cp", "-a", "--reflink=auto", from.string(), to.string()}, "", log);
}

// A new data directory at `data`: a copy of the one that initdb made when the first test on this machine ran.
void MakeDataDirectory(const fs::path& root, const fs::path& data) {
  const fs::path log = root / "setup.log";
  const fs::path kept(BREADTHFLOW_PG_TEMPLATE_DIR);
  const auto init = [&](const fs::path& where) {
    Run({Program("initdb"), "-D", where.string(), "-U", kUser, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"},
        kUser, log);
  };
  std::error_code error;
  fs::create_directories(kept.parent_path(), error);
  const int lock = open((kept.string() + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock < 0) {
    init(data);  // a read-only build tree
    return;
  }
  flock(lock, LOCK_EX);
  if (!fs::exists(kept / "PG_VERSION")) {
    const fs::path fresh = root / "template";
    const fs::path staged = kept.string() + ".new";
    init(fresh);
    fs::remove_all(staged, error);
    CopyTree(fresh, staged, log);
    fs::rename(staged, kept);
    fs::remove_all(fresh, error);
  }
  flock(lock, LOCK_UN);
  close(lock);
  CopyTree(kept, data, log);
  if (geteuid() == 0) Run({"/bin/chown", "-R", fmt::format("{0}:{0}", kUser), data.string()}, "", log);
}

int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    Die("no free port");
  }
  close(fd);
  return ntohs(address.sin_port);
}

// The given connection string with another database name, as key=value.
std::string WithDatabase(const std::string& url, const std::string& database) {
  char* message = nullptr;
  PQconninfoOption* parsed = PQconninfoParse(url.c_str(), &message);
  if (parsed == nullptr) Die(fmt::format("BREADTHFLOW_TEST_DATABASE_URL: {}", message != nullptr ? message : "?"));
  std::string out;
  for (const PQconninfoOption* option = parsed; option->keyword != nullptr; ++option) {
    if (option->val == nullptr || std::string(option->keyword) == "dbname") continue;
    out += fmt::format("{}='{}' ", option->keyword, option->val);
  }
  PQconninfoFree(parsed);
  return out + "dbname=" + database;
}

// Stops the server and removes its folder when this process is gone, whatever ended it: the script reads a pipe whose
// other end only we hold.
class Reaper {
 public:
  explicit Reaper(const fs::path& root) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) Die("pipe");
    const std::string script = fmt::format(
        "exec </dev/fd/{1}; cat >/dev/null; p=$(head -n 1 {0}/data/postmaster.pid 2>/dev/null); "
        "if [ -n \"$p\" ]; then kill -QUIT $p 2>/dev/null; i=0; "
        "while kill -0 $p 2>/dev/null && [ $i -lt 50 ]; do sleep 0.1; i=$((i+1)); done; fi; rm -rf {0}",
        root.string(), ends[0]);
    fcntl(ends[0], F_SETFD, 0);
    child_.emplace(ChildProcess::Options{{"/bin/sh", "-c", script}, "", "/dev/null"});
    close(ends[0]);
    hold_ = ends[1];
  }
  ~Reaper() {
    close(hold_);
    child_->Wait(absl::Seconds(10));
  }

 private:
  int hold_ = -1;
  std::optional<ChildProcess> child_;
};

}  // namespace

struct PostgresServer::State {
  PostgresServerOptions options;
  std::string given_url;  // of BREADTHFLOW_TEST_DATABASE_URL
  pid_t owner = getpid();
  fs::path root;
  int port = 5432;
  std::optional<ChildProcess> server;
  std::optional<Reaper> reaper;
};

PostgresServer& PostgresServer::Shared() {
  static PostgresServer server;
  return server;
}

PostgresServer::PostgresServer(const PostgresServerOptions& options) : state_(std::make_unique<State>()) {
  state_->options = options;
  if (const char* given = std::getenv("BREADTHFLOW_TEST_DATABASE_URL"); given != nullptr && *given != '\0') {
    state_->given_url = given;
    return;
  }
  std::string pattern = "/tmp/bf-pg-XXXXXX";  // short: a socket path has at most 107 bytes
  if (mkdtemp(pattern.data()) == nullptr) Die("mkdtemp");
  state_->root = pattern;
  state_->reaper.emplace(state_->root);
  if (geteuid() == 0) {
    Run({"/bin/chown", fmt::format("{0}:{0}", kUser), pattern}, "", "/dev/null");
  }
  chmod(pattern.c_str(), 0755);
  MakeDataDirectory(state_->root, state_->root / "data");
  if (options.tcp) state_->port = FreePort();
  Start();
}

PostgresServer::~PostgresServer() {
  if (!owned()) return;
  if (state_->owner != getpid()) {  // a forked child that ran exit(): the server is its parent's
    (void)state_.release();
    return;
  }
  if (state_->server) {
    state_->server->Signal(SIGQUIT);
    state_->server->Wait(absl::Seconds(10));
  }
}

bool PostgresServer::owned() const { return state_->given_url.empty(); }

std::string PostgresServer::Url(const std::string& database) const {
  if (!owned()) return WithDatabase(state_->given_url, database);
  return fmt::format("host={} port={} user={} dbname={}", state_->root.string(), state_->port, kUser, database);
}

std::string PostgresServer::TcpUrl(const std::string& database) const {
  if (!owned()) return Url(database);
  if (!state_->options.tcp) Die("TcpUrl needs PostgresServerOptions::tcp");
  return fmt::format("host=127.0.0.1 port={} user={} dbname={}", state_->port, kUser, database);
}

std::string PostgresServer::SocketPath() const {
  return fmt::format("{}/.s.PGSQL.{}", state_->root.string(), state_->port);
}

void PostgresServer::Start() {
  if (!owned()) Die("the server of BREADTHFLOW_TEST_DATABASE_URL can not be started");
  std::vector<std::string> argv = {Program("postgres"), "-D", (state_->root / "data").string()};
  const auto set = [&](const std::string& setting) {
    argv.push_back("-c");
    argv.push_back(setting);
  };
  set(fmt::format("unix_socket_directories={}", state_->root.string()));
  set(fmt::format("listen_addresses={}", state_->options.tcp ? "127.0.0.1" : ""));
  set(fmt::format("port={}", state_->port));
  set(state_->options.fsync ? "fsync=on" : "fsync=off");
  for (const char* setting : {"shared_buffers=32MB", "max_connections=200", "max_wal_size=256MB", "jit=off",
                              "log_lock_waits=on", "log_min_messages=warning"}) {
    set(setting);
  }
  for (const std::string& setting : state_->options.settings) set(setting);
  const fs::path log = state_->root / "server.log";
  const absl::Time until = absl::Now() + absl::Seconds(30);
  const std::string url = Url();
  while (absl::Now() < until) {
    state_->server.emplace(ChildProcess::Options{argv, kUser, log.string()});
    while (state_->server->Running() && absl::Now() < until) {
      if (PQping(url.c_str()) == PQPING_OK) return;
      absl::SleepFor(absl::Milliseconds(10));
    }
    absl::SleepFor(
        absl::Milliseconds(100));  // after Kill() the old backends may hold the shared memory a moment longer
  }
  Die("the server does not start:\n" + FileText(log));
}

void PostgresServer::Stop() {
  state_->server->Signal(SIGINT);
  if (!state_->server->Wait(absl::Seconds(30))) Die("the server does not stop");
}

void PostgresServer::Kill() {
  state_->server->Signal(SIGKILL);
  if (!state_->server->Wait(absl::Seconds(30))) Die("the server does not die");
}

namespace {

std::string RunSql(const std::string& url, const std::string& sql) {
  PGconn* connection = PQconnectdb(url.c_str());
  PQsetNoticeProcessor(
      connection, +[](void*, const char*) {}, nullptr);
  PGresult* result = nullptr;
  std::string value;
  if (PQstatus(connection) == CONNECTION_OK) result = PQexec(connection, sql.c_str());
  const ExecStatusType status = PQresultStatus(result);
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    ADD_FAILURE() << sql << ": " << PQerrorMessage(connection);
  } else if (status == PGRES_TUPLES_OK && PQntuples(result) > 0) {
    value = PQgetvalue(result, 0, 0);
  }
  PQclear(result);
  PQfinish(connection);
  return value;
}

}  // namespace

TestDatabase::TestDatabase(PostgresServer& server) : server_(server) {
  static std::atomic<int> count{0};
  name_ = fmt::format("bf_{}_{}", getpid(), ++count);
  RunSql(server_.Url(), fmt::format("CREATE DATABASE {} TEMPLATE template0", name_));
}

TestDatabase::~TestDatabase() {
  if (server_.owned()) return;  // goes with its server; DROP DATABASE would wait for a checkpoint
  RunSql(server_.Url(), fmt::format("DROP DATABASE IF EXISTS {} WITH (FORCE)", name_));
}

std::string TestDatabase::Sql(const std::string& sql) const { return RunSql(url(), sql); }

}  // namespace breadthflow::testing
