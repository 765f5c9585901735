#include "services/data/app/fetcher.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/ids.h"
#include "common/base/parallel.h"
#include "common/base/status.h"
#include "common/jobs/store.h"
#include "common/jobs/submit.h"
#include "common/quant/calendar.h"
#include "common/telemetry/scope.h"
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

absl::StatusOr<std::string> Fetcher::VariantOf(const component::ComponentRef& source) const {
  FetchSpec spec{.source = source};
  const std::vector<ReadySource> sources = MakeSources(parts_.sources, parts_.environment, spec);
  BF_RETURN_IF_ERROR(sources.front().unusable);
  return sources.front().variant;
}

absl::Status Fetcher::Cancel(const std::string& id, absl::Time deadline) {
  BF_RETURN_IF_ERROR(parts_.runs.Get(id, deadline).status());
  BF_RETURN_IF_ERROR(jobs::RequestCancel(parts_.database, id, deadline));
  parts_.wake_up();
  return absl::OkStatus();
}

std::vector<SourceFacts> Fetcher::FactsOf(const Plan& plan, const CoverageStore::BySource& known) const {
  std::vector<SourceFacts> all;
  for (const ReadySource& source : plan.sources) {
    SourceFacts facts{.requests_per_day = std::numeric_limits<double>::infinity()};
    if (const auto entries = known.find(source.variant); entries != known.end()) {
      facts.covered_share = CoveredShare(plan.spec.range, entries->second, source.parameters);
      for (const Coverage& one : entries->second) {
        if (one.outcome != Outcome::kFailed) facts.last_answer = std::max(facts.last_answer, one.fetch_time);
      }
    }
    if (const auto count = plan.failures.find(source.variant); count != plan.failures.end())
      facts.failures = count->second;
    if (source.entry != nullptr && !source.entry->provider.empty() && parts_.environment.upstream != nullptr) {
      facts.requests_per_day = parts_.environment.upstream->Describe(source.entry->provider).RequestsPerDay();
    }
    all.push_back(facts);
  }
  return all;
}

absl::StatusOr<NamedCalendars> Fetcher::CalendarsOf(const Plan& plan) const {
  std::vector<quant::SeriesKey> keys;
  for (const ReadySource& source : plan.sources) {
    for (const std::string& symbol : plan.spec.symbols) {
      keys.push_back({plan.spec.resource, symbol, plan.spec.timeframe, source.variant});
    }
  }
  BF_ASSIGN_OR_RETURN(NamedCalendars calendars, parts_.series.Calendars(keys, absl::InfiniteFuture()));
  if (const std::optional<SeriesMarket> market = MarketIn(plan.spec.source.params)) {
    BF_ASSIGN_OR_RETURN(const quant::Calendar* named, parts_.series.CalendarOf(*market));
    for (const quant::SeriesKey& key : keys) {
      if (key.variant == plan.spec.source.name) calendars[key] = named;
    }
  }
  return calendars;
}

absl::StatusOr<std::vector<FetchedSymbol>> Fetcher::FetchAll(const Plan& plan, jobs::JobContext& context) {
  const std::vector<std::string>& symbols = plan.spec.symbols;
  std::vector<FetchedSymbol> fetched(symbols.size());
  std::vector<absl::Status> errors(symbols.size());
  std::atomic<size_t> done{0};
  const base::CancelToken cancel = context.cancel().Child();
  const telemetry::Context& trace = telemetry::CurrentContext();
  const auto fetch = [&](const std::string& symbol) -> absl::StatusOr<FetchedSymbol> {
    static const CoverageStore::BySource kNothing;
    BF_RETURN_IF_ERROR(cancel.Check());
    context.Progress(static_cast<double>(done) / static_cast<double>(symbols.size()), symbol);
    const auto found = plan.known.find(symbol);
    const SymbolTask task{
        plan.spec,      plan.resource, symbol, context.job().id, found == plan.known.end() ? kNothing : found->second,
        plan.calendars, cancel};
    BF_ASSIGN_OR_RETURN(FetchedSymbol one,
                        symbols_.Fetch(task, plan.sources, Rank(plan.spec.preference, FactsOf(plan, task.known))));
    // What was interrupted has not ended: the attempt as a whole has.
    BF_RETURN_IF_ERROR(cancel.Check());
    return one;
  };
  base::ParallelFor(parts_.symbols_at_once, symbols.size(), [&](size_t i) {
    const telemetry::Scope scope(trace);
    absl::StatusOr<FetchedSymbol> one = fetch(symbols[i]);
    ++done;
    if (one.ok()) {
      fetched[i] = *std::move(one);
    } else {
      errors[i] = one.status();
      cancel.Cancel(base::CancelReason::kCancelled);
    }
  });
  BF_RETURN_IF_ERROR(context.cancel().Check());
  // Symbols that stopped because another failed do not say why.
  const auto cause = std::find_if(errors.begin(), errors.end(),
                                  [](const absl::Status& one) { return !one.ok() && !absl::IsCancelled(one); });
  if (cause != errors.end()) return *cause;
  for (const absl::Status& error : errors) BF_RETURN_IF_ERROR(error);
  return fetched;
}

