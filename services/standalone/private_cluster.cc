#include "services/standalone/private_cluster.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/time/clock.h"
#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/hash.h"
#include "common/base/status.h"
#include "services/standalone/child.h"

namespace breadthflow::standalone {
namespace {

namespace fs = std::filesystem;

constexpr char kUser[] = "postgres";
constexpr char kMajor[] = "15";
constexpr absl::Duration kStartPatience = absl::Seconds(60);  // after a crash the log is replayed first
constexpr absl::Duration kStopPatience = absl::Seconds(20);
constexpr absl::Duration kPoll = absl::Milliseconds(10);

absl::Status BadDir(const std::string& text) {
  return base::MakeError(absl::StatusCode::kFailedPrecondition, "BAD_DATA_DIR", text);
}

std::string FileText(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string LastLines(const fs::path& path, size_t count) {
  const std::string text = FileText(path);
  size_t at = text.size();
  for (size_t lines = 0; at > 0 && lines <= count; ++lines)
    at = text.rfind('\n', at - 1) == std::string::npos ? 0 : text.rfind('\n', at - 1);
  return text.substr(at);
}

std::string Line(const std::string& text, size_t number) {
  size_t begin = 0;
  for (size_t i = 0; i < number; ++i) {
    begin = text.find('\n', begin);
    if (begin == std::string::npos) return "";
    ++begin;
  }
  return text.substr(begin, text.find('\n', begin) - begin);
}

std::string FindPrograms() {
  for (const std::string& folder :
       {fmt::format("/usr/lib/postgresql/{}/bin", kMajor), std::string("/usr/local/pgsql/bin"),
        std::string("/usr/local/bin"), std::string("/usr/bin")}) {
    if (access((folder + "/initdb").c_str(), X_OK) == 0 && access((folder + "/postgres").c_str(), X_OK) == 0)
      return folder;
  }
  return "";
}

// Settings that all clusters of the suite agree on, and what depends on this machine.
std::vector<std::string> ServerSettings(const std::string& socket_dir) {
  const long cores = std::max(1L, sysconf(_SC_NPROCESSORS_ONLN));
  // Six modules with a pool, a listener and a connection for bulk traffic each, and people with psql.
  const long connections = std::max(100L, 6 * (2 * cores + 4) + 20);
  std::vector<std::string> settings{"listen_addresses=",
                                    "unix_socket_directories=" + socket_dir,
                                    "unix_socket_permissions=0700",
                                    fmt::format("max_connections={}", connections),
                                    "max_wal_size=1GB",
                                    "checkpoint_timeout=5min",
                                    "synchronous_commit=on",
                                    "log_lock_waits=on",
                                    "deadlock_timeout=1s",
                                    "jit=off",
                                    "logging_collector=off",
                                    "log_checkpoints=off"};
  if (access("/dev/shm", W_OK) != 0) settings.emplace_back("dynamic_shared_memory_type=mmap");
  return settings;
}

bool Alive(pid_t pid) { return kill(pid, 0) == 0 || errno == EPERM; }

// The server of `cluster_dir` has that as its working directory; another process may have got its old pid.
bool IsServerOf(pid_t pid, const fs::path& cluster_dir) {
  std::error_code error;
  return fs::read_symlink(fmt::format("/proc/{}/cwd", pid), error) == fs::canonical(cluster_dir, error);
}

}  // namespace

std::string DefaultDataDir() {
  if (geteuid() == 0) return "/var/lib/breadthflow/standalone";
  const char* home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe): nothing here sets the environment
  return fmt::format("{}/.local/share/breadthflow", home == nullptr ? "." : home);
}

absl::StatusOr<std::unique_ptr<PrivateCluster>> PrivateCluster::Start(const std::string& data_dir) {
  std::error_code error;
  const fs::path absolute = fs::absolute(data_dir, error).lexically_normal();
  std::unique_ptr<PrivateCluster> cluster(new PrivateCluster(absolute.string()));
  BF_RETURN_IF_ERROR(cluster->Lock());
  BF_RETURN_IF_ERROR(cluster->Prepare());
  BF_RETURN_IF_ERROR(cluster->StopLeftOver());
  PrivateCluster* raw = cluster.get();
  cluster->supervisor_ = std::thread([raw] { raw->Supervise(); });
  absl::MutexLock lock(&raw->mutex_);
  raw->mutex_.Await(absl::Condition(&raw->launched_));
  if (!raw->launch_.ok()) return raw->launch_;
  return cluster;
}

PrivateCluster::PrivateCluster(std::string data_dir)
    : data_dir_(std::move(data_dir)), cluster_dir_(data_dir_ + "/postgres"), uid_(geteuid()), gid_(getegid()) {}

PrivateCluster::~PrivateCluster() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    if (pid_ > 0) kill(pid_, SIGINT);
  }
  if (supervisor_.joinable()) {
    std::thread watchdog([this] {
      absl::MutexLock lock(&mutex_);
      const auto gone = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return pid_ < 0; };
      if (!mutex_.AwaitWithTimeout(absl::Condition(&gone), kStopPatience) && pid_ > 0) kill(pid_, SIGQUIT);
    });
    supervisor_.join();
    watchdog.join();
  }
  if (lock_ >= 0) close(lock_);
}

