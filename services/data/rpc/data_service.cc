#include "services/data/rpc/data_service.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/rpc/convert.h"
#include "common/rpc/convert_job.h"
#include "services/data/rpc/convert.h"
#include "services/data/rpc/cursors.h"
#include "services/data/rpc/read_request.h"

namespace breadthflow::data {
namespace {

using rpc::Call;

}  // namespace

grpc::Status DataService::CreateFetchRun(grpc::ServerContext* context, const v1::CreateFetchRunRequest* request,
                                         v1::FetchRun* response) {
  return parts_.guard.Serve(context, request, response, [&](const Call& call) -> absl::Status {
    base::Violations violations;
    const ResourceLookup resources = parts_.resources.Lookup(call.deadline);
    const FetchSpec spec = FromProto(request->spec(), resources, violations);
    rpc::CheckRequestId(request->request_id(), "request_id", violations);
    if (!violations.empty()) {
      violations.Merge("", CheckSpec(spec, resources(spec.resource)));
      return violations.ToStatus("invalid fetch");
    }
    BF_ASSIGN_OR_RETURN(const std::string id, parts_.fetcher.Submit(spec, SubmissionOf(call, request->request_id())));
    BF_ASSIGN_OR_RETURN(const FetchRun run, parts_.runs.Get(id, call.deadline));
    *response = ToProto(run);
    return absl::OkStatus();
  });
}

grpc::Status DataService::GetFetchRun(grpc::ServerContext* context, const v1::GetFetchRunRequest* request,
                                      v1::FetchRun* response) {
  return parts_.guard.Serve(context, request, response, [&](const Call& call) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const std::string id, rpc::IdOf("fetchRuns", request->name()));
    BF_ASSIGN_OR_RETURN(const FetchRun run, parts_.runs.Get(id, call.deadline));
    *response = ToProto(run);
    return absl::OkStatus();
  });
}

grpc::Status DataService::ListFetchRuns(grpc::ServerContext* context, const v1::ListFetchRunsRequest* request,
                                        v1::ListFetchRunsResponse* response) {
  return parts_.guard.Serve(context, request, response, [&](const Call& call) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const int size, rpc::PageSize(request->page_size()));
    BF_ASSIGN_OR_RETURN(const std::string cursor, parts_.page_tokens.Decode("ListFetchRuns", request->page_token()));
    BF_ASSIGN_OR_RETURN(const std::optional<ListPosition> after, FromCursor(cursor));
    BF_ASSIGN_OR_RETURN(std::vector<FetchRun> runs, parts_.runs.List(after, size + 1, call.deadline));
    if (runs.size() > static_cast<size_t>(size)) {
      runs.pop_back();
      response->set_next_page_token(
          parts_.page_tokens.Encode("ListFetchRuns", ToCursor(runs.back().create_time, runs.back().id)));
    }
    for (const FetchRun& run : runs) *response->add_fetch_runs() = ToProto(run);
    return absl::OkStatus();
  });
}

grpc::Status DataService::CancelFetchRun(grpc::ServerContext* context, const v1::CancelFetchRunRequest* request,
                                         v1::FetchRun* response) {
  return parts_.guard.Serve(context, request, response, [&](const Call& call) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const std::string id, rpc::IdOf("fetchRuns", request->name()));
    BF_RETURN_IF_ERROR(parts_.fetcher.Cancel(id, call.deadline));
    BF_ASSIGN_OR_RETURN(const FetchRun run, parts_.runs.Get(id, call.deadline));
    *response = ToProto(run);
    return absl::OkStatus();
  });
}

grpc::ServerWriteReactor<v1::FetchRun>* DataService::WatchFetchRun(grpc::CallbackServerContext* context,
                                                                   const v1::WatchFetchRunRequest* request) {
  return parts_.guard.Stream<v1::FetchRun>(
      context, request,
      [this](const Call& call,
             const v1::WatchFetchRunRequest& watch) -> absl::StatusOr<std::unique_ptr<rpc::Source<v1::FetchRun>>> {
        BF_ASSIGN_OR_RETURN(const std::string id, rpc::IdOf("fetchRuns", watch.name()));
        return rpc::WatchRun<v1::FetchRun>(
            [this, id, deadline = call.deadline]() -> absl::StatusOr<v1::FetchRun> {
              BF_ASSIGN_OR_RETURN(const FetchRun run, parts_.runs.Get(id, deadline));
              return ToProto(run);
            },
            [](const v1::FetchRun& run) { return rpc::IsFinal(run.job()); },
            [this, id](std::function<void()> changed) {
              return parts_.jobs.Watch(id, [changed = std::move(changed)](const jobs::Job*) { changed(); });
            });
      });
}

