#pragma once

#include <cstdint>

#include "absl/time/civil_time.h"

// Local time of the exchanges, computed here from the laws of 1990 and after, so that no time-zone database can change
// a result. Instants are Unix nanoseconds, UTC.
namespace breadthflow::quant {

// Seconds to add to UTC to get local time, at that instant. New York: -18000 (standard) or -14400 (daylight; the rules
// of 1990-2006 and from 2007). Frankfurt: 3600 or 7200 (the rules of 1990-1995 and from 1996).
int NewYorkOffsetSeconds(int64_t time_ns);
int FrankfurtOffsetSeconds(int64_t time_ns);

// Instant of a local wall-clock time; in the skipped and repeated hours of a change the offset before the change is
// used (no session begins or ends there).
int64_t NewYorkInstant(absl::CivilSecond local);
int64_t FrankfurtInstant(absl::CivilSecond local);

int64_t UtcInstant(absl::CivilSecond utc);

}  // namespace breadthflow::quant
