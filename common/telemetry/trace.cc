#include "common/telemetry/trace.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/base/ids.h"

namespace breadthflow::telemetry {
namespace {

constexpr size_t kHeaderSize = 55;  // 2 + 1 + 32 + 1 + 16 + 1 + 2

bool IsLowerHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsZero(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c == '0'; });
}

int HexDigit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

}  // namespace

std::optional<TraceContext> ParseTraceparent(std::string_view header) {
  if (header.size() < kHeaderSize) return std::nullopt;
  const std::string_view version = header.substr(0, 2);
  const std::string_view trace_id = header.substr(3, 32);
  const std::string_view span_id = header.substr(36, 16);
  const std::string_view flags = header.substr(53, 2);
  if (header[2] != '-' || header[35] != '-' || header[52] != '-') return std::nullopt;
  if (!IsLowerHex(version) || version == "ff") return std::nullopt;
  if (header.size() > kHeaderSize && (version == "00" || header[kHeaderSize] != '-')) return std::nullopt;
  if (!IsLowerHex(trace_id) || IsZero(trace_id) || !IsLowerHex(span_id) || IsZero(span_id) || !IsLowerHex(flags)) {
    return std::nullopt;
  }
  return TraceContext{std::string(trace_id), std::string(span_id),
                      static_cast<uint8_t>(HexDigit(flags[0]) * 16 + HexDigit(flags[1]))};
}

std::string ToTraceparent(const TraceContext& trace) {
  if (!trace.valid()) return "";
  return fmt::format("00-{}-{}-{:02x}", trace.trace_id, trace.span_id, trace.flags);
}

TraceContext NewTrace() {
  const std::string random = base::RandomHex(24);
  return {random.substr(0, 32), random.substr(32, 16), 1};
}

TraceContext ChildOf(const TraceContext& parent) { return {parent.trace_id, base::RandomHex(8), parent.flags}; }

TraceContext ContinueTrace(std::string_view header) {
  const std::optional<TraceContext> parent = ParseTraceparent(header);
  return parent ? ChildOf(*parent) : NewTrace();
}

}  // namespace breadthflow::telemetry
