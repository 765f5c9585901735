// The life of a transaction on a leased connection: begin and verify, body, commit, and what to do when that fails.
#include <algorithm>
#include <optional>

#include "absl/time/clock.h"

#include "common/base/status.h"
#include "common/postgres/backoff.h"
#include "common/postgres/pool.h"
#include "common/postgres/settings.h"
#include "common/postgres/text_transaction.h"

namespace breadthflow::postgres {
namespace {

constexpr int kMaxTries = 3;
constexpr absl::Duration kResolveTimeout = absl::Seconds(30);

// After these the server may or may not have committed.
bool LeavesCommitInDoubt(const Connection& connection) {
  const std::string& sqlstate = connection.failure_sqlstate();
  return connection.broken() || sqlstate.rfind("57P", 0) == 0 || sqlstate.rfind("08", 0) == 0 || sqlstate == "40003";
}

}  // namespace

absl::Status Database::Pool::Transact(Kind kind, const std::function<absl::Status(Connection&)>& body,
                                      const TransactOptions& options) {
  for (int attempt = 1;; ++attempt) {
    const Outcome outcome = RunOnce(kind, body, options);
    if (outcome.ending == Ending::kDone) return outcome.status;
    if (outcome.ending == Ending::kInDoubt) {
      const absl::StatusOr<bool> took_effect = Resolve(outcome.backend, options);
      if (!took_effect.ok()) return CommitUnknown(options.safe_to_retry);
      if (*took_effect) return absl::OkStatus();
    }
    // Here the transaction certainly left nothing behind, so running it again is safe.
    if (attempt >= kMaxTries) return outcome.status;
    const absl::Duration pause = ConflictPause(attempt);
    if (absl::Now() + pause >= options.deadline || options.cancel.cancelled()) return outcome.status;
    absl::SleepFor(pause);
  }
}

absl::StatusOr<Database::Pool::Lease> Database::Pool::Begin(Kind kind, const Limits& limits,
                                                            const TransactOptions& options) {
  while (true) {
    BF_ASSIGN_OR_RETURN(Lease lease, Acquire(kind, limits));
    lease->ClearFailure();
    lease->SetLimits(limits);
    const absl::Duration remaining = limits.deadline - absl::Now();
    const BeginStatement begin = MakeBegin(options_, std::min(options.statement_timeout, remaining), options.read_only);
    const absl::StatusOr<std::vector<std::string>> values = lease->Simple(begin.sql);
    if (values.ok()) {
      BF_RETURN_IF_ERROR(VerifySettings(begin, *values));
      return lease;
    }
    if (lease.fresh() || !lease->broken()) return values.status();
    // It died while idle, before anything was asked of it; those that lay beside it are not better.
    DropIdle();
  }
}

Database::Pool::Outcome Database::Pool::RunOnce(Kind kind, const std::function<absl::Status(Connection&)>& body,
                                                const TransactOptions& options) {
  const Limits limits{options.deadline, options.cancel};
  absl::StatusOr<Lease> lease = Begin(kind, limits, options);
  if (!lease.ok()) return {Ending::kDone, lease.status(), {}};
  Connection& connection = **lease;

  absl::Status status;
  {
    Watchdog::Guard guard(watchdog_, connection, limits);
    status = body(connection);  // when it throws, the lease destroys the connection
    if (status.ok()) status = connection.failure();
    if (status.ok()) status = limits.Check();
  }
  connection.SetLimits({});  // neither COMMIT nor ROLLBACK is stopped halfway
  if (status.ok()) return Commit(*lease, options);

  const bool conflict = IsTransactionConflict(connection.failure_sqlstate());
  if (!connection.broken()) {
    connection.ClearFailure();
    if (!connection.Simple("ROLLBACK").ok()) connection.MarkUncertain();
  }
  lease->Return();
  return {conflict ? Ending::kConflict : Ending::kDone, std::move(status), {}};
}

Database::Pool::Outcome Database::Pool::Commit(Lease& lease, const TransactOptions& options) {
  const absl::StatusOr<std::vector<std::string>> committed = lease->Simple("COMMIT");
  if (committed.ok()) {
    lease.Return();
    return {};
  }
  const Backend backend = lease->backend();
  if (LeavesCommitInDoubt(*lease)) {
    lease->MarkUncertain();
    lease.Return();
    if (options.read_only) return {};  // there was nothing to lose, and everything was read
    return {Ending::kInDoubt, CommitUnknown(options.safe_to_retry), backend};
  }
  const bool conflict = IsTransactionConflict(lease->failure_sqlstate());
  lease.Return();  // a refused COMMIT (deferred constraint) has rolled back
  return {conflict ? Ending::kConflict : Ending::kDone, committed.status(), {}};
}

absl::StatusOr<bool> Database::Pool::Resolve(const Backend& backend, const TransactOptions& options) {
  if (!options.took_effect) return CommitUnknown(options.safe_to_retry);
  TransactOptions asking;
  asking.deadline = std::min(options.deadline, absl::Now() + kResolveTimeout);
  for (int failures = 1;; ++failures) {
    std::optional<bool> answer;
    absl::Status refused;
    const auto ask = [&](Connection& connection) -> absl::Status {
      return WithTransaction(connection, options_, [&](Transaction& tx) -> absl::Status {
        // The old backend may be at work on our COMMIT still: an answer counts only when it is gone.
        BF_ASSIGN_OR_RETURN(const Rows alive, tx.Query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                                                       "WHERE pid = $1::int AND backend_start = $2::timestamptz",
                                                       {backend.pid, backend.start}));
        if (!alive.empty()) return absl::OkStatus();
        const absl::StatusOr<bool> found = options.took_effect(tx);
        if (found.ok()) {
          answer = *found;
        } else {
          refused = found.status();
        }
        return found.status();
      });
    };
    const Outcome outcome = RunOnce(Kind::kText, ask, asking);
    if (outcome.status.ok() && answer.has_value()) return *answer;
    if (!refused.ok() && refused.code() != absl::StatusCode::kUnavailable &&
        refused.code() != absl::StatusCode::kAborted) {
      return refused;
    }
    const absl::Duration pause = outcome.status.ok() ? absl::Milliseconds(20) : ReconnectPause(failures);
    if (absl::Now() + pause >= asking.deadline) return CommitUnknown(options.safe_to_retry);
    absl::SleepFor(pause);
  }
}

}  // namespace breadthflow::postgres
