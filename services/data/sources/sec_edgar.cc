#include "services/data/sources/sec_edgar.h"

#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "services/data/sources/catalog.h"

namespace breadthflow::data {
namespace {

const std::vector<Capability>& Offers() {
  static const auto* offers =
      new std::vector<Capability>(Ticks({"balance_sheet", "cash_flow", "earnings", "revenue", "shares_outstanding"}));
  return *offers;
}

constexpr char kTickersUrl[] = "https://www.sec.gov/files/company_tickers.json";

// The locator is the symbol: which company that is, is asked first, once for all symbols of a fetch.
class SecEdgarSource final : public HttpSource {
 public:
  SecEdgarSource(Upstream* upstream, std::string contact)
      : HttpSource("sec_edgar", upstream), contact_(std::move(contact)) {}

  absl::StatusOr<SourceRequest> TransformQuery(const SourceQuery& query) const override {
    BF_RETURN_IF_ERROR(CheckOffered(provider(), Offers(), query));
    return SourceRequest{query, query.symbol};
  }

  absl::StatusOr<RawBody> Extract(const SourceRequest& request, const base::CancelToken& cancel) const override {
    BF_ASSIGN_OR_RETURN(const int64_t key, KeyOf(request, cancel));
    RawBody body;
    BF_RETURN_IF_ERROR(
        Get(request, fmt::format("https://data.sec.gov/api/xbrl/companyfacts/CIK{:010}.json", key), cancel, body));
    return body;
  }

  absl::Status Judge(const SourceRequest& request, const RawBody& body) const override {
    BF_RETURN_IF_ERROR(JudgeStatus(provider(), body.http_status));
    if (body.http_status == 404) return UnknownSymbol(provider(), request.query.symbol);
    if (body.http_status >= 400) return UnexpectedBody(provider(), fmt::format("HTTP {}", body.http_status));
    return ParseObject(provider(), body.bytes).status();
  }

  absl::StatusOr<SourceData> TransformData(const SourceRequest& request, const RawBody& body) const override {
    BF_RETURN_IF_ERROR(Judge(request, body));
    return ParseCompanyFacts(request.query, body);
  }

 protected:
  std::vector<std::pair<std::string, std::string>> Headers() const override {
    return {{"User-Agent", fmt::format("BreadthFlow {}", contact_)}};
  }

 private:
  absl::StatusOr<int64_t> KeyOf(const SourceRequest& request, const base::CancelToken& cancel) const {
    absl::MutexLock lock(&mutex_);
    if (keys_.empty()) {
      RawBody body;
      BF_RETURN_IF_ERROR(Get(request, kTickersUrl, cancel, body));
      BF_ASSIGN_OR_RETURN(keys_, ParseCompanyTickers(body.bytes));
    }
    const auto found = keys_.find(request.query.symbol);
    if (found == keys_.end()) return UnknownSymbol(provider(), request.query.symbol);
    return found->second;
  }

  std::string contact_;
  mutable absl::Mutex mutex_;
  mutable std::map<std::string, int64_t> keys_ ABSL_GUARDED_BY(mutex_);
};

absl::StatusOr<std::unique_ptr<Source>> Make(const component::Params& params,
                                             const SourceEntry::Environment& environment) {
  const std::string& contact = params.String("contact");
  base::Violations violations;
  const size_t at = contact.find('@');
  const bool printable =
      contact.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.@+-_ ") ==
      std::string::npos;
  // Of who only reads what others got the SEC wants nothing.
  const bool asks = environment.upstream != nullptr || !contact.empty();
  if (asks && (at == 0 || at == std::string::npos || at + 1 == contact.size() || !printable)) {
    violations.Add("contact", "the SEC wants an e-mail address to write to");
  }
  BF_RETURN_IF_ERROR(violations.ToStatus("sec_edgar can not be used"));
  return std::make_unique<SecEdgarSource>(environment.upstream, contact);
}

}  // namespace

// The filings of the U.S. Securities and Exchange Commission, without a key.
SourceEntry SecEdgar();

SourceEntry SecEdgar() {
  SourceEntry entry;
  entry.info = {"data_source", "sec_edgar", "1.0.0",
                "SEC EDGAR company facts: revenue, earnings, balance_sheet, cash_flow, shares_outstanding of companies "
                "that file with the SEC, as they were filed: the time of a row is 22:00 New York of its filing date, a "
                "restatement is a later row. No key, but a contact address; asked 8 times a second."};
  entry.params = {component::Required(
      component::StringParam("contact", "", "E-mail address that the SEC can write to; sent as User-Agent."))};
  entry.capabilities = Offers();
  entry.provider = "sec_edgar";
  entry.access_params = {"contact"};
  entry.make = Make;
  return entry;
}

}  // namespace breadthflow::data
