#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include <sys/types.h>

namespace breadthflow::testing {

// A child program, started by fork and exec; killed and reaped by the destructor. For servers and chaos tests.
class ChildProcess {
 public:
  struct Options {
    std::vector<std::string> argv;  // argv[0] is the program's path
    std::string user;               // run as this user when we are root; empty: as ourselves
    std::string output;             // file that gets stdout and stderr; empty: inherited
  };

  // Ends the test process with a message when the program can not be started.
  explicit ChildProcess(const Options& options);
  ~ChildProcess();
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;

  pid_t pid() const { return pid_; }
  void Signal(int signal) const;  // no-op when it has been reaped
  bool Running();
  // Waits until it ends; false when `timeout` came first.
  bool Wait(absl::Duration timeout);
  // As waitpid gives it; valid after Wait() said true.
  int status() const { return status_; }

 private:
  pid_t pid_ = -1;
  int status_ = 0;
  bool reaped_ = true;
};

// The path of a program that lies beside this test binary.
std::string TestProgram(const std::string& name);

// Runs a program to its end; its exit status, or 128 + signal.
int RunProgram(const ChildProcess::Options& options);

}  // namespace breadthflow::testing
