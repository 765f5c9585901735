#include "services/cli/interrupts.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

namespace breadthflow::cli {
namespace {

sigset_t Watched() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGUSR1);  // the destructor's way to end the thread
  return set;
}

}  // namespace

Interrupts::Interrupts() {
  const sigset_t set = Watched();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::thread([this] { Wait(); });
}

Interrupts::~Interrupts() {
  {
    absl::MutexLock lock(&mutex_);
    stop_ = true;
  }
  pthread_kill(thread_.native_handle(), SIGUSR1);
  thread_.join();
}

base::CancelToken Interrupts::token() const {
  absl::MutexLock lock(&mutex_);
  return token_;
}

base::CancelToken Interrupts::Renew() {
  absl::MutexLock lock(&mutex_);
  token_ = base::CancelToken();
  return token_;
}

void Interrupts::Wait() {
  const sigset_t set = Watched();
  for (int seen = 0;;) {
    int signal = 0;
    if (sigwait(&set, &signal) != 0) continue;
    absl::MutexLock lock(&mutex_);
    if (stop_) return;
    if (signal != SIGINT) continue;
    if (++seen > 1) _exit(1);
    token_.Cancel(base::CancelReason::kCancelled);
  }
}

}  // namespace breadthflow::cli
