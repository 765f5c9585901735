#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// W3C Trace Context, level 1: the `traceparent` header "00-<trace id>-<span id>-<flags>". One trace id follows a user's
// request through every process, job and upstream call; each hop has a span id of its own.
namespace breadthflow::telemetry {

struct TraceContext {
  std::string trace_id;  // 32 lower-case hexadecimal digits, not all zero
  std::string span_id;   // 16 of them, not all zero
  uint8_t flags = 1;     // bit 0: sampled
  bool valid() const { return trace_id.size() == 32 && span_id.size() == 16; }
  friend bool operator==(const TraceContext&, const TraceContext&) = default;
};

// nullopt for anything that the recommendation calls invalid: wrong lengths, upper case, zero ids, version ff, extra
// data after version 00. A later version is read by its first four fields. Never throws, whatever the bytes are.
std::optional<TraceContext> ParseTraceparent(std::string_view header);

// "00-...": the header for `trace`, or an empty text when it is not valid.
std::string ToTraceparent(const TraceContext& trace);

// A trace that begins here.
TraceContext NewTrace();

// The same trace, a span of its own: what a process makes of what it received before it works or calls on.
TraceContext ChildOf(const TraceContext& parent);

// ChildOf what `header` says, or a new trace when it says nothing valid.
TraceContext ContinueTrace(std::string_view header);

}  // namespace breadthflow::telemetry
