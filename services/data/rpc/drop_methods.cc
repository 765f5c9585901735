#include <string>

#include "absl/status/statusor.h"

#include "common/base/status.h"
#include "common/rpc/convert.h"
#include "services/data/domain/read_query.h"
#include "services/data/rpc/convert.h"
#include "services/data/rpc/data_service.h"

// The method of DataService that frees place.
namespace breadthflow::data {
namespace {

DropSpec FromProto(const v1::DropSeriesRangeRequest& request, const ResourceLookup& resources,
                   base::Violations& violations) {
  DropSpec spec{.symbols = {request.symbols().begin(), request.symbols().end()}, .source = request.source()};
  if (!request.resource().empty()) spec.resource = request.resource();
  const absl::StatusOr<const Resource*> resource = resources(spec.resource);
  if (request.timeframe() != common::v1::TIMEFRAME_UNSPECIFIED) {
    spec.timeframe = rpc::FromProto(request.timeframe(), "timeframe", violations);
  } else if (resource.ok()) {
    spec.timeframe = DefaultTimeframe(**resource);
  }
  if (request.all_symbols() && !spec.symbols.empty()) {
    violations.Add("symbols", "must be left out with all_symbols");
  } else if (!request.all_symbols() && spec.symbols.empty()) {
    violations.Add("symbols", "must name at least one symbol, or set all_symbols");
  }
  if (request.has_before_time()) {
    spec.before_ns = quant::ToNanos(rpc::FromProto(request.before_time(), "before_time", violations));
  } else {
    violations.Add("before_time", "must be given");
  }
  return spec;
}

}  // namespace

grpc::Status DataService::DropSeriesRange(grpc::ServerContext* context, const v1::DropSeriesRangeRequest* request,
                                          v1::DropSeriesRangeResponse* response) {
  return parts_.guard.Serve(context, request, response, [&](const rpc::Call& call) -> absl::Status {
    base::Violations violations;
    const DropSpec spec = FromProto(*request, parts_.resources.Lookup(call.deadline), violations);
    rpc::CheckRequestId(request->request_id(), "request_id", violations);
    if (!violations.empty()) {
      CheckSymbols(spec.symbols, violations);
      return violations.ToStatus("invalid drop");
    }
    RangeDrop drop;
    if (request->validate_only()) {
      BF_ASSIGN_OR_RETURN(drop, parts_.drops.Check(spec, call.deadline, call.cancel));
    } else {
      BF_ASSIGN_OR_RETURN(drop, parts_.drops.Drop(spec, SubmissionOf(call, request->request_id()), call.cancel));
      *response->mutable_drop_time() = rpc::ToProto(drop.create_time);
    }
    for (const DroppedRange& one : drop.series) {
      v1::DroppedSeries& to = *response->add_series();
      *to.mutable_key() = rpc::ToProto(one.key);
      to.set_source(one.key.variant);
      to.set_row_count(one.rows);
      to.set_freed_bytes(one.freed_bytes);
      to.set_kept_bytes(one.kept_bytes);
      to.set_staying_row_count(one.staying_rows);
    }
    return absl::OkStatus();
  });
}

}  // namespace breadthflow::data
