#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"

#include "common/quant/calendar.h"
#include "services/data/sources/http_source.h"
#include "services/data/sources/provider_body.h"

namespace breadthflow::data {

// The hours of the exchange that a chart names: when its bars end.
struct YahooMarket {
  const quant::Calendar* calendar = nullptr;  // null: hours as the body gives them
  int64_t day_seconds = 0;                    // without a calendar: from the stamp to the end of a daily bar
  int64_t utc_offset = 0;
  std::string_view zone;  // "NY", "FRA", "": the fixed offset

  // The day of a stamp, and the instant at which that day begins.
  absl::CivilDay DayOf(int64_t stamp) const;
  int64_t DayStart(int64_t stamp) const;
};

// A v8 chart document: its parts, checked to be there. `meta` and `result` point into `document`.
struct YahooChart {
  Json document;
  const Json* meta = nullptr;
  const Json* result = nullptr;
  YahooMarket market;
  int64_t last_trade = INT64_MAX;
};

// A payment or a split.
struct YahooAction {
  int64_t stamp = 0;
  double value = 0;  // cash per share, or the ratio
};

// The chart of a page. UNEXPECTED_BODY when it is of another symbol or of other bars than `granularity` ("1d", "60m"),
// or its exchange's hours are not known; FAILED_PRECONDITION WRONG_CURRENCY as ParseYahooChart says.
absl::StatusOr<YahooChart> ReadYahooChart(const SourceQuery& query, std::string_view page, std::string_view granularity,
                                          const std::string& currency);

// Whether the chart lists that kind of event ("dividends", "splits"). Where it does not, and was asked for it, there
// was none in its range: Yahoo leaves the list out.
bool ListsYahooEvents(const YahooChart& chart, std::string_view kind);

// What is listed as "dividends" or "capitalGains" (`kind`), and the splits. UNEXPECTED_BODY.
absl::StatusOr<std::vector<YahooAction>> YahooPayments(const YahooChart& chart, std::string_view kind);
absl::StatusOr<std::vector<YahooAction>> YahooSplits(const YahooChart& chart);

// Seconds since 1970 of the years 1900 to 2200; nullopt for everything else.
std::optional<int64_t> YahooStamp(const Json* value);

}  // namespace breadthflow::data
