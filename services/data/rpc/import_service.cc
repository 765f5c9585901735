#include <memory>
#include <string>
#include <utility>

#include "absl/time/civil_time.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/rpc/convert.h"
#include "common/rpc/status_bridge.h"
#include "services/data/app/importer.h"
#include "services/data/domain/price_anchor.h"
#include "services/data/rpc/convert.h"
#include "services/data/rpc/data_service.h"

// The method of DataService that takes a stream.
namespace breadthflow::data {
namespace {

using Request = v1::ImportSeriesRequest;
using Response = v1::ImportSeriesResponse;

quant::Timeframe TimeframeOf(const v1::ImportSpec& spec, const std::string& resource, const ResourceLookup& resources,
                             base::Violations& violations) {
  if (spec.timeframe() == common::v1::TIMEFRAME_UNSPECIFIED) {
    const auto found = resources(resource);
    if (found.ok() && !(*found)->bars) return quant::Timeframe::kTick;
  }
  return rpc::FromProto(spec.timeframe(), "spec.timeframe", violations);
}

ImportSpec FromProto(const v1::ImportSpec& spec, const ResourceLookup& resources, base::Violations& violations) {
  ImportSpec out;
  out.resource_said = !spec.resource().empty();
  if (out.resource_said) out.resource = spec.resource();
  out.timeframe_said = spec.timeframe() != common::v1::TIMEFRAME_UNSPECIFIED;
  out.timeframe = TimeframeOf(spec, out.resource, resources, violations);
  if (!spec.source().empty()) out.source = spec.source();
  if (spec.basis() != common::v1::PRICE_BASIS_UNSPECIFIED) {
    out.basis = rpc::FromProto(spec.basis(), "spec.basis", violations);
  }
  if (!spec.adjusted_as_of().empty()) {
    const absl::StatusOr<absl::CivilDay> day = ParseAnchor(spec.adjusted_as_of());
    if (day.ok()) out.adjusted_as_of = *day;
    if (!day.ok()) violations.Add("spec.adjusted_as_of", base::Message(day.status()));
  }
  if (spec.has_replaces()) out.replaces = rpc::FromProto(spec.replaces(), true, "spec.replaces", violations);
  for (const auto& [name, value] : spec.csv_params()) {
    out.csv_params[name] = rpc::FromProto(value, fmt::format("spec.csv_params.{}", name), violations);
  }
  if (spec.has_answers_of()) out.answers_of = rpc::FromProto(spec.answers_of(), "spec.answers_of", violations);
  out.gate = FromProto(spec.quality_gate(), out.gate, violations);
  rpc::CheckRequestId(spec.request_id(), "spec.request_id", violations);
  return out;
}

absl::Status Wrong(std::string_view field, std::string_view text) {
  base::Violations violations;
  violations.Add(field, text);
  return violations.ToStatus("invalid import");
}

// INVALID_ARGUMENT that says what is wrong with them.
absl::StatusOr<PriceAnchors> DaysOf(const Request& message) {
  PriceAnchors days;
  for (const common::v1::AdjustedRows& one : message.adjusted_as_of()) {
    BF_ASSIGN_OR_RETURN(const absl::CivilDay day, ParseAnchor(one.adjusted_as_of()));
    if (!days.empty() && one.first_time_unix_ns() <= days.back().first_ns) {
      return base::MakeError(absl::StatusCode::kInvalidArgument, "NOT_ASCENDING", "must be ascending by time");
    }
    days.push_back({one.first_time_unix_ns(), day});
  }
  return days;
}

class ImportSink final : public rpc::Sink<Request, Response> {
 public:
  ImportSink(Importer& importer, ResourceLookup resources, rpc::Call call)
      : importer_(importer), resources_(std::move(resources)), call_(std::move(call)) {}

