#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/rpc/convert.h"
#include "services/data/app/quarantines.h"
#include "services/data/app/reconcile.h"
#include "services/data/rpc/convert.h"
#include "services/data/rpc/cursors.h"
#include "services/data/rpc/data_service.h"

// The methods of DataService about rows that were kept apart, and about what two sources say of the same series.
namespace breadthflow::data {
namespace {

using rpc::Call;

v1::Quarantine ToProto(const Quarantine& quarantine) {
  v1::Quarantine out;
  out.set_name("quarantines/" + quarantine.id);
  *out.mutable_key() = rpc::ToProto(quarantine.key);
  out.set_source(quarantine.key.variant);
  out.set_origin(quarantine.origin);
  *out.mutable_range() = rpc::ToProto(quarantine.range);
  out.set_row_count(quarantine.rows);
  for (const Finding& finding : quarantine.findings) *out.add_findings() = ToProto(finding, quarantine.expected_rows);
  for (const RepairProposal& proposal : quarantine.proposals) {
    v1::RepairProposal& to = *out.add_proposals();
    to.set_check(proposal.check);
    *to.mutable_time() = rpc::ToProto(quant::FromNanos(proposal.time_ns));
    to.set_field(proposal.field);
    to.set_value(proposal.value);
    to.set_proposed_value(proposal.proposed);
    to.set_reason(proposal.reason);
  }
  out.set_state(static_cast<v1::Quarantine::State>(quarantine.state));
  *out.mutable_create_time() = rpc::ToProto(quarantine.create_time);
  if (quarantine.resolve_time != absl::InfiniteFuture()) {
    *out.mutable_resolve_time() = rpc::ToProto(quarantine.resolve_time);
  }
  out.set_resolved_by(quarantine.resolved_by);
  out.set_comment(quarantine.comment);
  out.set_expected_row_count(quarantine.expected_rows);
  out.set_last_origin(quarantine.last_origin);
  *out.mutable_last_time() = rpc::ToProto(quarantine.last_time);
  out.set_arrival_count(quarantine.arrivals);
  return out;
}

absl::Status CheckComment(const std::string& comment, bool required) {
  base::Violations violations;
  if (required && comment.empty()) violations.Add("comment", "must say why the rows may stand");
  if (comment.size() > kMaxComment) {
    violations.Add("comment", fmt::format("must be at most {} characters, were {}", kMaxComment, comment.size()));
  }
  if (comment.find('\0') != std::string::npos) violations.Add("comment", "must not hold the character 0");
  return violations.ToStatus("invalid decision");
}

v1::Reconciliation ToProto(const std::vector<SeriesReconciliation>& all) {
  v1::Reconciliation out;
  out.set_agrees(true);
  for (const SeriesReconciliation& one : all) {
    v1::SeriesReconciliation& to = *out.add_series();
    to.set_symbol(one.symbol);
    to.set_common_row_count(one.common_rows);
    to.set_only_row_count(one.only_rows);
    to.set_only_other_row_count(one.only_other_rows);
    for (const int64_t time : one.unmatched_ns) *to.add_unmatched_times() = rpc::ToProto(quant::FromNanos(time));
    for (const FieldReconciliation& field : one.fields) {
      v1::FieldReconciliation& compared = *to.add_fields();
      compared.set_field(field.field);
      compared.set_compared_row_count(field.compared_rows);
      compared.set_differing_row_count(field.differing_rows);
      compared.set_max_difference(field.max_difference);
      for (const Disagreement& example : field.examples) {
        v1::Disagreement& shown = *compared.add_examples();
        *shown.mutable_time() = rpc::ToProto(quant::FromNanos(example.time_ns));
        shown.set_value(example.value);
        shown.set_other_value(example.other_value);
      }
    }
    to.set_agrees(one.agrees);
    out.set_agrees(out.agrees() && one.agrees);
  }
  return out;
}

}  // namespace

grpc::Status DataService::ListQuarantines(grpc::ServerContext* context, const v1::ListQuarantinesRequest* request,
                                          v1::ListQuarantinesResponse* response) {
  return parts_.guard.Serve(context, request, response, [&](const Call& call) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const int size, rpc::PageSize(request->page_size()));
    std::optional<QuarantineState> state;
    if (request->state() != v1::Quarantine::STATE_UNSPECIFIED) {
      if (!v1::Quarantine::State_IsValid(request->state())) {
        base::Violations violations;
        violations.Add("state", "is none");
        return violations.ToStatus("invalid list");
      }
      state = static_cast<QuarantineState>(request->state());
    }
    const std::string query = fmt::format("ListQuarantines {}", static_cast<int>(request->state()));
    BF_ASSIGN_OR_RETURN(const std::string cursor, parts_.page_tokens.Decode(query, request->page_token()));
    BF_ASSIGN_OR_RETURN(const std::optional<ListPosition> after, FromCursor(cursor));
    BF_ASSIGN_OR_RETURN(std::vector<Quarantine> found, parts_.kept_apart.List(state, after, size + 1, call.deadline));
    if (found.size() > static_cast<size_t>(size)) {
      found.pop_back();
      response->set_next_page_token(
          parts_.page_tokens.Encode(query, ToCursor(found.back().create_time, found.back().id)));
    }
    for (const Quarantine& one : found) *response->add_quarantines() = ToProto(one);
    return absl::OkStatus();
  });
}

