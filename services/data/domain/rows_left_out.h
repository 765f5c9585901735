#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

#include "common/quant/calendar.h"
#include "common/quant/resample.h"
#include "common/quant/series.h"

// What a read says of rows that are in none of the bars made of them. Pure.
namespace breadthflow::data {

// Of the `outside` rows before `until_ns` that are in no session of the calendar; those from then on are not counted,
// but tell whether others are of a closing auction. FAILED_PRECONDITION NO_SESSION when these are all of them,
// OUTSIDE_SESSIONS when more than kMostOutsidePercent of all are of hours at which nothing is traded: bars of these
// sessions would not be bars of that market. The message names the calendars that fit.
absl::StatusOr<std::string> OutsideNotice(const quant::Series& rows, size_t outside, const quant::Calendar& calendar,
                                          bool trades, int64_t until_ns);

// Of the rows at the end whose bar is not complete.
std::string PendingNotice(size_t rows, const quant::ResampleSpec& spec);

}  // namespace breadthflow::data
