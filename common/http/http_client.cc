#include "common/http/http_client.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace breadthflow::http {

std::string HttpResponse::Header(std::string_view lower_case_name) const {
  const auto found = headers.find(std::string(lower_case_name));
  return found == headers.end() ? std::string() : found->second;
}

absl::Duration ParseRetryAfter(std::string_view value, absl::Time now) {
  constexpr absl::Duration kLongest = absl::Hours(1);
  int64_t seconds = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  const bool whole = end == value.data() + value.size();
  if (whole && error == std::errc::result_out_of_range) return value.starts_with('-') ? absl::ZeroDuration() : kLongest;
  absl::Duration wait = absl::Seconds(seconds);
  if (!whole || error != std::errc()) {
    absl::Time date;
    std::string problem;
    if (!absl::ParseTime("%a, %d %b %Y %H:%M:%S GMT", std::string(value), &date, &problem)) return absl::ZeroDuration();
    wait = date - now;
  }
  return std::clamp(wait, absl::ZeroDuration(), kLongest);
}

std::string UrlEncode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                            c == '_' || c == '.' || c == '~';
    if (unreserved)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace breadthflow::http
