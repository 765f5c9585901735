#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "common/columnar/change_log.h"
#include "common/postgres/database.h"
#include "common/postgres/listener.h"

namespace breadthflow::data {

// The log of what is committed to the series of this service. Thread-safe.
class LiveLog final : public columnar::ChangeLog {
 public:
  explicit LiveLog(postgres::Database& database) : ChangeLog(database), database_(database) {}

  // Calls `hint`, on a thread of its own, whenever there may be something new, until what it returns dies. A hint may
  // be lost; `hint` must not block.
  std::unique_ptr<postgres::Listener> Listen(const std::function<void()>& hint) {
    return std::make_unique<postgres::Listener>(database_, Channel(), hint, [hint](std::string_view) { hint(); });
  }

 private:
  postgres::Database& database_;
};

}  // namespace breadthflow::data
