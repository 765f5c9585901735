#include "common/clients/data_client.h"

#include <algorithm>
#include <utility>

#include "breadthflow/data/v1/data_service.grpc.pb.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/clients/data_read.h"
#include "common/rpc/convert.h"
#include "common/rpc/peer.h"
#include "common/rpc/status_bridge.h"

namespace breadthflow::clients {
namespace {

using Stub = data::v1::DataService::Stub;

// What the service sends was checked there: a violation here is a broken answer, not a wrong request.
absl::Status Checked(const base::Violations& violations) {
  return violations.empty() ? absl::OkStatus() : BadAnswer(violations.list().front().description);
}

RunStatus RunStatusOf(const std::string& name, const common::v1::JobStatus& job) {
  RunStatus status{
      .name = name, .state = static_cast<RunState>(job.state()), .progress = job.progress(), .stage = job.stage()};
  if (status.state == RunState::kFailed) status.error = rpc::FromProto(job.error());
  if (status.state == RunState::kSucceeded) status.result = name;
  return status;
}

data::v1::FetchSpec ToProto(const FetchSpec& spec) {
  data::v1::FetchSpec out;
  out.set_resource(spec.resource);
  out.mutable_symbols()->Add(spec.symbols.begin(), spec.symbols.end());
  out.set_timeframe(rpc::ToProto(spec.timeframe));
  *out.mutable_range() = rpc::ToProto(spec.range);
  *out.mutable_source() = rpc::ToProto(spec.source);
  return out;
}

absl::StatusOr<FetchRun> FromProto(const data::v1::FetchRun& run) {
  base::Violations violations;
  FetchRun out;
  out.status = RunStatusOf(run.name(), run.job());
  out.spec.source = rpc::FromProto(run.spec().source(), "source", violations);
  out.spec.resource = run.spec().resource();
  out.spec.symbols.assign(run.spec().symbols().begin(), run.spec().symbols().end());
  out.spec.timeframe = rpc::FromProto(run.spec().timeframe(), "timeframe", violations);
  out.spec.range = rpc::FromProto(run.spec().range(), true, "range", violations);
  BF_RETURN_IF_ERROR(Checked(violations));
  for (const std::string& symbol : out.spec.symbols) out.items.push_back({.symbol = symbol});
  if (run.results_size() > 0 && static_cast<size_t>(run.results_size()) != out.items.size()) {
    return BadAnswer("results and symbols differ in number");
  }
  for (int i = 0; i < run.results_size(); ++i) {
    const data::v1::FetchResult& result = run.results(i);
    FetchItem& item = out.items[static_cast<size_t>(i)];
    item.outcome = static_cast<FetchOutcome>(result.outcome());
    item.rows = result.row_count();
    item.rows_stored = result.changed_row_count();
    if (result.has_error()) item.error = rpc::FromProto(result.error());
    item.retryable = result.retryable();
    item.source = result.source();
  }
  return out;
}

absl::StatusOr<SnapshotInfo> FromProto(const data::v1::Snapshot& snapshot) {
  base::Violations violations;
  SnapshotInfo out;
  out.name = snapshot.name();
  out.content_hash = snapshot.content_sha256();
  out.spec.range = rpc::FromProto(snapshot.range(), false, "range", violations);
  out.spec.as_of = rpc::FromProto(snapshot.as_of_time());
  out.create_time = rpc::FromProto(snapshot.create_time());
  out.series_count = snapshot.series_size();
  BF_RETURN_IF_ERROR(Checked(violations));
  for (const data::v1::SnapshotSeries& series : snapshot.series()) {
    BF_ASSIGN_OR_RETURN(const quant::SeriesKey key, rpc::FromProto(series.key()));
    out.spec.resource = key.resource;
    out.spec.timeframe = key.timeframe;
    out.spec.symbols.push_back(key.symbol);
    out.sources.push_back(series.source());
    out.row_count += series.row_count();
  }
  std::sort(out.sources.begin(), out.sources.end());
  out.sources.erase(std::unique(out.sources.begin(), out.sources.end()), out.sources.end());
  if (out.sources.size() == 1) out.spec.source = out.sources.front();
  return out;
}

absl::StatusOr<QualityReport> FromProto(const data::v1::QualityReport& report) {
  QualityReport out{.name = report.name(), .snapshot = report.snapshot(), .score = report.score()};
  out.passed = report.passed();
  out.recommendations.assign(report.recommendations().begin(), report.recommendations().end());
  out.create_time = rpc::FromProto(report.create_time());
  for (const data::v1::SeriesQuality& series : report.series()) {
    SeriesQuality one{.calendar = series.calendar(),
                      .expected_rows = series.expected_row_count(),
                      .rows = series.row_count(),
                      .score = series.score()};
    BF_ASSIGN_OR_RETURN(one.key, rpc::FromProto(series.key()));
    for (const data::v1::QualityFinding& finding : series.findings()) {
      QualityFinding found{.check = finding.check(),
                           .severity = static_cast<Severity>(finding.severity()),
                           .affected_rows = finding.affected_row_count(),
                           .affected_share = finding.affected_share(),
                           .message = finding.message()};
      for (const auto& time : finding.example_times()) found.examples.push_back(rpc::FromProto(time));
      one.findings.push_back(std::move(found));
    }
    out.series.push_back(std::move(one));
  }
  return out;
}

class GrpcDataClient final : public DataClient {
 public:
  explicit GrpcDataClient(rpc::Channels& channels) : peer_(channels, "data") {}

