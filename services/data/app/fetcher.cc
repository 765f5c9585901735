#include "services/data/app/fetcher.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/hash.h"
#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/base/transient.h"
#include "common/jobs/store.h"
#include "common/jobs/submit.h"
#include "services/data/domain/resource.h"

namespace breadthflow::data {
namespace {

FetchResult Failed(const std::string& symbol, absl::Status error) {
  FetchResult result{.symbol = symbol, .outcome = Outcome::kFailed};
  result.retryable = base::IsTransient(error);
  result.error = std::move(error);
  return result;
}

}  // namespace

Fetcher::Fetcher(postgres::Database& database, SeriesStore& series, FetchStore& runs,
                 const component::Catalog<SourceEntry>& sources, SourceEntry::Environment environment,
                 const base::Clock& clock, std::function<void()> wake_up)
    : database_(database),
      series_(series),
      runs_(runs),
      sources_(sources),
      environment_(std::move(environment)),
      clock_(clock),
      wake_up_(std::move(wake_up)) {}

absl::StatusOr<std::string> Fetcher::Submit(const FetchSpec& given, const Submission& submission) {
  const jobs::SubmitKey key{submission.principal, "breadthflow.data.v1.DataService/CreateFetchRun",
                            submission.request_id, Fingerprint(given)};
  BF_ASSIGN_OR_RETURN(std::optional<std::string> known,
                      jobs::FindSubmitted(database_, key, {.deadline = submission.deadline}));
  if (known) return *std::move(known);
  base::Violations violations;
  violations.Merge("", CheckSpec(given));
  FetchSpec spec = given;
  const absl::StatusOr<const SourceEntry*> entry = sources_.Find(spec.source.name);
  if (!entry.ok()) {
    violations.Add("spec.source.name", base::Message(entry.status()));
    return violations.ToStatus("invalid fetch");
  }
  const absl::StatusOr<component::Params> params = component::Params::Check((*entry)->params, spec.source.params);
  if (!params.ok()) {
    violations.Merge("spec.source.params", params.status());
  } else {
    spec.source.params = params->values();
    const absl::StatusOr<std::unique_ptr<Source>> source = (*entry)->make(*params, environment_);
    if (absl::IsFailedPrecondition(source.status())) {
      return source.status();  // nothing in the request is wrong: a key is missing here
    }
    if (!source.ok()) {
      violations.Merge("spec.source.params", source.status());
    } else if (violations.empty()) {
      const auto request = (*source)->TransformQuery({spec.resource, spec.symbols.front(), spec.timeframe, spec.range});
      if (!request.ok()) violations.Add("spec.timeframe", base::Message(request.status()));
    }
  }
  BF_RETURN_IF_ERROR(violations.ToStatus("invalid fetch"));
  BF_ASSIGN_OR_RETURN(
      std::string id,
      jobs::SubmitOnce(database_, key,
                       [&](postgres::Transaction& tx) -> absl::StatusOr<std::string> {
                         std::string new_id = base::NewUuid(clock_.Now());
                         BF_RETURN_IF_ERROR(jobs::JobStore::Enqueue(tx, {.id = new_id,
                                                                         .kind = kJobKind,
                                                                         .principal = submission.principal,
                                                                         .traceparent = submission.traceparent}));
                         BF_RETURN_IF_ERROR(runs_.Insert(tx, new_id, spec, (*entry)->info.version));
                         return new_id;
                       },
                       {.deadline = submission.deadline}));
  wake_up_();
  return id;
}

absl::Status Fetcher::Cancel(const std::string& id, absl::Time deadline) {
  BF_RETURN_IF_ERROR(runs_.Get(id, deadline).status());
  BF_RETURN_IF_ERROR(jobs::RequestCancel(database_, id, deadline));
  wake_up_();
  return absl::OkStatus();
}

absl::StatusOr<SourceData> Fetcher::ReadSource(const Source& source, const SourceQuery& query,
                                               const base::CancelToken& cancel, std::string& body_sha256) {
  BF_ASSIGN_OR_RETURN(const SourceRequest request, source.TransformQuery(query));
  BF_ASSIGN_OR_RETURN(const RawBody body, source.Extract(request, cancel));
  body_sha256 = base::Sha256HexOf(body.bytes);
  BF_ASSIGN_OR_RETURN(SourceData data, source.TransformData(request, body));
  BF_ASSIGN_OR_RETURN(const Resource* resource, FindResource(query.resource));
  data.series.repeats = resource->repeats;
  BF_RETURN_IF_ERROR(data.series.Validate());
  base::Violations violations;
  CheckSeries(
      *resource, data.series,
      [&](size_t row) { return row < data.labels.size() ? data.labels[row] : fmt::format("row {}", row); }, violations);
  BF_RETURN_IF_ERROR(violations.ToStatus(fmt::format("{} is not valid {}", query.symbol, resource->id)));
  return data;
}

absl::StatusOr<Fetcher::Fetched> Fetcher::Store(const Source& source, const FetchSpec& spec, quant::Series& series,
                                                const std::string& run) {
  Fetched fetched{.result = {.symbol = series.key.symbol, .outcome = Outcome::kOk}};
  if (series.empty()) fetched.result.outcome = Outcome::kEmptyConfirmed;
  // Nothing from a source that does not claim to have everything changes nothing; from one that does, it takes away.
  if (series.empty() && !source.authoritative()) return fetched;
  series.key.variant = spec.source.name;
  columnar::WriteOptions options{.provenance = "fetchRuns/" + run};
  if (source.authoritative()) options.replaces = spec.range;
  absl::StatusOr<columnar::WrittenSeries> written = series_.chunks().Write(series, options);
  if (!written.ok()) {
    // The rows do not fit what is stored, or our own database has a bad moment: that is no fault of the symbol.
    if (base::IsTransient(written.status())) return written.status();
    fetched.result = Failed(series.key.symbol, written.status());
    return fetched;
  }
  fetched.result.rows = static_cast<int64_t>(series.size());
  fetched.result.changed_rows = written->rows_inserted + written->rows_revised + written->rows_removed;
  if (!series.empty() || !written->unchanged()) fetched.written = *std::move(written);
  return fetched;
}

absl::StatusOr<Fetcher::Fetched> Fetcher::FetchOne(const Source& source, const FetchSpec& spec,
                                                   const std::string& symbol, const std::string& run,
                                                   const base::CancelToken& cancel) {
  const SourceQuery query{spec.resource, symbol, spec.timeframe, spec.range};
  Fetched fetched{.result = {.symbol = symbol}};
  std::string body_sha256;
  absl::StatusOr<SourceData> data = ReadSource(source, query, cancel, body_sha256);
  if (!data.ok()) {
    fetched.result = Failed(symbol, data.status());
  } else {
    BF_ASSIGN_OR_RETURN(fetched, Store(source, spec, data->series, run));
  }
  fetched.result.body_sha256 = std::move(body_sha256);
  return fetched;
}

absl::StatusOr<jobs::Effects> Fetcher::Run(jobs::JobContext& context) {
  const std::string id = context.job().id;
  const base::CancelToken cancel = context.cancel();
  BF_ASSIGN_OR_RETURN(const FetchRun run, runs_.Get(id, absl::InfiniteFuture()));
  BF_ASSIGN_OR_RETURN(const SourceEntry* entry, sources_.Find(run.spec.source.name));
  BF_ASSIGN_OR_RETURN(const component::Params params, component::Params::Check(entry->params, run.spec.source.params));
  BF_ASSIGN_OR_RETURN(const std::unique_ptr<Source> source, entry->make(params, environment_));
  auto results = std::make_shared<std::vector<FetchResult>>();
  auto written = std::make_shared<std::vector<columnar::WrittenSeries>>();
  const auto count = static_cast<double>(run.spec.symbols.size());
  for (const std::string& symbol : run.spec.symbols) {
    BF_RETURN_IF_ERROR(cancel.Check());
    context.Progress(static_cast<double>(results->size()) / count, symbol);
    BF_ASSIGN_OR_RETURN(Fetched fetched, FetchOne(*source, run.spec, symbol, id, cancel));
    // What was interrupted has not ended: the attempt as a whole has.
    BF_RETURN_IF_ERROR(cancel.Check());
    if (fetched.written) written->push_back(*std::move(fetched.written));
    results->push_back(std::move(fetched.result));
  }
  if (const absl::Status failed = RunStatusOf(*results); !failed.ok()) {
    BF_RETURN_IF_ERROR(runs_.SaveResults(id, context.job().epoch, *results));
    return failed;
  }
  // In the order of the keys, so that two fetches of the same symbols do not lock each other out.
  std::sort(written->begin(), written->end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  context.Progress(1, "storing");
  return jobs::Effects([this, id, results, written](postgres::Transaction& tx) -> absl::Status {
    for (const columnar::WrittenSeries& one : *written) {
      BF_RETURN_IF_ERROR(series_.chunks().Commit(tx, one).status());
    }
    return runs_.SaveResults(tx, id, *results);
  });
}

}  // namespace breadthflow::data
