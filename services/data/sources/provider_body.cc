#include "services/data/sources/provider_body.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/http/json.h"
#include "common/quant/timeframe.h"

namespace breadthflow::data {
namespace {

using ::absl::StatusCode;
using ::breadthflow::base::MakeError;

// One line of what a provider wrote; control characters would garble a log.
std::string OneLine(std::string_view text) {
  std::string line;
  for (const char c : text.substr(0, 200)) line += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  return line;
}

}  // namespace

absl::Status MalformedBody(std::string_view provider, std::string_view what) {
  return MakeError(StatusCode::kUnavailable, "MALFORMED_BODY",
                   fmt::format("{} sent no readable body: {}", provider, what));
}

absl::Status UnexpectedBody(std::string_view provider, std::string_view what) {
  return MakeError(StatusCode::kDataLoss, "UNEXPECTED_BODY",
                   fmt::format("{} sent something other than what was asked for: {}", provider, what));
}

absl::Status UnknownSymbol(std::string_view provider, std::string_view symbol, std::string_view said) {
  return MakeError(
      StatusCode::kNotFound,
      fmt::format("{} does not have {}{}{}", provider, symbol, said.empty() ? "" : ": it says ", OneLine(said)),
      {.reason = "UNKNOWN_SYMBOL", .metadata = {{"symbol", std::string(symbol)}}});
}

absl::Status NotEntitled(std::string_view provider, std::string_view said) {
  return MakeError(StatusCode::kPermissionDenied, "NOT_ENTITLED",
                   fmt::format("the key of {} does not reach this: {}", provider, OneLine(said)));
}

absl::Status Rejected(std::string_view provider, std::string_view said) {
  return MakeError(
      StatusCode::kInvalidArgument, "REJECTED",
      fmt::format("{} rejected the request (the symbol, the key or the range): {}", provider, OneLine(said)));
}

absl::Status Unauthenticated(std::string_view provider, std::string_view said) {
  return MakeError(StatusCode::kUnauthenticated, "UNAUTHENTICATED",
                   fmt::format("{} does not accept the key or session: {}", provider, OneLine(said)));
}

absl::Status RateLimited(std::string_view provider, std::string_view said) {
  return MakeError(StatusCode::kResourceExhausted, "RATE_LIMITED",
                   fmt::format("{} answered with a notice and no data: {}", provider, OneLine(said)));
}

std::vector<Capability> BarsAnd(quant::PriceBasis basis, std::initializer_list<std::string_view> resources) {
  using enum quant::Timeframe;
  std::vector<Capability> all = Ticks(resources);
  all.push_back({"stock_price", {kMin1, kMin5, kMin15, kMin30, kHour1, kDay}, basis});
  std::sort(all.begin(), all.end(), [](const auto& one, const auto& other) { return one.resource < other.resource; });
  return all;
}

absl::Status JudgeStatus(std::string_view provider, int http_status) {
  if ((http_status >= 200 && http_status < 300) || http_status == 400 || http_status == 404) return absl::OkStatus();
  const auto error = [&](StatusCode code, std::string_view reason, std::string_view what) {
    return MakeError(code, reason, fmt::format("{} answered HTTP {}: {}", provider, http_status, what));
  };
  switch (http_status) {
    case 401:
      return error(StatusCode::kUnauthenticated, "UNAUTHENTICATED", "it does not accept the key or session");
    case 402:
    case 403:
      return error(StatusCode::kPermissionDenied, "NOT_ENTITLED", "the key does not reach this data");
    case 429:
    case 999:
      return error(StatusCode::kResourceExhausted, "RATE_LIMITED", "too many requests");
    case 408:
      return error(StatusCode::kUnavailable, "PROVIDER_UNAVAILABLE", "it timed out");
    default:
      if (http_status >= 500) return error(StatusCode::kUnavailable, "PROVIDER_UNAVAILABLE", "it has a fault");
      return error(StatusCode::kDataLoss, "UNEXPECTED_BODY", "that status has no meaning here");
  }
}

std::vector<std::string_view> Pages(std::string_view bytes) {
  std::vector<std::string_view> pages;
  for (size_t begin = 0;;) {
    const size_t end = bytes.find(kPageEnd, begin);
    pages.push_back(bytes.substr(begin, end - begin));
    if (end == std::string_view::npos) return pages;
    begin = end + 1;
  }
}

absl::StatusOr<Json> ParseObject(std::string_view provider, std::string_view page) {
  if (page.empty()) return MalformedBody(provider, "it is empty");
  absl::StatusOr<Json> document = http::ParseJson(page);
  if (!document.ok()) return MalformedBody(provider, base::Message(document.status()));
  if (!document->is_object()) return UnexpectedBody(provider, "JSON, but no object");
  return document;
}

const Json* Member(const Json* value, std::string_view name) {
  if (value == nullptr || !value->is_object()) return nullptr;
  const auto found = value->find(name);
  return found == value->end() || found->is_null() ? nullptr : &*found;
}

const Json* Member(const Json& value, std::string_view name) { return Member(&value, name); }

std::string TextMember(const Json* value, std::string_view name) {
  const Json* member = Member(value, name);
  return member != nullptr && member->is_string() ? member->get<std::string>() : std::string();
}

std::optional<double> ParseNumber(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  // from_chars would also read "nan" and "inf".
  if (text.empty() || text.find_first_not_of("0123456789.eE+-") != std::string_view::npos) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<absl::CivilDay> ParseDay(std::string_view text) {
  absl::CivilDay day;
  if (text.size() != 10 || !absl::ParseCivilTime(std::string(text), &day)) return std::nullopt;
  return day;
}

bool IsNone(std::string_view text) { return text.empty() || text == "None" || text == "-" || text == "null"; }

}  // namespace breadthflow::data
