#include "services/data/app/fetcher.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/jobs/store.h"
#include "common/jobs/submit.h"

namespace breadthflow::data {
Fetcher::Fetcher(postgres::Database& database, ResourceStore& resources, SeriesStore& series, FetchStore& runs,
                 const component::Catalog<SourceEntry>& sources, SourceEntry::Environment environment,
                 const base::Clock& clock, std::function<void()> wake_up)
    : database_(database),
      resources_(resources),
      series_(series),
      symbols_(series),
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
  const absl::StatusOr<const Resource*> resource = resources_.Find(given.resource, submission.deadline);
  if (!resource.ok() && !absl::IsNotFound(resource.status())) return resource.status();
  violations.Merge("", CheckSpec(given, resource));
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
      const auto request =
          (*source)->TransformQuery({spec.resource, spec.symbols.front(), spec.timeframe, spec.range, *resource});
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

absl::StatusOr<jobs::Effects> Fetcher::Run(jobs::JobContext& context) {
  const std::string id = context.job().id;
  const base::CancelToken cancel = context.cancel();
  BF_ASSIGN_OR_RETURN(const FetchRun run, runs_.Get(id, absl::InfiniteFuture()));
  BF_ASSIGN_OR_RETURN(const Resource* resource, resources_.Find(run.spec.resource));
  BF_ASSIGN_OR_RETURN(const SourceEntry* entry, sources_.Find(run.spec.source.name));
  BF_ASSIGN_OR_RETURN(const component::Params params, component::Params::Check(entry->params, run.spec.source.params));
  BF_ASSIGN_OR_RETURN(const std::unique_ptr<Source> source, entry->make(params, environment_));
  auto results = std::make_shared<std::vector<FetchResult>>();
  auto written = std::make_shared<std::vector<columnar::WrittenSeries>>();
  const auto count = static_cast<double>(run.spec.symbols.size());
  for (const std::string& symbol : run.spec.symbols) {
    BF_RETURN_IF_ERROR(cancel.Check());
    context.Progress(static_cast<double>(results->size()) / count, symbol);
    BF_ASSIGN_OR_RETURN(FetchedSymbol fetched, symbols_.Fetch(*source, run.spec, *resource, symbol, id, cancel));
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
