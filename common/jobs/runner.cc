#include "common/jobs/runner.h"

#include <algorithm>
#include <chrono>

#include "absl/time/clock.h"
#include <fmt/format.h>
#include <unistd.h>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/jobs/runner_core.h"

namespace breadthflow::jobs {
namespace {

std::string MakeWorkerId() {
  char host[256] = {};
  gethostname(host, sizeof(host) - 1);
  return fmt::format("{}:{}:{}", host, getpid(), base::NewUuid(absl::Now()));
}

}  // namespace

void Runner::Core::Context::Progress(double fraction, std::string_view stage) {
  const std::lock_guard lock(mutex_);
  progress_ = std::max(progress_, std::clamp(fraction, 0.0, 1.0));
  stage_ = Truncated(stage, kMaxStageBytes);
}

absl::Status Runner::Core::Context::Hold(postgres::Transaction& tx) {
  return JobStore::Hold(tx, job_.id, job_.epoch, duration_);
}

Lease Runner::Core::Context::lease() const {
  const std::lock_guard lock(mutex_);
  return {job_.id, job_.epoch, progress_, stage_};
}

bool Runner::Core::Context::DueForRenewal(absl::Time now, absl::Duration interval) const {
  const std::lock_guard lock(mutex_);
  return now - renewed_ >= interval || progress_ != written_progress_ || stage_ != written_stage_;
}

void Runner::Core::Context::Renewed(absl::Time now, const Lease& written) {
  const std::lock_guard lock(mutex_);
  renewed_ = now;
  written_progress_ = written.progress;
  written_stage_ = written.stage;
}

Runner::Core::Core(postgres::Database& database, RunnerOptions options, Observer* observer)
    : database_(database),
      options_(std::move(options)),
      heartbeat_(options_.heartbeat > absl::ZeroDuration() ? options_.heartbeat : options_.lease / 3),
      observer_(observer),
      worker_id_(MakeWorkerId()),
      channel_("jobs_" + database.schema()),
      random_(std::random_device{}()) {}

void Runner::Core::Handle(std::string kind, Handler handler) { handlers_[std::move(kind)] = std::move(handler); }

absl::Status Runner::Core::Start() {
  const std::lock_guard lock(mutex_);
  if (started_ || stopping_) {
    return base::MakeError(absl::StatusCode::kFailedPrecondition, "ALREADY_STARTED", "a runner is started once");
  }
  started_ = true;
  for (const auto& [kind, handler] : handlers_) kinds_.push_back(kind);
  if (!handlers_.empty()) {
    keepers_.emplace_back([this] { Dispatch(); });
    keepers_.emplace_back([this] { Heartbeat(); });
    live_workers_ = options_.workers;
    for (int i = 0; i < options_.workers; ++i) {
      workers_.emplace_back([this, i] {
        Work(i);
        const std::lock_guard done(mutex_);
        --live_workers_;
        changed_.notify_all();
      });
    }
  }
  keepers_.emplace_back([this] { Rescue(); });
  keepers_.emplace_back([this] { WatchChanges(); });
  if (options_.listen) {
    const auto wake = [this] { WakeUp(false); };
    listener_ = std::make_unique<postgres::Listener>(database_, channel_, wake, [wake](std::string_view) { wake(); });
  }
  return absl::OkStatus();
}

void Runner::Core::Drain(absl::Duration grace) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
  }
  stop_.Cancel(base::CancelReason::kShuttingDown);
  changed_.notify_all();
  work_.notify_all();
  const absl::Time deadline = absl::Now() + grace;
  const auto database_deadline = absl::Now() + std::clamp(grace, absl::Seconds(1), absl::Seconds(5));
  std::set<Attempt> released;
  ReleaseAll(released, database_deadline);
  listener_.reset();
  for (std::thread& keeper : keepers_) keeper.join();
  ReleaseAll(released, database_deadline);  // what the dispatcher claimed meanwhile
  std::unique_lock lock(mutex_);
  const int64_t patience = std::max<int64_t>(absl::ToInt64Microseconds(deadline - absl::Now()), 0);
  changed_.wait_for(lock, std::chrono::microseconds(patience), [this] { return live_workers_ == 0; });
  lock.unlock();
  ReleaseAll(released, database_deadline);  // what a worker claimed with its last success
}

void Runner::Core::ReleaseAll(std::set<Attempt>& released, absl::Time deadline) {
  std::vector<Lease> leases;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [attempt, context] : running_) {
      context->cancel().Cancel(base::CancelReason::kShuttingDown);
      if (released.insert(attempt).second) leases.push_back(context->lease());
    }
  }
  if (leases.empty()) return;
  postgres::TransactOptions options;
  options.deadline = deadline;
  const absl::Status status =
      database_.Transact([&](postgres::Transaction& tx) { return JobStore::Release(tx, leases).status(); }, options);
  // Then they are rescued when their leases run out.
  if (!status.ok() && observer_ != nullptr) observer_->Trouble("release", status);
}

void Runner::Core::Join() {
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
}

postgres::TransactOptions Runner::Core::UntilStopped() const {
  postgres::TransactOptions options;
  options.cancel = stop_;
  return options;
}

void Runner::Core::WakeUp(bool tell_others) {
  {
    const std::lock_guard lock(mutex_);
    wake_dispatcher_ = wake_heartbeat_ = wake_watcher_ = true;
    if (tell_others) notify_ = true;
  }
  changed_.notify_all();
}

int Runner::Core::running() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(running_.size());
}

bool Runner::Core::WaitFor(absl::Duration timeout, bool* woken) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::microseconds(absl::ToInt64Microseconds(timeout)),
                    [&] { return stopping_ || (woken != nullptr && *woken); });
  if (woken != nullptr) *woken = false;
  return !stopping_;
}

absl::Duration Runner::Core::Jittered(absl::Duration duration, double low, double high) {
  const std::lock_guard lock(mutex_);
  return duration * std::uniform_real_distribution<double>(low, high)(random_);
}

void Runner::Core::Trouble(std::string_view what, const absl::Status& status) {
  if (observer_ != nullptr && !stop_.cancelled()) observer_->Trouble(what, status);
}

Runner::Runner(postgres::Database& database, RunnerOptions options, Observer* observer)
    : core_(std::make_shared<Core>(database, std::move(options), observer)) {}
Runner::~Runner() {
  Drain(absl::ZeroDuration());
  core_->Join();
}
void Runner::Handle(std::string kind, Handler handler) { core_->Handle(std::move(kind), std::move(handler)); }
absl::Status Runner::Start() { return core_->Start(); }
void Runner::Drain(absl::Duration grace) { core_->Drain(grace); }
void Runner::WakeUp() { core_->WakeUp(true); }
std::unique_ptr<Runner::Subscription> Runner::Watch(std::string id, std::function<void(const Job*)> changed) {
  return core_->Watch(std::move(id), std::move(changed));
}
std::unique_ptr<Runner::Subscription> Runner::WatchAll(std::function<void()> changed) {
  return core_->WatchAll(std::move(changed));
}
const std::string& Runner::worker_id() const { return core_->worker_id(); }
int Runner::running() const { return core_->running(); }

}  // namespace breadthflow::jobs
