#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

// Errors of the whole suite: absl::Status with a machine-readable reason. The RPC layer turns these details into
// google.rpc.ErrorInfo, BadRequest and RetryInfo, and back, so a Status crosses processes without loss.
namespace breadthflow::base {

// One thing that is wrong with one field of a request, a file or a configuration.
// `field` is a path as the caller knows it: "spec.symbols[2]", "prices.csv:17", "database.pool_size".
struct FieldViolation {
  std::string field;
  std::string description;
  friend bool operator==(const FieldViolation&, const FieldViolation&) = default;
};

// What a program needs to know about an error. `reason` is UPPER_SNAKE_CASE, at most 63 characters, and constant for
// one kind of error; everything that varies is in `metadata`.
struct ErrorDetails {
  std::string reason;
  std::map<std::string, std::string> metadata;
  std::vector<FieldViolation> violations;
  std::optional<absl::Duration> retry_after;
};

// A status of `code` that carries `details`. `message` says what was expected and what was found. Texts may quote bytes
// from anywhere: the status holds them as Printable (text.h) makes them.
absl::Status MakeError(absl::StatusCode code, std::string_view message, const ErrorDetails& details);

// The same with only a reason.
absl::Status MakeError(absl::StatusCode code, std::string_view reason, std::string_view message);

// The details of `status`; a status without details gets a reason made from its code ("NOT_FOUND").
ErrorDetails DetailsOf(const absl::Status& status);

// UPPER_SNAKE_CASE name of a code: "INVALID_ARGUMENT".
std::string CodeName(absl::StatusCode code);

// The message of a status as std::string (Debian's absl::string_view is not std::string_view).
std::string Message(const absl::Status& status);

// Collects every violation of one input, so that the caller sees all of them at once.
class Violations {
 public:
  void Add(std::string_view field, std::string_view description);
  // Takes over the violations of a failed status under `prefix`: "params" + "period" -> "params.period".
  void Merge(std::string_view prefix, const absl::Status& status);
  bool empty() const { return violations_.empty(); }
  const std::vector<FieldViolation>& list() const { return violations_; }
  // OK when empty, else INVALID_ARGUMENT with all of them; the message begins with `what` and names each violation.
  absl::Status ToStatus(std::string_view what, std::string_view reason = "INVALID_ARGUMENT") const;

 private:
  std::vector<FieldViolation> violations_;
};

}  // namespace breadthflow::base

#define BF_CONCAT_INNER(a, b) a##b
#define BF_CONCAT(a, b) BF_CONCAT_INNER(a, b)

// Returns from the calling function when `expr` is not OK. Names are made by __COUNTER__: a lambda inside `expr` may
// use these macros too.
#define BF_RETURN_IF_ERROR(expr) BF_RETURN_IF_ERROR_(BF_CONCAT(bf_status_, __COUNTER__), expr)
#define BF_RETURN_IF_ERROR_(tmp, expr)                    \
  do {                                                    \
    if (absl::Status tmp = (expr); !tmp.ok()) return tmp; \
  } while (false)

// Evaluates a StatusOr; returns its status when it is not OK, else moves the value into `lhs`.
#define BF_ASSIGN_OR_RETURN(lhs, expr) BF_ASSIGN_OR_RETURN_(BF_CONCAT(bf_or_, __COUNTER__), lhs, expr)
#define BF_ASSIGN_OR_RETURN_(tmp, lhs, expr) \
  auto tmp = (expr);                         \
  if (!tmp.ok()) return tmp.status();        \
  lhs = std::move(tmp).value()
