#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include <fmt/format.h>
#include <sys/stat.h>
#include <yaml-cpp/yaml.h>

#include "common/base/file.h"
#include "common/base/hash.h"
#include "common/base/status.h"
#include "common/security/authenticator.h"
#include "common/telemetry/log.h"

namespace breadthflow::security {
namespace {

constexpr size_t kMinimumKeyLength = 16;
constexpr size_t kKeyIdLength = 12;
constexpr absl::Duration kLookInterval = absl::Seconds(5);

// By the hash of the key: comparing hashes tells an attacker nothing about keys, however long it takes.
using Keys = std::map<base::Sha256Digest, Principal>;

// What tells one content of the file from another.
struct Stamp {
  int64_t modified_ns = 0;
  int64_t size = -1;
  uint64_t inode = 0;
  friend bool operator==(const Stamp&, const Stamp&) = default;
};

Stamp StampOf(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return {};
  return {info.st_mtim.tv_sec * 1000000000LL + info.st_mtim.tv_nsec, info.st_size, info.st_ino};
}

std::string TextOf(const YAML::Node& entry, const char* name) {
  const YAML::Node value = entry[name];
  return value && value.IsScalar() ? value.Scalar() : "";
}

void ReadEntry(const YAML::Node& entry, const std::string& where, Keys& keys, base::Violations& violations) {
  if (!entry.IsMap()) {
    violations.Add(where, "must be {key: ..., name: ..., scopes: [...]}");
    return;
  }
  for (const auto& member : entry) {
    const std::string name = member.first.Scalar();
    if (name != "key" && name != "name" && name != "scopes") {
      violations.Add(where, fmt::format("unknown member '{}'; known are key, name, scopes", name));
    }
  }
  const std::string key = TextOf(entry, "key");
  Principal principal{.name = TextOf(entry, "name"), .key_id = {}, .scopes = {}};
  if (key.size() < kMinimumKeyLength) {
    violations.Add(where, fmt::format("key must have at least {} characters, has {}", kMinimumKeyLength, key.size()));
  }
  if (principal.name.empty()) violations.Add(where, "name is missing");
  const YAML::Node scopes = entry["scopes"];
  if (!scopes || !scopes.IsSequence() || scopes.size() == 0) {
    violations.Add(where, "scopes must be a list of at least one");
  } else {
    for (const YAML::Node& scope : scopes) {
      const absl::StatusOr<Scope> parsed = ParseScope(scope.IsScalar() ? scope.Scalar() : "");
      if (parsed.ok()) {
        principal.scopes.Add(*parsed);
      } else {
        violations.Add(where, base::Message(parsed.status()));
      }
    }
  }
  const base::Sha256Digest hash = base::Sha256Of(key);
  principal.key_id = base::ToHex(hash).substr(0, kKeyIdLength);
  if (!keys.emplace(hash, std::move(principal)).second) violations.Add(where, "the same key appears twice");
}

absl::StatusOr<Keys> ReadKeys(const std::string& path) {
  Keys keys;
  base::Violations violations;
  const absl::StatusOr<std::string> text = base::ReadFile(path);
  if (absl::IsNotFound(text.status())) {
    return base::MakeError(absl::StatusCode::kNotFound, "KEYS_FILE_NOT_FOUND",
                           fmt::format("can not read the keys file {}", path));
  }
  BF_RETURN_IF_ERROR(text.status());
  try {
    const YAML::Node root = YAML::Load(*text);
    if (!root.IsSequence()) violations.Add(path, "must be a list of {key, name, scopes}");
    for (const YAML::Node& entry : root) {
      ReadEntry(entry, fmt::format("{}:{}", path, entry.Mark().line + 1), keys, violations);
    }
  } catch (const YAML::Exception& error) {
    violations.Add(fmt::format("{}:{}", path, error.mark.line + 1), error.msg);
  }
  BF_RETURN_IF_ERROR(violations.ToStatus("bad keys file", "BAD_KEYS_FILE"));
  return keys;
}

class FileAuthenticator final : public Authenticator {
 public:
  FileAuthenticator(std::string path, const base::Clock& clock, Keys keys, Stamp stamp)
      : path_(std::move(path)),
        clock_(clock),
        keys_(std::make_shared<const Keys>(std::move(keys))),
        stamp_(stamp),
        looked_(clock.Now()) {}

  absl::StatusOr<Principal> Authenticate(std::string_view key) const override {
    if (key.empty()) {
      return base::MakeError(absl::StatusCode::kUnauthenticated, "MISSING_API_KEY",
                             "the call needs an API key: metadata authorization: Bearer KEY");
    }
    const base::Sha256Digest hash = base::Sha256Of(key);
    if (TimeToLook()) LookAgain();
    const std::shared_ptr<const Keys> keys = Current();
    const auto found = keys->find(hash);
    if (found == keys->end()) {
      return base::MakeError(absl::StatusCode::kUnauthenticated, "INVALID_API_KEY", "the API key is not known");
    }
    return found->second;
  }

 private:
  std::shared_ptr<const Keys> Current() const {
    absl::MutexLock lock(&mutex_);
    return keys_;
  }

  // True for one caller at a time, who then looks.
  bool TimeToLook() const {
    const absl::Time now = clock_.Now();
    absl::MutexLock lock(&mutex_);
    if (looking_ || now < looked_ + kLookInterval) return false;
    looked_ = now;
    looking_ = true;
    return true;
  }

  // Without the lock: files may be slow, and the other calls go on with the keys there are.
  void LookAgain() const {
    Stamp before;
    {
      absl::MutexLock lock(&mutex_);
      before = stamp_;
    }
    const Stamp stamp = StampOf(path_);
    std::shared_ptr<const Keys> fresh;
    if (stamp != before) {
      absl::StatusOr<Keys> keys = ReadKeys(path_);
      if (keys.ok()) {
        fresh = std::make_shared<const Keys>(*std::move(keys));
        telemetry::LogInfo("API keys were read again", {{"keys", fresh->size()}});
      } else {
        telemetry::LogError("the keys file can not be used; the keys of before stay",
                            {{"error", base::Message(keys.status())}});
      }
    }
    absl::MutexLock lock(&mutex_);
    stamp_ = stamp;
    if (fresh != nullptr) keys_ = std::move(fresh);
    looking_ = false;
  }

  const std::string path_;
  const base::Clock& clock_;
  mutable absl::Mutex mutex_;
  mutable std::shared_ptr<const Keys> keys_ ABSL_GUARDED_BY(mutex_);
  mutable Stamp stamp_ ABSL_GUARDED_BY(mutex_);
  mutable absl::Time looked_ ABSL_GUARDED_BY(mutex_);
  mutable bool looking_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Authenticator>> MakeFileAuthenticator(const std::string& path,
                                                                     const base::Clock& clock) {
  const Stamp stamp = StampOf(path);
  BF_ASSIGN_OR_RETURN(Keys keys, ReadKeys(path));
  return std::make_unique<FileAuthenticator>(path, clock, std::move(keys), stamp);
}

}  // namespace breadthflow::security
