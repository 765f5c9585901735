#include "services/data/app/live_poller.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/hash.h"
#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/base/transient.h"
#include "common/telemetry/log.h"
#include "services/data/domain/fetch.h"

namespace breadthflow::data {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(100);
constexpr absl::Duration kSubmitTimeout = absl::Seconds(10);
constexpr absl::Duration kForget = absl::Hours(1);
constexpr absl::Duration kRemembered = absl::Hours(24 * 7);
constexpr const char* kPrincipal = "live";

absl::Time SlotOf(absl::Time now, absl::Duration interval) {
  return absl::UnixEpoch() + absl::Floor(now - absl::UnixEpoch(), interval);
}

FetchSpec FetchOf(const LiveSpec& spec, std::vector<std::string> symbols, quant::TimeRange range) {
  return {.resource = spec.resource,
          .symbols = std::move(symbols),
          .timeframe = spec.timeframe,
          .range = range,
          .source = spec.poll->source,
          .refetch = true};  // what was asked a moment ago may have moved on
}

// What a fetch says of its spec, by the names that a stream has for it.
absl::Status OfStream(const absl::Status& refused) {
  const base::ErrorDetails details = base::DetailsOf(refused);
  if (!absl::IsInvalidArgument(refused) || details.violations.empty()) return refused;
  base::Violations violations;
  for (const base::FieldViolation& violation : details.violations) {
    std::string field = violation.field;
    if (field.starts_with("spec.")) field.erase(0, std::string_view("spec.").size());
    violations.Add(field.starts_with("source") ? "poll." + field : field, violation.description);
  }
  return violations.ToStatus("invalid stream", details.reason);
}

}  // namespace

LivePoller::LivePoller(Fetcher& fetcher, FetchStore& runs, SeriesStore& series, LivePollStore& polls,
                       telemetry::Metrics& metrics, const base::Clock& clock)
    : fetcher_(fetcher), runs_(runs), series_(series), polls_(polls), clock_(clock) {
  const auto counter = [&](const char* outcome) {
    return metrics.Counter("bf_live_polls_total", "Polls of sources for live rows.", {{"outcome", outcome}});
  };
  submitted_ = counter("submitted");
  succeeded_ = counter("succeeded");
  failed_ = counter("failed");
  skipped_ = counter("skipped");
  refused_ = counter("refused");
}

absl::Duration LivePoller::DefaultInterval(quant::Timeframe timeframe) {
  const absl::Duration bar = quant::IntradayLength(timeframe);
  if (bar > absl::ZeroDuration()) return std::max(bar, absl::Seconds(10));
  return timeframe == quant::Timeframe::kTick ? absl::Seconds(10) : absl::Hours(24);
}

void LivePoller::Start() {
  thread_ = std::thread([this] { Work(); });
}

void LivePoller::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void LivePoller::Work() {
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      const auto stop = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return stopping_; };
      if (mutex_.AwaitWithTimeout(absl::Condition(&stop), kTick)) return;
      if (feeds_.empty()) continue;
    }
    Round();
  }
}

absl::StatusOr<LivePoller::Polling> LivePoller::Poll(const LiveSpec& spec) {
  const absl::Duration interval =
      spec.poll->interval > absl::ZeroDuration() ? spec.poll->interval : DefaultInterval(spec.timeframe);
  // A fetch of nothing in particular, to name the feed; the range is the same for all.
  const std::string id = base::Sha256HexOf(
      fmt::format("{} {}", absl::ToInt64Milliseconds(interval), Fingerprint(FetchOf(spec, {}, {0, 1}))));
  const absl::Time slot = SlotOf(clock_.Now(), interval);
  const absl::Status polled = PollNow(id, spec, spec.symbols, slot);
  if (!polled.ok() && !base::IsTransient(polled)) return OfStream(polled);
  absl::StatusOr<std::string> variant = fetcher_.VariantOf(spec.poll->source);
  if (!variant.ok()) return OfStream(variant.status());
  absl::MutexLock lock(&mutex_);
  Feed& feed = feeds_[id];
  if (feed.symbols.empty()) {
    feed.spec = spec;
    feed.spec.symbols.clear();
    feed.interval = interval;
    feed.slot = slot;
  }
  for (const std::string& symbol : spec.symbols) ++feed.symbols[symbol];
  return Polling{std::shared_ptr<void>(static_cast<void*>(this),
                                       [this, id, symbols = spec.symbols](void*) { Release(id, symbols); }),
                 *std::move(variant), id};
}

std::map<std::string, absl::Status> LivePoller::Failures(const std::string& feed,
                                                         const std::vector<std::string>& symbols) const {
  std::map<std::string, absl::Status> failures;
  absl::MutexLock lock(&mutex_);
  const auto found = feeds_.find(feed);
  if (found == feeds_.end() || found->second.failures.empty()) return failures;
  for (const std::string& symbol : symbols) {
    const auto failure = found->second.failures.find(symbol);
    if (failure != found->second.failures.end()) failures.insert(*failure);
  }
  return failures;
}

void LivePoller::Release(const std::string& id, const std::vector<std::string>& symbols) {
  absl::MutexLock lock(&mutex_);
  const auto feed = feeds_.find(id);
  if (feed == feeds_.end()) return;
  for (const std::string& symbol : symbols) {
    const auto found = feed->second.symbols.find(symbol);
    if (found == feed->second.symbols.end() || --found->second > 0) continue;
    feed->second.symbols.erase(found);
    feed->second.failures.erase(symbol);
  }
  if (feed->second.symbols.empty()) feeds_.erase(feed);
}

