#pragma once

#include <string>
#include <string_view>

#include "services/data/sources/http_source.h"
#include "services/data/sources/provider_body.h"

namespace breadthflow::data {

// Rows of one or more v8 chart documents: stock_price, dividend or split, as the query says; none of those for which
// SaysNoData. Pure.
//
// Daily bars: the time is the close of the session of the exchange that the body names. The calendar is XNYS for the
// American exchanges, XETR for Xetra, 24/7 for crypto; elsewhere a bar ends its regular trading hours after its stamp.
// A day of a currency pair ends at London's midnight, 24 hours after its stamp: after New York's close, so that the bar
// is not known before it is complete. Intraday stamps are bar starts. Bars that were not complete by the body's own
// last trade (or by half an hour before it was received) are left out, as are rows without prices.
//
// Dividends and splits are known of a fetch, whose locator asks for them, and else where the body lists events of that
// kind: a saved body without them may not have been asked. Then daily bars have no column `dividend`, or `split_ratio`,
// a dividend is per share of the body's own day (a note says so) and a body without events is not certain that there
// are none.
//
// FAILED_PRECONDITION WRONG_CURRENCY unless the body's currency is `currency` ("any": no matter which).
absl::StatusOr<SourceData> ParseYahooChart(const SourceRequest& request, const RawBody& body,
                                           const std::string& currency);

// Whether a chart page says that the symbol has nothing in the range: then there are no rows. The form of it is that of
// any request that is refused.
bool SaysNoData(std::string_view page);

// Rows of a fundamentals time series document: revenue, earnings, balance_sheet, cash_flow or shares_outstanding. The
// provider does not say when a statement was published; its time is FilingDeadline(), and
// publication_estimated is 1. Pure.
absl::StatusOr<SourceData> ParseYahooFundamentals(const SourceQuery& query, const RawBody& body);

// The names of the series that make up the resource, as in the query of the URL; empty for other resources.
std::string YahooFundamentalTypes(const std::string& resource);

}  // namespace breadthflow::data
