#include "services/data/rpc/convert.h"

#include <fmt/format.h>

#include "common/rpc/convert.h"
#include "common/rpc/convert_job.h"
#include "common/rpc/status_bridge.h"

namespace breadthflow::data {

namespace {

// As given; by default that of the resource.
quant::Timeframe TimeframeOf(common::v1::Timeframe given, const std::string& resource, const ResourceLookup& resources,
                             std::string_view field, base::Violations& violations) {
  if (given == common::v1::TIMEFRAME_UNSPECIFIED) {
    const auto found = resources(resource);
    if (found.ok() && !(*found)->bars) return quant::Timeframe::kTick;
  }
  return rpc::FromProto(given, field, violations);
}

}  // namespace

FetchSpec FromProto(const v1::FetchSpec& spec, const ResourceLookup& resources, base::Violations& violations) {
  FetchSpec out;
  if (!spec.resource().empty()) out.resource = spec.resource();
  out.symbols.assign(spec.symbols().begin(), spec.symbols().end());
  out.timeframe = TimeframeOf(spec.timeframe(), out.resource, resources, "spec.timeframe", violations);
  out.range = rpc::FromProto(spec.range(), true, "spec.range", violations);
  out.source = rpc::FromProto(spec.source(), "spec.source", violations);
  for (int i = 0; i < spec.alternatives_size(); ++i) {
    out.alternatives.push_back(
        rpc::FromProto(spec.alternatives(i), fmt::format("spec.alternatives[{}]", i), violations));
  }
  if (!v1::SourcePreference_IsValid(spec.preference())) {
    violations.Add("spec.preference", "is not a preference");
  } else if (spec.preference() != v1::SOURCE_PREFERENCE_UNSPECIFIED) {
    out.preference = static_cast<Preference>(spec.preference());
  }
  out.refetch = spec.refetch();
  out.gate = FromProto(spec.quality_gate(), out.gate, violations);
  return out;
}

QualityGate FromProto(v1::QualityGate gate, QualityGate unset, base::Violations& violations) {
  if (!v1::QualityGate_IsValid(gate)) violations.Add("spec.quality_gate", "is none");
  return gate == v1::QUALITY_GATE_UNSPECIFIED ? unset : static_cast<QualityGate>(gate);
}

v1::FetchSpec ToProto(const FetchSpec& spec) {
  v1::FetchSpec out;
  out.set_resource(spec.resource);
  out.mutable_symbols()->Add(spec.symbols.begin(), spec.symbols.end());
  out.set_timeframe(rpc::ToProto(spec.timeframe));
  *out.mutable_range() = rpc::ToProto(spec.range);
  *out.mutable_source() = rpc::ToProto(spec.source);
  for (const component::ComponentRef& alternative : spec.alternatives) {
    *out.add_alternatives() = rpc::ToProto(alternative);
  }
  out.set_preference(static_cast<v1::SourcePreference>(spec.preference));
  out.set_refetch(spec.refetch);
  out.set_quality_gate(static_cast<v1::QualityGate>(spec.gate));
  return out;
}

v1::FetchRun ToProto(const FetchRun& run) {
  v1::FetchRun out;
  out.set_name("fetchRuns/" + run.id);
  *out.mutable_spec() = ToProto(run.spec);
  *out.mutable_job() = rpc::ToProto(run.job);
  if (!rpc::IsFinal(out.job())) return out;
  // Symbols that the run did not come to, since it was cancelled, say so.
  size_t next = 0;
  for (const std::string& symbol : run.spec.symbols) {
    if (run.results.empty()) break;
    const bool ended = next < run.results.size() && run.results[next].symbol == symbol;
    *out.add_results() = ended ? ToProto(run.results[next++]) : ToProto(FetchResult{.symbol = symbol});
  }
  return out;
}

v1::FetchResult ToProto(const FetchResult& result) {
  v1::FetchResult to;
  to.set_symbol(result.symbol);
  to.set_outcome(static_cast<v1::FetchResult::Outcome>(result.outcome));
  to.set_row_count(result.rows);
  to.set_changed_row_count(result.changed_rows);
  to.set_removed_row_count(result.removed_rows);
  if (result.revised_rows) to.set_revised_row_count(*result.revised_rows);
  if (!result.error.ok()) *to.mutable_error() = rpc::ToProto(result.error);
  to.set_retryable(result.retryable);
  to.set_body_sha256(result.body_sha256);
  to.set_source(result.source);
  for (const SourceAttempt& attempt : result.attempts) {
    v1::SourceAttempt& asked = *to.add_attempts();
    asked.set_source(attempt.source);
    asked.set_reason(attempt.reason);
    if (!attempt.error.ok()) *asked.mutable_error() = rpc::ToProto(attempt.error);
  }
  for (const quant::TimeRange& range : result.fetched_ranges) *to.add_fetched_ranges() = rpc::ToProto(range);
  to.mutable_notes()->Add(result.notes.begin(), result.notes.end());
  if (!result.quarantine.empty()) to.set_quarantine("quarantines/" + result.quarantine);
  to.set_impossible_row_count(result.impossible_rows);
  to.set_quarantined_row_count(result.quarantined_rows);
  return to;
}

v1::Snapshot ToProto(const Snapshot& snapshot) {
  v1::Snapshot out;
  out.set_name("snapshots/" + snapshot.id);
  *out.mutable_range() = rpc::ToProto(snapshot.range);
  *out.mutable_as_of_time() = rpc::ToProto(snapshot.as_of);
  for (const SnapshotSeries& series : snapshot.series) {
    v1::SnapshotSeries& to = *out.add_series();
    *to.mutable_key() = rpc::ToProto(series.key);
    to.set_basis(rpc::ToProto(series.basis));
    to.set_row_count(series.rows);
    to.set_content_sha256(series.content_sha256);
    to.set_source(series.key.variant);
  }
  out.set_content_sha256(snapshot.content_sha256);
  *out.mutable_create_time() = rpc::ToProto(snapshot.create_time);
  return out;
}

SnapshotSpec FromProto(const v1::CreateSnapshotRequest& request, const ResourceLookup& resources,
                       base::Violations& violations) {
  SnapshotSpec spec;
  if (!request.resource().empty()) spec.resource = request.resource();
  spec.symbols.assign(request.symbols().begin(), request.symbols().end());
  spec.timeframe = TimeframeOf(request.timeframe(), spec.resource, resources, "timeframe", violations);
  if (request.has_range()) spec.range = rpc::FromProto(request.range(), false, "range", violations);
  if (request.has_as_of_time()) spec.as_of = rpc::FromProto(request.as_of_time(), "as_of_time", violations);
  spec.source = request.source();
  rpc::CheckRequestId(request.request_id(), "request_id", violations);
  return spec;
}

v1::QualityFinding ToProto(const Finding& finding, int64_t expected_rows) {
  v1::QualityFinding found;
  found.set_check(finding.check);
  found.set_severity(static_cast<v1::QualityFinding::Severity>(finding.severity));
  found.set_affected_row_count(finding.affected_rows);
  found.set_affected_share(AffectedShare(finding, expected_rows));
  found.set_message(finding.message);
  for (const int64_t time : finding.examples_ns) *found.add_example_times() = rpc::ToProto(quant::FromNanos(time));
  return found;
}

v1::QualityReport ToProto(const QualityReport& report) {
  v1::QualityReport out;
  out.set_name("qualityReports/" + report.snapshot_id);
  out.set_snapshot("snapshots/" + report.snapshot_id);
  for (const SeriesQuality& series : report.series) {
    v1::SeriesQuality& to = *out.add_series();
    *to.mutable_key() = rpc::ToProto(series.key);
    to.set_calendar(series.calendar);
    to.set_asset_class(series.asset_class);
    to.set_asset_class_reason(series.asset_class_reason);
    to.mutable_compared_sources()->Add(series.compared_with.begin(), series.compared_with.end());
    to.set_expected_row_count(series.expected_rows);
    to.set_row_count(series.rows);
    to.set_score(series.score);
    for (const Finding& finding : series.findings) {
      *to.add_findings() = ToProto(finding, series.expected_rows);
    }
  }
  out.set_score(report.score);
  out.set_passed(report.passed);
  out.mutable_recommendations()->Add(report.recommendations.begin(), report.recommendations.end());
  *out.mutable_create_time() = rpc::ToProto(report.create_time);
  return out;
}

v1::SeriesSummary ToProto(const columnar::SeriesHead& head) {
  v1::SeriesSummary out;
  *out.mutable_key() = rpc::ToProto(head.key);
  out.set_basis(rpc::ToProto(head.basis));
  out.set_source(head.key.variant);
  out.set_row_count(head.rows);
  if (head.rows > 0) {
    *out.mutable_first_time() = rpc::ToProto(quant::FromNanos(head.first_time_ns));
    *out.mutable_last_time() = rpc::ToProto(quant::FromNanos(head.last_time_ns));
  }
  *out.mutable_update_time() = rpc::ToProto(head.known_at);
  out.set_stored_bytes(head.bytes);
  return out;
}

Submission SubmissionOf(const rpc::Call& call, const std::string& request_id) {
  return {call.principal.name, call.traceparent(), request_id, call.deadline};
}

}  // namespace breadthflow::data
