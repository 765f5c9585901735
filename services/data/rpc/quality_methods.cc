#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "common/rpc/convert.h"
#include "services/data/domain/asset_class.h"
#include "services/data/rpc/convert.h"
#include "services/data/rpc/cursors.h"
#include "services/data/rpc/data_service.h"

// The methods of DataService about the quality of snapshots.
namespace breadthflow::data {
namespace {

using rpc::Call;

absl::StatusOr<Reader::ReportQuery> FromProto(const v1::GetQualityReportRequest& request) {
  Reader::ReportQuery query;
  base::Violations violations;
  BF_ASSIGN_OR_RETURN(query.snapshot, rpc::IdOf("qualityReports", request.name()));
  if (!request.calendar().empty()) {
    const absl::StatusOr<const quant::Calendar*> found = quant::FindCalendar(request.calendar());
    if (found.ok()) {
      query.calendar = *found;
    } else {
      violations.Add("calendar", base::Message(found.status()));
    }
  }
  if (!request.asset_class().empty()) {
    query.asset_class = AssetClassNamed(request.asset_class());
    if (!query.asset_class) {
      violations.Add("asset_class", fmt::format("must be one of {}, was '{}'", fmt::join(AssetClassNames(), ", "),
                                                request.asset_class().substr(0, 64)));
    }
  }
  query.expect_all = request.expect_whole_range();
  BF_RETURN_IF_ERROR(violations.ToStatus("invalid request"));
  return query;
}

// The worst that was found; 0: nothing.
int WorstOf(const v1::SeriesQuality& series) {
  int worst = 0;
  for (const v1::QualityFinding& finding : series.findings()) worst = std::max<int>(worst, finding.severity());
  return worst;
}

}  // namespace

void TrimReport(v1::QualityReport& report, size_t max_bytes) {
  constexpr size_t kFraming = 8;  // tag and length of an entry, and the count of those that are left out
  const size_t whole = report.ByteSizeLong();
  if (whole <= max_bytes) return;
  std::vector<size_t> sizes;
  std::vector<int> worst;
  size_t left = whole;
  for (const v1::SeriesQuality& series : report.series()) {
    sizes.push_back(series.ByteSizeLong() + kFraming);
    worst.push_back(WorstOf(series));
    left -= std::min(left, sizes.back());
  }
  std::vector<size_t> order(sizes.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return worst[a] > worst[b]; });
  std::vector<bool> keeps(sizes.size(), false);
  left += kFraming;
  for (const size_t i : order) {
    if (left + sizes[i] > max_bytes) break;
    left += sizes[i];
    keeps[i] = true;
  }
  google::protobuf::RepeatedPtrField<v1::SeriesQuality> kept;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (keeps[i]) *kept.Add() = std::move(*report.mutable_series(static_cast<int>(i)));
  }
  report.set_omitted_series_count(report.series_size() - kept.size());
  report.mutable_series()->Swap(&kept);
}

grpc::Status DataService::GetQualityReport(grpc::ServerContext* context, const v1::GetQualityReportRequest* request,
                                           v1::QualityReport* response) {
  return parts_.guard.Serve(context, request, response, [&](const Call& call) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const Reader::ReportQuery query, FromProto(*request));
    BF_ASSIGN_OR_RETURN(const QualityReport report, parts_.reader.GetReport(query, call.deadline, call.cancel));
    *response = ToProto(report);
    TrimReport(*response);
    return absl::OkStatus();
  });
}

grpc::Status DataService::ListQualityReports(grpc::ServerContext* context, const v1::ListQualityReportsRequest* request,
                                             v1::ListQualityReportsResponse* response) {
  return parts_.guard.Serve(context, request, response, [&](const Call& call) -> absl::Status {
    const std::string query = "ListQualityReports";
    BF_ASSIGN_OR_RETURN(const int size, rpc::PageSize(request->page_size()));
    BF_ASSIGN_OR_RETURN(const std::string cursor, parts_.page_tokens.Decode(query, request->page_token()));
    BF_ASSIGN_OR_RETURN(const std::optional<ListPosition> after, FromCursor(cursor));
    BF_ASSIGN_OR_RETURN(std::vector<ListPosition> positions,
                        parts_.snapshots.ListReports(after, size + 1, call.deadline));
    bool more = positions.size() > static_cast<size_t>(size);
    if (more) positions.pop_back();
    size_t bytes = 0;
    const ListPosition* last = nullptr;
    for (const ListPosition& position : positions) {
      BF_RETURN_IF_ERROR(call.cancel.Check());
      BF_ASSIGN_OR_RETURN(const QualityReport report,
                          parts_.reader.GetReport({.snapshot = position.id}, call.deadline, call.cancel));
      v1::QualityReport shown = ToProto(report);
      TrimReport(shown);
      bytes += shown.ByteSizeLong();
      if (last != nullptr && bytes > kMaxReportBytes) {
        more = true;  // it opens the next page
        break;
      }
      *response->add_quality_reports() = std::move(shown);
      last = &position;
    }
    if (more && last != nullptr) {
      response->set_next_page_token(parts_.page_tokens.Encode(query, ToCursor(last->create_time, last->id)));
    }
    return absl::OkStatus();
  });
}

}  // namespace breadthflow::data
