#include "common/postgres/pool.h"

#include <algorithm>

#include "absl/time/clock.h"
#include <fmt/format.h>

#include "common/base/status.h"
#include "common/postgres/backoff.h"
#include "common/postgres/settings.h"

namespace breadthflow::postgres {
namespace {

// A cancel token does not wake a waiting mutex, so waits are cut into pieces.
constexpr absl::Duration kWaitSlice = absl::Milliseconds(50);

}  // namespace

Database::Pool::Pool(DatabaseOptions options) : options_(std::move(options)) {
  absl::MutexLock lock(&mutex_);
  stats_.size = options_.pool_size;
}

Database::Pool::Lease::~Lease() {
  if (connection_ != nullptr) pool_->Release(std::move(connection_), false);
}

void Database::Pool::Lease::Return() {
  const bool reuse = connection_->certain() && !connection_->broken();
  pool_->Release(std::move(connection_), reuse);
}

absl::Status Database::Pool::WaitForSlot(const Limits& limits) {
  const absl::Time start = absl::Now();
  const absl::Time until = std::min(limits.deadline, start + options_.acquire_timeout);
  const auto free = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stats_.in_use < stats_.size; };
  absl::MutexLock lock(&mutex_);
  while (true) {
    BF_RETURN_IF_ERROR(limits.cancel.Check());
    const absl::Time slice = std::min(until, absl::Now() + kWaitSlice);
    if (mutex_.AwaitWithDeadline(absl::Condition(&free), slice)) break;
    if (absl::Now() >= until) {
      ++stats_.exhausted_total;
      return PoolExhausted(stats_.size);
    }
  }
  ++stats_.in_use;
  ++stats_.acquired_total;
  stats_.waited_total += absl::Now() - start;
  return absl::OkStatus();
}

absl::StatusOr<Database::Pool::Lease> Database::Pool::Acquire(Kind kind, const Limits& limits) {
  BF_RETURN_IF_ERROR(WaitForSlot(limits));
  std::unique_ptr<Connection> victim;  // closed outside the lock
  {
    absl::MutexLock lock(&mutex_);
    const auto same =
        std::find_if(idle_.rbegin(), idle_.rend(), [&](const auto& idle) { return idle->kind() == kind; });
    if (same != idle_.rend()) {
      std::unique_ptr<Connection> connection = std::move(*same);
      idle_.erase(std::next(same).base());
      return Lease(*this, std::move(connection), false);
    }
    const absl::Time now = absl::Now();
    if (connect_failures_ > 0 && (now < next_connect_ || connecting_ > 0)) {
      --stats_.in_use;
      return connect_error_;
    }
    if (stats_.open + connecting_ >= stats_.size && !idle_.empty()) {
      victim = std::move(idle_.front());
      idle_.erase(idle_.begin());
      --stats_.open;
    }
    ++connecting_;
    ++stats_.connects_total;
  }
  victim.reset();
  absl::StatusOr<std::unique_ptr<Connection>> connection = Connect(kind, limits);
  absl::MutexLock lock(&mutex_);
  --connecting_;
  if (!connection.ok() && !limits.Check().ok()) {
    // The caller gave up: that says nothing about the server.
    --stats_.in_use;
    return connection.status();
  }
  reachable_ = connection.ok();
  if (!connection.ok()) {
    --stats_.in_use;
    connect_error_ = connection.status();
    next_connect_ = absl::Now() + ReconnectPause(++connect_failures_);
    return connection.status();
  }
  ++stats_.open;
  connect_failures_ = 0;
  return Lease(*this, *std::move(connection), true);
}

absl::StatusOr<std::unique_ptr<Connection>> Database::Pool::Connect(Kind kind, const Limits& limits) {
  BF_ASSIGN_OR_RETURN(const std::string connection_string, ConnectionString(options_));
  return kind == Kind::kText ? ConnectText(connection_string, limits) : ConnectBinary(connection_string, limits);
}

void Database::Pool::Release(std::unique_ptr<Connection> connection, bool reuse) {
  if (!reuse) {
    const bool broken = connection->broken();
    connection.reset();
    absl::MutexLock lock(&mutex_);
    if (broken) reachable_ = false;
    --stats_.in_use;
    --stats_.open;
    ++stats_.discarded_total;
    return;
  }
  absl::MutexLock lock(&mutex_);
  idle_.push_back(std::move(connection));
  --stats_.in_use;
  reachable_ = true;
}

void Database::Pool::DropIdle() {
  std::vector<std::unique_ptr<Connection>> dropped;  // closed after the lock is released
  absl::MutexLock lock(&mutex_);
  dropped.swap(idle_);
  stats_.open -= static_cast<int>(dropped.size());
  stats_.discarded_total += static_cast<int64_t>(dropped.size());
}

PoolStats Database::Pool::stats() const {
  absl::MutexLock lock(&mutex_);
  return stats_;
}

bool Database::Pool::reachable() const {
  absl::MutexLock lock(&mutex_);
  return reachable_;
}

}  // namespace breadthflow::postgres
