#pragma once

#include "breadthflow/data/v1/data_service.pb.h"

#include "common/base/status.h"
#include "common/rpc/guard.h"
#include "services/data/app/reader.h"
#include "services/data/domain/fetch.h"
#include "services/data/domain/quality/report.h"
#include "services/data/domain/resource.h"
#include "services/data/domain/snapshot.h"
#include "services/data/store/fetch_store.h"
#include "services/data/store/series_store.h"

// Messages of breadthflow.data.v1 <-> domain. What comes in adds its violations under the path of its field.
// `resources` says whether a resource has bars, where the timeframe is left out.
namespace breadthflow::data {

v1::Resource ToProto(const Resource& resource);
Resource FromProto(const v1::CreateResourceRequest& request, base::Violations& violations);

FetchSpec FromProto(const v1::FetchSpec& spec, const ResourceLookup& resources, base::Violations& violations);
v1::FetchSpec ToProto(const FetchSpec& spec);
v1::FetchRun ToProto(const FetchRun& run);
v1::FetchResult ToProto(const FetchResult& result);
// Of the field spec.quality_gate; `unset` where it is left out.
QualityGate FromProto(v1::QualityGate gate, QualityGate unset, base::Violations& violations);

v1::Snapshot ToProto(const Snapshot& snapshot);
SnapshotSpec FromProto(const v1::CreateSnapshotRequest& request, const ResourceLookup& resources,
                       base::Violations& violations);

v1::QualityReport ToProto(const QualityReport& report);
// Takes series out of the report until it is at most `max_bytes` long (its other fields count as well, but stay), those
// of the best findings first, and says how many. Of series of equal severity those at the end go.
inline constexpr size_t kMaxReportBytes = 3 << 20;  // clients of gRPC accept 4 MiB unless they are told otherwise
void TrimReport(v1::QualityReport& report, size_t max_bytes = kMaxReportBytes);
v1::QualityFinding ToProto(const Finding& finding, int64_t expected_rows);

v1::SeriesSummary ToProto(const columnar::SeriesHead& head);

Submission SubmissionOf(const rpc::Call& call, const std::string& request_id);

}  // namespace breadthflow::data
