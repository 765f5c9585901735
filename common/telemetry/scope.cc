#include "common/telemetry/scope.h"

#include <utility>

namespace breadthflow::telemetry {
namespace {

thread_local Scope* innermost = nullptr;

}  // namespace

const Context& CurrentContext() {
  static const auto* none = new Context();
  return innermost ? innermost->context_ : *none;
}

Scope::Scope(Context context) : context_(std::move(context)), outer_(innermost) { innermost = this; }

Scope::~Scope() { innermost = outer_; }

}  // namespace breadthflow::telemetry
