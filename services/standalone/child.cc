#include "services/standalone/child.h"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/status.h"

namespace breadthflow::standalone {

absl::StatusOr<pid_t> StartChild(const ChildOptions& options) {
  std::vector<char*> argv;
  argv.reserve(options.argv.size() + 1);
  for (const std::string& word : options.argv) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const int log = open(options.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (log < 0) {
    return base::MakeError(absl::StatusCode::kFailedPrecondition, "BAD_DATA_DIR",
                           fmt::format("can not write {}: {}", options.log, std::strerror(errno)));
  }
  const bool change_user = geteuid() == 0 && options.uid != 0;
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD, SIGUSR1}) std::signal(signal, SIG_DFL);
    setsid();
    const int null = open("/dev/null", O_RDONLY);
    dup2(null, STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    if (change_user && (setgroups(1, &options.gid) != 0 || setgid(options.gid) != 0 || setuid(options.uid) != 0))
      _exit(126);
    if (chdir("/") != 0) _exit(126);
    if (options.die_with_parent) {
      prctl(PR_SET_PDEATHSIG, SIGINT);
      if (getppid() != parent) _exit(126);  // it ended before we asked
    }
    execv(argv[0], argv.data());
    _exit(127);
  }
  const int error = errno;
  close(log);
  if (pid < 0) {
    return base::MakeError(absl::StatusCode::kUnavailable, "CLUSTER_FAILED",
                           fmt::format("fork: {}", std::strerror(error)));
  }
  return pid;
}

int WaitChild(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace breadthflow::standalone