grpc::Status DataService::GetQuarantine(grpc::ServerContext* context, const v1::GetQuarantineRequest* request,
                                        v1::Quarantine* response) {
  return parts_.guard.Serve(context, request, response, [&](const Call& call) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const std::string id, rpc::IdOf("quarantines", request->name()));
    BF_ASSIGN_OR_RETURN(const Quarantine found, parts_.kept_apart.Get(id, call.deadline));
    BF_ASSIGN_OR_RETURN(const bool outdated, parts_.quarantines.Outdated(found, call.deadline));
    *response = ToProto(found);
    response->set_outdated(outdated);
    return absl::OkStatus();
  });
}

grpc::Status DataService::ReleaseQuarantine(grpc::ServerContext* context, const v1::ReleaseQuarantineRequest* request,
                                            v1::Quarantine* response) {
  return parts_.guard.Serve(context, request, response, [&](const Call& call) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const std::string id, rpc::IdOf("quarantines", request->name()));
    BF_RETURN_IF_ERROR(CheckComment(request->comment(), true));
    BF_ASSIGN_OR_RETURN(const Quarantine released,
                        parts_.quarantines.Release(id, call.principal.name, request->comment(), call.deadline));
    *response = ToProto(released);
    return absl::OkStatus();
  });
}

grpc::Status DataService::DiscardQuarantine(grpc::ServerContext* context, const v1::DiscardQuarantineRequest* request,
                                            v1::Quarantine* response) {
  return parts_.guard.Serve(context, request, response, [&](const Call& call) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const std::string id, rpc::IdOf("quarantines", request->name()));
    BF_RETURN_IF_ERROR(CheckComment(request->comment(), false));
    BF_ASSIGN_OR_RETURN(const Quarantine discarded,
                        parts_.quarantines.Discard(id, call.principal.name, request->comment(), call.deadline));
    *response = ToProto(discarded);
    return absl::OkStatus();
  });
}

grpc::Status DataService::ReconcileSources(grpc::ServerContext* context, const v1::ReconcileSourcesRequest* request,
                                           v1::Reconciliation* response) {
  return parts_.guard.Serve(context, request, response, [&](const Call& call) -> absl::Status {
    base::Violations violations;
    ReconcileQuery query{.symbols = {request->symbols().begin(), request->symbols().end()},
                         .source = request->source(),
                         .other_source = request->other_source(),
                         .fields = {request->fields().begin(), request->fields().end()}};
    if (!request->resource().empty()) query.resource = request->resource();
    BF_ASSIGN_OR_RETURN(const Resource* resource, parts_.resources.Find(query.resource, call.deadline));
    query.timeframe = request->timeframe() == common::v1::TIMEFRAME_UNSPECIFIED
                          ? DefaultTimeframe(*resource)
                          : rpc::FromProto(request->timeframe(), "timeframe", violations);
    if (request->has_range()) query.range = rpc::FromProto(request->range(), false, "range", violations);
    if (request->has_tolerance()) query.tolerance = request->tolerance();
    if (request->has_as_of_time()) query.as_of = rpc::FromProto(request->as_of_time(), "as_of_time", violations);
    parts_.reader.CheckAsOf(query.as_of, "as_of_time", violations);
    BF_RETURN_IF_ERROR(violations.ToStatus("invalid reconciliation"));
    BF_ASSIGN_OR_RETURN(const std::vector<SeriesReconciliation> all,
                        ReconcileStored(parts_.series, parts_.resources, query, call.deadline, call.cancel));
    *response = ToProto(all);
    return absl::OkStatus();
  });
}

}  // namespace breadthflow::data
