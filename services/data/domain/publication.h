#pragma once

#include <cstdint>
#include <cstdlib>
#include <set>
#include <string_view>

#include "absl/time/civil_time.h"

#include "common/quant/calendar_zones.h"

// When something that companies say was surely public, where the source names only a day or not even that. All rules
// are on the late side: a row must not be known before it could be.
namespace breadthflow::data {

// The column of rows whose time is FilingDeadline: 1 there; 0, or no value, where the source says when they were
// published.
inline constexpr char kPublicationEstimated[] = "publication_estimated";

// Whose deadline counts: of American companies, or of others that report to the SEC or elsewhere.
enum class Filer { kDomestic, kForeign };

// By the currency of its statements: one that names another than the dollar is foreign. Where a source does not say it,
// companies count as domestic.
inline Filer FilerBy(std::string_view currency) {
  return currency.empty() || currency == "USD" ? Filer::kDomestic : Filer::kForeign;
}

// Of a statement that nobody dates: 22:00 in New York (the end of the SEC's day) on the last day on which it was due.
// Domestic: 90 days after an annual and 45 days after a quarterly period, the longest of the deadlines for all sizes.
// Foreign: four months and, as half-year reports are due in Europe, three, in the longest months there are: 123 and 92
// days. Who is late is known here too early: hence the column.
inline int64_t FilingDeadline(absl::CivilDay period_end, bool annual, Filer filer) {
  const bool domestic = filer == Filer::kDomestic;
  const int days = annual ? (domestic ? 90 : 123) : (domestic ? 45 : 92);
  return quant::NewYorkInstant(absl::CivilSecond(period_end + days) + int64_t{22} * 3600);
}

// Whether a period that ends then is the last of a fiscal year and is published with the annual statement: its end is
// within 12 days of one of `year_ends`, in any year. Without any known end every period may be the last.
inline bool EndsAYear(const std::set<absl::CivilDay>& year_ends, absl::CivilDay end) {
  constexpr int64_t kClose = 12;
  if (year_ends.empty()) return true;
  for (const absl::CivilDay known : year_ends) {
    const int64_t apart = std::abs(end - known) % 365;
    if (apart <= kClose || apart >= 365 - kClose) return true;
  }
  return false;
}

// Of a filing that was made on that day: 22:00 in New York, when the SEC takes no more.
inline int64_t FiledBy(absl::CivilDay filed) {
  return quant::NewYorkInstant(absl::CivilSecond(filed) + int64_t{22} * 3600);
}

// Of what happened on that day at no known hour: its end in New York.
inline int64_t DayEndInNewYork(absl::CivilDay day) { return quant::NewYorkInstant(absl::CivilSecond(day + 1)); }

// Of results announced on that day: "pre-market" by the open (09:30), "post-market" by the end of late trading (20:00),
// else by the end of the day, all in New York.
inline int64_t AnnouncedBy(absl::CivilDay day, std::string_view report_time) {
  if (report_time == "pre-market") return quant::NewYorkInstant(absl::CivilSecond(day) + int64_t{34'200});
  if (report_time == "post-market") return quant::NewYorkInstant(absl::CivilSecond(day) + int64_t{72'000});
  return DayEndInNewYork(day);
}

}  // namespace breadthflow::data
