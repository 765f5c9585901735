#pragma once

#include <string>

#include "common/telemetry/trace.h"

namespace breadthflow::telemetry {

// What the work on this thread belongs to. Every log line written meanwhile carries the fields that are not empty, and
// every outgoing call carries the trace.
struct Context {
  TraceContext trace;
  std::string request_id;
  std::string run_id;   // of the job or pipeline run, when there is one
  std::string step_id;  // of the pipeline step, when there is one
  std::string principal_key_id;
};

// The context of the innermost Scope on this thread; an empty one outside of any.
const Context& CurrentContext();

// Makes `context` current on this thread until it is destroyed; scopes nest. The Guard opens one for each call and the
// job runner one for each job; a thread started by a handler opens its own with a copy of CurrentContext().
class Scope {
 public:
  explicit Scope(Context context);
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  friend const Context& CurrentContext();
  Context context_;
  Scope* outer_;
};

}  // namespace breadthflow::telemetry
