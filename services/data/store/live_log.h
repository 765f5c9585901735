#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "common/columnar/change_log.h"
#include "common/postgres/database.h"
#include "common/postgres/listener.h"

namespace breadthflow::data {

// What a notice says when something was named for a series; see the trigger on series_market.
inline constexpr std::string_view kMarketNotice = "market";

// The log of what is committed to the series of this service. Thread-safe.
class LiveLog final : public columnar::ChangeLog {
 public:
  explicit LiveLog(postgres::Database& database) : ChangeLog(database), database_(database) {}

  // Calls `hint`, on a thread of its own, whenever there may be something new, and `markets` before it whenever what
  // was named for series may have changed, until what it returns dies. Calls may be lost while the connection is, after
  // which both are called; they must not block.
  std::unique_ptr<postgres::Listener> Listen(const std::function<void()>& hint, const std::function<void()>& markets) {
    const auto both = [hint, markets] {
      markets();
      hint();
    };
    return std::make_unique<postgres::Listener>(database_, Channel(), both, [hint, both](std::string_view payload) {
      payload == kMarketNotice ? both() : hint();
    });
  }

 private:
  postgres::Database& database_;
};

}  // namespace breadthflow::data
