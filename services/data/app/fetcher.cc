#include "services/data/app/fetcher.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/jobs/store.h"
#include "common/jobs/submit.h"
#include "services/data/domain/upstream.h"

namespace breadthflow::data {

Fetcher::Fetcher(Parts parts)
    : parts_(std::move(parts)),
      symbols_(parts_.series, parts_.bodies, parts_.quarantines, parts_.clock, parts_.policy) {}

absl::StatusOr<std::string> Fetcher::Submit(const FetchSpec& given, const Submission& submission) {
  const jobs::SubmitKey key{submission.principal, "breadthflow.data.v1.DataService/CreateFetchRun",
                            submission.request_id, Fingerprint(given)};
  BF_ASSIGN_OR_RETURN(std::optional<std::string> known,
                      jobs::FindSubmitted(parts_.database, key, {.deadline = submission.deadline}));
  if (known) return *std::move(known);
  base::Violations violations;
  const absl::StatusOr<const Resource*> resource = parts_.resources.Find(given.resource, submission.deadline);
  if (!resource.ok() && !absl::IsNotFound(resource.status())) return resource.status();
  violations.Merge("", CheckSpec(given, resource));
  FetchSpec spec = given;
  const std::vector<ReadySource> sources = MakeSources(parts_.sources, parts_.environment, spec);
  BF_RETURN_IF_ERROR(CheckSources(sources, spec, resource.ok() ? *resource : nullptr, std::move(violations)));
  BF_ASSIGN_OR_RETURN(
      std::string id,
      jobs::SubmitOnce(parts_.database, key,
                       [&](postgres::Transaction& tx) -> absl::StatusOr<std::string> {
                         std::string new_id = base::NewUuid(parts_.clock.Now());
                         BF_RETURN_IF_ERROR(jobs::JobStore::Enqueue(tx, {.id = new_id,
                                                                         .kind = kJobKind,
                                                                         .principal = submission.principal,
                                                                         .traceparent = submission.traceparent}));
                         BF_RETURN_IF_ERROR(parts_.runs.Insert(tx, new_id, spec, sources.front().entry->info.version));
                         return new_id;
                       },
                       {.deadline = submission.deadline}));
  parts_.wake_up();
  return id;
}

absl::Status Fetcher::Cancel(const std::string& id, absl::Time deadline) {
  BF_RETURN_IF_ERROR(parts_.runs.Get(id, deadline).status());
  BF_RETURN_IF_ERROR(jobs::RequestCancel(parts_.database, id, deadline));
  parts_.wake_up();
  return absl::OkStatus();
}

std::vector<SourceFacts> Fetcher::FactsOf(const std::vector<ReadySource>& sources, const FetchSpec& spec,
                                          const CoverageStore::BySource& known,
                                          const std::map<std::string, int64_t>& failures) const {
  std::vector<SourceFacts> all;
  for (const ReadySource& source : sources) {
    SourceFacts facts{.requests_per_day = std::numeric_limits<double>::infinity()};
    if (const auto entries = known.find(source.variant); entries != known.end()) {
      facts.covered_share = CoveredShare(spec.range, entries->second, source.parameters);
      for (const Coverage& one : entries->second) {
        if (one.outcome != Outcome::kFailed) facts.last_answer = std::max(facts.last_answer, one.fetch_time);
      }
    }
    if (const auto count = failures.find(source.variant); count != failures.end()) facts.failures = count->second;
    if (source.entry != nullptr && !source.entry->provider.empty() && parts_.environment.upstream != nullptr) {
      facts.requests_per_day = parts_.environment.upstream->Describe(source.entry->provider).RequestsPerDay();
    }
    all.push_back(facts);
  }
  return all;
}

absl::StatusOr<jobs::Effects> Fetcher::Run(jobs::JobContext& context) {
  const std::string id = context.job().id;
  const base::CancelToken cancel = context.cancel();
  BF_ASSIGN_OR_RETURN(FetchRun run, parts_.runs.Get(id, absl::InfiniteFuture()));
  const FetchSpec& spec = run.spec;
  BF_ASSIGN_OR_RETURN(const Resource* resource, parts_.resources.Find(spec.resource));
  const std::vector<ReadySource> sources = MakeSources(parts_.sources, parts_.environment, run.spec);
  if (sources.size() == 1) BF_RETURN_IF_ERROR(sources.front().unusable);
  BF_ASSIGN_OR_RETURN(const auto known,
                      parts_.coverage.Find(spec.resource, spec.symbols, spec.timeframe, absl::InfiniteFuture()));
  std::map<std::string, int64_t> failures;
  if (spec.preference == Preference::kHealth) {
    BF_ASSIGN_OR_RETURN(failures,
                        parts_.coverage.CountFailures(parts_.clock.Now() - absl::Hours(24), absl::InfiniteFuture()));
  }
  auto results = std::make_shared<std::vector<FetchResult>>();
  auto written = std::make_shared<std::vector<columnar::WrittenSeries>>();
  auto coverage = std::make_shared<std::vector<Coverage>>();
  auto apart = std::make_shared<std::vector<std::unique_ptr<const KeptApart>>>();
  const auto keep_apart = [this, apart](postgres::Transaction& tx) -> absl::Status {
    for (const auto& one : *apart) BF_RETURN_IF_ERROR(parts_.quarantines.Keep(tx, *one));
    return absl::OkStatus();
  };
  const auto count = static_cast<double>(spec.symbols.size());
  static const CoverageStore::BySource kNothing;
  for (const std::string& symbol : spec.symbols) {
    BF_RETURN_IF_ERROR(cancel.Check());
    context.Progress(static_cast<double>(results->size()) / count, symbol);
    const auto found = known.find(symbol);
    const SymbolTask task{spec, *resource, symbol, id, found == known.end() ? kNothing : found->second, cancel};
    BF_ASSIGN_OR_RETURN(
        FetchedSymbol fetched,
        symbols_.Fetch(task, sources, Rank(spec.preference, FactsOf(sources, spec, task.known, failures))));
    // What was interrupted has not ended: the attempt as a whole has.
    BF_RETURN_IF_ERROR(cancel.Check());
    if (fetched.written) written->push_back(*std::move(fetched.written));
    std::move(fetched.coverage.begin(), fetched.coverage.end(), std::back_inserter(*coverage));
    if (fetched.apart != nullptr) apart->push_back(std::move(fetched.apart));
    results->push_back(std::move(fetched.result));
  }
  if (const absl::Status failed = RunStatusOf(*results); !failed.ok()) {
    BF_RETURN_IF_ERROR(parts_.runs.SaveResults(id, context.job().epoch, *results, keep_apart));
    BF_RETURN_IF_ERROR(parts_.coverage.Add(id, context.job().epoch, *coverage));
    return failed;
  }
  // In the order of the keys, so that two fetches of the same symbols do not lock each other out.
  std::sort(written->begin(), written->end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  context.Progress(1, "storing");
  return jobs::Effects([this, id, results, written, coverage, keep_apart](postgres::Transaction& tx) -> absl::Status {
    BF_RETURN_IF_ERROR(parts_.coverage.Add(tx, *coverage));
    for (const columnar::WrittenSeries& one : *written) {
      BF_RETURN_IF_ERROR(parts_.series.chunks().Commit(tx, one).status());
    }
    BF_RETURN_IF_ERROR(keep_apart(tx));
    return parts_.runs.SaveResults(tx, id, *results);
  });
}

}  // namespace breadthflow::data
