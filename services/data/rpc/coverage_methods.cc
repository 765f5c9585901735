#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/rpc/convert.h"
#include "common/rpc/status_bridge.h"
#include "services/data/rpc/convert.h"
#include "services/data/rpc/cursors.h"
#include "services/data/rpc/data_service.h"

// The methods of DataService about what was asked of sources and what they answered.
namespace breadthflow::data {
namespace {

using rpc::Call;

v1::Coverage ToProto(const Coverage& one) {
  v1::Coverage out;
  *out.mutable_key() = rpc::ToProto(one.key);
  out.set_source(one.key.variant);
  *out.mutable_range() = rpc::ToProto(one.range);
  out.set_outcome(static_cast<v1::FetchResult::Outcome>(one.outcome));
  out.set_row_count(one.rows.value_or(0));
  if (!one.error.ok()) *out.mutable_error() = rpc::ToProto(one.error);
  out.set_retryable(one.retryable);
  out.set_fetch_run("fetchRuns/" + one.run);
  *out.mutable_fetch_time() = rpc::ToProto(one.fetch_time);
  out.set_body_sha256(one.body_sha256);
  out.set_basis(rpc::ToProto(one.basis));
  return out;
}

}  // namespace

grpc::Status DataService::ListCoverage(grpc::ServerContext* context, const v1::ListCoverageRequest* request,
                                       v1::ListCoverageResponse* response) {
  return parts_.guard.Serve(context, request, response, [&](const Call& call) -> absl::Status {
    base::Violations violations;
    CoverageFilter filter{.resource = request->resource(),
                          .symbol = request->symbol(),
                          .timeframe = std::nullopt,
                          .source = request->source()};
    if (request->timeframe() != common::v1::TIMEFRAME_UNSPECIFIED) {
      filter.timeframe = rpc::FromProto(request->timeframe(), "timeframe", violations);
    }
    BF_RETURN_IF_ERROR(violations.ToStatus("invalid list"));
    const std::string query = fmt::format("ListCoverage|{}|{}|{}|{}", filter.resource, filter.symbol,
                                          static_cast<int>(request->timeframe()), filter.source);
    BF_ASSIGN_OR_RETURN(const int size, rpc::PageSize(request->page_size()));
    BF_ASSIGN_OR_RETURN(const std::string cursor, parts_.page_tokens.Decode(query, request->page_token()));
    BF_ASSIGN_OR_RETURN(const std::optional<CoveragePosition> after, CoverageFromCursor(cursor));
    BF_ASSIGN_OR_RETURN(std::vector<Coverage> entries, parts_.coverage.List(filter, after, size + 1, call.deadline));
    if (entries.size() > static_cast<size_t>(size)) {
      entries.pop_back();
      response->set_next_page_token(parts_.page_tokens.Encode(
          query, ToCursor(CoveragePosition{entries.back().key, entries.back().range.start_ns})));
    }
    for (Coverage& one : entries) {
      if (!one.rows) {
        // A part of what was received was replaced: the rest is what is stored of it.
        BF_RETURN_IF_ERROR(call.cancel.Check());
        BF_ASSIGN_OR_RETURN(
            const quant::Series rows,
            parts_.series.chunks().Read(one.key, columnar::ReadOptions{.range = one.range, .deadline = call.deadline}));
        one.rows = static_cast<int64_t>(rows.size());
      }
      *response->add_coverage() = ToProto(one);
    }
    return absl::OkStatus();
  });
}

grpc::ServerWriteReactor<v1::ReadRawBodyResponse>* DataService::ReadRawBody(grpc::CallbackServerContext* context,
                                                                            const v1::ReadRawBodyRequest* request) {
  return parts_.guard.Stream<v1::ReadRawBodyResponse>(
      context, request,
      [this](const Call& call, const v1::ReadRawBodyRequest& read)
          -> absl::StatusOr<std::unique_ptr<rpc::Source<v1::ReadRawBodyResponse>>> {
        BF_ASSIGN_OR_RETURN(RawBodyStore::Reader reader, parts_.bodies.Open(read.body_sha256(), call.deadline));
        auto shared = std::make_shared<RawBodyStore::Reader>(std::move(reader));
        return rpc::MakeSource<v1::ReadRawBodyResponse>(
            [shared](v1::ReadRawBodyResponse* message) -> absl::StatusOr<rpc::Step> {
              BF_ASSIGN_OR_RETURN(*message->mutable_content(), shared->Next());
              return message->content().empty() ? rpc::Step::End() : rpc::Step::Message();
            });
      });
}

}  // namespace breadthflow::data