std::string PrivateCluster::url() const {
  return fmt::format("host='{}' port=5432 user={} dbname=postgres", socket_dir_, kUser);
}

pid_t PrivateCluster::pid() const {
  absl::MutexLock lock(&mutex_);
  return pid_;
}

absl::Status PrivateCluster::Lock() {
  // User postgres has to pass through; what is inside is closed to others by itself.
  const mode_t mask = umask(022);
  std::error_code error;
  fs::create_directories(data_dir_, error);
  umask(mask);
  if (error) return BadDir(fmt::format("can not make the data directory {}: {}", data_dir_, error.message()));
  const std::string file = data_dir_ + "/lock";
  lock_ = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock_ < 0) return BadDir(fmt::format("can not write {}: {}", file, std::strerror(errno)));
  if (flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    return base::MakeError(
        absl::StatusCode::kFailedPrecondition, "DATA_DIR_IN_USE",
        fmt::format("the data directory {} is in use by process {}", data_dir_, Line(FileText(file), 0)));
  }
  const std::string owner = fmt::format("{}\n", getpid());
  if (ftruncate(lock_, 0) != 0 || pwrite(lock_, owner.data(), owner.size(), 0) < 0) {
    return BadDir(fmt::format("can not write {}: {}", file, std::strerror(errno)));
  }
  return absl::OkStatus();
}

absl::Status PrivateCluster::Prepare() {
  programs_ = FindPrograms();
  if (programs_.empty()) {
    return base::MakeError(absl::StatusCode::kFailedPrecondition, "NO_POSTGRESQL",
                           "no database is named and PostgreSQL is not installed here: install postgresql-15 or set "
                           "BREADTHFLOW_DATABASE_URL");
  }
  if (uid_ == 0) {
    const passwd* user = getpwnam(kUser);  // NOLINT(concurrency-mt-unsafe): the process has one thread yet
    if (user == nullptr) return BadDir("PostgreSQL does not run as root and there is no user postgres");
    uid_ = user->pw_uid;
    gid_ = user->pw_gid;
  }
  // A socket path has at most 107 bytes.
  socket_dir_ = data_dir_ + "/socket";
  if (socket_dir_.size() > 80)
    socket_dir_ = fmt::format("/tmp/breadthflow-{}", base::Sha256HexOf(data_dir_).substr(0, 16));
  for (const std::string& folder : {socket_dir_, cluster_dir_}) {
    if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
      return BadDir(fmt::format("can not make {}: {}", folder, std::strerror(errno)));
    }
    struct stat found {};
    if (lstat(folder.c_str(), &found) != 0 || !S_ISDIR(found.st_mode)) return BadDir(folder + " is not a folder");
    if (found.st_uid != uid_ && (geteuid() != 0 || lchown(folder.c_str(), uid_, gid_) != 0)) {
      return BadDir(fmt::format("{} belongs to another user", folder));
    }
    if (chmod(folder.c_str(), 0700) != 0)
      return BadDir(fmt::format("can not set the mode of {}: {}", folder, std::strerror(errno)));
  }
  const ChildOptions enter{.argv = {"/usr/bin/test", "-x", cluster_dir_ + "/."},
                           .uid = uid_,
                           .gid = gid_,
                           .log = data_dir_ + "/postgres.log"};
  BF_ASSIGN_OR_RETURN(const pid_t pid, StartChild(enter));
  if (WaitChild(pid) != 0) {
    return BadDir(fmt::format(
        "user {} can not enter {}: choose a data directory whose parents let it pass, such as /var/lib/breadthflow",
        kUser, data_dir_));
  }
  if (!fs::exists(cluster_dir_ + "/PG_VERSION")) return Initialize(programs_);
  if (const std::string version = Line(FileText(cluster_dir_ + "/PG_VERSION"), 0); version != kMajor) {
    return BadDir(fmt::format("{} holds a cluster of PostgreSQL {}, this is {}", cluster_dir_, version, kMajor));
  }
  return absl::OkStatus();
}

