#include "services/data/app/fetcher.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/clock.h"

#include "common/base/ids.h"
#include "common/base/parallel.h"
#include "common/base/status.h"
#include "common/jobs/submit.h"
#include "common/quant/calendar.h"
#include "common/telemetry/scope.h"
#include "services/data/app/run_upstream.h"
#include "services/data/app/symbol_commits.h"
#include "services/data/app/write_again.h"
#include "services/data/domain/upstream.h"

namespace breadthflow::data {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);  // with a database that does not answer

}  // namespace

Fetcher::Fetcher(Parts parts)
    : parts_(std::move(parts)),
      symbols_(parts_.series, parts_.coverage, parts_.bodies, parts_.quarantines, parts_.clock, parts_.policy) {}

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
  const jobs::NewJob job{.id = base::NewUuid(parts_.clock.Now()),
                         .kind = kJobKind,
                         .principal = submission.principal,
                         .traceparent = submission.traceparent};
  const auto insert = [&](postgres::Transaction& tx) {
    return parts_.runs.Insert(tx, job.id, spec, sources.front().entry->info.version);
  };
  BF_ASSIGN_OR_RETURN(std::string id,
                      jobs::SubmitJob(parts_.database, key, job, insert, {.deadline = submission.deadline}));
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
  return parts_.series.Calendars(keys, absl::InfiniteFuture(), absl::InfiniteFuture());
}

absl::Status Fetcher::FetchOne(const Plan& plan, const SymbolTask& task, int64_t position, SymbolCommits& commits) {
  SourceAnswers answers;  // what was said once is not asked for again
  int moves = 0;          // of its series, by others
  int failures = 0;       // that may pass
  absl::Time give_up = absl::InfiniteFuture();
  while (true) {
    BF_RETURN_IF_ERROR(task.cancel.Check());
    const std::vector<SourceChoice> order = Rank(plan.spec.preference, FactsOf(plan, task.known));
    absl::StatusOr<FetchedSymbol> one = symbols_.Fetch(task, plan.sources, order, answers);
    // What was interrupted has not ended: the attempt as a whole has.
    BF_RETURN_IF_ERROR(task.cancel.Check());
    absl::Status status = one.status();
    if (one.ok()) status = commits.Commit(position, *one);
    if (status.ok()) return status;
    if (!SymbolCommits::IsMoved(status)) {
      give_up = std::min(give_up, absl::Now() + kPatience);
      if (!jobs::WriteMayPass(status) || absl::Now() >= give_up) return status;
      BF_RETURN_IF_ERROR(PauseBeforeWrite(++failures, status, task.cancel));
      continue;
    }
    const absl::Status again = WaitToWriteAgain(status, ++moves, absl::InfiniteFuture(), task.cancel);
    if (again.ok()) continue;
    BF_RETURN_IF_ERROR(task.cancel.Check());
    if (!one.ok()) one.emplace();
    one->result.symbol = task.symbol;
    one->taken.apart.reset();
    FailAll(again, *one);
    return commits.Commit(position, *one);
  }
}

absl::Status Fetcher::FetchAll(const Plan& plan, const std::vector<bool>& done, jobs::JobContext& context) {
  const std::vector<std::string>& symbols = plan.spec.symbols;
  std::vector<size_t> open;  // positions
  for (size_t i = 0; i < symbols.size(); ++i) {
    if (!done[i]) open.push_back(i);
  }
  std::vector<absl::Status> errors(open.size());
  std::atomic<size_t> ended{symbols.size() - open.size()};
  const base::CancelToken cancel = context.cancel().Child();
  const telemetry::Context& trace = telemetry::CurrentContext();
  SymbolCommits commits({parts_.database, parts_.series, parts_.coverage, parts_.quarantines}, context);
  base::ParallelFor(parts_.symbols_at_once, open.size(), [&](size_t i) {
    static const CoverageStore::BySource kNothing;
    const telemetry::Scope scope(trace);
    const std::string& symbol = symbols[open[i]];
    context.Progress(static_cast<double>(ended) / static_cast<double>(symbols.size()), symbol);
    const auto found = plan.known.find(symbol);
    const SymbolTask task{
        plan.spec,      plan.resource, symbol, context.job().id, found == plan.known.end() ? kNothing : found->second,
        plan.calendars, cancel};
    errors[i] = FetchOne(plan, task, static_cast<int64_t>(open[i]), commits);
    ++ended;
    if (!errors[i].ok()) cancel.Cancel(base::CancelReason::kCancelled);
  });
  BF_RETURN_IF_ERROR(context.cancel().Check());
  // Symbols that stopped because another failed do not say why.
  const auto cause = std::find_if(errors.begin(), errors.end(),
                                  [](const absl::Status& one) { return !one.ok() && !absl::IsCancelled(one); });
  if (cause != errors.end()) return *cause;
  for (const absl::Status& error : errors) BF_RETURN_IF_ERROR(error);
  return absl::OkStatus();
}

absl::StatusOr<jobs::Effects> Fetcher::Run(jobs::JobContext& context) {
  const std::string id = context.job().id;
  BF_ASSIGN_OR_RETURN(FetchRun run, parts_.runs.Get(id, absl::InfiniteFuture()));
  const FetchSpec& spec = run.spec;
  BF_ASSIGN_OR_RETURN(const Resource* resource, parts_.resources.Find(spec.resource));
  SourceEntry::Environment environment = parts_.environment;
  std::optional<RunUpstream> upstream;
  if (environment.upstream != nullptr) {
    // What a request waits for is told in place of the symbol that waits; the next one that begins is told again.
    environment.upstream =
        &upstream.emplace(*environment.upstream, [&context](const std::string& text) { context.Progress(0, text); });
  }
  const std::vector<ReadySource> sources = MakeSources(parts_.sources, environment, run.spec);
  if (sources.size() == 1) BF_RETURN_IF_ERROR(sources.front().unusable);
  BF_ASSIGN_OR_RETURN(const std::vector<FetchResult> before, parts_.runs.Results(id, absl::InfiniteFuture()));
  std::set<std::string_view> ended;
  for (const FetchResult& result : before) {
    if (!result.retryable) ended.insert(result.symbol);
  }
  std::vector<bool> done;
  for (const std::string& symbol : spec.symbols) done.push_back(ended.contains(symbol));
  Plan plan{.spec = spec, .resource = *resource, .sources = sources, .known = {}, .failures = {}, .calendars = {}};
  BF_ASSIGN_OR_RETURN(plan.known,
                      parts_.coverage.Find(spec.resource, spec.symbols, spec.timeframe, absl::InfiniteFuture()));
  BF_ASSIGN_OR_RETURN(plan.calendars, CalendarsOf(plan));
  if (spec.preference == Preference::kHealth) {
    BF_ASSIGN_OR_RETURN(plan.failures,
                        parts_.coverage.CountFailures(parts_.clock.Now() - absl::Hours(24), absl::InfiniteFuture()));
  }
  BF_RETURN_IF_ERROR(FetchAll(plan, done, context));
  BF_ASSIGN_OR_RETURN(const std::vector<FetchResult> results, parts_.runs.Results(id, absl::InfiniteFuture()));
  BF_RETURN_IF_ERROR(RunStatusOf(results));
  return jobs::Effects();
}

}  // namespace breadthflow::data
