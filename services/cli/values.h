#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "breadthflow/common/v1/component.pb.h"
#include "breadthflow/common/v1/job.pb.h"
#include "breadthflow/common/v1/types.pb.h"

#include "common/base/status.h"
#include "common/quant/timeframe.h"
#include "services/cli/command.h"

// Texts of the command line -> values of requests, and values of responses -> texts for people. What is wrong with a
// text is added to Violations under the name of its flag.
namespace breadthflow::cli {

// "aapl, MSFT" -> {"AAPL", "MSFT"}; empty entries and spaces inside of one are violations.
std::vector<std::string> ParseSymbols(std::string_view text, std::string_view flag, base::Violations& violations);

// A path as the working directory of this program makes it absolute, for a server that has another.
std::string AbsolutePath(const std::string& path);

// An instant: "2024-01-31" (midnight UTC) or "2024-01-31T21:00:00Z".
absl::Time ParseTime(std::string_view text, std::string_view flag, base::Violations& violations);
// Where a day begins for rows of `timeframe`: quant::DayBegin. Without a timeframe, rows are no bars.
absl::Time DayBegin(absl::CivilDay day, common::v1::Timeframe timeframe);
// Where a range of rows of `timeframe` starts or ends: with a day, where that begins; an instant is itself.
absl::Time ParseBound(std::string_view text, std::string_view flag, common::v1::Timeframe timeframe,
                      base::Violations& violations);

// --start and --end, each as ParseBound; an empty text leaves its end open.
common::v1::TimeRange ParseRange(const Arguments& arguments, common::v1::Timeframe timeframe,
                                 base::Violations& violations);
// The same for runs that work on bars, of whatever size.
common::v1::TimeRange ParseBarRange(const Arguments& arguments, base::Violations& violations);

common::v1::Timeframe ParseTimeframeFlag(const Arguments& arguments, base::Violations& violations);
// The same for a kind of data. Its default is a day for bars of prices; for every other kind the server knows it.
common::v1::Timeframe ParseTimeframeFlag(const Arguments& arguments, std::string_view resource,
                                         base::Violations& violations);

// Puts every "NAME=VALUE" of a repeated flag into `component`. Numbers and true/false are recognised; NAME="text" with
// quotes is always text.
void ParseParams(const Arguments& arguments, std::string_view flag, common::v1::ComponentRef& component,
                 base::Violations& violations);
common::v1::ParamValue ParseParamValue(std::string_view text);
std::string ToText(const common::v1::ParamValue& value);

int ParseCount(const Arguments& arguments, std::string_view flag, int min, int max, base::Violations& violations);
double ParseNumber(const Arguments& arguments, std::string_view flag, base::Violations& violations);

// "latest" stays; "0190..." -> "fetchRuns/0190..."; "fetchRuns/0190..." stays.
std::string ResourceName(std::string_view collection, std::string_view text);

std::string Day(const google::protobuf::Timestamp& time);  // "2024-01-31"; "" when not set
// The day of what was complete then: at midnight the one that ends; "" when not set.
std::string DayEnding(const google::protobuf::Timestamp& time);
std::string Instant(const google::protobuf::Timestamp& time);  // "2024-01-31 21:00:00"; "" when not set
std::string StateText(const common::v1::JobStatus& job);       // "SUCCEEDED", "RUNNING 40 %"
std::string TimeframeText(common::v1::Timeframe timeframe);
// That of a request or a key; a tick where it says none.
quant::Timeframe TimeframeOf(common::v1::Timeframe timeframe);
// "1,234,567"; a minus sign for negative ones.
std::string Grouped(int64_t value);
// Thousands grouped, two decimals.
std::string Money(double value);
std::string Percent(double fraction);
// "12 s", "3 min 05 s": whole seconds.
std::string Seconds(absl::Duration duration);

}  // namespace breadthflow::cli
