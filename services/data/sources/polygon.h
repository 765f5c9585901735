#pragma once

#include <optional>
#include <string>

#include "services/data/sources/http_source.h"
#include "services/data/sources/provider_body.h"

namespace breadthflow::data {

// Bars of v2 aggregates. `adjusted` of every page must be `basis`; the ticker `ticker`. A daily bar's time is the close
// of its session (XNYS, or 24/7 for tickers that begin with X:), an intraday one's the end of its interval. Pure.
absl::StatusOr<SourceData> ParsePolygonBars(const SourceQuery& query, const RawBody& body, const std::string& ticker,
                                            quant::PriceBasis basis);

// v3 trades and quotes: the time is that of the consolidated tape (sip_timestamp). A side of a quote without a price is
// absent. Pure.
absl::StatusOr<SourceData> ParsePolygonTicks(const SourceQuery& query, const RawBody& body);

// Dividends, splits, news, one company's reference data (shares_outstanding), delisted tickers, financials. Statements
// have the time 22:00 New York of their filing date; without one FilingDeadline(). Pure.
absl::StatusOr<SourceData> ParsePolygonReference(const SourceQuery& query, const RawBody& body);

// The list `results` of a page, empty when the page says that there are none. UNEXPECTED_BODY when it is not there.
absl::StatusOr<std::vector<Json>> PolygonResults(const Json& document);

}  // namespace breadthflow::data
