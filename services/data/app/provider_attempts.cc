// ProviderClient: how often one request is made, and what it waits for.
#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "absl/time/clock.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "services/data/app/provider_client.h"
#include "services/data/app/provider_reach.h"

namespace breadthflow::data {
namespace {

using ::absl::StatusCode;
using ::breadthflow::base::MakeError;

constexpr int kMaxAttempts = 3;
constexpr absl::Duration kShortestPause = absl::Seconds(1);  // between attempts to reach a provider
constexpr absl::Duration kLongestPause = absl::Seconds(5);

}  // namespace

absl::StatusOr<RawBody> ProviderClient::Fetch(Provider& provider, const UpstreamRequest& request,
                                              const base::CancelToken& cancel) {
  const absl::Time begin = clock_.Now();
  const absl::Time deadline = begin + options_.patience;
  const absl::Time give_up = begin + options_.reach;
  const std::string url = ToHttp(provider, request).url;
  int attempts = 0;
  absl::Status failed;  // the last attempt, as it did
  const auto out_of_reach = [&] { return !provider.answered && IsOutOfReach(failed); };
  // How many attempts there are depends on what they meet; see `retryable`.
  const resilience::RetryPolicy policy{.max_attempts = std::numeric_limits<int>::max(),
                                       .initial_backoff = absl::Seconds(1),
                                       .max_backoff = absl::Seconds(60)};
  const resilience::RetryEnvironment environment{
      .clock = clock_,
      .sleep = [&](absl::Duration wait) -> absl::Status {
        if (out_of_reach()) wait = std::min(std::clamp(wait, kShortestPause, kLongestPause), give_up - clock_.Now());
        if (request.waits) {
          request.waits(
              WaitText(provider.settings.name, url, failed, wait, out_of_reach() ? give_up : absl::InfiniteFuture()));
        }
        return Sleep(wait, cancel);
      },
      .chance = options_.chance,
      .retryable =
          [&](const absl::Status& error) {
            if (!MayHeal(error)) return false;
            if (out_of_reach()) return clock_.Now() < give_up;
            provider.budget.Failure();
            return attempts < kMaxAttempts && provider.budget.MayRetry();
          }};
  RawBody body;
  absl::Status waiting;  // an error of the wait is not one of the provider: it ends the request
  const absl::Status status = resilience::Retry(policy, environment, deadline, [&](int number) -> absl::Status {
    attempts = number;
    waiting = AwaitTurn(provider, request, out_of_reach() ? give_up : deadline, cancel);
    if (!waiting.ok()) return absl::CancelledError();
    absl::StatusOr<RawBody> answer = Attempt(provider, request, cancel);
    failed = answer.status();
    if (!answer.ok() && (cancel.cancelled() || absl::IsCancelled(answer.status()) || out_of_reach())) {
      provider.breaker.Withdraw();  // we gave up, or it never got there: that is no answer
    } else {
      // What is wrong with the question says nothing about the provider's health.
      provider.breaker.Record(answer.ok() || !MayHeal(answer.status()) ? absl::OkStatus() : answer.status());
    }
    if (!answer.ok()) return answer.status();
    provider.budget.Success();
    body = *std::move(answer);
    return absl::OkStatus();
  });
  if (status.ok()) return body;
  BF_RETURN_IF_ERROR(cancel.Check());
  if (out_of_reach()) return Unreachable(provider.settings.name, url, failed, clock_.Now() - begin);
  BF_RETURN_IF_ERROR(waiting);
  return status;
}

absl::Status ProviderClient::AwaitTurn(Provider& provider, const UpstreamRequest& request, absl::Time deadline,
                                       const base::CancelToken& cancel) {
  constexpr absl::Duration kShortest = absl::Milliseconds(10);
  constexpr absl::Duration kLongest = absl::Seconds(5);
  constexpr absl::Duration kWorthSaying = absl::Seconds(1);
  const auto tell = [&](std::string_view what, absl::Duration wait) {
    if (!request.waits || wait < kWorthSaying) return;
    request.waits(fmt::format("{} {} {} s", provider.settings.name, what,
                              absl::ToInt64Seconds(absl::Ceil(wait, absl::Seconds(1)))));
  };
  while (true) {
    BF_RETURN_IF_ERROR(cancel.Check());
    // The limiter is not asked while the breaker holds calls back: a token that is taken and not used is lost.
    absl::Duration wait = provider.breaker.Wait();
    if (wait == absl::ZeroDuration()) {
      BF_ASSIGN_OR_RETURN(wait, limiter_.TryTake(provider.limiter_key, provider.settings.limit));
      if (wait == absl::ZeroDuration()) {
        if (provider.breaker.Allow().ok()) return absl::OkStatus();
        wait = kShortest;
      } else if (clock_.Now() + wait > deadline) {
        return MakeError(StatusCode::kResourceExhausted,
                         fmt::format("the limit of requests to {} is used up", provider.settings.name),
                         {.reason = "QUOTA_EXHAUSTED", .retry_after = wait});
      } else {
        tell("may be asked only so often: next request in", wait);
      }
    } else if (clock_.Now() + wait > deadline) {
      return MakeError(StatusCode::kUnavailable, fmt::format("{} failed too often", provider.settings.name),
                       {.reason = "CIRCUIT_OPEN", .retry_after = wait});
    } else {
      tell("failed too often: next try in", wait);
    }
    BF_RETURN_IF_ERROR(Sleep(std::clamp(wait, kShortest, kLongest), cancel));
  }
}

absl::Status ProviderClient::Sleep(absl::Duration wait, const base::CancelToken& cancel) const {
  if (options_.sleep) return options_.sleep(wait, cancel);
  for (const absl::Time end = absl::Now() + wait; absl::Now() < end;) {
    BF_RETURN_IF_ERROR(cancel.Check());
    absl::SleepFor(std::min(end - absl::Now(), absl::Milliseconds(50)));
  }
  return cancel.Check();
}

}  // namespace breadthflow::data
