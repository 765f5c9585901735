#pragma once

#include <memory>
#include <string>

#include "tests/support/postgres.h"

namespace breadthflow::testing {

// Stands between clients and a server, understands where a COMMIT is sent, and cuts the connection there: before it is
// passed on (nothing happened), or after it (it happens, and nobody learns of it).
class PostgresProxy {
 public:
  struct Faults {
    double cut_before_commit = 0;  // probability
    double cut_after_commit = 0;
    unsigned seed = 1;
  };

  PostgresProxy(const PostgresServer& server, const Faults& faults);
  ~PostgresProxy();
  PostgresProxy(const PostgresProxy&) = delete;
  PostgresProxy& operator=(const PostgresProxy&) = delete;

  std::string Url(const std::string& database) const;
  int cut_before() const;  // how often it happened
  int cut_after() const;

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace breadthflow::testing
