#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

// Structured logs: one JSON object a line with `time` (RFC 3339, UTC, microseconds), `severity`, `service`, `version`,
// `message`, what telemetry::Scope says (trace_id, span_id, request_id, run_id, step_id, principal_key_id) and the
// fields given. Secrets are never logged. ERROR means that someone must look.
namespace breadthflow::telemetry {

enum class Severity { kDebug, kInfo, kWarning, kError };

// One more member of the line. Numbers and booleans stay what they are in the JSON; text is escaped, and what is not
// UTF-8 is replaced. NaN and infinity are written as null.
struct Field {
  using Value = std::variant<int64_t, double, bool, std::string_view>;
  Field(std::string_view k, int v) : key(k), value(int64_t{v}) {}
  Field(std::string_view k, int64_t v) : key(k), value(v) {}
  Field(std::string_view k, size_t v) : key(k), value(static_cast<int64_t>(v)) {}
  Field(std::string_view k, double v) : key(k), value(v) {}
  Field(std::string_view k, bool v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(std::string_view(v)) {}
  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const std::string& v) : key(k), value(std::string_view(v)) {}
  std::string_view key;
  Value value;
};

// Writes one line when `severity` reaches the minimum. Thread-safe. Never blocks the caller: the line is queued for a
// writer thread, and when the queue (8,192 lines) is full the oldest line is dropped and counted.
void Log(Severity severity, std::string_view message, std::initializer_list<Field> fields = {});

inline void LogDebug(std::string_view message, std::initializer_list<Field> fields = {}) {
  Log(Severity::kDebug, message, fields);
}
inline void LogInfo(std::string_view message, std::initializer_list<Field> fields = {}) {
  Log(Severity::kInfo, message, fields);
}
inline void LogWarning(std::string_view message, std::initializer_list<Field> fields = {}) {
  Log(Severity::kWarning, message, fields);
}
inline void LogError(std::string_view message, std::initializer_list<Field> fields = {}) {
  Log(Severity::kError, message, fields);
}
bool WouldLog(Severity severity);

struct LogOptions {
  std::string service;
  Severity minimum = Severity::kInfo;
  // Where complete lines go, without the newline; runs on the writer thread. Empty: standard error.
  std::function<void(std::string_view)> sink;
};

// Until it is called, warnings and errors go to standard error at once. Call it again to replace the options (tests
// do). Not to be called while other threads log.
void StartLogging(LogOptions options);

// Waits until what was logged before is written, at most about a second. Call before the process ends.
void FlushLogs();

// Lines dropped because the writer could not keep up.
int64_t DroppedLogLines();

// "debug", "info", "warning", "error"; anything else is info.
Severity ParseSeverity(std::string_view text);

}  // namespace breadthflow::telemetry
