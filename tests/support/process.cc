#include "tests/support/process.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "absl/time/clock.h"
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace breadthflow::testing {
namespace {

// Who the child becomes; looked up before the fork, since only async-signal-safe calls may follow it.
struct Identity {
  bool change = false;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

Identity IdentityOf(const std::string& user) {
  Identity identity;
  if (user.empty() || geteuid() != 0) return identity;
  const passwd* entry = getpwnam(user.c_str());
  if (entry == nullptr) {
    std::fprintf(stderr, "no such user: %s\n", user.c_str());
    std::abort();
  }
  identity.change = true;
  identity.uid = entry->pw_uid;
  identity.gid = entry->pw_gid;
  int count = 64;
  identity.groups.resize(static_cast<size_t>(count));
  getgrouplist(user.c_str(), identity.gid, identity.groups.data(), &count);
  identity.groups.resize(static_cast<size_t>(count));
  return identity;
}

}  // namespace

ChildProcess::ChildProcess(const Options& options) {
  std::vector<char*> argv;
  for (const std::string& argument : options.argv) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const Identity identity = IdentityOf(options.user);
  int output = -1;
  if (!options.output.empty()) output = open(options.output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

  pid_ = fork();
  if (pid_ < 0) {
    std::perror("fork");
    std::abort();
  }
  if (pid_ == 0) {
    setsid();
    if (output >= 0) {
      dup2(output, STDOUT_FILENO);
      dup2(output, STDERR_FILENO);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    signal(SIGPIPE, SIG_DFL);
    if (identity.change && (setgroups(identity.groups.size(), identity.groups.data()) != 0 ||
                            setgid(identity.gid) != 0 || setuid(identity.uid) != 0)) {
      _exit(126);
    }
    execv(argv[0], argv.data());
    _exit(127);
  }
  reaped_ = false;
  if (output >= 0) close(output);
}

ChildProcess::~ChildProcess() {
  if (reaped_) return;
  kill(pid_, SIGCONT);
  kill(pid_, SIGKILL);
  waitpid(pid_, &status_, 0);
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(other.pid_), status_(other.status_), reaped_(std::exchange(other.reaped_, true)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(status_, other.status_);
  std::swap(reaped_, other.reaped_);
  return *this;
}

void ChildProcess::Signal(int signal) const {
  if (!reaped_) kill(pid_, signal);
}

bool ChildProcess::Running() { return !Wait(absl::ZeroDuration()); }

bool ChildProcess::Wait(absl::Duration timeout) {
  const absl::Time until = absl::Now() + timeout;
  while (!reaped_) {
    const pid_t got = waitpid(pid_, &status_, WNOHANG);
    if (got == pid_) {
      reaped_ = true;
    } else if (absl::Now() >= until) {
      return false;
    } else {
      absl::SleepFor(absl::Milliseconds(2));
    }
  }
  return true;
}

std::string TestProgram(const std::string& name) {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / name).string();
}

int RunProgram(const ChildProcess::Options& options) {
  ChildProcess child(options);
  child.Wait(absl::InfiniteDuration());
  return WIFEXITED(child.status()) ? WEXITSTATUS(child.status()) : 128 + WTERMSIG(child.status());
}

}  // namespace breadthflow::testing
