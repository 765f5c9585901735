#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"

#include "common/component/catalog.h"
#include "services/data/domain/fetch.h"
#include "services/data/domain/source.h"

namespace breadthflow::data {

// One of the sources of a fetch: ready to be asked, or with the reason why it can not be.
struct ReadySource {
  const SourceEntry* entry = nullptr;  // null: there is none of that name
  std::unique_ptr<Source> source;      // null exactly when `unusable` is not OK
  // FAILED_PRECONDITION when something is missing here (a key); else INVALID_ARGUMENT with violations of `name` and
  // `params`.
  absl::Status unusable;
  std::string variant;     // of its series
  std::string parameters;  // RowParameters
};

// The sources of a fetch, the preferred one first. Fills the defaults of their parameters in `spec`.
std::vector<ReadySource> MakeSources(const component::Catalog<SourceEntry>& catalog,
                                     const SourceEntry::Environment& environment, FetchSpec& spec);

// What the sources can not do of the fetch, as violations under spec.source, spec.alternatives[i] and spec.timeframe;
// `resource` is that of the spec. FAILED_PRECONDITION of the first source when none of them can be asked here.
absl::Status CheckSources(const std::vector<ReadySource>& sources, const FetchSpec& spec, const Resource* resource,
                          base::Violations violations);

}  // namespace breadthflow::data