absl::StatusOr<jobs::Effects> Fetcher::Run(jobs::JobContext& context) {
  const std::string id = context.job().id;
  BF_ASSIGN_OR_RETURN(FetchRun run, parts_.runs.Get(id, absl::InfiniteFuture()));
  const FetchSpec& spec = run.spec;
  BF_ASSIGN_OR_RETURN(const Resource* resource, parts_.resources.Find(spec.resource));
  const std::vector<ReadySource> sources = MakeSources(parts_.sources, parts_.environment, run.spec);
  if (sources.size() == 1) BF_RETURN_IF_ERROR(sources.front().unusable);
  Plan plan{.spec = spec, .resource = *resource, .sources = sources, .known = {}, .failures = {}, .calendars = {}};
  BF_ASSIGN_OR_RETURN(plan.known,
                      parts_.coverage.Find(spec.resource, spec.symbols, spec.timeframe, absl::InfiniteFuture()));
  BF_ASSIGN_OR_RETURN(plan.calendars, CalendarsOf(plan));
  if (spec.preference == Preference::kHealth) {
    BF_ASSIGN_OR_RETURN(plan.failures,
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
  BF_ASSIGN_OR_RETURN(std::vector<FetchedSymbol> fetched, FetchAll(plan, context));
  for (FetchedSymbol& one : fetched) {
    if (one.written) written->push_back(*std::move(one.written));
    std::move(one.coverage.begin(), one.coverage.end(), std::back_inserter(*coverage));
    if (one.apart != nullptr) apart->push_back(std::move(one.apart));
    results->push_back(std::move(one.result));
  }
  // In the order of the keys, so that two fetches of the same symbols do not lock each other out.
  std::sort(written->begin(), written->end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  std::sort(apart->begin(), apart->end(),
            [](const auto& a, const auto& b) { return a->quarantine.key < b->quarantine.key; });
  if (const absl::Status failed = RunStatusOf(*results); !failed.ok()) {
    BF_RETURN_IF_ERROR(parts_.runs.SaveResults(id, context.job().epoch, *results, keep_apart));
    BF_RETURN_IF_ERROR(parts_.coverage.Add(id, context.job().epoch, *coverage));
    return failed;
  }
  context.Progress(1, "storing");
  const std::optional<SeriesMarket> market = MarketIn(spec.source.params);
  return jobs::Effects([this, id, results, written, coverage, keep_apart, market,
                        source = spec.source.name](postgres::Transaction& tx) -> absl::Status {
    BF_RETURN_IF_ERROR(parts_.coverage.Add(tx, *coverage));
    for (const columnar::WrittenSeries& one : *written) {
      BF_RETURN_IF_ERROR(parts_.series.chunks().Commit(tx, one).status());
      if (market && one.key.variant == source) BF_RETURN_IF_ERROR(parts_.series.SetMarket(tx, {one.key}, *market));
    }
    BF_RETURN_IF_ERROR(keep_apart(tx));
    return parts_.runs.SaveResults(tx, id, *results);
  });
}

}  // namespace breadthflow::data
