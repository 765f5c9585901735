#pragma once

#include "breadthflow/data/v1/data_service.grpc.pb.h"

#include "common/component/catalog.h"
#include "common/rpc/guard.h"
#include "common/rpc/page_token.h"
#include "services/data/app/drop_range.h"
#include "services/data/app/fetcher.h"
#include "services/data/app/importer.h"
#include "services/data/app/quarantines.h"
#include "services/data/app/reader.h"
#include "services/data/app/streamer.h"
#include "services/data/domain/source.h"
#include "services/data/domain/upstream.h"

namespace breadthflow::data {

// DataService as proto/breadthflow/data/v1/data_service.proto says. Thread-safe; everything given must outlive it.
class DataService final
    : public v1::DataService::WithCallbackMethod_StreamSeries<v1::DataService::WithCallbackMethod_ImportSeries<
          v1::DataService::WithCallbackMethod_ReadSeries<v1::DataService::WithCallbackMethod_ReadRawBody<
              v1::DataService::WithCallbackMethod_WatchFetchRun<v1::DataService::Service>>>>> {
 public:
  struct Parts {
    rpc::Guard& guard;
    const rpc::PageTokens& page_tokens;
    const component::Catalog<SourceEntry>& sources;
    const Upstream& upstream;
    Fetcher& fetcher;
    Importer& importer;
    Reader& reader;
    postgres::Database& database;
    ResourceStore& resources;
    Quarantines& quarantines;
    RangeDrops& drops;
    QuarantineStore& kept_apart;
    SeriesStore& series;
    FetchStore& runs;
    CoverageStore& coverage;
    RawBodyStore& bodies;
    SnapshotStore& snapshots;
    jobs::Runner& jobs;
    Streamer& streamer;
  };
  explicit DataService(const Parts& parts) : parts_(parts) {}

  grpc::Status ListResources(grpc::ServerContext* context, const v1::ListResourcesRequest* request,
                             v1::ListResourcesResponse* response) override;
  grpc::Status GetResource(grpc::ServerContext* context, const v1::GetResourceRequest* request,
                           v1::Resource* response) override;
  grpc::Status CreateResource(grpc::ServerContext* context, const v1::CreateResourceRequest* request,
                              v1::Resource* response) override;
  grpc::Status ListSources(grpc::ServerContext* context, const v1::ListSourcesRequest* request,
                           v1::ListSourcesResponse* response) override;
  grpc::Status CreateFetchRun(grpc::ServerContext* context, const v1::CreateFetchRunRequest* request,
                              v1::FetchRun* response) override;
  grpc::Status GetFetchRun(grpc::ServerContext* context, const v1::GetFetchRunRequest* request,
                           v1::FetchRun* response) override;
  grpc::Status ListFetchRuns(grpc::ServerContext* context, const v1::ListFetchRunsRequest* request,
                             v1::ListFetchRunsResponse* response) override;
  grpc::Status CancelFetchRun(grpc::ServerContext* context, const v1::CancelFetchRunRequest* request,
                              v1::FetchRun* response) override;
  grpc::ServerWriteReactor<v1::FetchRun>* WatchFetchRun(grpc::CallbackServerContext* context,
                                                        const v1::WatchFetchRunRequest* request) override;
  grpc::Status ListCoverage(grpc::ServerContext* context, const v1::ListCoverageRequest* request,
                            v1::ListCoverageResponse* response) override;
  grpc::ServerWriteReactor<v1::ReadRawBodyResponse>* ReadRawBody(grpc::CallbackServerContext* context,
                                                                 const v1::ReadRawBodyRequest* request) override;
  grpc::ServerReadReactor<v1::ImportSeriesRequest>* ImportSeries(grpc::CallbackServerContext* context,
                                                                 v1::ImportSeriesResponse* response) override;
  grpc::Status ListSeries(grpc::ServerContext* context, const v1::ListSeriesRequest* request,
                          v1::ListSeriesResponse* response) override;
  grpc::Status DropSeriesRange(grpc::ServerContext* context, const v1::DropSeriesRangeRequest* request,
                               v1::DropSeriesRangeResponse* response) override;
  grpc::ServerWriteReactor<common::v1::SeriesMessage>* ReadSeries(grpc::CallbackServerContext* context,
                                                                  const v1::ReadSeriesRequest* request) override;
  grpc::ServerWriteReactor<v1::StreamSeriesResponse>* StreamSeries(grpc::CallbackServerContext* context,
                                                                   const v1::StreamSeriesRequest* request) override;
  grpc::Status ReconcileSources(grpc::ServerContext* context, const v1::ReconcileSourcesRequest* request,
                                v1::Reconciliation* response) override;
  grpc::Status ListQuarantines(grpc::ServerContext* context, const v1::ListQuarantinesRequest* request,
                               v1::ListQuarantinesResponse* response) override;
  grpc::Status GetQuarantine(grpc::ServerContext* context, const v1::GetQuarantineRequest* request,
                             v1::Quarantine* response) override;
  grpc::Status ReleaseQuarantine(grpc::ServerContext* context, const v1::ReleaseQuarantineRequest* request,
                                 v1::Quarantine* response) override;
  grpc::Status DiscardQuarantine(grpc::ServerContext* context, const v1::DiscardQuarantineRequest* request,
                                 v1::Quarantine* response) override;
  grpc::Status CreateSnapshot(grpc::ServerContext* context, const v1::CreateSnapshotRequest* request,
                              v1::Snapshot* response) override;
  grpc::Status GetSnapshot(grpc::ServerContext* context, const v1::GetSnapshotRequest* request,
                           v1::Snapshot* response) override;
  grpc::Status ListSnapshots(grpc::ServerContext* context, const v1::ListSnapshotsRequest* request,
                             v1::ListSnapshotsResponse* response) override;
  grpc::Status GetQualityReport(grpc::ServerContext* context, const v1::GetQualityReportRequest* request,
                                v1::QualityReport* response) override;
  grpc::Status ListQualityReports(grpc::ServerContext* context, const v1::ListQualityReportsRequest* request,
                                  v1::ListQualityReportsResponse* response) override;

 private:
  const Parts parts_;
};

}  // namespace breadthflow::data
