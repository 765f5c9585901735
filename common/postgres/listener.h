#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/postgres/database.h"

namespace breadthflow::postgres {

// LISTEN on one channel, on a connection of its own (outside the pool) and a thread of its own.
//
// A notification is a hint, never the truth: they get lost whenever the connection breaks. So `on_connect` is called
// after every (re)connect, once LISTEN is active: it must look at the tables again (re-scan). Both callbacks run on the
// listener's thread and must not block for long. Reconnects with a jittered backoff, 2 s at most.
class Listener {
 public:
  Listener(const Database& database, std::string channel, std::function<void()> on_connect,
           std::function<void(std::string_view payload)> on_notify);
  ~Listener();  // returns within about 100 ms; no callback runs afterwards
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  bool connected() const;

 private:
  class Thread;
  std::unique_ptr<Thread> thread_;
};

}  // namespace breadthflow::postgres
