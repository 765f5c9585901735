#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "services/data/sources/http_source.h"
#include "services/data/sources/provider_body.h"
#include "services/data/sources/row_builder.h"

namespace breadthflow::data {

// Whether a page is an answer at all. The provider says everything with HTTP 200. An object of nothing but notices
// ("Note", "Information", "Error Message") is NOT_ENTITLED when they speak of a premium endpoint or feature, and else
// RATE_LIMITED, unless it is an error message alone: UNAUTHENTICATED when that is about the key, and UNKNOWN_SYMBOL for
// the same words that it has for every symbol it does not know. An empty object is UNKNOWN_SYMBOL. Text that is not
// JSON may be CSV.
absl::Status JudgeAlphaVantage(const std::string& symbol, std::string_view page);

// The symbol that a page of JSON says it is of; empty when it does not say, as CSV never does.
std::string AlphaVantageSymbol(std::string_view page);

// Bars of TIME_SERIES_DAILY, TIME_SERIES_DAILY_ADJUSTED or TIME_SERIES_INTRADAY, JSON or CSV. Raw prices. `compact`:
// the body was cut to its newest 100 rows, so that one that begins after the start of the query is FAILED_PRECONDITION
// INCOMPLETE_BODY. UNEXPECTED_BODY for bars of another size, as far as the answer tells. Intraday stamps are bar
// starts, New York time; bars outside the sessions are left out. Of a coin (IsCoin of the symbol, or the answer says
// it, and then its market too) days and times are those of 24/7 in UTC. Pure.
absl::StatusOr<SourceData> ParseAlphaVantageBars(const SourceQuery& query, const RawBody& body, bool compact);

// What one answer of NEWS_SENTIMENT holds at most. A page with as many is taken for whole only when another follows,
// which goes on from its last article; what both have counts once.
inline constexpr size_t kMostArticles = 1000;

// Of a page of NEWS_SENTIMENT, a row for each article that names the symbol of the query and is not among those `seen`.
// `last`: no page follows, so that a full one is FAILED_PRECONDITION INCOMPLETE_BODY. Pure.
absl::Status AddAlphaVantageNews(const SourceQuery& query, std::string_view page, bool last,
                                 std::set<std::string>& seen, RowBuilder& rows);

// The minute (YYYYMMDDTHHMM) of the last article of a page with kMostArticles, in ascending order; else empty.
std::string LastMinuteOfNews(std::string_view page);

// Everything else, as the resource of the query says; each page is read as what it is: INCOME_STATEMENT,
// BALANCE_SHEET, CASH_FLOW (each beside EARNINGS, by which it is dated), EARNINGS, SHARES_OUTSTANDING, OVERVIEW,
// DIVIDENDS, SPLITS, NEWS_SENTIMENT, HISTORICAL_OPTIONS. Pure.
absl::StatusOr<SourceData> ParseAlphaVantageCompany(const SourceQuery& query, const RawBody& body);

// Whose deadline counts: a symbol whose suffix has more letters than that of a class of shares ("TSCO.LON", not
// "BRK.B") is of an exchange abroad; else by the currency of the report, "" or "None" when it is not said.
Filer AlphaVantageFiler(std::string_view symbol, std::string_view currency);

// revenue, earnings, balance_sheet, cash_flow.
bool IsAlphaVantageReport(std::string_view resource);
// Their rows. Where a page is EARNINGS, revenue and earnings of a period have the time at which its results were
// announced, the others not an earlier one; without, the time at which they were due. publication_estimated says which.
// Reports that say nothing of the resource are left out; UNEXPECTED_BODY when all of a page are of another kind.
absl::Status AddAlphaVantageReports(const SourceQuery& query, const RawBody& body, RowBuilder& rows);

// The objects of a table: of the member `list` of a JSON object, or the lines of a CSV text whose header has all of
// `columns`. Values are texts. MALFORMED_BODY, UNEXPECTED_BODY.
absl::StatusOr<std::vector<Json>> AlphaVantageRecords(std::string_view page, std::string_view list,
                                                      const std::vector<std::string_view>& columns);

}  // namespace breadthflow::data
