// A worker process for chaos tests: jobs_worker_program URL. Runs until SIGTERM (drain, exit 0) or until it is killed.
// Kinds: "work" takes a second (later attempts two) in small steps, "poison" kills its process. Table `note` (job,
// what, worker) records "effect" (in the job's own transaction), "lost" (lease_lost) and "start".
#include <atomic>
#include <cstdio>

#include "absl/time/clock.h"
#include <signal.h>
#include <sys/resource.h>

#include "common/jobs/runner.h"
#include "common/jobs/store.h"

namespace {

using namespace breadthflow;

constexpr char kNote[] = "INSERT INTO note VALUES ($1, $2, $3)";

// Keeps what happened in the database, where the test sees it whatever becomes of this process.
class Notes final : public jobs::Observer {
 public:
  explicit Notes(postgres::Database& database) : database_(database) {}
  void Started(const jobs::Job& job) override { Write(job, "start"); }
  void LeaseLost(const jobs::Job& job) override { Write(job, "lost"); }

 private:
  void Write(const jobs::Job& job, const char* what) {
    const absl::Status status = database_.Transact([&](postgres::Transaction& tx) {
      return tx.Execute(kNote, {job.id, what, job.worker_id}).status();
    });
    if (!status.ok()) std::fprintf(stderr, "note: %s\n", status.ToString().c_str());
  }
  postgres::Database& database_;
};

absl::StatusOr<jobs::Effects> Work(jobs::JobContext& context) {
  for (int step = 0; step < 50; ++step) {
    // Looks at its token but goes on: what a zombie writes must be refused by the fence, not by good manners.
    if (context.cancel().reason() == base::CancelReason::kShuttingDown) return context.cancel().Check();
    absl::SleepFor(absl::Milliseconds(context.job().attempt == 1 ? 20 : 40));  // a zombie of attempt 1 is faster
    context.Progress((step + 1) / 50.0, "step");
  }
  const std::string id = context.job().id;
  const std::string worker = context.job().worker_id;
  return [id, worker](postgres::Transaction& tx) { return tx.Execute(kNote, {id, "effect", worker}).status(); };
}

absl::StatusOr<jobs::Effects> Poison(jobs::JobContext&) {
  raise(SIGKILL);  // what no handler of a sanitizer turns into an exit
  return nullptr;
}

}  // namespace

int main(int, char** argv) {
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigprocmask(SIG_BLOCK, &stop, nullptr);

  const auto database = postgres::Database::Open({.url = argv[1], .schema = "jobs", .pool_size = 6});
  Notes notes(*database);
  jobs::Runner runner(*database,
                      {.workers = 4,
                       .lease = absl::Seconds(2),
                       .heartbeat = absl::Milliseconds(500),
                       .rescue_interval = absl::Milliseconds(500),
                       .poll_interval = absl::Milliseconds(200)},
                      &notes);
  runner.Handle("work", Work);
  runner.Handle("poison", Poison);
  if (!runner.Start().ok()) return 1;
  int signal = 0;
  sigwait(&stop, &signal);
  runner.Drain(absl::Seconds(5));
  return 0;
}