  absl::Status Take(Request& message) override {
    if (message.payload_case() == Request::kSpec) return Begin(message.spec());
    if (import_ == nullptr) return Wrong("spec", "the first message must say what the rows are");
    if (message.payload_case() != Request::kStored && !message.stored_of().empty()) {
      return Wrong("stored_of", "is for rows in the stored encoding");
    }
    if (message.payload_case() == Request::kCsv && !message.calendar().empty()) {
      return Wrong("calendar", "is for packed and stored rows: a text has a column calendar, or the spec a parameter");
    }
    if (message.payload_case() == Request::kAnswer && !message.calendar().empty()) {
      return Wrong("calendar", "is for packed and stored rows: of answers the spec names it, by a parameter");
    }
    const bool rows = message.payload_case() == Request::kPacked || message.payload_case() == Request::kStored;
    if (!rows && message.adjusted_as_of_size() > 0) {
      return Wrong("adjusted_as_of", "is for packed and stored rows: of files the spec says it, or a column of theirs");
    }
    absl::StatusOr<PriceAnchors> days = DaysOf(message);
    if (!days.ok()) return import_->AddBadRows(".adjusted_as_of", base::Message(days.status()));
    SaidOfRows said{.calendar = message.calendar(), .adjusted_as_of = *std::move(days)};
    switch (message.payload_case()) {
      case Request::kPacked:
        return TakePacked(*message.mutable_packed(), std::move(said));
      case Request::kStored:
        return import_->AddStored(message.stored_of(), message.stored(), said);
      case Request::kCsv:
        return AddPart(FileKind::kCsv, message.csv());
      case Request::kAnswer:
        return AddPart(FileKind::kAnswer, message.answer());
      default:
        return Wrong("payload", "must be rows: packed, stored, csv or answer");
    }
  }

  absl::Status Finish(Response& response) override {
    if (import_ == nullptr) return Wrong("spec", "the first message must say what the rows are");
    BF_ASSIGN_OR_RETURN(const std::vector<FetchResult> results, import_->Finish(call_.cancel));
    for (const FetchResult& result : results) *response.add_results() = ToProto(result);
    return absl::OkStatus();
  }

 private:
  absl::Status Begin(const v1::ImportSpec& proto) {
    if (import_ != nullptr) return Wrong("spec", "may only come once, first");
    base::Violations violations;
    const ImportSpec spec = FromProto(proto, resources_, violations);
    BF_RETURN_IF_ERROR(violations.ToStatus("invalid import"));
    BF_ASSIGN_OR_RETURN(import_, importer_.Begin(spec, SubmissionOf(call_, proto.request_id())));
    return absl::OkStatus();
  }

  template <typename Part>
  absl::Status AddPart(FileKind kind, const Part& part) {
    return import_->AddFilePart(kind, part.file(), part.symbol(), part.content());
  }

  absl::Status TakePacked(common::v1::ColumnarBatch& batch, SaidOfRows said) {
    common::v1::SeriesKey& key = *batch.mutable_key();
    const ImportSpec& spec = import_->spec();
    if (key.resource().empty()) key.set_resource(spec.resource);
    said.timeframe = key.timeframe() != common::v1::TIMEFRAME_UNSPECIFIED;
    if (!said.timeframe) key.set_timeframe(rpc::ToProto(spec.timeframe));
    if (key.resource() != spec.resource) {
      return import_->AddBadRows(".key.resource",
                                 fmt::format("must be that of the spec, {}, was '{}'", spec.resource, key.resource()));
    }
    if (key.timeframe() != rpc::ToProto(spec.timeframe)) {
      return import_->AddBadRows(".key.timeframe", "must be that of the spec");
    }
    absl::StatusOr<quant::Series> rows = rpc::FromProto(batch, import_->resource().repeats);
    if (!rows.ok()) return import_->AddBadRows("", base::Message(rows.status()));
    return import_->AddRows(*std::move(rows), said);
  }

  Importer& importer_;
  const ResourceLookup resources_;
  const rpc::Call call_;
  std::unique_ptr<Import> import_;
};

}  // namespace

grpc::ServerReadReactor<Request>* DataService::ImportSeries(grpc::CallbackServerContext* context, Response* response) {
  return parts_.guard.Receive<Request>(
      context, response,
      [this](const rpc::Call& call) -> absl::StatusOr<std::unique_ptr<rpc::Sink<Request, Response>>> {
        return std::make_unique<ImportSink>(parts_.importer, parts_.resources.Lookup(call.deadline), call);
      });
}

}  // namespace breadthflow::data
