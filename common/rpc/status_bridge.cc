#include "common/rpc/status_bridge.h"

#include <algorithm>
#include <string>
#include <utility>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/base/text.h"
#include "common/rpc/convert.h"

namespace breadthflow::rpc {
namespace {

constexpr size_t kMaxWireBytes = 4096;
// The message travels twice, once percent-encoded: this much, all of it three bytes a character, still fits.
constexpr size_t kMaxMessageBytes = 1000;
constexpr size_t kMaxValueBytes = 256;
// Of a description, as long as all violations fit with it: the longest of these.
constexpr size_t kMaxDescriptionBytes[] = {1000, 600, 400, kMaxValueBytes};
constexpr size_t kMaxReasonBytes = 63;
// No more than this fit, however short they are.
constexpr size_t kMaxViolations = 512;

std::string Cut(std::string_view text, size_t limit, std::string_view mark) {
  const std::string valid = base::ValidUtf8(text);
  if (valid.size() <= limit) return valid;
  return std::string(base::CutUtf8(valid, limit - mark.size())) + std::string(mark);
}

template <typename Detail>
void AddDetail(google::rpc::Status& status, const Detail& detail) {
  status.add_details()->PackFrom(detail);
}

// How much of the details there is.
struct Extent {
  size_t shown;  // of the violations, the first ones
  bool with_metadata = true;
  size_t description_bytes = kMaxValueBytes;
};

google::rpc::Status Build(const absl::Status& status, const base::ErrorDetails& details, const Extent& extent) {
  const size_t shown = extent.shown;
  google::rpc::Status proto;
  proto.set_code(static_cast<int>(status.code()));
  proto.set_message(Cut(base::Message(status), kMaxMessageBytes, " [truncated]"));
  google::rpc::ErrorInfo info;
  info.set_reason(Cut(details.reason, kMaxReasonBytes, ""));
  info.set_domain(std::string(kErrorDomain));
  if (extent.with_metadata) {
    for (const auto& [key, value] : details.metadata) {
      (*info.mutable_metadata())[Cut(key, kMaxValueBytes, "...")] = Cut(value, kMaxValueBytes, "...");
    }
  } else {
    (*info.mutable_metadata())["metadata_count"] = std::to_string(details.metadata.size());
  }
  if (shown < details.violations.size()) {
    (*info.mutable_metadata())["violations_count"] = std::to_string(details.violations.size());
    (*info.mutable_metadata())["violations_shown"] = std::to_string(shown);
  }
  AddDetail(proto, info);
  if (shown > 0) {
    google::rpc::BadRequest bad;
    for (size_t i = 0; i < shown; ++i) {
      google::rpc::BadRequest::FieldViolation* violation = bad.add_field_violations();
      violation->set_field(Cut(details.violations[i].field, kMaxValueBytes, "..."));
      violation->set_description(Cut(details.violations[i].description, extent.description_bytes, "..."));
    }
    AddDetail(proto, bad);
  }
  if (status.code() == absl::StatusCode::kResourceExhausted) {
    google::rpc::QuotaFailure quota;
    google::rpc::QuotaFailure::Violation* violation = quota.add_violations();
    violation->set_subject(info.reason());
    violation->set_description(Cut(base::Message(status), kMaxValueBytes, "..."));
    AddDetail(proto, quota);
  }
  if (details.retry_after) {
    google::rpc::RetryInfo retry;
    *retry.mutable_retry_delay() = ToProto(std::clamp(*details.retry_after, absl::ZeroDuration(), absl::Hours(24)));
    AddDetail(proto, retry);
  }
  return proto;
}

bool Fits(const google::rpc::Status& proto) { return proto.message().size() + proto.ByteSizeLong() <= kMaxWireBytes; }

absl::StatusCode CodeOf(int code) {
  const bool known = code >= 0 && code <= static_cast<int>(absl::StatusCode::kUnauthenticated);
  return known ? static_cast<absl::StatusCode>(code) : absl::StatusCode::kUnknown;
}

}  // namespace

google::rpc::Status ToProto(const absl::Status& status) {
  if (status.ok()) return {};
  const base::ErrorDetails details = base::DetailsOf(status);
  size_t too_many = std::min(details.violations.size(), kMaxViolations);
  for (const size_t bytes : kMaxDescriptionBytes) {
    google::rpc::Status proto = Build(status, details, {.shown = too_many, .description_bytes = bytes});
    if (Fits(proto)) return proto;
  }
  const bool with_metadata = Fits(Build(status, details, {.shown = 0}));
  size_t fits = 0;
  while (too_many - fits > 1) {
    const size_t middle = fits + (too_many - fits) / 2;
    (Fits(Build(status, details, {.shown = middle, .with_metadata = with_metadata})) ? fits : too_many) = middle;
  }
  return Build(status, details, {.shown = fits, .with_metadata = with_metadata});
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const google::rpc::Status proto = ToProto(status);
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), proto.message(), proto.SerializeAsString());
}

absl::Status FromProto(const google::rpc::Status& proto) {
  const absl::StatusCode code = CodeOf(proto.code());
  if (code == absl::StatusCode::kOk) return absl::OkStatus();
  base::ErrorDetails details{.reason = base::CodeName(code), .metadata = {}, .violations = {}, .retry_after = {}};
  for (const google::protobuf::Any& any : proto.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad;
    google::rpc::RetryInfo retry;
    if (any.Is<google::rpc::ErrorInfo>() && any.UnpackTo(&info)) {
      details.reason = info.reason();
      for (const auto& [key, value] : info.metadata()) details.metadata[key] = value;
    } else if (any.Is<google::rpc::BadRequest>() && any.UnpackTo(&bad)) {
      for (const auto& violation : bad.field_violations()) {
        details.violations.push_back({violation.field(), violation.description()});
      }
    } else if (any.Is<google::rpc::RetryInfo>() && any.UnpackTo(&retry)) {
      details.retry_after =
          absl::Seconds(retry.retry_delay().seconds()) + absl::Nanoseconds(retry.retry_delay().nanos());
    }
  }
  return base::MakeError(code, proto.message(), details);
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  google::rpc::Status proto;
  if (!status.error_details().empty() && proto.ParseFromString(status.error_details()) &&
      proto.code() == static_cast<int>(status.error_code())) {
    return FromProto(proto);
  }
  const absl::StatusCode code = CodeOf(status.error_code());
  return base::MakeError(code, base::CodeName(code), status.error_message());
}

std::string_view CodeLabel(absl::StatusCode code) {
  static constexpr std::string_view kLabels[] = {
      "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
      "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
      "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
      "DataLoss", "Unauthenticated"};
  const auto index = static_cast<size_t>(code);
  return index < std::size(kLabels) ? kLabels[index] : "Unknown";
}

}  // namespace breadthflow::rpc
