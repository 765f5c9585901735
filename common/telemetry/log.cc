#include "common/telemetry/log.h"

#include <atomic>
#include <cerrno>
#include <cmath>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include <fmt/format.h>
#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include "common/telemetry/json_text.h"
#include "common/telemetry/scope.h"

namespace breadthflow::telemetry {
namespace {

constexpr size_t kQueuedLines = 8192;
constexpr size_t kBufferBytes = 32 << 10;
// The writer rests this long once it has caught up. Lines gather meanwhile, and those who log do not wake it each time,
// which would cost a busy server more than the lines themselves.
constexpr absl::Duration kRest = absl::Milliseconds(5);

void WriteToStandardError(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) return;  // nowhere left to say so
    if (written > 0) bytes.remove_prefix(static_cast<size_t>(written));
  }
}

// Runs on the writer thread only. Collects lines while more are waiting and writes them together when none is.
class LineSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  LineSink(std::function<void(std::string_view)> write, spdlog::details::thread_pool& queue)
      : sink_(std::move(write)), queue_(queue) {}

  // Waits until more than `count` flushes were done.
  void AwaitFlush(int64_t count, absl::Duration timeout) {
    absl::MutexLock lock(&flush_mutex_);
    const absl::Time deadline = absl::Now() + timeout;
    while (flushes_ <= count && !flushed_.WaitWithDeadline(&flush_mutex_, deadline)) {
    }
  }
  int64_t flushes() {
    absl::MutexLock lock(&flush_mutex_);
    return flushes_;
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::string_view line(message.payload.data(), message.payload.size());
    const bool caught_up = queue_.queue_size() == 0;
    if (sink_) {
      sink_(line);
    } else {
      buffer_.append(line);
      buffer_.push_back('\n');
      if (buffer_.size() >= kBufferBytes || caught_up) Write();
    }
    if (caught_up) absl::SleepFor(kRest);
  }
  void flush_() override {
    Write();
    absl::MutexLock lock(&flush_mutex_);
    ++flushes_;
    flushed_.SignalAll();
  }

 private:
  void Write() {
    WriteToStandardError(buffer_);
    buffer_.clear();
  }

  const std::function<void(std::string_view)> sink_;
  spdlog::details::thread_pool& queue_;
  std::string buffer_;
  absl::Mutex flush_mutex_;
  absl::CondVar flushed_;
  int64_t flushes_ ABSL_GUARDED_BY(flush_mutex_) = 0;
};

struct Logger {
  LogOptions options;
  std::string prefix;  // service and version, as JSON members
  std::shared_ptr<spdlog::details::thread_pool> queue;
  std::shared_ptr<LineSink> sink;
  std::shared_ptr<spdlog::async_logger> logger;
};

std::atomic<int> minimum{static_cast<int>(Severity::kWarning)};
std::atomic<Logger*> current{nullptr};

std::string_view Name(Severity severity) {
  switch (severity) {
    case Severity::kDebug:
      return "DEBUG";
    case Severity::kInfo:
      return "INFO";
    case Severity::kWarning:
      return "WARNING";
    case Severity::kError:
      return "ERROR";
  }
  return "ERROR";
}

// Formats the second once and the microseconds each time.
void AppendTime(std::string& out, absl::Time now) {
  thread_local int64_t cached_second = -1;
  thread_local std::string cached;
  const int64_t micros = absl::ToUnixMicros(now);
  if (micros / 1000000 != cached_second) {
    cached_second = micros / 1000000;
    cached = absl::FormatTime("%Y-%m-%dT%H:%M:%S", absl::FromUnixSeconds(cached_second), absl::UTCTimeZone());
  }
  fmt::format_to(std::back_inserter(out), "{}.{:06}Z", cached, micros % 1000000);
}

void AppendMember(std::string& out, std::string_view key, std::string_view value) {
  if (value.empty()) return;
  out.push_back(',');
  AppendJsonText(out, key);
  out.push_back(':');
  AppendJsonText(out, value);
}

void AppendField(std::string& out, const Field& field) {
  out.push_back(',');
  AppendJsonText(out, field.key);
  out.push_back(':');
  if (const auto* text = std::get_if<std::string_view>(&field.value)) {
    AppendJsonText(out, *text);
  } else if (const auto* number = std::get_if<double>(&field.value)) {
    if (std::isfinite(*number)) {
      fmt::format_to(std::back_inserter(out), "{}", *number);
    } else {
      out += "null";
    }
  } else if (const auto* truth = std::get_if<bool>(&field.value)) {
    out += *truth ? "true" : "false";
  } else {
    fmt::format_to(std::back_inserter(out), "{}", std::get<int64_t>(field.value));
  }
}

}  // namespace

bool WouldLog(Severity severity) { return static_cast<int>(severity) >= minimum.load(std::memory_order_relaxed); }

void Log(Severity severity, std::string_view message, std::initializer_list<Field> fields) {
  if (!WouldLog(severity)) return;
  Logger* logger = current.load(std::memory_order_acquire);
  std::string line;
  line.reserve(512);
  line += "{\"time\":\"";
  AppendTime(line, absl::Now());
  line += "\",\"severity\":\"";
  line += Name(severity);
  line += '"';
  if (logger) line += logger->prefix;
  AppendMember(line, "message", message);
  const Context& context = CurrentContext();
  AppendMember(line, "trace_id", context.trace.trace_id);
  AppendMember(line, "span_id", context.trace.span_id);
  AppendMember(line, "request_id", context.request_id);
  AppendMember(line, "run_id", context.run_id);
  AppendMember(line, "step_id", context.step_id);
  AppendMember(line, "principal_key_id", context.principal_key_id);
  for (const Field& field : fields) AppendField(line, field);
  line += '}';
  if (logger) {
    logger->logger->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
  } else {
    line += '\n';
    WriteToStandardError(line);
  }
}

void StartLogging(LogOptions options) {
  FlushLogs();
  auto logger = std::make_unique<Logger>();
  logger->options = std::move(options);
  AppendMember(logger->prefix, "service", logger->options.service);
  AppendMember(logger->prefix, "version", BREADTHFLOW_VERSION);
  logger->queue = std::make_shared<spdlog::details::thread_pool>(kQueuedLines, 1);
  logger->sink = std::make_shared<LineSink>(logger->options.sink, *logger->queue);
  logger->logger = std::make_shared<spdlog::async_logger>("breadthflow", logger->sink, logger->queue,
                                                          spdlog::async_overflow_policy::overrun_oldest);
  minimum = static_cast<int>(logger->options.minimum);
  // Never destroyed: threads that are still about may log until the process is gone.
  static auto* all = new std::vector<std::unique_ptr<Logger>>();
  static auto* all_mutex = new absl::Mutex();
  absl::MutexLock lock(all_mutex);
  all->push_back(std::move(logger));
  current = all->back().get();
}

void FlushLogs() {
  Logger* logger = current;
  if (!logger) return;
  const int64_t before = logger->sink->flushes();
  logger->logger->flush();
  logger->sink->AwaitFlush(before, absl::Seconds(1));
}

int64_t DroppedLogLines() {
  Logger* logger = current;
  return logger ? static_cast<int64_t>(logger->queue->overrun_counter()) : 0;
}

Severity ParseSeverity(std::string_view text) {
  if (text == "debug") return Severity::kDebug;
  if (text == "warn" || text == "warning") return Severity::kWarning;
  if (text == "error") return Severity::kError;
  return Severity::kInfo;
}

}  // namespace breadthflow::telemetry
