#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

// The rules of durable jobs, without a database: states, transitions, retry. The SQL of store.cc writes the same rules,
// and a test walks both over every combination.
//
//               claim                 finish
//   QUEUED ---------------> RUNNING ----------> SUCCEEDED
//     |  ^                   |  |  |
//     |  +-------------------+  |  +----------> FAILED      (not retryable, or the last attempt)
//     |    retry, rescue,       |
//     |    release              | cancel was asked
//     +-------------------------+-------------> CANCELLED
//          cancel
namespace breadthflow::jobs {

enum class State { kQueued = 1, kRunning = 2, kSucceeded = 3, kFailed = 4, kCancelled = 5 };

std::string_view StateName(State state);  // "QUEUED" ...
inline bool IsTerminal(State state) { return state >= State::kSucceeded; }

constexpr int kDefaultMaxAttempts = 5;
constexpr size_t kMaxErrorBytes = 4096;  // longer messages are cut, and end with "..."
constexpr size_t kMaxStageBytes = 200;

// A job as its row says. Times are the database's; those that have not happened are InfinitePast.
struct Job {
  std::string id;
  std::string kind;
  State state = State::kQueued;
  int attempt = 0;  // counted when a worker claims: a worker that dies has used one
  int max_attempts = kDefaultMaxAttempts;
  int64_t epoch = 0;    // grows with each claim; effects of an older one are refused
  double progress = 0;  // [0, 1], never falls within one attempt
  std::string stage;    // what is being done now, for people
  absl::Status error;   // of a FAILED job; of a QUEUED one, why the last attempt failed; with its details
  absl::Time create_time = absl::InfinitePast();
  absl::Time start_time = absl::InfinitePast();  // of the first claim
  absl::Time end_time = absl::InfinitePast();
  absl::Time run_at = absl::InfinitePast();  // not claimed before
  std::string principal;
  std::string traceparent;
  std::string worker_id;
  int priority = 0;
  bool cancel_requested = false;
};

struct NewJob {
  std::string id;    // not empty, at most 200 bytes
  std::string kind;  // not empty; a worker claims only kinds it has a handler for
  std::string principal;
  std::string traceparent;
  int max_attempts = kDefaultMaxAttempts;  // [1, 100]
  int priority = 0;                        // higher is first
  absl::Duration delay;                    // by the database's clock
};

// What becomes of a running job whose attempt failed; `retryable` as base::IsTransient says. Cancel wins over retry.
State AfterFailure(const Job& job, bool retryable);

// What becomes of a running job whose lease ran out: nobody knows why its worker is silent.
State AfterLeaseExpired(const Job& job);

// The pause before attempt `attempt + 1`: min(1 s x 2^(attempt - 1), 100 s) x (0.5 + `uniform`), `uniform` in [0, 1).
absl::Duration Backoff(int attempt, double uniform);

// FAILED with reason WORKER_CRASHED: `attempts` workers vanished while they ran the job.
absl::Status WorkerCrashed(int attempts);

// Whether a write that failed like this may succeed in a moment, unchanged: the database did not answer, or somebody
// was in the way in this transaction. What else effects may say (another writer has moved what they were computed from)
// stays true however often they are written.
bool WriteMayPass(const absl::Status& status);

// ABORTED with reason LEASE_LOST: the job has been given to another worker; nothing was written.
absl::Status LeaseLost(std::string_view id, int64_t epoch);

// CANCELLED with reason CANCELLED.
absl::Status Cancelled();

// `text` cut to at most `limit` bytes at a UTF-8 boundary, ending in "..." when cut; without NUL bytes.
std::string Truncated(std::string_view text, size_t limit);

}  // namespace breadthflow::jobs
