#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "services/data/sources/http_source.h"
#include "services/data/sources/provider_body.h"

namespace breadthflow::data {

// Rows of a companyfacts document, as they were filed. The time of a row is 22:00 New York of the filing date, when the
// SEC stops accepting: what comes after 17:30 gets the date of the next business day. A filing gives a row for each of
// its periods that says something that was not known yet: what it repeats is no row, what it corrects is a later row
// beside the earlier one. Each column has the first concept of its list that the filing has (see Concept), filing by
// filing: a company that changes from one concept to another has both over time. Only a concept that said what is known
// of a period corrects it; another number by another concept is left out, be it that the accounting changed with it.
// What a row has depends on the filings up to it alone. No quarter is derived: companies that do not file a fourth one
// have none. Amounts are in the currency that most of them are in. Pure.
absl::StatusOr<SourceData> ParseCompanyFacts(const SourceQuery& query, const RawBody& body);

// Upper-case ticker -> central index key, of company_tickers.json.
absl::StatusOr<std::map<std::string, int64_t>> ParseCompanyTickers(std::string_view page);

// One column and the concepts it can come from, best first ("us-gaap:Revenues").
struct Concept {
  std::string_view column;
  std::vector<std::string_view> names;  // the same thing: each filing has one or another
  // Something near, for filings that have no name at all, as long as no filing up to then had it with another number
  // than a better concept.
  std::vector<std::string_view> instead = {};
};
// Empty for resources that this source does not have.
const std::vector<Concept>& ConceptsOf(std::string_view resource);

}  // namespace breadthflow::data
