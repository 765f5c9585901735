#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "breadthflow/common/v1/component.pb.h"
#include "breadthflow/common/v1/series.pb.h"
#include "breadthflow/common/v1/types.pb.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

#include "common/base/status.h"
#include "common/component/catalog.h"
#include "common/quant/series.h"

// The messages of breadthflow.common.v1 <-> domain types. What comes in is checked: converters either return a status
// or add to Violations under the path of the field, so that the caller sees every mistake at once. What goes out never
// fails. Jobs are in convert_job.h.
namespace breadthflow::rpc {

// Instants outside of the years 1-9999 (the infinite ones too) are cut to them: leave a field absent for "no time".
google::protobuf::Timestamp ToProto(absl::Time time);
absl::Time FromProto(const google::protobuf::Timestamp& time);
// The same for what a caller sent: a violation (and the Unix epoch) when int64 nanoseconds can not hold it, that is
// before 1678 or after 2261, or when the nanos are not in [0, 999999999].
absl::Time FromProto(const google::protobuf::Timestamp& time, std::string_view field, base::Violations& violations);
google::protobuf::Duration ToProto(absl::Duration duration);
absl::Duration FromProto(const google::protobuf::Duration& duration);

common::v1::Timeframe ToProto(quant::Timeframe timeframe);
// UNSPECIFIED is kDay; a number outside of the enum is a violation (and kDay).
quant::Timeframe FromProto(common::v1::Timeframe timeframe, std::string_view field, base::Violations& violations);

common::v1::PriceBasis ToProto(quant::PriceBasis basis);
// A number outside of the enum is a violation (and kNotPrices).
quant::PriceBasis FromProto(common::v1::PriceBasis basis, std::string_view field, base::Violations& violations);

common::v1::TimeRange ToProto(const quant::TimeRange& range);  // open ends are absent
// Violations: an absent end when `required`, end not after start, instants that int64 nanoseconds can not hold (before
// 1678 or after 2261).
quant::TimeRange FromProto(const common::v1::TimeRange& range, bool required, std::string_view field,
                           base::Violations& violations);

common::v1::ParamValue ToProto(const component::ParamValue& value);
// Violation when no kind is set or a number is not finite.
component::ParamValue FromProto(const common::v1::ParamValue& value, std::string_view field,
                                base::Violations& violations);
common::v1::ComponentRef ToProto(const component::ComponentRef& ref);
// Violation when the name is empty.
component::ComponentRef FromProto(const common::v1::ComponentRef& ref, std::string_view field,
                                  base::Violations& violations);
common::v1::ComponentInfo ToProto(const component::ComponentInfo& info,
                                  const std::vector<component::ParamSpec>& params);
// The other way round, for the registry; violations for empty kind or name, and for unknown types of parameters.
component::ComponentInfo FromProto(const common::v1::ComponentInfo& info, std::vector<component::ParamSpec>* params,
                                   std::string_view field, base::Violations& violations);

common::v1::SeriesKey ToProto(const quant::SeriesKey& key);  // without the variant
absl::StatusOr<quant::SeriesKey> FromProto(const common::v1::SeriesKey& key);

// Rows [begin, end) of `series` as packed columns.
common::v1::ColumnarBatch ToProto(const quant::Series& series, size_t begin, size_t end);
// `repeats` is what SeriesMessage.repeated_times said of the series. DATA_LOSS `BAD_BATCH` when the columns do not have
// the length of the times, rows are named that do not exist, or what comes out is not a valid series.
absl::StatusOr<quant::Series> FromProto(const common::v1::ColumnarBatch& batch, bool repeats = false);

// The id in a resource name "collection/id". INVALID_ARGUMENT `INVALID_NAME` otherwise: "name must be fetchRuns/{id},
// was 'x'". An id is 1 to 128 characters of [A-Za-z0-9._-].
absl::StatusOr<std::string> IdOf(std::string_view collection, std::string_view name, std::string_view field = "name");

// An AIP-155 request_id: violation when it is neither empty nor a UUID.
void CheckRequestId(std::string_view request_id, std::string_view field, base::Violations& violations);

}  // namespace breadthflow::rpc
