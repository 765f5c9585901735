#include "services/data/app/symbol_commits.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/time/clock.h"

#include "common/base/status.h"
#include "common/base/transient.h"
#include "common/jobs/job.h"

namespace breadthflow::data {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(60);   // of a statement, as for any ingest
constexpr absl::Duration kPatience = absl::Seconds(30);  // with a database that does not answer
constexpr absl::Duration kPause = absl::Milliseconds(200);

}  // namespace

bool SymbolCommits::IsMoved(const absl::Status& status) {
  if (!absl::IsAborted(status)) return false;
  const std::string reason = base::DetailsOf(status).reason;
  return reason == "SERIES_MOVED" || reason == "QUARANTINE_MOVED";
}

absl::Status SymbolCommits::Commit(int64_t position, const FetchedSymbol& symbol) {
  Waiting mine{position, &symbol, absl::OkStatus()};
  std::vector<Waiting*> group;
  {
    absl::MutexLock lock(&mutex_);
    waiting_.push_back(&mine);
    const auto my_turn = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return mine.ended || !busy_; };
    mutex_.Await(absl::Condition(&my_turn));
    if (mine.ended) return mine.status;
    busy_ = true;
    group = std::exchange(waiting_, {});
  }
  CommitGroup(group);
  absl::MutexLock lock(&mutex_);
  busy_ = false;
  for (Waiting* one : group) one->ended = true;
  return mine.status;
}

void SymbolCommits::CommitGroup(const std::vector<Waiting*>& group) {
  const absl::Status together = CommitTogether(group);
  const bool of_one = IsMoved(together) || (!together.ok() && !base::IsTransient(together));
  for (Waiting* one : group) one->status = group.size() > 1 && of_one ? CommitTogether({one}) : together;
}

absl::Status SymbolCommits::CommitTogether(const std::vector<Waiting*>& group) {
  const jobs::Job& job = context_.job();
  std::vector<EndedSymbol> ended;
  ended.reserve(group.size());
  for (const Waiting* one : group) ended.push_back({one->position, &one->symbol->result});
  postgres::TransactOptions options{.statement_timeout = kTimeout};
  options.took_effect = [&](postgres::Transaction& tx) { return FetchStore::Saved(tx, job.id, job.epoch, ended); };
  const absl::Time give_up = absl::Now() + kPatience;
  for (bool again = false;; again = true) {
    absl::Status status = stores_.database.Transact(
        [&](postgres::Transaction& tx) -> absl::Status {
          if (again) {  // the last COMMIT may have been one nobody could tell about
            BF_ASSIGN_OR_RETURN(const bool done, options.took_effect(tx));
            if (done) return absl::OkStatus();
          }
          BF_RETURN_IF_ERROR(Write(tx, group, ended));
          return context_.Hold(tx);  // last: who wants to cancel the job does not wait for our locks
        },
        options);
    if (status.ok() || !jobs::WriteMayPass(status) || absl::Now() >= give_up) return status;
    BF_RETURN_IF_ERROR(context_.cancel().Check());
    absl::SleepFor(kPause);
  }
}

// Coverage before what CommitTaken locks, whoever writes.
absl::Status SymbolCommits::Write(postgres::Transaction& tx, const std::vector<Waiting*>& group,
                                  const std::vector<EndedSymbol>& ended) {
  std::vector<Coverage> coverage;
  std::vector<const Taken*> taken;
  for (const Waiting* one : group) {
    std::copy(one->symbol->coverage.begin(), one->symbol->coverage.end(), std::back_inserter(coverage));
    taken.push_back(&one->symbol->taken);
  }
  BF_RETURN_IF_ERROR(stores_.coverage.Add(tx, coverage));
  BF_RETURN_IF_ERROR(CommitTaken(stores_.series, stores_.quarantines, tx, taken));
  return FetchStore::SaveResults(tx, context_.job().id, context_.job().epoch, ended);
}

}  // namespace breadthflow::data
