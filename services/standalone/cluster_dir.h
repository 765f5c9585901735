#pragma once

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include <sys/types.h>

namespace breadthflow::standalone {

// Where a private cluster is kept when nobody said: /var/lib/breadthflow/standalone as root, else
// ~/.local/share/breadthflow.
std::string DefaultDataDir();

// The data directory of a private PostgreSQL: locked for one process, with a cluster in it that was made whole, and
// folders that only the user of the server may enter. Not thread-safe.
class ClusterDir {
 public:
  // An absolute path; nothing is done before Prepare().
  explicit ClusterDir(std::string data_dir);
  ~ClusterDir();  // gives the lock back
  ClusterDir(const ClusterDir&) = delete;
  ClusterDir& operator=(const ClusterDir&) = delete;

  // Takes the lock, finds PostgreSQL, makes folders and, on first use, the cluster. Errors: those of
  // PrivateCluster::Start.
  absl::Status Prepare();

  const std::string& data_dir() const { return data_dir_; }
  const std::string& cluster() const { return cluster_; }  // what the server calls its data directory
  const std::string& socket() const { return socket_; }    // of the unix socket; set by Prepare()
  const std::string& programs() const { return programs_; }
  std::string log() const { return data_dir_ + "/postgres.log"; }
  std::string pid_file() const { return cluster_ + "/postmaster.pid"; }
  const char* user() const;  // of the database, and of the server when we are root
  uid_t uid() const { return uid_; }
  gid_t gid() const { return gid_; }

 private:
  absl::Status Lock();
  absl::Status MakeFolders();
  absl::Status CheckUserEnters();
  absl::Status Initialize();

  const std::string data_dir_;
  const std::string cluster_;
  std::string socket_;
  std::string programs_;
  uid_t uid_;
  gid_t gid_;
  int lock_ = -1;
};

// The whole text of a file, empty when it can not be read; its last lines; the line `number` of a text, from 0.
std::string FileText(const std::string& path);
std::string LastLines(const std::string& path, size_t count);
std::string Line(const std::string& text, size_t number);

}  // namespace breadthflow::standalone
