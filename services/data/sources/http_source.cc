#include "services/data/sources/http_source.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::data {

std::optional<std::string> HttpSource::NextPage(const RawBody&) const { return std::nullopt; }

absl::Status HttpSource::Get(const SourceRequest& request, std::string url, const base::CancelToken& cancel,
                             RawBody& all) const {
  if (upstream_ == nullptr) {
    return base::MakeError(absl::StatusCode::kFailedPrecondition, "NO_UPSTREAM",
                           fmt::format("this process has no way to {}", provider_));
  }
  size_t pages = 0;
  for (std::optional<std::string> next = std::move(url); next;) {
    BF_RETURN_IF_ERROR(cancel.Check());
    if (++pages > kMaxPages) {
      return base::MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY_PAGES",
                             fmt::format("{} goes on after {} pages: ask for less at once", provider_, kMaxPages));
    }
    UpstreamRequest upstream{.provider = provider_, .url = *next, .headers = Headers(), .judge = {}};
    upstream.judge = [this, &request](const RawBody& body) { return Judge(request, body); };
    BF_ASSIGN_OR_RETURN(const RawBody page, upstream_->Get(upstream, cancel));
    if (all.bytes.size() + page.bytes.size() > kMaxBytes) {
      return base::MakeError(
          absl::StatusCode::kResourceExhausted, "BODY_TOO_LARGE",
          fmt::format("{} sent more than {} bytes in all: ask for less at once", provider_, kMaxBytes));
    }
    if (!all.bytes.empty()) all.bytes += kPageEnd;
    all.bytes += page.bytes;
    all.received = std::min(all.received, page.received);
    std::optional<std::string> following = NextPage(page);
    if (following == next) return absl::OkStatus();  // a page that names itself would never end
    next = std::move(following);
  }
  return absl::OkStatus();
}

absl::StatusOr<RawBody> HttpSource::Extract(const SourceRequest& request, const base::CancelToken& cancel) const {
  RawBody all;
  for (size_t begin = 0; begin <= request.locator.size();) {
    const size_t end = std::min(request.locator.find('\n', begin), request.locator.size());
    BF_RETURN_IF_ERROR(Get(request, request.locator.substr(begin, end - begin), cancel, all));
    begin = end + 1;
  }
  return all;
}

absl::StatusOr<std::vector<std::pair<int64_t, int64_t>>> Parts(const quant::TimeRange& range, int days) {
  const int64_t length = int64_t{days} * 86'400;
  const int64_t end = Seconds(range.end_ns) + 1;
  std::vector<std::pair<int64_t, int64_t>> parts;
  for (int64_t start = Seconds(range.start_ns); start < end; start += length) {
    if (parts.size() == kMaxUrls) {
      return base::MakeError(
          absl::StatusCode::kInvalidArgument, "RANGE_TOO_LONG",
          fmt::format("at most {} days can be asked for at once in this timeframe", days * kMaxUrls));
    }
    parts.emplace_back(start, std::min(start + length, end));
  }
  return parts;
}

int64_t Seconds(int64_t nanos) {
  constexpr int64_t kSecond = 1'000'000'000;
  return nanos / kSecond - (nanos % kSecond < 0 ? 1 : 0);
}

}  // namespace breadthflow::data
