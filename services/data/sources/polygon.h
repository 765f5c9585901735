#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/time/civil_time.h"

#include "services/data/sources/http_source.h"
#include "services/data/sources/provider_body.h"

namespace breadthflow::data {

// Bars of v2 aggregates. `adjusted` of every page must be `basis`; the ticker `ticker`. A daily bar's time is the close
// of its session (XNYS, or 24/7 for tickers that begin with X:), an intraday one's the end of its interval. Pure.
absl::StatusOr<SourceData> ParsePolygonBars(const SourceQuery& query, const RawBody& body, const std::string& ticker,
                                            quant::PriceBasis basis);

// v3 trades and quotes: the time is that of the consolidated tape (sip_timestamp). A side of a quote without a price is
// absent, a quote without both left out. UNEXPECTED_BODY for trades where quotes are asked for, and the reverse. Pure.
absl::StatusOr<SourceData> ParsePolygonTicks(const SourceQuery& query, const RawBody& body);

// Dividends, splits, news, delisted tickers, financials. Statements have the time 22:00 New York of their filing date;
// without one FilingDeadline(), and publication_estimated 1. Pure.
absl::StatusOr<SourceData> ParsePolygonReference(const SourceQuery& query, const RawBody& body);

// The days whose shares are asked for: the last of each month ("month") or quarter ("quarter"), or each ("day"), where
// it ends within the range; ascending.
std::vector<absl::CivilDay> PolygonSharesDays(const quant::TimeRange& range, std::string_view every);

// shares_outstanding: a page for each of the first of `days`, the company as it was known on that day, which is the
// time at the end of that day in New York. Pages that say that there was no such company are left out; UNKNOWN_SYMBOL
// when all are such. Pure.
absl::StatusOr<SourceData> ParsePolygonShares(const SourceQuery& query, const RawBody& body,
                                              const std::vector<absl::CivilDay>& days);

// The list `results` of a page, empty when the page says that there are none. UNEXPECTED_BODY when it is not there.
absl::StatusOr<std::vector<Json>> PolygonResults(const Json& document);

}  // namespace breadthflow::data
