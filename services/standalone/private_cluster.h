#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include <sys/types.h>

#include "services/standalone/cluster_dir.h"

namespace breadthflow::standalone {

// A PostgreSQL server of our own in a data directory: made on first use, started, watched and stopped with this object.
//
// The directory belongs to one process at a time. As root the server runs as user `postgres`, which has to be able to
// enter the directory. It listens on a unix socket only, in a folder that nobody else may enter. Commits are durable
// (fsync on). When the server dies it is started again; when this process dies, however, the server stops by itself,
// and what a crash leaves behind (a stale postmaster.pid, a server still stopping) is cleared by the next start.
// Thread-safe.
class PrivateCluster {
 public:
  // FAILED_PRECONDITION: `DATA_DIR_IN_USE` by another process, `NO_POSTGRESQL` when its programs are not installed,
  // `BAD_DATA_DIR` when the directory can not be made or entered, or holds another major version;
  // UNAVAILABLE `CLUSTER_FAILED` with the end of its log when the server does not start.
  // `report` is told, on a thread of the cluster, what happens later: that the server died, why it does not start again
  // (each way once, then every minute), that it runs again.
  using Report = std::function<void(const std::string&)>;
  static absl::StatusOr<std::unique_ptr<PrivateCluster>> Start(const std::string& data_dir, Report report);
  // Fast shutdown: clients are disconnected, the next start needs no recovery.
  ~PrivateCluster();
  PrivateCluster(const PrivateCluster&) = delete;
  PrivateCluster& operator=(const PrivateCluster&) = delete;

  // key=value connection string.
  std::string url() const;
  pid_t pid() const;

 private:
  PrivateCluster(std::string data_dir, Report report);
  absl::Status StopLeftOver();
  absl::Status Launch();
  void Supervise();

  ClusterDir dir_;
  const Report report_;
  std::thread supervisor_;
  mutable absl::Mutex mutex_;
  pid_t pid_ ABSL_GUARDED_BY(mutex_) = -1;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool launched_ ABSL_GUARDED_BY(mutex_) = false;  // the first launch has ended, well or badly
  absl::Status launch_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace breadthflow::standalone
