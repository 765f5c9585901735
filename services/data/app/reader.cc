#include "services/data/app/reader.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/jobs/submit.h"
#include "services/data/domain/fetch.h"
#include "services/data/domain/market_cap.h"
#include "services/data/domain/resource.h"

namespace breadthflow::data {
namespace {

constexpr std::string_view kFreezePrices =
    "what is derived has no rows to freeze: freeze its stock_price, and read market_cap of that snapshot";

}  // namespace

absl::StatusOr<Snapshot> Reader::CreateSnapshot(const SnapshotSpec& spec, const Submission& submission,
                                                const base::CancelToken& cancel) {
  const jobs::SubmitKey key{submission.principal, "breadthflow.data.v1.DataService/CreateSnapshot",
                            submission.request_id, Fingerprint(spec)};
  BF_ASSIGN_OR_RETURN(const std::optional<std::string> known,
                      jobs::FindSubmitted(database_, key, {.deadline = submission.deadline}));
  if (known) return snapshots_.Get(*known, submission.deadline);
  base::Violations violations;
  CheckSymbols(spec.symbols, violations);
  CheckAsOf(spec.as_of, "as_of_time", violations);
  if (spec.symbols.empty()) violations.Add("symbols", "must name at least one symbol");
  BF_RETURN_IF_ERROR(resources_.Find(spec.resource, submission.deadline).status());
  if (spec.resource == kMarketCap && IsDerived(spec.source)) violations.Add("source", std::string(kFreezePrices));
  BF_RETURN_IF_ERROR(violations.ToStatus("invalid snapshot"));
  std::vector<std::string> symbols = spec.symbols;
  std::sort(symbols.begin(), symbols.end());
  Snapshot snapshot{.range = spec.range, .as_of = spec.as_of};
  const auto settle = [&](std::string_view resource, quant::Timeframe timeframe) -> absl::Status {
    BF_ASSIGN_OR_RETURN(const absl::Time settled,
                        series_.Settle(std::string(resource), symbols, timeframe, submission.deadline));
    snapshot.as_of = std::min(snapshot.as_of, settled);
    return absl::OkStatus();
  };
  BF_RETURN_IF_ERROR(settle(spec.resource, spec.timeframe));
  // What its prices are adjusted by when they are read is of the same instant.
  for (const std::string_view beside : {"split", "dividend", "shares_outstanding"}) {
    BF_RETURN_IF_ERROR(settle(beside, quant::Timeframe::kTick));
  }
  const absl::StatusOr<std::vector<columnar::SeriesHead>> heads =
      series_.Resolve(spec.resource, symbols, spec.timeframe, spec.source, snapshot.as_of, submission.deadline);
  if (spec.resource == kMarketCap && absl::IsNotFound(heads.status())) {
    return base::MakeError(absl::StatusCode::kNotFound,
                           fmt::format("{}; {}", base::Message(heads.status()), kFreezePrices),
                           base::DetailsOf(heads.status()));
  }
  BF_RETURN_IF_ERROR(heads.status());
  BF_RETURN_IF_ERROR(RefuseLost(*heads, [](const columnar::SeriesHead&) { return INT64_MIN; }));
  std::vector<PlannedSeries> planned;
  for (const columnar::SeriesHead& head : *heads) {
    planned.push_back({head.key, head.basis, head.version, spec.range, head.rows});
  }
  const auto freeze = [&](size_t place, const quant::Series& rows) -> absl::Status {
    BF_RETURN_IF_ERROR(cancel.Check());
    const columnar::SeriesHead& head = (*heads)[place];
    snapshot.series.push_back({.key = head.key,
                               .basis = head.basis,
                               .version = head.version,
                               .rows = static_cast<int64_t>(rows.size()),
                               .content_sha256 = base::ToHex(rows.ContentHash())});
    return absl::OkStatus();
  };
  BF_RETURN_IF_ERROR(series_.ReadEach(planned, freeze, submission.deadline));
  BF_RETURN_IF_ERROR(cancel.Check());
  snapshot.content_sha256 = ContentHash(snapshot.series);
  BF_ASSIGN_OR_RETURN(const std::string id,
                      jobs::SubmitOnce(database_, key,
                                       [&](postgres::Transaction& tx) -> absl::StatusOr<std::string> {
                                         snapshot.id = base::NewUuid(clock_.Now());
                                         BF_RETURN_IF_ERROR(snapshots_.Insert(tx, snapshot));
                                         return snapshot.id;
                                       },
                                       {.deadline = submission.deadline}));
  return snapshots_.Get(id, submission.deadline);
}

}  // namespace breadthflow::data