void LivePoller::Round() {
  LookAtRuns();
  struct Due {
    std::string id;
    LiveSpec spec;
    std::vector<std::string> symbols;
    absl::Time slot;
  };
  std::vector<Due> due;
  bool forget = false;
  const absl::Time now = clock_.Now();
  {
    absl::MutexLock lock(&mutex_);
    forget = now >= next_forget_;
    if (forget) next_forget_ = now + kForget;
    for (auto& [id, feed] : feeds_) {
      if (feed.symbols.empty()) continue;  // its first subscriber is just coming
      const absl::Time slot = SlotOf(now, feed.interval);
      if (slot <= feed.slot) continue;
      feed.slot = slot;
      if (!feed.runs.empty()) {
        skipped_.Increment();
        continue;
      }
      Due one{id, feed.spec, {}, slot};
      for (const auto& [symbol, subscribers] : feed.symbols) one.symbols.push_back(symbol);
      due.push_back(std::move(one));
    }
  }
  if (forget) {
    if (const absl::Status forgotten = polls_.Forget(now - kRemembered); !forgotten.ok()) {
      telemetry::LogWarning("old polls can not be forgotten", {{"error", base::Message(forgotten)}});
    }
  }
  for (const Due& one : due) {
    const absl::Status polled = PollNow(one.id, one.spec, one.symbols, one.slot);
    if (polled.ok()) continue;
    refused_.Increment();
    telemetry::LogWarning("a poll for live rows was not possible",
                          {{"source", one.spec.poll->source.name}, {"error", base::Message(polled)}});
  }
}

absl::StatusOr<std::string> LivePoller::Submit(const LiveSpec& spec, Group group, const std::string& request) {
  while (true) {
    absl::StatusOr<std::string> run =
        fetcher_.Submit(FetchOf(spec, group.symbols, group.range),
                        {kPrincipal, "", base::NameUuid(request), clock_.Now() + kSubmitTimeout});
    const int64_t length = group.range.end_ns - group.range.start_ns;
    if (run.ok() || length < 2 || base::DetailsOf(run.status()).reason != "RANGE_TOO_LONG") return run;
    group.range.start_ns = group.range.end_ns - length / 2;
  }
}

absl::Status LivePoller::PollNow(const std::string& id, const LiveSpec& spec, const std::vector<std::string>& symbols,
                                 absl::Time slot) {
  absl::Status failed;
  for (size_t begin = 0; begin < symbols.size(); begin += kMaxSymbols) {
    const std::vector<std::string> some(
        symbols.begin() + static_cast<std::ptrdiff_t>(begin),
        symbols.begin() + static_cast<std::ptrdiff_t>(std::min(symbols.size(), begin + kMaxSymbols)));
    BF_ASSIGN_OR_RETURN(const std::vector<std::string> claimed, polls_.Claim(id, some, slot));
    if (claimed.empty()) continue;
    // Another replica, or the next subscriber, may ask in this slot.
    const auto give_back = [&](const std::vector<std::string>& unasked, const absl::Status& error) {
      if (failed.ok()) failed = error;
      if (const absl::Status released = polls_.Release(id, unasked, slot); !released.ok()) {
        telemetry::LogWarning("a slot of polling is lost", {{"error", base::Message(released)}});
      }
    };
    const absl::StatusOr<std::vector<Group>> groups = GroupsOf(spec, claimed);
    if (!groups.ok()) {
      give_back(claimed, groups.status());
      continue;
    }
    for (const Group& group : *groups) {
      const absl::StatusOr<std::string> run = Submit(
          spec, group, fmt::format("live poll/{}/{}/{}", id, absl::ToUnixMicros(slot), fmt::join(group.symbols, ",")));
      if (!run.ok()) {
        give_back(group.symbols, run.status());
        continue;
      }
      submitted_.Increment();
      absl::MutexLock lock(&mutex_);
      feeds_[id].runs.push_back(*run);
    }
  }
  return failed;
}

void LivePoller::LookAtRuns() {
  std::vector<std::pair<std::string, std::string>> active;  // feed, run
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [id, feed] : feeds_) {
      for (const std::string& run : feed.runs) active.emplace_back(id, run);
    }
  }
  for (const auto& [id, name] : active) {
    const absl::StatusOr<FetchRun> run = runs_.Get(name, clock_.Now() + kSubmitTimeout);
    if (run.ok() && !jobs::IsTerminal(run->job.state)) continue;
    if (!run.ok() && base::IsTransient(run.status())) continue;
    if (run.ok() && run->job.state == jobs::State::kSucceeded) {
      succeeded_.Increment();
    } else {
      failed_.Increment();
      telemetry::LogWarning(
          "a poll for live rows failed",
          {{"run", "fetchRuns/" + name}, {"error", base::Message(run.ok() ? run->job.error : run.status())}});
    }
    absl::MutexLock lock(&mutex_);
    const auto feed = feeds_.find(id);
    if (feed == feeds_.end()) continue;
    std::erase(feed->second.runs, name);
    if (!run.ok()) continue;
    for (const std::string& symbol : run->spec.symbols) feed->second.failures.erase(symbol);
    if (run->results.empty() && !run->job.error.ok()) {
      for (const std::string& symbol : run->spec.symbols) feed->second.failures[symbol] = run->job.error;
    }
    for (const FetchResult& result : run->results) {
      if (result.outcome == Outcome::kFailed) feed->second.failures[result.symbol] = result.error;
    }
  }
}

}  // namespace breadthflow::data
