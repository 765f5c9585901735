#pragma once

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/status.h"
#include "common/component/params.h"

namespace breadthflow::component {

// What a component says about itself. `kind` is the catalogue it belongs to ("indicator", "strategy", "data_source"
// ...); `version` is semantic and changes whenever the same inputs would give other outputs.
struct ComponentInfo {
  std::string kind;
  std::string name;
  std::string version = "1.0.0";
  std::string description;
};

// What a service tells others about one of its components.
struct Announcement {
  ComponentInfo info;
  std::vector<ParamSpec> params;
};

// The list of components of one kind. An Entry is a struct with at least `ComponentInfo info; std::vector<ParamSpec>
// params;` and a factory. Built once, from a catalog.inc; immutable and thread-safe after that. Two entries of one name
// abort at start.
template <typename Entry>
class Catalog {
 public:
  explicit Catalog(std::vector<Entry> entries) : entries_(std::move(entries)) {
    for (size_t i = 0; i < entries_.size(); ++i)
      for (size_t j = i + 1; j < entries_.size(); ++j)
        if (entries_[i].info.name == entries_[j].info.name) std::abort();
  }

  const std::vector<Entry>& entries() const { return entries_; }

  // NOT_FOUND with the known names when there is no such component.
  absl::StatusOr<const Entry*> Find(std::string_view name) const {
    std::vector<std::string> names;
    for (const Entry& entry : entries_) {
      if (entry.info.name == name) return &entry;
      names.push_back(entry.info.name);
    }
    const std::string kind = entries_.empty() ? "component" : entries_.front().info.kind;
    return base::MakeError(absl::StatusCode::kNotFound, "UNKNOWN_COMPONENT",
                           fmt::format("unknown {} '{}'; known are {}", kind, name, fmt::join(names, ", ")));
  }

 private:
  std::vector<Entry> entries_;
};

// Adds the announcements of a whole catalogue to `out`.
template <typename Entry>
void Announce(const Catalog<Entry>& catalog, std::vector<Announcement>& out) {
  for (const Entry& entry : catalog.entries()) out.push_back({entry.info, entry.params});
}

// A component chosen by name with the values it was given: what specs, pipelines and lineage rows hold.
struct ComponentRef {
  std::string name;
  RawParams params;
};

}  // namespace breadthflow::component