grpc::Status DataService::ListSeries(grpc::ServerContext* context, const v1::ListSeriesRequest* request,
                                     v1::ListSeriesResponse* response) {
  return parts_.guard.Serve(context, request, response, [&](const Call& call) -> absl::Status {
    const std::string query = "ListSeries|" + request->resource();
    if (!request->resource().empty())
      BF_RETURN_IF_ERROR(parts_.resources.Find(request->resource(), call.deadline).status());
    BF_ASSIGN_OR_RETURN(const int size, rpc::PageSize(request->page_size()));
    BF_ASSIGN_OR_RETURN(const std::string cursor, parts_.page_tokens.Decode(query, request->page_token()));
    columnar::SeriesFilter filter{.resource = request->resource(), .limit = size + 1, .deadline = call.deadline};
    BF_ASSIGN_OR_RETURN(filter.after, KeyFromCursor(cursor));
    BF_ASSIGN_OR_RETURN(std::vector<columnar::SeriesHead> heads, parts_.reader.List(filter));
    if (heads.size() > static_cast<size_t>(size)) {
      heads.pop_back();
      response->set_next_page_token(parts_.page_tokens.Encode(query, ToCursor(heads.back().key)));
    }
    for (const columnar::SeriesHead& head : heads) *response->add_series() = ToProto(head);
    return absl::OkStatus();
  });
}

grpc::ServerWriteReactor<common::v1::SeriesMessage>* DataService::ReadSeries(grpc::CallbackServerContext* context,
                                                                             const v1::ReadSeriesRequest* request) {
  return parts_.guard.Stream<common::v1::SeriesMessage>(
      context, request, [this](const Call& call, const v1::ReadSeriesRequest& read) {
        return OpenRead(call, read, {parts_.reader, parts_.series, parts_.page_tokens});
      });
}

grpc::Status DataService::CreateSnapshot(grpc::ServerContext* context, const v1::CreateSnapshotRequest* request,
                                         v1::Snapshot* response) {
  return parts_.guard.Serve(context, request, response, [&](const Call& call) -> absl::Status {
    base::Violations violations;
    const SnapshotSpec spec = FromProto(*request, parts_.resources.Lookup(call.deadline), violations);
    BF_RETURN_IF_ERROR(violations.ToStatus("invalid snapshot"));
    BF_ASSIGN_OR_RETURN(const Snapshot snapshot,
                        parts_.reader.CreateSnapshot(spec, SubmissionOf(call, request->request_id()), call.cancel));
    *response = ToProto(snapshot);
    return absl::OkStatus();
  });
}

grpc::Status DataService::GetSnapshot(grpc::ServerContext* context, const v1::GetSnapshotRequest* request,
                                      v1::Snapshot* response) {
  return parts_.guard.Serve(context, request, response, [&](const Call& call) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const std::string id, rpc::IdOf("snapshots", request->name()));
    BF_ASSIGN_OR_RETURN(const Snapshot snapshot, parts_.snapshots.Get(id, call.deadline));
    *response = ToProto(snapshot);
    return absl::OkStatus();
  });
}

grpc::Status DataService::ListSnapshots(grpc::ServerContext* context, const v1::ListSnapshotsRequest* request,
                                        v1::ListSnapshotsResponse* response) {
  return parts_.guard.Serve(context, request, response, [&](const Call& call) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const int size, rpc::PageSize(request->page_size()));
    BF_ASSIGN_OR_RETURN(const std::string cursor, parts_.page_tokens.Decode("ListSnapshots", request->page_token()));
    BF_ASSIGN_OR_RETURN(const std::optional<ListPosition> after, FromCursor(cursor));
    BF_ASSIGN_OR_RETURN(std::vector<Snapshot> snapshots, parts_.snapshots.List(after, size + 1, call.deadline));
    if (snapshots.size() > static_cast<size_t>(size)) {
      snapshots.pop_back();
      response->set_next_page_token(
          parts_.page_tokens.Encode("ListSnapshots", ToCursor(snapshots.back().create_time, snapshots.back().id)));
    }
    for (const Snapshot& snapshot : snapshots) *response->add_snapshots() = ToProto(snapshot);
    return absl::OkStatus();
  });
}

}  // namespace breadthflow::data
