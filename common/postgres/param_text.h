#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "common/postgres/value.h"

namespace breadthflow::postgres {

// The text format of statement parameters, for as long as this object lives.
class ParamTexts {
 public:
  explicit ParamTexts(const std::vector<Param>& params);
  // INVALID_ARGUMENT CONSTRAINT_VIOLATION when a text holds a NUL byte, which PostgreSQL can not keep.
  const absl::Status& status() const { return status_; }
  const std::vector<const char*>& values() const { return values_; }  // nullptr is NULL

 private:
  std::vector<std::string> texts_;
  std::vector<const char*> values_;
  absl::Status status_;
};

std::string TimeText(absl::Time time);                          // "2024-01-02 03:04:05.000006+00", "infinity"
bool ParseTimeText(std::string_view text, absl::Time* time);    // of a session in UTC and ISO style
bool ParseHexBytes(std::string_view text, std::string* bytes);  // "\x0aff"

}  // namespace breadthflow::postgres
