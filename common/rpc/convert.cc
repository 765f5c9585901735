#include "common/rpc/convert.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "common/base/ids.h"

namespace breadthflow::rpc {
namespace {

constexpr int64_t kFirstSecond = -62135596800;  // 0001-01-01
constexpr int64_t kLastSecond = 253402300799;   // 9999-12-31T23:59:59
constexpr size_t kMaxIdBytes = 128;

bool IsIdCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

}  // namespace

google::protobuf::Timestamp ToProto(absl::Time time) {
  google::protobuf::Timestamp proto;
  const absl::Time last = absl::FromUnixSeconds(kLastSecond) + absl::Nanoseconds(999999999);
  time = std::clamp(time, absl::FromUnixSeconds(kFirstSecond), last);
  const int64_t seconds = absl::ToUnixSeconds(time);  // rounds towards the infinite past
  proto.set_seconds(seconds);
  proto.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return proto;
}

absl::Time FromProto(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

absl::Time FromProto(const google::protobuf::Timestamp& time, std::string_view field, base::Violations& violations) {
  const absl::Time instant = FromProto(time);
  if (time.nanos() < 0 || time.nanos() > 999999999) {
    violations.Add(field, fmt::format("nanos must be in [0, 999999999], was {}", time.nanos()));
    return absl::UnixEpoch();
  }
  if (instant < absl::FromUnixNanos(INT64_MIN) || instant > absl::FromUnixNanos(INT64_MAX)) {
    violations.Add(field, "must be between the years 1678 and 2261");
    return absl::UnixEpoch();
  }
  return instant;
}

google::protobuf::Duration ToProto(absl::Duration duration) {
  google::protobuf::Duration proto;
  duration = std::clamp(duration, absl::Seconds(kFirstSecond), absl::Seconds(kLastSecond));
  proto.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &duration));
  proto.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(duration)));
  return proto;
}

absl::Duration FromProto(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

common::v1::Timeframe ToProto(quant::Timeframe timeframe) { return static_cast<common::v1::Timeframe>(timeframe); }

quant::Timeframe FromProto(common::v1::Timeframe timeframe, std::string_view field, base::Violations& violations) {
  if (timeframe == common::v1::TIMEFRAME_UNSPECIFIED) return quant::Timeframe::kDay;
  if (!common::v1::Timeframe_IsValid(timeframe)) {
    violations.Add(field, fmt::format("{} is not a timeframe", static_cast<int>(timeframe)));
    return quant::Timeframe::kDay;
  }
  return static_cast<quant::Timeframe>(timeframe);
}

common::v1::PriceBasis ToProto(quant::PriceBasis basis) { return static_cast<common::v1::PriceBasis>(basis); }

quant::PriceBasis FromProto(common::v1::PriceBasis basis, std::string_view field, base::Violations& violations) {
  if (!common::v1::PriceBasis_IsValid(basis)) {
    violations.Add(field, fmt::format("{} is not a price basis", static_cast<int>(basis)));
    return quant::PriceBasis::kNotPrices;
  }
  return static_cast<quant::PriceBasis>(basis);
}

common::v1::TimeRange ToProto(const quant::TimeRange& range) {
  common::v1::TimeRange proto;
  if (range.start_ns != INT64_MIN) *proto.mutable_start_time() = ToProto(quant::FromNanos(range.start_ns));
  if (range.end_ns != INT64_MAX) *proto.mutable_end_time() = ToProto(quant::FromNanos(range.end_ns));
  return proto;
}

quant::TimeRange FromProto(const common::v1::TimeRange& range, bool required, std::string_view field,
                           base::Violations& violations) {
  const std::string start_field = fmt::format("{}.start_time", field);
  const std::string end_field = fmt::format("{}.end_time", field);
  const size_t violations_before = violations.list().size();
  quant::TimeRange result;
  if (range.has_start_time()) {
    result.start_ns = absl::ToUnixNanos(FromProto(range.start_time(), start_field, violations));
  } else if (required) {
    violations.Add(start_field, "is required");
  }
  if (range.has_end_time()) {
    result.end_ns = absl::ToUnixNanos(FromProto(range.end_time(), end_field, violations));
  } else if (required) {
    violations.Add(end_field, "is required");
  }
  const bool both = range.has_start_time() && range.has_end_time() && violations.list().size() == violations_before;
  if (both && result.end_ns <= result.start_ns) {
    violations.Add(end_field, fmt::format("must be later than start_time {}, was {}",
                                          absl::FormatTime(quant::FromNanos(result.start_ns), absl::UTCTimeZone()),
                                          absl::FormatTime(quant::FromNanos(result.end_ns), absl::UTCTimeZone())));
  }
  return result;
}

absl::StatusOr<std::string> IdOf(std::string_view collection, std::string_view name, std::string_view field) {
  const std::string prefix = fmt::format("{}/", collection);
  const bool has_prefix = name.substr(0, prefix.size()) == prefix;
  const std::string_view id = has_prefix ? name.substr(prefix.size()) : std::string_view();
  if (!id.empty() && id.size() <= kMaxIdBytes && std::all_of(id.begin(), id.end(), IsIdCharacter)) {
    return std::string(id);
  }
  base::Violations violations;
  violations.Add(field, fmt::format("must be {}{{id}}, was '{}'", prefix, name.substr(0, 2 * kMaxIdBytes)));
  return violations.ToStatus("bad resource name", "INVALID_NAME");
}

void CheckRequestId(std::string_view request_id, std::string_view field, base::Violations& violations) {
  if (!request_id.empty() && !base::IsUuid(request_id)) {
    violations.Add(field, fmt::format("must be a UUID, was '{}'", request_id.substr(0, kMaxIdBytes)));
  }
}

}  // namespace breadthflow::rpc
