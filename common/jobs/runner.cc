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

// A subscriber outlives its Subscription only while a call to it is running.
class Runner::Core::Subscriber {
 public:
  Subscriber(std::string id, std::function<void(const Job*)> changed)
      : id_(std::move(id)), changed_(std::move(changed)) {}
  const std::string& id() const { return id_; }

  // Tells what is new; true when nothing more will come.
  bool Tell(const Job* job) {
    const std::lock_guard lock(mutex_);
    if (closed_) return true;
    const std::string now = job == nullptr ? "none"
                                           : fmt::format("{} {} {} {} {}", static_cast<int>(job->state), job->attempt,
                                                         job->progress, job->stage, job->cancel_requested);
    if (now == last_) return false;
    last_ = now;
    closed_ = job == nullptr || IsTerminal(job->state);
    changed_(job);
    return closed_;
  }
  void Close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }

 private:
  const std::string id_;
  const std::function<void(const Job*)> changed_;
  std::mutex mutex_;
  bool closed_ = false;
  std::string last_;
};

void Runner::Core::Context::Progress(double fraction, std::string_view stage) {
  const std::lock_guard lock(mutex_);
  progress_ = std::max(progress_, std::clamp(fraction, 0.0, 1.0));
  stage_ = Truncated(stage, kMaxStageBytes);
}

Lease Runner::Core::Context::lease() const {
  const std::lock_guard lock(mutex_);
  return {job_.id, job_.epoch, progress_, stage_};
}

Runner::Core::Core(postgres::Database& database, RunnerOptions options, Observer* observer)
    : database_(database),
      options_(std::move(options)),
      // Cancel wishes and progress travel with it, so it is never slower than the poll.
      heartbeat_(std::min(options_.heartbeat > absl::ZeroDuration() ? options_.heartbeat : options_.lease / 3,
                          options_.poll_interval)),
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
  // Threads outlive the Runner object when a handler hangs: each holds the core.
  const auto spawn = [this](void (Core::*loop)()) {
    ++live_threads_;
    threads_.emplace_back([core = shared_from_this(), loop] {
      (core.get()->*loop)();
      const std::lock_guard done(core->mutex_);
      --core->live_threads_;
      core->changed_.notify_all();
    });
  };
  if (!handlers_.empty()) {
    spawn(&Core::Dispatch);
    spawn(&Core::Heartbeat);
    for (int i = 0; i < options_.workers; ++i) spawn(&Core::Work);
  }
  spawn(&Core::Rescue);
  spawn(&Core::WatchChanges);
  if (options_.listen) {
    const auto wake = [this] { WakeUp(false); };
    listener_ = std::make_unique<postgres::Listener>(database_, channel_, wake, [wake](std::string_view) { wake(); });
  }
  return absl::OkStatus();
}

void Runner::Core::Drain(absl::Duration grace) {
  std::vector<Lease> leases;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
    for (const auto& [id, context] : running_) {
      context->cancel().Cancel(base::CancelReason::kShuttingDown);
      leases.push_back(context->lease());
    }
  }
  changed_.notify_all();
  const absl::Time deadline = absl::Now() + grace;
  if (!leases.empty()) {
    postgres::TransactOptions options;
    options.deadline = absl::Now() + std::clamp(grace, absl::Seconds(1), absl::Seconds(5));
    const absl::Status released =
        database_.Transact([&](postgres::Transaction& tx) { return JobStore::Release(tx, leases).status(); }, options);
    if (!released.ok()) Trouble("release", released);
  }
  listener_.reset();
  std::unique_lock lock(mutex_);
  const auto patience =
      std::chrono::microseconds(std::max<int64_t>(absl::ToInt64Microseconds(deadline - absl::Now()), 0));
  changed_.wait_for(lock, patience, [this] { return live_threads_ == 0; });
  const bool ended = live_threads_ == 0;
  lock.unlock();
  for (std::thread& thread : threads_) {
    if (ended)
      thread.join();
    else
      thread.detach();
  }
  threads_.clear();
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

