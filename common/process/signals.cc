#include "common/process/signals.h"

#include <csignal>
#include <cstdint>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace breadthflow::process {
namespace {

sigset_t StopSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

void BlockStopSignals() {
  const sigset_t set = StopSignals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

Signals::Signals(std::function<void()> stop) : stop_(std::move(stop)), wake_(eventfd(0, EFD_CLOEXEC)) {
  BlockStopSignals();
  std::signal(SIGPIPE, SIG_IGN);
  thread_ = std::thread([this] { Wait(); });
}

Signals::~Signals() {
  const uint64_t one = 1;
  if (write(wake_, &one, sizeof(one)) == sizeof(one))
    thread_.join();
  else
    thread_.detach();
  close(wake_);
}

void Signals::Wait() {
  const sigset_t set = StopSignals();
  const int signals = signalfd(-1, &set, SFD_CLOEXEC);
  pollfd watched[2] = {{signals, POLLIN, 0}, {wake_, POLLIN, 0}};
  bool stopping = false;
  while (true) {
    if (poll(watched, 2, -1) < 0) continue;
    if ((watched[1].revents & POLLIN) != 0) break;
    if ((watched[0].revents & POLLIN) == 0) continue;
    signalfd_siginfo info{};
    if (read(signals, &info, sizeof(info)) != sizeof(info)) continue;
    if (stopping) _exit(1);
    stopping = true;
    stop_();
  }
  close(signals);
}

}  // namespace breadthflow::process
