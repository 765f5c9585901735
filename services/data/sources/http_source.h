#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/data/domain/source.h"
#include "services/data/domain/upstream.h"

namespace breadthflow::data {

// What the sources that ask a provider over HTTP share. The locator of a request is one URL a line, without
// credentials; a body is the answers in that order, with their further pages, joined by kPageEnd.
class HttpSource : public Source {
 public:
  // `upstream` must outlive the source; null for one that only parses.
  HttpSource(std::string provider, Upstream* upstream) : provider_(std::move(provider)), upstream_(upstream) {}

  absl::StatusOr<RawBody> Extract(const SourceRequest& request, const base::CancelToken& cancel) const override;
  // Providers answer a range with what they have now; what they no longer have is not known to be wrong.
  bool authoritative() const override { return false; }

  // What an answer means before its rows are read; see UpstreamRequest::judge.
  virtual absl::Status Judge(const SourceRequest& request, const RawBody& body) const = 0;

 protected:
  const std::string& provider() const { return provider_; }
  Upstream* upstream() const { return upstream_; }
  // The URL of the next page, when the body names one.
  virtual std::optional<std::string> NextPage(const RawBody& body) const;
  virtual std::vector<std::pair<std::string, std::string>> Headers() const { return {}; }
  // One URL and its pages, appended to `bytes`. FAILED_PRECONDITION NO_UPSTREAM without a way to providers;
  // RESOURCE_EXHAUSTED BODY_TOO_LARGE beyond kMaxBytes in all.
  absl::Status Get(const SourceRequest& request, std::string url, const base::CancelToken& cancel, RawBody& all) const;

 private:
  std::string provider_;
  Upstream* upstream_;
};

inline constexpr size_t kMaxBytes = size_t{256} << 20;
inline constexpr size_t kMaxUrls = 120;
inline constexpr size_t kMaxPages = 2000;  // of one URL

// [start, end) cut into parts of at most `days`, as Unix seconds. INVALID_ARGUMENT RANGE_TOO_LONG when that makes more
// than kMaxUrls.
absl::StatusOr<std::vector<std::pair<int64_t, int64_t>>> Parts(const quant::TimeRange& range, int days);

// Unix seconds, rounded down.
int64_t Seconds(int64_t nanos);

}  // namespace breadthflow::data
