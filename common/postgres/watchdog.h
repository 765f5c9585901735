#pragma once

#include <list>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

#include "common/postgres/connection.h"

namespace breadthflow::postgres {

// Sends a cancel to the server when the limits of a running transaction are reached, and again every 20 ms until the
// transaction notices: a cancel that arrives between two statements has no effect. One thread per pool.
class Watchdog {
 public:
  Watchdog();
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  // Watches a connection while it lives; marks it uncertain when a cancel was sent, since that may arrive late.
  class Guard {
   public:
    Guard(Watchdog& watchdog, Connection& connection, const Limits& limits);
    ~Guard() { Stop(); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    void Stop();  // returns when no cancel is being sent

   private:
    friend class Watchdog;
    Watchdog& watchdog_;
    Connection& connection_;
    Limits limits_;
    bool sending_ = false;
    bool sent_ = false;
    bool watched_ = true;
    std::list<Guard*>::iterator place_;
  };

 private:
  void Loop();

  absl::Mutex mutex_;
  std::list<Guard*> guards_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace breadthflow::postgres