  absl::StatusOr<std::string> CreateFetchRun(const FetchSpec& spec, const std::string& request_id,
                                             const CallScope& scope) override {
    data::v1::CreateFetchRunRequest request;
    *request.mutable_spec() = ToProto(spec);
    request.set_request_id(request_id);
    BF_ASSIGN_OR_RETURN(const data::v1::FetchRun run, peer_.Call(&Stub::CreateFetchRun, request, scope));
    return run.name();
  }

  absl::StatusOr<FetchRun> GetFetchRun(const std::string& name, const CallScope& scope) override {
    data::v1::GetFetchRunRequest request;
    request.set_name(name);
    BF_ASSIGN_OR_RETURN(const data::v1::FetchRun run, peer_.Call(&Stub::GetFetchRun, request, scope));
    return FromProto(run);
  }

  absl::Status CancelFetchRun(const std::string& name, const CallScope& scope) override {
    data::v1::CancelFetchRunRequest request;
    request.set_name(name);
    return peer_.Call(&Stub::CancelFetchRun, request, scope).status();
  }

  absl::StatusOr<SnapshotInfo> CreateSnapshot(const SnapshotSpec& spec, const std::string& request_id,
                                              const CallScope& scope) override {
    data::v1::CreateSnapshotRequest request;
    request.set_resource(spec.resource);
    request.mutable_symbols()->Add(spec.symbols.begin(), spec.symbols.end());
    request.set_timeframe(rpc::ToProto(spec.timeframe));
    *request.mutable_range() = rpc::ToProto(spec.range);
    if (spec.as_of != absl::InfiniteFuture()) *request.mutable_as_of_time() = rpc::ToProto(spec.as_of);
    request.set_source(spec.source);
    request.set_request_id(request_id);
    BF_ASSIGN_OR_RETURN(const data::v1::Snapshot snapshot, peer_.Call(&Stub::CreateSnapshot, request, scope));
    return FromProto(snapshot);
  }

  absl::StatusOr<SnapshotInfo> GetSnapshot(const std::string& name, const CallScope& scope) override {
    data::v1::GetSnapshotRequest request;
    request.set_name(name);
    BF_ASSIGN_OR_RETURN(const data::v1::Snapshot snapshot, peer_.Call(&Stub::GetSnapshot, request, scope));
    return FromProto(snapshot);
  }

  absl::StatusOr<QualityReport> GetQualityReport(const std::string& snapshot, const CallScope& scope) override {
    BF_ASSIGN_OR_RETURN(const std::string id, rpc::IdOf("snapshots", snapshot, "snapshot"));
    data::v1::GetQualityReportRequest request;
    request.set_name("qualityReports/" + id);
    BF_ASSIGN_OR_RETURN(const data::v1::QualityReport report, peer_.Call(&Stub::GetQualityReport, request, scope));
    return FromProto(report);
  }

  absl::StatusOr<std::vector<quant::Series>> Read(const ReadQuery& query, const CallScope& scope) override {
    std::vector<quant::Series> all;
    BF_RETURN_IF_ERROR(ReadEach(
        query,
        [&](quant::Series series) {
          all.push_back(std::move(series));
          return absl::OkStatus();
        },
        scope));
    return all;
  }

  absl::Status ReadEach(const ReadQuery& query, const std::function<absl::Status(quant::Series)>& fn,
                        const CallScope& scope) override {
    SeriesAssembler assembler(query, fn);
    data::v1::ReadSeriesRequest request = ToProto(query);
    while (true) {
      // A stream that broke off goes on where it was, as long as each attempt brings something.
      request.set_resume_token(assembler.resume_token());
      absl::Status refused;
      const absl::Status read =
          peer_.Read(&Stub::ReadSeries, request, scope, [&](const common::v1::SeriesMessage& message) {
            refused = assembler.Add(message);
            return refused;
          });
      if (read.ok()) return assembler.Finish();
      if (!absl::IsUnavailable(read) || !refused.ok() || assembler.resume_token() == request.resume_token())
        return read;
    }
  }

 private:
  rpc::Peer<data::v1::DataService> peer_;
};

}  // namespace

std::unique_ptr<DataClient> MakeDataClient(rpc::Channels& channels) {
  return std::make_unique<GrpcDataClient>(channels);
}

}  // namespace breadthflow::clients
