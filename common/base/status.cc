#include "common/base/status.h"

#include <cstdint>
#include <cstdlib>

#include "absl/strings/cord.h"
#include <fmt/format.h>

#include "common/base/text.h"

namespace breadthflow::base {
namespace {

constexpr char kPayloadUrl[] = "breadthflow.dev/error_details";

// The payload is a flat list of length-prefixed strings; it never leaves the process.
void Put(std::string& out, std::string_view text) { out += fmt::format("{}:{}", text.size(), text); }

class Reader {
 public:
  explicit Reader(std::string text) : text_(std::move(text)) {}
  std::string Next() {
    const size_t colon = text_.find(':', at_);
    if (colon == std::string::npos) return {};
    const size_t size = std::strtoull(text_.c_str() + at_, nullptr, 10);
    std::string value = text_.substr(colon + 1, size);
    at_ = colon + 1 + size;
    return value;
  }
  size_t NextCount() { return std::strtoull(Next().c_str(), nullptr, 10); }

 private:
  std::string text_;
  size_t at_ = 0;
};

}  // namespace

absl::Status MakeError(absl::StatusCode code, std::string_view message, const ErrorDetails& details) {
  absl::Status status(code, Printable(message));
  std::string payload;
  Put(payload, details.reason);
  Put(payload, details.retry_after ? std::to_string(absl::ToInt64Milliseconds(*details.retry_after)) : "");
  Put(payload, std::to_string(details.metadata.size()));
  for (const auto& [key, value] : details.metadata) {
    Put(payload, Printable(key));
    Put(payload, Printable(value));
  }
  Put(payload, std::to_string(details.violations.size()));
  for (const FieldViolation& violation : details.violations) {
    Put(payload, Printable(violation.field));
    Put(payload, Printable(violation.description));
  }
  status.SetPayload(kPayloadUrl, absl::Cord(payload));
  return status;
}

absl::Status MakeError(absl::StatusCode code, std::string_view reason, std::string_view message) {
  return MakeError(code, message, ErrorDetails{.reason = std::string(reason)});
}

ErrorDetails DetailsOf(const absl::Status& status) {
  ErrorDetails details;
  const auto payload = status.GetPayload(kPayloadUrl);
  if (!payload) {
    details.reason = CodeName(status.code());
    return details;
  }
  Reader reader{std::string(*payload)};
  details.reason = reader.Next();
  if (const std::string retry = reader.Next(); !retry.empty()) {
    details.retry_after = absl::Milliseconds(std::strtoll(retry.c_str(), nullptr, 10));
  }
  for (size_t left = reader.NextCount(); left > 0; --left) {
    std::string key = reader.Next();
    details.metadata[std::move(key)] = reader.Next();
  }
  for (size_t left = reader.NextCount(); left > 0; --left) {
    std::string field = reader.Next();
    details.violations.push_back({std::move(field), reader.Next()});
  }
  return details;
}

std::string CodeName(absl::StatusCode code) { return absl::StatusCodeToString(code); }

std::string Message(const absl::Status& status) { return std::string(status.message()); }

void Violations::Add(std::string_view field, std::string_view description) {
  violations_.push_back({std::string(field), std::string(description)});
}

void Violations::Merge(std::string_view prefix, const absl::Status& status) {
  if (status.ok()) return;
  const ErrorDetails details = DetailsOf(status);
  if (details.violations.empty()) Add(prefix, Message(status));
  for (const FieldViolation& violation : details.violations) {
    Add(prefix.empty() ? violation.field : fmt::format("{}.{}", prefix, violation.field), violation.description);
  }
}

absl::Status Violations::ToStatus(std::string_view what, std::string_view reason) const {
  if (violations_.empty()) return absl::OkStatus();
  std::string message(what);
  for (size_t i = 0; i < violations_.size(); ++i) {
    message += fmt::format("{}{}: {}", i == 0 ? ": " : "; ", violations_[i].field, violations_[i].description);
  }
  return MakeError(
      absl::StatusCode::kInvalidArgument, message,
      ErrorDetails{.reason = std::string(reason), .metadata = {}, .violations = violations_, .retry_after = {}});
}

}  // namespace breadthflow::base