absl::Status PrivateCluster::Initialize(const std::string& programs) {
  // Made beside its place and moved there when whole: a crash half way leaves no cluster that looks like one.
  const std::string staged = data_dir_ + "/postgres.new";
  const std::string log = data_dir_ + "/postgres.log";
  std::error_code error;
  fs::remove_all(staged, error);
  if (mkdir(staged.c_str(), 0700) != 0) return BadDir(fmt::format("can not make {}: {}", staged, std::strerror(errno)));
  if (geteuid() == 0 && lchown(staged.c_str(), uid_, gid_) != 0)
    return BadDir("can not give " + staged + " to user postgres");
  BF_ASSIGN_OR_RETURN(
      const pid_t pid,
      StartChild({.argv = {programs + "/initdb", "-D", staged, "-U", kUser, "-A", "trust", "-E", "UTF8", "--locale=C"},
                  .uid = uid_,
                  .gid = gid_,
                  .log = log}));
  if (WaitChild(pid) != 0) {
    return base::MakeError(absl::StatusCode::kUnavailable, "CLUSTER_FAILED",
                           fmt::format("initdb failed: {}", LastLines(log, 5)));
  }
  fs::remove(cluster_dir_, error);
  fs::rename(staged, cluster_dir_, error);
  return error ? BadDir(fmt::format("can not move {} to {}: {}", staged, cluster_dir_, error.message()))
               : absl::OkStatus();
}

// We hold the lock, so a server that still runs is one whose owner died: it is stopping already, or is told to.
absl::Status PrivateCluster::StopLeftOver() {
  const std::string file = cluster_dir_ + "/postmaster.pid";
  const auto pid = static_cast<pid_t>(std::strtol(Line(FileText(file), 0).c_str(), nullptr, 10));
  if (pid <= 0) return absl::OkStatus();
  if (Alive(pid) && IsServerOf(pid, cluster_dir_)) {
    kill(pid, SIGINT);
    const absl::Time give_up = absl::Now() + kStopPatience;
    while (Alive(pid) && IsServerOf(pid, cluster_dir_) && absl::Now() < give_up) absl::SleepFor(kPoll);
    if (Alive(pid) && IsServerOf(pid, cluster_dir_)) {
      kill(pid, SIGQUIT);
      absl::SleepFor(absl::Seconds(1));
    }
  }
  std::error_code error;
  fs::remove(file, error);  // its pid may belong to another process by now, which PostgreSQL would mistake for a server
  return absl::OkStatus();
}

absl::Status PrivateCluster::Launch() {
  const std::string log = data_dir_ + "/postgres.log";
  ChildOptions options{.argv = {programs_ + "/postgres", "-D", cluster_dir_},
                       .uid = uid_,
                       .gid = gid_,
                       .log = log,
                       .die_with_parent = true};
  for (const std::string& setting : ServerSettings(socket_dir_)) {
    options.argv.emplace_back("-c");
    options.argv.push_back(setting);
  }
  BF_ASSIGN_OR_RETURN(const pid_t pid, StartChild(options));
  {
    absl::MutexLock lock(&mutex_);
    pid_ = pid;
    if (stopping_) kill(pid, SIGINT);
  }
  const absl::Time give_up = absl::Now() + kStartPatience;
  while (absl::Now() < give_up) {
    // Its eighth line tells what the server is doing.
    const std::string state = FileText(cluster_dir_ + "/postmaster.pid");
    if (Line(state, 0) == std::to_string(pid) && Line(state, 7).rfind("ready", 0) == 0) return absl::OkStatus();
    siginfo_t ended{};
    if (waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == pid) break;
    absl::SleepFor(kPoll);
  }
  return base::MakeError(absl::StatusCode::kUnavailable, "CLUSTER_FAILED",
                         fmt::format("the private PostgreSQL in {} does not start: {}", data_dir_, LastLines(log, 5)));
}

// One thread starts the server each time: it gets its signal when that thread ends.
void PrivateCluster::Supervise() {
  // The children of a server that was killed hold its memory for a moment: then a start fails at once, and works later.
  const absl::Time give_up = absl::Now() + absl::Seconds(15);
  while (true) {
    const absl::Status launched = Launch();
    pid_t pid = -1;
    bool stopping = false;
    {
      absl::MutexLock lock(&mutex_);
      pid = pid_;
      stopping = stopping_;
    }
    if (launched.ok()) {
      absl::MutexLock lock(&mutex_);
      launched_ = true;
    } else if (pid > 0) {
      kill(pid, SIGINT);
    }
    if (pid > 0) WaitChild(pid);
    absl::MutexLock lock(&mutex_);
    pid_ = -1;
    if (stopping || stopping_) {
      launched_ = true;
      return;
    }
    if (!launched_ && absl::Now() > give_up) {
      launch_ = launched;
      launched_ = true;
      return;
    }
    const auto told = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_; };
    if (mutex_.AwaitWithTimeout(absl::Condition(&told), absl::Milliseconds(300))) return;
  }
}

}  // namespace breadthflow::standalone
