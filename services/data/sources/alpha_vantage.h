#pragma once

#include <string>
#include <string_view>

#include "services/data/sources/http_source.h"
#include "services/data/sources/provider_body.h"
#include "services/data/sources/row_builder.h"

namespace breadthflow::data {

// Whether a page is an answer at all. The provider says everything with HTTP 200: an object whose only text is a notice
// ("Note", "Information") is RATE_LIMITED, "Error Message" is REJECTED, an empty object UNKNOWN_SYMBOL. Text that is
// not JSON may be CSV.
absl::Status JudgeAlphaVantage(const std::string& symbol, std::string_view page);

// Bars of TIME_SERIES_DAILY, TIME_SERIES_DAILY_ADJUSTED or TIME_SERIES_INTRADAY, JSON or CSV. Raw prices. `compact`:
// the body was cut to its newest 100 rows, so that one that begins after the start of the query is FAILED_PRECONDITION
// INCOMPLETE_BODY. Intraday stamps are bar starts, New York time; bars outside the sessions are left out. Pure.
absl::StatusOr<SourceData> ParseAlphaVantageBars(const SourceQuery& query, const RawBody& body, bool compact);

// Everything else, as the resource of the query says; each page is read as what it is: INCOME_STATEMENT,
// BALANCE_SHEET, CASH_FLOW, EARNINGS, SHARES_OUTSTANDING, OVERVIEW, DIVIDENDS, SPLITS, NEWS_SENTIMENT,
// HISTORICAL_OPTIONS. Pure.
absl::StatusOr<SourceData> ParseAlphaVantageCompany(const SourceQuery& query, const RawBody& body);

// Of those, the page of NEWS_SENTIMENT: a row for each article that names the symbol of the query. FAILED_PRECONDITION
// INCOMPLETE_BODY when there are as many articles as the provider gives at once.
absl::Status AddAlphaVantageNews(const SourceQuery& query, std::string_view page, RowBuilder& rows);

// The objects of a table: of the member `list` of a JSON object, or the lines of a CSV text whose header has all of
// `columns`. Values are texts. MALFORMED_BODY, UNEXPECTED_BODY.
absl::StatusOr<std::vector<Json>> AlphaVantageRecords(std::string_view page, std::string_view list,
                                                      const std::vector<std::string_view>& columns);

}  // namespace breadthflow::data
