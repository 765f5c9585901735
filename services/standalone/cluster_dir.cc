#include "services/standalone/cluster_dir.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/hash.h"
#include "common/base/status.h"
#include "services/standalone/child.h"

namespace breadthflow::standalone {
namespace {

namespace fs = std::filesystem;

constexpr char kUser[] = "postgres";
constexpr char kMajor[] = "15";

absl::Status BadDir(const std::string& text) {
  return base::MakeError(absl::StatusCode::kFailedPrecondition, "BAD_DATA_DIR", text);
}

std::string FindPrograms() {
  for (const std::string& folder :
       {fmt::format("/usr/lib/postgresql/{}/bin", kMajor), std::string("/usr/local/pgsql/bin"),
        std::string("/usr/local/bin"), std::string("/usr/bin")}) {
    if (access((folder + "/initdb").c_str(), X_OK) == 0 && access((folder + "/postgres").c_str(), X_OK) == 0)
      return folder;
  }
  return "";
}

}  // namespace

std::string FileText(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string LastLines(const std::string& path, size_t count) {
  const std::string text = FileText(path);
  size_t at = text.size();
  for (size_t lines = 0; at > 0 && lines <= count; ++lines)
    at = text.rfind('\n', at - 1) == std::string::npos ? 0 : text.rfind('\n', at - 1);
  return text.substr(at);
}

std::string Line(const std::string& text, size_t number) {
  size_t begin = 0;
  for (size_t i = 0; i < number; ++i) {
    begin = text.find('\n', begin);
    if (begin == std::string::npos) return "";
    ++begin;
  }
  return text.substr(begin, text.find('\n', begin) - begin);
}

std::string DefaultDataDir() {
  if (geteuid() == 0) return "/var/lib/breadthflow/standalone";
  const char* home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe): nothing here sets the environment
  return fmt::format("{}/.local/share/breadthflow", home == nullptr ? "." : home);
}

ClusterDir::ClusterDir(std::string data_dir)
    : data_dir_(std::move(data_dir)), cluster_(data_dir_ + "/postgres"), uid_(geteuid()), gid_(getegid()) {}

ClusterDir::~ClusterDir() {
  if (lock_ >= 0) close(lock_);
}

const char* ClusterDir::user() const { return kUser; }

absl::Status ClusterDir::Prepare() {
  BF_RETURN_IF_ERROR(Lock());
  programs_ = FindPrograms();
  if (programs_.empty()) {
    return base::MakeError(absl::StatusCode::kFailedPrecondition, "NO_POSTGRESQL",
                           "no database is named and PostgreSQL is not installed here: install postgresql-15 or set "
                           "BREADTHFLOW_DATABASE_URL");
  }
  if (uid_ == 0) {
    const passwd* user = getpwnam(kUser);  // NOLINT(concurrency-mt-unsafe): the process has one thread yet
    if (user == nullptr) return BadDir("PostgreSQL does not run as root and there is no user postgres");
    uid_ = user->pw_uid;
    gid_ = user->pw_gid;
  }
  BF_RETURN_IF_ERROR(MakeFolders());
  BF_RETURN_IF_ERROR(CheckUserEnters());
  if (!fs::exists(cluster_ + "/PG_VERSION")) return Initialize();
  if (const std::string version = Line(FileText(cluster_ + "/PG_VERSION"), 0); version != kMajor) {
    return BadDir(fmt::format("{} holds a cluster of PostgreSQL {}, this is {}", cluster_, version, kMajor));
  }
  return absl::OkStatus();
}

absl::Status ClusterDir::MakeFolders() {
  // A socket path has at most 107 bytes.
  socket_ = data_dir_ + "/socket";
  if (socket_.size() > 80) socket_ = fmt::format("/tmp/breadthflow-{}", base::Sha256HexOf(data_dir_).substr(0, 16));
  for (const std::string& folder : {socket_, cluster_}) {
    if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
      return BadDir(fmt::format("can not make {}: {}", folder, std::strerror(errno)));
    }
    struct stat found {};
    if (lstat(folder.c_str(), &found) != 0 || !S_ISDIR(found.st_mode)) return BadDir(folder + " is not a folder");
    if (found.st_uid != uid_ && (geteuid() != 0 || lchown(folder.c_str(), uid_, gid_) != 0)) {
      return BadDir(fmt::format("{} belongs to another user", folder));
    }
    if (chmod(folder.c_str(), 0700) != 0)
      return BadDir(fmt::format("can not set the mode of {}: {}", folder, std::strerror(errno)));
  }
  return absl::OkStatus();
}

absl::Status ClusterDir::CheckUserEnters() {
  const ChildOptions enter{.argv = {"/usr/bin/test", "-x", cluster_ + "/."}, .uid = uid_, .gid = gid_, .log = log()};
  BF_ASSIGN_OR_RETURN(const pid_t pid, StartChild(enter));
  if (WaitChild(pid) != 0) {
    return BadDir(fmt::format(
        "user {} can not enter {}: choose a data directory whose parents let it pass, such as /var/lib/breadthflow",
        kUser, data_dir_));
  }
  return absl::OkStatus();
}

absl::Status ClusterDir::Lock() {
  // User postgres has to pass through; what is inside is closed to others by itself.
  const mode_t mask = umask(022);
  std::error_code error;
  fs::create_directories(data_dir_, error);
  umask(mask);
  if (error) return BadDir(fmt::format("can not make the data directory {}: {}", data_dir_, error.message()));
  const std::string file = data_dir_ + "/lock";
  lock_ = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock_ < 0) return BadDir(fmt::format("can not write {}: {}", file, std::strerror(errno)));
  if (flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    return base::MakeError(
        absl::StatusCode::kFailedPrecondition, "DATA_DIR_IN_USE",
        fmt::format("the data directory {} is in use by process {}", data_dir_, Line(FileText(file), 0)));
  }
  const std::string owner = fmt::format("{}\n", getpid());
  if (ftruncate(lock_, 0) != 0 || pwrite(lock_, owner.data(), owner.size(), 0) < 0) {
    return BadDir(fmt::format("can not write {}: {}", file, std::strerror(errno)));
  }
  return absl::OkStatus();
}

absl::Status ClusterDir::Initialize() {
  // Made beside its place and moved there when whole: a crash half way leaves no cluster that looks like one.
  const std::string staged = data_dir_ + "/postgres.new";
  std::error_code error;
  fs::remove_all(staged, error);
  if (mkdir(staged.c_str(), 0700) != 0) return BadDir(fmt::format("can not make {}: {}", staged, std::strerror(errno)));
  if (geteuid() == 0 && lchown(staged.c_str(), uid_, gid_) != 0)
    return BadDir("can not give " + staged + " to user postgres");
  BF_ASSIGN_OR_RETURN(
      const pid_t pid,
      StartChild({.argv = {programs_ + "/initdb", "-D", staged, "-U", kUser, "-A", "trust", "-E", "UTF8", "--locale=C"},
                  .uid = uid_,
                  .gid = gid_,
                  .log = log()}));
  if (WaitChild(pid) != 0) {
    return base::MakeError(absl::StatusCode::kUnavailable, "CLUSTER_FAILED",
                           fmt::format("initdb failed: {}", LastLines(log(), 5)));
  }
  fs::remove(cluster_, error);
  fs::rename(staged, cluster_, error);
  return error ? BadDir(fmt::format("can not move {} to {}: {}", staged, cluster_, error.message())) : absl::OkStatus();
}

}  // namespace breadthflow::standalone
