#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include <sys/types.h>

namespace breadthflow::standalone {

// How a program of PostgreSQL is run.
struct ChildOptions {
  std::vector<std::string> argv;  // argv[0] is the full path
  uid_t uid = 0;                  // who it runs as; our own ids change nothing
  gid_t gid = 0;
  std::string log;               // file that its output is appended to
  bool die_with_parent = false;  // SIGINT when the calling thread ends: PostgreSQL's fast shutdown
};

// Starts it in a session of its own, so that a Ctrl-C in the terminal does not reach it, with no descriptor of ours but
// its log. Only system calls are made between fork and exec: safe in a process with threads.
absl::StatusOr<pid_t> StartChild(const ChildOptions& options);

// Waits for the end; the exit status, or 128 + signal.
int WaitChild(pid_t pid);

}  // namespace breadthflow::standalone