std::unique_ptr<Runner::Subscription> Runner::Core::Watch(std::string id, std::function<void(const Job*)> changed) {
  class Handle final : public Subscription {
   public:
    Handle(std::shared_ptr<Core> core, uint64_t key, std::shared_ptr<Subscriber> subscriber)
        : core_(std::move(core)), key_(key), subscriber_(std::move(subscriber)) {}
    ~Handle() override {
      {
        const std::lock_guard lock(core_->mutex_);
        core_->subscribers_.erase(key_);
      }
      subscriber_->Close();
    }

   private:
    std::shared_ptr<Core> core_;
    uint64_t key_;
    std::shared_ptr<Subscriber> subscriber_;
  };
  auto subscriber = std::make_shared<Subscriber>(std::move(id), std::move(changed));
  uint64_t key = 0;
  {
    const std::lock_guard lock(mutex_);
    key = next_subscriber_++;
    subscribers_[key] = subscriber;
    wake_watcher_ = true;
  }
  changed_.notify_all();
  return std::make_unique<Handle>(shared_from_this(), key, std::move(subscriber));
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
  if (observer_ != nullptr) observer_->Trouble(what, status);
}

void Runner::Core::WatchChanges() {
  while (WaitFor(options_.poll_interval, &wake_watcher_)) {
    bool notify = false;
    {
      const std::lock_guard lock(mutex_);
      std::swap(notify, notify_);
    }
    if (notify) {
      // A hint of its own, outside every other transaction: NOTIFY takes a global lock at commit.
      const absl::Status sent = database_.Transact(
          [&](postgres::Transaction& tx) { return tx.Query("SELECT pg_notify($1, '')", {channel_}).status(); });
      if (!sent.ok()) Trouble("notify", sent);
    }
    TellSubscribers();
  }
}

void Runner::Core::TellSubscribers() {
  std::map<uint64_t, std::shared_ptr<Subscriber>> subscribers;
  {
    const std::lock_guard lock(mutex_);
    subscribers = subscribers_;
  }
  if (subscribers.empty()) return;
  std::vector<std::string> ids;
  for (const auto& [key, subscriber] : subscribers) ids.push_back(subscriber->id());
  std::map<std::string, Job> jobs;
  postgres::TransactOptions options;
  options.read_only = true;
  const absl::Status read = database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        BF_ASSIGN_OR_RETURN(std::vector<Job> found, JobStore::GetAll(tx, ids));
        jobs.clear();
        for (Job& job : found) jobs[job.id] = std::move(job);
        return absl::OkStatus();
      },
      options);
  if (!read.ok()) return Trouble("watch", read);
  for (const auto& [key, subscriber] : subscribers) {
    const auto found = jobs.find(subscriber->id());
    if (!subscriber->Tell(found == jobs.end() ? nullptr : &found->second)) continue;
    const std::lock_guard lock(mutex_);
    subscribers_.erase(key);
  }
}

Runner::Runner(postgres::Database& database, RunnerOptions options, Observer* observer)
    : core_(std::make_shared<Core>(database, std::move(options), observer)) {}
Runner::~Runner() { Drain(absl::ZeroDuration()); }
void Runner::Handle(std::string kind, Handler handler) { core_->Handle(std::move(kind), std::move(handler)); }
absl::Status Runner::Start() { return core_->Start(); }
void Runner::Drain(absl::Duration grace) { core_->Drain(grace); }
void Runner::WakeUp() { core_->WakeUp(true); }
std::unique_ptr<Runner::Subscription> Runner::Watch(std::string id, std::function<void(const Job*)> changed) {
  return core_->Watch(std::move(id), std::move(changed));
}
const std::string& Runner::worker_id() const { return core_->worker_id(); }
int Runner::running() const { return core_->running(); }

}  // namespace breadthflow::jobs
