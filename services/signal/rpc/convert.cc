#include "services/signal/rpc/convert.h"

#include "common/rpc/convert.h"
#include "common/rpc/convert_job.h"
#include "common/rpc/status_bridge.h"

namespace breadthflow::signal {
namespace {

v1::SignalSpec ToProto(const SignalSpec& spec) {
  v1::SignalSpec proto;
  proto.set_snapshot(spec.snapshot);
  for (const std::string& symbol : spec.symbols) proto.add_symbols(symbol);
  *proto.mutable_strategy() = rpc::ToProto(spec.strategy);
  proto.set_model(spec.model);
  if (spec.range != quant::TimeRange()) *proto.mutable_range() = rpc::ToProto(spec.range);
  return proto;
}

v1::SignalResult ToProto(const SymbolResult& result) {
  v1::SignalResult proto;
  proto.set_symbol(result.symbol);
  proto.set_signal_count(result.signal_count);
  proto.set_warm_up_bar_count(result.warm_up_bar_count);
  proto.set_long_count(result.long_count);
  proto.set_short_count(result.short_count);
  proto.set_content_sha256(result.content_sha256);
  if (!result.error.ok()) *proto.mutable_error() = rpc::ToProto(result.error);
  return proto;
}

}  // namespace

SignalSpec FromProto(const v1::SignalSpec& proto, base::Violations& violations) {
  SignalSpec spec;
  spec.snapshot = proto.snapshot();
  spec.symbols.assign(proto.symbols().begin(), proto.symbols().end());
  spec.strategy.name = proto.strategy().name();
  for (const auto& [name, value] : proto.strategy().params())
    spec.strategy.params[name] = rpc::FromProto(value, "spec.strategy.params." + name, violations);
  spec.model = proto.model();
  if (proto.has_range()) {
    base::Violations range;
    spec.range = rpc::FromProto(proto.range(), /*required=*/false, "spec.range", range);
    // Said once is enough: a range that could not be read counts as everything.
    if (!range.empty()) spec.range = {};
    violations.Merge("", range.ToStatus("range"));
  }
  return spec;
}

v1::SignalRun ToProto(const SignalRun& run) {
  v1::SignalRun proto;
  proto.set_name(std::string(kCollection) + "/" + run.id);
  *proto.mutable_spec() = ToProto(run.spec);
  *proto.mutable_job() = rpc::ToProto(run.job);
  for (const SymbolResult& result : run.results) *proto.add_results() = ToProto(result);
  proto.set_strategy_version(run.strategy_version);
  if (run.valid_from != absl::InfinitePast()) *proto.mutable_valid_from_time() = rpc::ToProto(run.valid_from);
  return proto;
}

}  // namespace breadthflow::signal
