// Watching jobs: subscribers, and the hints between processes.
#include <map>
#include <memory>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/jobs/runner_core.h"

namespace breadthflow::jobs {
namespace {

constexpr absl::Duration kCoalesce = absl::Milliseconds(20);

}  // namespace

// A subscriber outlives its Subscription only while a call to it is running.
class Runner::Core::Subscriber {
 public:
  // An empty id: all jobs.
  Subscriber(std::string id, std::function<void(const Job*)> changed)
      : id_(std::move(id)), changed_(std::move(changed)) {}
  const std::string& id() const { return id_; }
  bool all() const { return id_.empty(); }

  // Tells what is new; true when nothing more will come.
  bool Tell(const Job* job) {
    const std::lock_guard lock(mutex_);
    if (closed_) return true;
    if (all()) {
      changed_(nullptr);
      return closed_;
    }
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
  std::recursive_mutex mutex_;  // held during a call, which may Close()
  bool closed_ = false;
  std::string last_;
};

std::unique_ptr<Runner::Subscription> Runner::Core::Watch(std::string id, std::function<void(const Job*)> changed) {
  return Subscribe(std::make_shared<Subscriber>(std::move(id), std::move(changed)));
}

std::unique_ptr<Runner::Subscription> Runner::Core::WatchAll(std::function<void()> changed) {
  return Subscribe(std::make_shared<Subscriber>("", [changed = std::move(changed)](const Job*) { changed(); }));
}

std::unique_ptr<Runner::Subscription> Runner::Core::Subscribe(std::shared_ptr<Subscriber> subscriber) {
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
  for (const auto& [key, subscriber] : subscribers) {
    if (!subscriber->all()) ids.push_back(subscriber->id());
  }
  std::map<std::string, Job> jobs;
  postgres::TransactOptions options = UntilStopped();
  options.read_only = true;
  const absl::Status read = database_.Transact(
      [&](postgres::Transaction& tx) -> absl::Status {
        if (ids.empty()) return absl::OkStatus();
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

}  // namespace breadthflow::jobs
