#include "services/standalone/private_cluster.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "absl/time/clock.h"
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/status.h"
#include "services/standalone/child.h"

namespace breadthflow::standalone {
namespace {

namespace fs = std::filesystem;

constexpr absl::Duration kStartPatience = absl::Seconds(60);  // after a crash the log is replayed first
constexpr absl::Duration kStopPatience = absl::Seconds(20);
constexpr absl::Duration kReportInterval = absl::Minutes(1);
constexpr absl::Duration kPoll = absl::Milliseconds(10);

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

std::string HowItEnded(int status) {
  return status > 128 ? fmt::format("by signal {}", status - 128) : fmt::format("with exit status {}", status);
}

}  // namespace

absl::StatusOr<std::unique_ptr<PrivateCluster>> PrivateCluster::Start(const std::string& data_dir, Report report) {
  std::error_code error;
  const fs::path absolute = fs::absolute(data_dir, error).lexically_normal();
  std::unique_ptr<PrivateCluster> cluster(new PrivateCluster(absolute.string(), std::move(report)));
  BF_RETURN_IF_ERROR(cluster->dir_.Prepare());
  BF_RETURN_IF_ERROR(cluster->StopLeftOver());
  PrivateCluster* raw = cluster.get();
  cluster->supervisor_ = std::thread([raw] { raw->Supervise(); });
  absl::MutexLock lock(&raw->mutex_);
  raw->mutex_.Await(absl::Condition(&raw->launched_));
  if (!raw->launch_.ok()) return raw->launch_;
  return cluster;
}

PrivateCluster::PrivateCluster(std::string data_dir, Report report)
    : dir_(std::move(data_dir)), report_(std::move(report)) {}

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
}

std::string PrivateCluster::url() const {
  return fmt::format("host='{}' port=5432 user={} dbname=postgres", dir_.socket(), dir_.user());
}

pid_t PrivateCluster::pid() const {
  absl::MutexLock lock(&mutex_);
  return pid_;
}

// We hold the lock, so a server that still runs is one whose owner died: it is stopping already, or is told to.
absl::Status PrivateCluster::StopLeftOver() {
  const std::string file = dir_.pid_file();
  const auto pid = static_cast<pid_t>(std::strtol(Line(FileText(file), 0).c_str(), nullptr, 10));
  if (pid <= 0) return absl::OkStatus();
  if (Alive(pid) && IsServerOf(pid, dir_.cluster())) {
    kill(pid, SIGINT);
    const absl::Time give_up = absl::Now() + kStopPatience;
    while (Alive(pid) && IsServerOf(pid, dir_.cluster()) && absl::Now() < give_up) absl::SleepFor(kPoll);
    if (Alive(pid) && IsServerOf(pid, dir_.cluster())) {
      kill(pid, SIGQUIT);
      absl::SleepFor(absl::Seconds(1));
    }
  }
  std::error_code error;
  fs::remove(file, error);  // its pid may belong to another process by now, which PostgreSQL would mistake for a server
  return absl::OkStatus();
}

absl::Status PrivateCluster::Launch() {
  ChildOptions options{.argv = {dir_.programs() + "/postgres", "-D", dir_.cluster()},
                       .uid = dir_.uid(),
                       .gid = dir_.gid(),
                       .log = dir_.log(),
                       .die_with_parent = true};
  for (const std::string& setting : ServerSettings(dir_.socket())) {
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
    const std::string state = FileText(dir_.pid_file());
    if (Line(state, 0) == std::to_string(pid) && Line(state, 7).rfind("ready", 0) == 0) return absl::OkStatus();
    siginfo_t ended{};
    if (waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == pid) break;
    absl::SleepFor(kPoll);
  }
  return base::MakeError(
      absl::StatusCode::kUnavailable, "CLUSTER_FAILED",
      fmt::format("the private PostgreSQL in {} does not start: {}", dir_.data_dir(), LastLines(dir_.log(), 5)));
}

// One thread starts the server each time: it gets its signal when that thread ends.
void PrivateCluster::Supervise() {
  // The children of a server that was killed hold its memory for a moment: then a start fails at once, and works later.
  const absl::Time give_up = absl::Now() + absl::Seconds(15);
  int reported = -1;  // how the server ended when that was told last; -1: it runs
  absl::Time report_time = absl::InfinitePast();
  while (true) {
    const absl::Status launched = Launch();
    const pid_t child = pid();
    if (launched.ok()) {
      if (std::exchange(reported, -1) >= 0) report_("the private PostgreSQL runs again");
      absl::MutexLock lock(&mutex_);
      launched_ = true;
    } else if (child > 0) {
      kill(child, SIGINT);
    }
    const int ended = child > 0 ? WaitChild(child) : 0;
    bool began = false;
    {
      absl::MutexLock lock(&mutex_);
      pid_ = -1;
      if (!stopping_ && !launched_ && absl::Now() > give_up) launch_ = launched;
      began = launched_;
      if (stopping_ || !launch_.ok()) {
        launched_ = true;
        return;
      }
    }
    if (began && (launched.ok() || ended != reported || absl::Now() - report_time >= kReportInterval)) {
      report_(launched.ok() ? fmt::format("the private PostgreSQL ended {}; starting it again", HowItEnded(ended))
                            : fmt::format("{}; it ended {}", base::Message(launched), HowItEnded(ended)));
      reported = launched.ok() ? 0 : ended;
      report_time = absl::Now();
    }
    absl::MutexLock lock(&mutex_);
    const auto told = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_; };
    if (mutex_.AwaitWithTimeout(absl::Condition(&told), absl::Milliseconds(300))) return;
  }
}

}  // namespace breadthflow::standalone
