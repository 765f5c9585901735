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

constexpr absl::Duration kCoalesce = absl::Milliseconds(20);

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
  if (!handlers_.empty()) {
    keepers_.emplace_back([this] { Dispatch(); });
    keepers_.emplace_back([this] { Heartbeat(); });
    live_workers_ = options_.workers;
    for (int i = 0; i < options_.workers; ++i) {
      workers_.emplace_back([this] {
        Work();
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
  const absl::Time deadline = absl::Now() + grace;
  const auto database_deadline = absl::Now() + std::clamp(grace, absl::Seconds(1), absl::Seconds(5));
  std::set<std::string> released;
  ReleaseAll(released, database_deadline);
  listener_.reset();
  for (std::thread& keeper : keepers_) keeper.join();
  ReleaseAll(released, database_deadline);  // what the dispatcher claimed meanwhile
  std::unique_lock lock(mutex_);
  const int64_t patience = std::max<int64_t>(absl::ToInt64Microseconds(deadline - absl::Now()), 0);
  changed_.wait_for(lock, std::chrono::microseconds(patience), [this] { return live_workers_ == 0; });
}

void Runner::Core::ReleaseAll(std::set<std::string>& released, absl::Time deadline) {
  std::vector<Lease> leases;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, context] : running_) {
      context->cancel().Cancel(base::CancelReason::kShuttingDown);
      if (released.insert(id).second) leases.push_back(context->lease());
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
  if (observer_ != nullptr && !stop_.cancelled()) observer_->Trouble(what, status);
}

void Runner::Core::WatchChanges() {
  // Many changes at once make one hint and one look.
  while (WaitFor(options_.poll_interval, &wake_watcher_) && WaitFor(kCoalesce, nullptr)) {
    bool notify = false;
    {
      const std::lock_guard lock(mutex_);
      std::swap(notify, notify_);
    }
    if (notify) {
      // A hint of its own, outside every other transaction: NOTIFY takes a global lock at commit.
      const absl::Status sent = database_.Transact(
          [&](postgres::Transaction& tx) { return tx.Query("SELECT pg_notify($1, '')", {channel_}).status(); },
          UntilStopped());
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
  postgres::TransactOptions options = UntilStopped();
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
const std::string& Runner::worker_id() const { return core_->worker_id(); }
int Runner::running() const { return core_->running(); }

}  // namespace breadthflow::jobs
