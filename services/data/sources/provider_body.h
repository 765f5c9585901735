#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include <nlohmann/json.hpp>

#include "services/data/domain/publication.h"  // IWYU pragma: export
#include "services/data/domain/source.h"

// How the bodies of providers are judged: by whether the data that was asked for is there and valid, never by the
// wording of a message; only where a provider has one form for several kinds of failure (SaysNoData of Yahoo, the
// notices of Alpha Vantage), and of bodies that were saved without their HTTP status, do its words tell them apart.
// What a body can be:
//
//   rows, or EMPTY (the structure of an answer, and nothing in it)
//   UNAVAILABLE         MALFORMED_BODY        no document at all: cut off, HTML, empty, compressed. May heal
//   UNAVAILABLE         PROVIDER_UNAVAILABLE  HTTP 5xx and 408. May heal
//   RESOURCE_EXHAUSTED  RATE_LIMITED          HTTP 429, or a notice in place of the data. May heal
//   UNAUTHENTICATED     UNAUTHENTICATED       HTTP 401: key or session not accepted
//   PERMISSION_DENIED   NOT_ENTITLED          HTTP 402, 403, or a notice: the key does not reach this data
//   NOT_FOUND           UNKNOWN_SYMBOL        the provider says in its own format that it does not have it
//   INVALID_ARGUMENT    REJECTED              the provider says in its own format that it will not answer that
//   DATA_LOSS           UNEXPECTED_BODY       a document, but not the one that was asked for
//   FAILED_PRECONDITION WRONG_CURRENCY        prices in another currency than the fetch expects
//   INVALID_ARGUMENT    INVALID_ROWS          rows that can not be true, with every violation
namespace breadthflow::data {

using Json = nlohmann::json;

absl::Status MalformedBody(std::string_view provider, std::string_view what);
absl::Status UnexpectedBody(std::string_view provider, std::string_view what);
// `said`: the provider's own words, cut to a line; for people.
absl::Status UnknownSymbol(std::string_view provider, std::string_view symbol, std::string_view said = {});
absl::Status NotEntitled(std::string_view provider, std::string_view said);
absl::Status Rejected(std::string_view provider, std::string_view said);
absl::Status Unauthenticated(std::string_view provider, std::string_view said);
absl::Status RateLimited(std::string_view provider, std::string_view said);

// stock_price in bars of 1min to 1hour and 1day, and these resources, ordered by name.
std::vector<Capability> BarsAnd(quant::PriceBasis basis, std::initializer_list<std::string_view> resources);

// What the HTTP status alone says: OK for 2xx and for 400 and 404, which mean something only together with the body.
absl::Status JudgeStatus(std::string_view provider, int http_status);

// The documents of a body, one a page.
std::vector<std::string_view> Pages(std::string_view bytes);
// One JSON object, or MALFORMED_BODY.
absl::StatusOr<Json> ParseObject(std::string_view provider, std::string_view page);

// A member that is there and not null, else nullptr; also when `value` is null or no object.
const Json* Member(const Json* value, std::string_view name);
const Json* Member(const Json& value, std::string_view name);
// A text member, else empty.
std::string TextMember(const Json* value, std::string_view name);

// A plain decimal number, with or without exponent, and nothing else: no NaN, no infinity, no spaces.
std::optional<double> ParseNumber(std::string_view text);
// YYYY-MM-DD, a day that exists.
std::optional<absl::CivilDay> ParseDay(std::string_view text);
// What providers write for "there is none": "", "None", "-", "null".
bool IsNone(std::string_view text);

}  // namespace breadthflow::data
